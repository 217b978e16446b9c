#include "plugins/textroom/text_requests.hpp"

#include "base/constant_time.hpp"

namespace limen::textroom {

TextResult<> check_secret(const JsonObject& body, std::string_view key, const std::string& configured) {
  if (configured.empty()) return {};
  const Json* given = body.if_contains(key);
  if (given == nullptr)
    return refuse(TextErrorCode::missing_element, fmt::format("Missing mandatory element ({})", key));
  if (!given->is_string()) {
    return refuse(TextErrorCode::invalid_element, fmt::format("Invalid element type ({} should be a string)", key));
  }
  if (constant_time_equal(given->get_string(), configured)) return {};
  return refuse(TextErrorCode::unauthorized, fmt::format("Unauthorized (wrong {})", key));
}

}  // namespace limen::textroom
