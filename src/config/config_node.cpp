#include "config/config_node.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "config/describe.hpp"

namespace limen::config {

const Node* Node::find(std::string_view key) const {
  for (const Node& child : children) {
    if (same_text(child.name, key)) return &child;
  }
  return nullptr;
}

std::optional<std::string> Node::text(std::string_view key) const {
  const Node* child = find(key);
  if (child == nullptr || child->kind != Kind::scalar) return std::nullopt;
  return child->value;
}

bool Node::truthy() const {
  return is_truthy(value);
}

bool is_truthy(std::string_view text) {
  return same_text(text, "yes") || same_text(text, "true") || text == "1";
}

namespace {

Result<std::string> slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail("{}: cannot be read: {}", path, std::strerror(errno));
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

}  // namespace

Result<Node> read_file(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return fail("{}: is a folder, not a file", path);
  Result<std::string> text = slurp(path);
  if (!text) return std::unexpected(text.error());
  bool libconfig = std::filesystem::path(path).filename().string().find(".jcfg") != std::string::npos;
  return libconfig ? parse_libconfig(*text, path) : parse_ini(*text, path);
}

Result<std::optional<Node>> read_module(const std::string& folder, std::string_view package) {
  for (const char* extension : {".jcfg", ".cfg"}) {
    std::string path = folder + "/" + std::string(package) + extension;
    std::error_code error;
    if (!std::filesystem::exists(path, error)) continue;
    Result<Node> node = read_file(path);
    if (!node) return std::unexpected(node.error());
    return std::optional<Node>(std::move(*node));
  }
  return std::optional<Node>();
}

}  // namespace limen::config
