// A configuration file as a tree that remembers where each thing stood.
//
// Two syntaxes (spec 2.1): libconfig for names containing ".jcfg", INI otherwise. Group names and
// keys match in any case. Scalars are text; booleans follow the truthy rule ("yes", "true", "1").
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace limen::config {

struct Place {
  std::string file;
  int line = 0;
};

struct Node {
  enum class Kind : uint8_t { group, array, list, scalar };
  enum class ScalarType : uint8_t { text, integer, real, boolean };
  Kind kind = Kind::group;
  std::string name;   // "" in arrays and lists
  std::string value;  // scalars: integers decimal, booleans "true"/"false", floats %f
  ScalarType type = ScalarType::text;
  std::vector<Node> children;
  Place place;

  const Node* find(std::string_view key) const;  // child by name, any case
  std::optional<std::string> text(std::string_view key) const;
  bool truthy() const;
};

bool is_truthy(std::string_view text);  // yes, true, 1 in any case

// Syntax errors carry file, line and reason: "/etc/janus/janus.jcfg:12: syntax error".
Result<Node> read_file(const std::string& path);
Result<Node> parse_libconfig(std::string_view text, const std::string& file_name);
Result<Node> parse_ini(std::string_view text, const std::string& file_name);

// <folder>/<package>.jcfg, else <folder>/<package>.cfg; nullopt if neither exists.
Result<std::optional<Node>> read_module(const std::string& folder, std::string_view package);

}  // namespace limen::config
