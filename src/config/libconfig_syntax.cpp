// libconfig files (.jcfg) to Node; the only file that includes libconfig.
#include <fmt/core.h>

#include <filesystem>
#include <libconfig.h++>

#include "config/config_node.hpp"
#include "config/describe.hpp"

namespace limen::config {
namespace {

using libconfig::Setting;

Node convert(const Setting& setting, const std::string& file) {
  Node node;
  if (setting.getName() != nullptr) node.name = setting.getName();
  const char* included = setting.getSourceFile();
  node.place = {included != nullptr ? included : file, static_cast<int>(setting.getSourceLine())};
  switch (setting.getType()) {
    case Setting::TypeGroup:
      node.kind = Node::Kind::group;
      break;
    case Setting::TypeArray:
      node.kind = Node::Kind::array;
      break;
    case Setting::TypeList:
      node.kind = Node::Kind::list;
      break;
    case Setting::TypeInt:
      node.kind = Node::Kind::scalar;
      node.type = Node::ScalarType::integer;
      node.value = fmt::format("{}", static_cast<int>(setting));
      break;
    case Setting::TypeInt64:
      node.kind = Node::Kind::scalar;
      node.type = Node::ScalarType::integer;
      node.value = fmt::format("{}", static_cast<long long>(setting));
      break;
    case Setting::TypeFloat:
      node.kind = Node::Kind::scalar;
      node.type = Node::ScalarType::real;
      node.value = fmt::format("{:f}", static_cast<double>(setting));
      break;
    case Setting::TypeBoolean:
      node.kind = Node::Kind::scalar;
      node.type = Node::ScalarType::boolean;
      node.value = static_cast<bool>(setting) ? "true" : "false";
      break;
    default:
      node.kind = Node::Kind::scalar;
      if (setting.getType() == Setting::TypeString) node.value = static_cast<const char*>(setting);
      break;
  }
  if (setting.isAggregate()) {
    node.children.reserve(static_cast<size_t>(setting.getLength()));
    for (int i = 0; i < setting.getLength(); ++i) node.children.push_back(convert(setting[i], file));
  }
  return node;
}

// libconfig refuses "a" and "a" but takes "a" and "A"; keys match in any case here, so that is one key twice.
Result<> refuse_duplicates(const Node& node) {
  for (size_t i = 0; i < node.children.size(); ++i) {
    const Node& child = node.children[i];
    for (size_t j = 0; j < i && !child.name.empty(); ++j) {
      if (!same_text(node.children[j].name, child.name)) continue;
      return fail("{}:{}: '{}' is set twice (first in line {})", child.place.file, child.place.line, child.name,
                  node.children[j].place.line);
    }
    if (Result<> inner = refuse_duplicates(child); !inner) return inner;
  }
  return {};
}

}  // namespace

Result<Node> parse_libconfig(std::string_view text, const std::string& file_name) {
  libconfig::Config parser;
  std::string folder = std::filesystem::path(file_name).parent_path().string();
  parser.setIncludeDir(folder.empty() ? "." : folder.c_str());
  try {
    parser.readString(std::string(text));
    Node root = convert(parser.getRoot(), file_name);
    root.place = {file_name, 1};
    if (Result<> unique = refuse_duplicates(root); !unique) return std::unexpected(unique.error());
    return root;
  } catch (const libconfig::ParseException& problem) {
    const char* where = problem.getFile() != nullptr ? problem.getFile() : file_name.c_str();
    return fail("{}:{}: {}", where, problem.getLine(), problem.getError());
  } catch (const libconfig::FileIOException&) {
    return fail("{}: an included file cannot be read", file_name);
  } catch (const libconfig::ConfigException& problem) {
    return fail("{}: {}", file_name, problem.what());
  }
}

}  // namespace limen::config
