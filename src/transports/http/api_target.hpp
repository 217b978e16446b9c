// What a request's target and body mean to the API (spec 6.1): pure functions, any thread.
#pragma once
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "api/api_error.hpp"
#include "api/json.hpp"

namespace limen::http {

// A target split into path and query; the views point into it.
struct Target {
  std::string_view path;
  std::string_view query;
};
Target split_target(std::string_view target);

// Where a path leads under an API's base path.
struct ApiPath {
  bool deeper = false;      // there is something after the base path
  bool too_deep = false;    // more than two parts
  bool has_handle = false;  // a second part that is not empty
  std::string_view name;    // the first part: "info", "ping" or a session id
  uint64_t session = 0;     // 0: not a number
  uint64_t handle = 0;
};
// nullopt: not under `base` ("/janus"; "/" contains everything).
std::optional<ApiPath> parse_api_path(std::string_view path, std::string_view base);

// The decoded value of a query argument ("+" is a space); the first one counts.
std::optional<std::string> query_value(std::string_view query, std::string_view name);
// %41 -> A; nullopt if malformed.
std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_space);
// The `maxev` argument: at least 1; nonsense is 1.
size_t max_events(std::string_view query);

// A POST's body with the ids of the path filled in. Errors: 454 not JSON, 455 not an object, 457 ids
// in path and body differ.
ApiResult<Json> read_api_body(std::string_view body, const ApiPath& path);

}  // namespace limen::http
