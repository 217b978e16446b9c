// JSON as the API sees it: Boost.JSON values, members in insertion order.
#pragma once
#include <boost/json.hpp>

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace limen {

using Json = boost::json::value;
using JsonObject = boost::json::object;
using JsonArray = boost::json::array;

// How a transport writes: 3 spaces per level; one line with ", " and ": "; one line without spaces.
enum class JsonFormat : uint8_t { indented, plain, compact };
std::optional<JsonFormat> json_format_from_name(std::string_view name);
std::string write_json(const Json& value, JsonFormat format);

struct JsonError {
  int line = 1;
  int column = 1;
  std::string text;
};
// One value, trailing white space allowed. Depth at most 64; size is the transport's limit.
std::expected<Json, JsonError> parse_json(std::string_view text);
// Several values one after the other ("{...}{...}"): all or nothing.
std::expected<std::vector<Json>, JsonError> parse_json_sequence(std::string_view text);

}  // namespace limen
