#include "transports/unix_socket/door.hpp"

#include "transports/unix_socket/unix_socket_config.hpp"

namespace limen::unix_socket {

void Service::notify(std::string_view client, JsonObject data) const {
  if (stopped || !settings.events || !context.sink().events_enabled()) return;
  context.sink().notify_transport_event(kPackage, client, std::move(data));
}

void Service::take(const std::shared_ptr<Client>& client, bool admin, std::string_view text,
                   std::move_only_function<void(const Json&)> reply) const {
  auto message = parse_json(text);
  if (!message) return context.sink().handle_unparsable(client, message.error(), std::move(reply));
  Request request;
  request.client = client;
  request.admin = admin;
  request.message = std::move(*message);
  request.reply = std::move(reply);
  context.sink().handle(std::move(request));
}

}  // namespace limen::unix_socket
