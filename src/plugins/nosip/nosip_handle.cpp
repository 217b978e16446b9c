#include "plugins/nosip/nosip_handle.hpp"

#include <algorithm>

#include "plugins/nosip/requests.hpp"

namespace limen::nosip {

void NoSipHandle::on_message(Message message, Reply reply) {
  reply.ack();
  auto result = run(message);
  if (!result) return context_.push_event(message.transaction, error_body(result.error()));
  context_.push_event(message.transaction, JsonObject{{"nosip", "event"}, {"result", std::move(*result)}});
}

NoSipResult<JsonObject> NoSipHandle::run(const Message& message) {
  auto any = read<AnyRequest>(message.body);
  if (!any) return std::unexpected(any.error());
  std::string verb = any->request;
  std::ranges::transform(verb, verb.begin(), [](unsigned char c) { return std::tolower(c); });
  if (verb == "hangup") {
    if (context_.has_peer_connection()) context_.close_peer_connection();
    return JsonObject{{"event", "hangingup"}};
  }
  return refuse(ErrorCode::invalid_request, "Unknown request ({})", any->request);
}

Json NoSipHandle::query() const {
  return JsonObject{{"hangingup", 0}, {"destroyed", 0}};
}

}  // namespace limen::nosip
