// Legacy INI files (.cfg) to Node: [category], key = value, key => value, ';' comments ("\;" is a semicolon).
#include <fmt/core.h>

#include "config/config_node.hpp"
#include "config/describe.hpp"

namespace limen::config {
namespace {

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

std::string without_comment(std::string_view line) {
  std::string out;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\' && i + 1 < line.size() && line[i + 1] == ';') out += line[++i];
    else if (line[i] == ';') break;
    else out += line[i];
  }
  return out;
}

Node& category_of(Node& root, std::string_view name, Place place) {
  for (Node& child : root.children) {
    if (child.kind == Node::Kind::group && same_text(child.name, name)) return child;
  }
  Node group;
  group.name = std::string(name);
  group.place = std::move(place);
  root.children.push_back(std::move(group));
  return root.children.back();
}

}  // namespace

Result<Node> parse_ini(std::string_view text, const std::string& file_name) {
  Node root;
  root.place = {file_name, 1};
  std::string category;
  int line_number = 0;
  while (!text.empty()) {
    size_t end = text.find('\n');
    std::string content = without_comment(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    ++line_number;
    std::string_view line = trim(content);
    if (line.empty()) continue;
    Place place{file_name, line_number};
    if (line.front() == '[') {
      if (line.back() != ']' || line.size() < 3)
        return fail("{}:{}: a category is written [name]", file_name, line_number);
      category = std::string(trim(line.substr(1, line.size() - 2)));
      category_of(root, category, place);
      continue;
    }
    size_t equals = line.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      return fail("{}:{}: expected 'key = value' or '[category]'", file_name, line_number);
    }
    size_t value_at = equals + (equals + 1 < line.size() && line[equals + 1] == '>' ? 2 : 1);
    Node item;
    item.kind = Node::Kind::scalar;
    item.name = std::string(trim(line.substr(0, equals)));
    item.value = std::string(trim(line.substr(value_at)));
    item.place = place;
    Node& group = category.empty() ? root : category_of(root, category, place);
    if (const Node* first = group.find(item.name)) {
      return fail("{}:{}: '{}' is set twice (first in line {})", file_name, line_number, item.name, first->place.line);
    }
    group.children.push_back(std::move(item));
  }
  return root;
}

}  // namespace limen::config
