// What --doctor has found: a list of sentences, each with a severity and, if there is something to do, what.
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace limen::app {

enum class Severity : uint8_t { fine, warning, problem };

struct Finding {
  Severity severity;
  std::string area;    // "media ports"
  std::string text;    // what is so
  std::string advice;  // what to do; empty if nothing
};

class FindingList {
 public:
  void fine(std::string area, std::string text) { add(Severity::fine, std::move(area), std::move(text), {}); }
  void warning(std::string area, std::string text, std::string advice) {
    add(Severity::warning, std::move(area), std::move(text), std::move(advice));
  }
  void problem(std::string area, std::string text, std::string advice) {
    add(Severity::problem, std::move(area), std::move(text), std::move(advice));
  }
  const std::vector<Finding>& all() const { return all_; }
  size_t count(Severity severity) const {
    size_t found = 0;
    for (const Finding& finding : all_) found += finding.severity == severity;
    return found;
  }

 private:
  void add(Severity severity, std::string area, std::string text, std::string advice) {
    all_.push_back({severity, std::move(area), std::move(text), std::move(advice)});
  }
  std::vector<Finding> all_;
};

}  // namespace limen::app
