#include "config/category_span.hpp"

#include "config/describe.hpp"

namespace limen::config {
namespace {

bool blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// Walks over a libconfig text without understanding values.
class Walker {
 public:
  explicit Walker(std::string_view text) : text_(text) {}

  bool done() const { return at_ >= text_.size(); }
  size_t at() const { return at_; }
  char peek() const { return done() ? '\0' : text_[at_]; }
  void step() { ++at_; }

  void skip_line() {
    while (!done() && text_[at_] != '\n') ++at_;
  }
  // White space, comments and includes.
  void skip_blank() {
    while (!done()) {
      if (blank(text_[at_])) ++at_;
      else if (!skip_comment()) return;
    }
  }
  bool skip_comment() {
    if (peek() == '#' || peek() == '@' || text_.substr(at_, 2) == "//") {
      skip_line();
      return true;
    }
    if (text_.substr(at_, 2) != "/*") return false;
    size_t end = text_.find("*/", at_ + 2);
    at_ = end == std::string_view::npos ? text_.size() : end + 2;
    return true;
  }
  std::string_view name() {
    size_t begin = at_;
    while (!done() && !blank(text_[at_]) &&
           std::string_view(":={}()[];,\"#/").find(text_[at_]) == std::string_view::npos)
      ++at_;
    return text_.substr(begin, at_ - begin);
  }
  void skip_string() {
    for (++at_; !done() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\') ++at_;
    }
    ++at_;
  }
  // A scalar, or everything up to the bracket that closes.
  bool skip_value() {
    int depth = 0;
    do {
      skip_blank();
      if (done()) return false;
      char c = peek();
      if (c == '"') skip_string();
      else if (c == '{' || c == '(' || c == '[') ++depth, ++at_;
      else if (c == '}' || c == ')' || c == ']') --depth, ++at_;
      else if (name().empty()) ++at_;
    } while (depth > 0);
    // Adjacent strings are one value.
    while (depth == 0) {
      size_t before = at_;
      skip_blank();
      if (peek() == '"') {
        skip_string();
        continue;
      }
      if (peek() == ';' || peek() == ',') ++at_;
      else at_ = before;
      break;
    }
    return depth == 0;
  }
  // The end of the line, if nothing else is on it.
  void skip_line_end() {
    size_t end = at_;
    while (end < text_.size() && blank(text_[end]) && text_[end] != '\n') ++end;
    if (end < text_.size() && text_[end] == '\n') at_ = end + 1;
  }

 private:
  std::string_view text_;
  size_t at_ = 0;
};

Result<std::optional<CategorySpan>> find_in_libconfig(std::string_view text, std::string_view category) {
  Walker walker(text);
  for (walker.skip_blank(); !walker.done(); walker.skip_blank()) {
    size_t begin = walker.at();
    std::string_view name = walker.name();
    walker.skip_blank();
    if (name.empty() || (walker.peek() != ':' && walker.peek() != '=')) return fail("not understood at byte {}", begin);
    walker.step();
    if (!walker.skip_value()) return fail("no end of '{}'", name);
    if (!same_text(name, category)) continue;
    walker.skip_line_end();
    return CategorySpan{begin, std::min(walker.at(), text.size())};
  }
  return std::nullopt;
}

Result<std::optional<CategorySpan>> find_in_ini(std::string_view text, std::string_view category) {
  std::optional<CategorySpan> span;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = std::min(text.find('\n', begin), text.size() - 1) + 1;
    std::string_view line = text.substr(begin, end - begin);
    while (!line.empty() && blank(line.front())) line.remove_prefix(1);
    if (line.starts_with('[')) {
      if (span) {
        span->end = begin;
        return span;
      }
      std::string_view name = line.substr(1, line.find(']') - 1);
      if (same_text(name, category)) span = CategorySpan{begin, text.size()};
    }
    begin = end;
  }
  return span;
}

}  // namespace

Result<std::optional<CategorySpan>> find_category(std::string_view text, Syntax syntax, std::string_view category) {
  return syntax == Syntax::libconfig ? find_in_libconfig(text, category) : find_in_ini(text, category);
}

}  // namespace limen::config
