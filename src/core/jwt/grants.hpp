// Grants: which plugins a token opens, and what it may do in which rooms there: the claim `janus` of a JWT
// (docs/authentication.md).
//
//   {"videoroom": {"1234": ["join", "publish"], "*": ["subscribe"]}, "streaming": ["subscribe"], "echotest": true}
//
// Plain values, any thread.
#pragma once
#include <map>
#include <string>
#include <string_view>

#include "api/json.hpp"
#include "api/rights.hpp"
#include "base/result.hpp"

namespace limen::core {

class Grants {
 public:
  static constexpr size_t kMostEntries = 256;  // plugins and objects together

  // Strict: rights that nobody knows make the claim unusable, so that a misspelt token is noticed.
  static Result<Grants> parse(const Json& claim);

  bool allows_plugin(std::string_view package) const { return find(package) != nullptr; }
  bool allows(std::string_view package, const NeededRights& needed) const;

 private:
  struct PluginGrants {
    Rights everywhere;                                   // on every object
    std::map<std::string, Rights, std::less<>> objects;  // further ones on these
  };
  const PluginGrants* find(std::string_view package) const;
  static Result<PluginGrants> parse_plugin(const Json& value, size_t& entries);

  std::map<std::string, PluginGrants, std::less<>> plugins_;  // by package; "*": every other one
};

}  // namespace limen::core
