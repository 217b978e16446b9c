#include "plugins/videocall/call_requests.hpp"

namespace limen::videocall {

CallResult<SetRequest> read_set_request(const JsonObject& body) {
  auto request = read_call_request<SetRequest>(body);
  if (!request) return request;
  const std::pair<std::string_view, const std::optional<uint32_t>&> layers[] = {{"substream", request->substream},
                                                                                {"temporal", request->temporal}};
  for (const auto& [name, value] : layers) {
    if (!value || *value <= 2) continue;
    return std::unexpected(
        CallError{CallErrorCode::invalid_element, fmt::format("Invalid value ({} should be 0, 1 or 2)", name)});
  }
  return request;
}

}  // namespace limen::videocall
