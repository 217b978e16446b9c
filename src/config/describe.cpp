#include "config/describe.hpp"

#include <algorithm>
#include <cctype>

#include "base/log.hpp"

namespace limen::config {
namespace {

// Levenshtein distance: small words, called only for mistakes.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t above = row[j];
      size_t change =
          std::tolower(static_cast<unsigned char>(a[i - 1])) == std::tolower(static_cast<unsigned char>(b[j - 1])) ? 0
                                                                                                                   : 1;
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + change});
      diagonal = above;
    }
  }
  return row[b.size()];
}

std::string nearest(std::string_view key, const std::vector<std::string>& known) {
  std::string best;
  size_t best_distance = key.size() / 2 + 1;
  for (const std::string& candidate : known) {
    size_t distance = edit_distance(key, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

}  // namespace

void Findings::log(std::string_view tag) const {
  for (const std::string& warning : warnings) log::warning(tag, "{}", warning);
}

bool same_text(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) == std::tolower(static_cast<unsigned char>(y));
  });
}

void GroupReader::warn(const Node& node, std::string text) {
  findings_.warnings.push_back(fmt::format("{}:{}: '{}' {}", node.place.file, node.place.line, node.name, text));
}

void GroupReader::finish() {
  if (group_ == nullptr) return;
  for (const Node& child : group_->children) {
    bool known =
        std::any_of(known_.begin(), known_.end(), [&](const std::string& k) { return same_text(k, child.name); });
    if (known) continue;
    std::string guess = nearest(child.name, known_);
    findings_.warnings.push_back(fmt::format("{}:{}: unknown key '{}'{}", child.place.file, child.place.line,
                                             child.name,
                                             guess.empty() ? "" : fmt::format(" (did you mean '{}'?)", guess)));
  }
}

void GroupReader::read_text(const Node& node, std::string& target) {
  if (node.kind != Node::Kind::scalar) return warn(node, "should be one value");
  target = node.value;
}

bool GroupReader::read_integer(const Node& node, int64_t& target) {
  const std::string& text = node.value;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), target);
  if (node.kind == Node::Kind::scalar && error == std::errc() && end == text.data() + text.size()) return true;
  warn(node, "should be a number; ignored");
  return false;
}

void GroupReader::read_list(const Node& node, std::vector<std::string>& target) {
  target.clear();
  if (node.kind == Node::Kind::scalar) {
    target.push_back(node.value);
    return;
  }
  for (const Node& child : node.children) {
    if (child.kind == Node::Kind::scalar) target.push_back(child.value);
    else warn(child, "should be a plain value");
  }
}

}  // namespace limen::config
