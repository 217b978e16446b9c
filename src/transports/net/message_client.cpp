#include "transports/net/message_client.hpp"

namespace limen::net {

MessageClient::MessageClient(TransportContext& context, std::string_view package, bool admin, Send send)
    : context_(context),
      package_(package),
      admin_(admin),
      send_(std::move(send)),
      id_(fmt::format("{}", context.random().u64())) {}

void MessageClient::receive(std::string_view text, std::optional<std::string> correlation) {
  if (!send_) return;
  auto reply = [weak = weak_from_this(), correlation = std::move(correlation)](const Json& json) {
    auto self = weak.lock();
    if (self && self->send_) self->send_(json, correlation);
  };
  auto message = parse_json(text);
  if (!message) return context_.sink().handle_unparsable(shared_from_this(), message.error(), std::move(reply));
  Request request;
  request.client = shared_from_this();
  request.admin = admin_;
  request.message = std::move(*message);
  request.reply = std::move(reply);
  context_.sink().handle(std::move(request));
}

void MessageClient::notify(const TransportSettings& settings, JsonObject data) {
  if (!send_ || !settings.events || !context_.sink().events_enabled()) return;
  context_.sink().notify_transport_event(package_, id_, std::move(data));
}

void MessageClient::send_event(SessionId /*session*/, const Json& event) {
  if (send_) send_(event, std::nullopt);
}

}  // namespace limen::net
