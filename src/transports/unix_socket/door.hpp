// Door: one bound socket of the transport and everybody who talks through it.
//
// Control thread.
#pragma once
#include <memory>
#include <string_view>

#include "api/transport.hpp"
#include "transports/net/transport_settings.hpp"
#include "transports/unix_socket/packet_socket.hpp"

namespace limen::unix_socket {

inline constexpr size_t kLargestRequest = 8192;         // bytes (spec 6.6)
inline constexpr size_t kMostQueued = 8 * 1024 * 1024;  // bytes that wait for one client
inline constexpr size_t kMessagesPerTurn = 32;          // so that one client cannot hold the loop

// What all clients share; outlives the transport through them, so `stopped` is asked first.
struct Service {
  explicit Service(TransportContext& c) : context(c) {}
  TransportContext& context;
  net::TransportSettings settings;
  bool stopped = false;

  void notify(std::string_view client, JsonObject data) const;
  // One request text of `client`; `reply` may come later, `client` is kept until then.
  void take(const std::shared_ptr<Client>& client, bool admin, std::string_view text,
            std::move_only_function<void(const Json&)> reply) const;
};

class Door {
 public:
  virtual ~Door() = default;
  virtual void start() = 0;
  virtual void stop() = 0;  // sends what can be sent at once
  virtual size_t connections() const = 0;
  virtual bool admin() const = 0;
  virtual std::string url() const = 0;
};

// They own `socket`.
std::unique_ptr<Door> make_connection_door(std::shared_ptr<Service> service, BoundSocket socket, bool admin);
std::unique_ptr<Door> make_datagram_door(std::shared_ptr<Service> service, BoundSocket socket, bool admin);

}  // namespace limen::unix_socket
