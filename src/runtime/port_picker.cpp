#include "runtime/port_picker.hpp"

#include <utility>

namespace limen::runtime {
namespace {

// With no range, tries of ports that the kernel chose for the first address.
constexpr int kFreeTries = 64;

using Opened = std::expected<LoopSockets, BindError>;

Opened open_all(std::span<const BindAddress> addresses, uint16_t port, const UdpOptions& options, bool tcp) {
  LoopSockets sockets;
  for (const BindAddress& address : addresses) {
    auto socket = UdpSocket::open(address, port, options);
    if (!socket) return std::unexpected(std::move(socket.error()));
    port = socket->local().port;
    sockets.udp.push_back(std::move(*socket));
    if (!tcp) continue;
    auto listener = TcpListener::open(address, port, options.share_port);
    if (!listener) return std::unexpected(std::move(listener.error()));
    sockets.tcp.push_back(std::move(*listener));
  }
  return sockets;
}

std::string list(std::span<const BindAddress> addresses) {
  std::string text;
  for (const BindAddress& address : addresses) {
    if (!text.empty()) text += ", ";
    text += address.ip.to_string();
  }
  return text;
}

}  // namespace

Result<LoopSockets> open_sockets(std::span<const BindAddress> addresses, PortRange range, const UdpOptions& options,
                                 bool tcp, Random& random, uint32_t who, uint32_t count) {
  if (range.min > range.max) std::swap(range.min, range.max);
  if (range.any()) {
    Error last;
    for (int i = 0; i < kFreeTries; ++i) {
      Opened opened = open_all(addresses, 0, options, tcp);
      if (opened) return std::move(*opened);
      if (!opened.error().port_taken) return std::unexpected(std::move(opened.error().error));
      last = std::move(opened.error().error);
    }
    return fail("no {} port is free on all of {}: {}", tcp ? "UDP and TCP" : "UDP", list(addresses), last.text);
  }
  uint32_t first = range.min == 0 ? 1 : range.min;
  uint32_t ports = range.max - first + 1;
  auto start = static_cast<uint32_t>(random.below(ports));
  for (uint32_t i = 0; i < ports; ++i) {
    Opened opened = open_all(addresses, static_cast<uint16_t>(first + (start + i) % ports), options, tcp);
    if (opened) return std::move(*opened);
    if (!opened.error().port_taken) return std::unexpected(std::move(opened.error().error));
  }
  return fail(
      "rtp_port_range {}-{} has no {} port left for media loop {} of {} (on {}): "
      "each loop needs one; widen the range or lower event_loops",
      range.min, range.max, tcp ? "UDP and TCP" : "UDP", who + 1, count, list(addresses));
}

Result<std::vector<LoopSockets>> open_shared_sockets(std::span<const BindAddress> addresses, uint16_t port,
                                                     UdpOptions options, bool tcp, uint32_t count) {
  options.share_port = false;
  // Sharing sockets of another server of this user would be let in.
  if (Opened alone = open_all(addresses, port, options, tcp); !alone) {
    return fail("single_port {}: {}", port, alone.error().error.text);
  }
  options.share_port = true;
  std::vector<LoopSockets> shards;
  for (uint32_t i = 0; i < count; ++i) {
    Opened opened = open_all(addresses, port, options, tcp);
    if (!opened) return fail("single_port {}: {}", port, opened.error().error.text);
    shards.push_back(std::move(*opened));
  }
  return shards;
}

}  // namespace limen::runtime
