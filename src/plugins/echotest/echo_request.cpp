#include "plugins/echotest/echo_request.hpp"

#include "api/request_reader.hpp"

namespace limen::echotest {

bool EchoRequest::effective() const {
  return audio || video || videocodec || videoprofile || opusred || bitrate || substream || temporal || fallback ||
         spatial_layer || temporal_layer || record || min_delay || max_delay;
}

std::expected<EchoRequest, EchoError> read_echo_request(const JsonObject& body) {
  auto request = read_request<EchoRequest>(body);
  if (request) return std::move(*request);
  return std::unexpected(EchoError{EchoErrorCode::invalid_element, request.error().text});
}

std::optional<EchoError> range_error(const EchoRequest& request) {
  const std::pair<std::string_view, const std::optional<uint32_t>&> layers[] = {
      {"substream", request.substream},
      {"temporal", request.temporal},
      {"spatial_layer", request.spatial_layer},
      {"temporal_layer", request.temporal_layer}};
  for (const auto& [name, value] : layers) {
    if (!value || *value <= 2) continue;
    return EchoError{EchoErrorCode::invalid_element, fmt::format("Invalid value ({} should be 0, 1 or 2)", name)};
  }
  return std::nullopt;
}

}  // namespace limen::echotest
