// PortPicker: finds a UDP port of a range that is free on every address of a shard.
//
// Starts anywhere in the range and goes round it, so that several servers (or a restart) on one
// machine do not meet; each port is tried once. One thread.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "base/random.hpp"
#include "base/result.hpp"
#include "runtime/tcp_listener.hpp"
#include "runtime/udp_socket.hpp"

namespace limen::runtime {

// Inclusive. {0, 0}: whatever the kernel gives.
struct PortRange {
  uint16_t min = 0;
  uint16_t max = 0;
  bool any() const { return max == 0 || (min <= 1 && max == 65535); }
};

// A media loop's own: one UDP socket per address, and with ICE-TCP one listener beside each, in the same order.
struct LoopSockets {
  std::vector<UdpSocket> udp;
  std::vector<TcpListener> tcp;
};

// All with the same port. `who` and `count` name the media loop in errors.
Result<LoopSockets> open_sockets(std::span<const BindAddress> addresses, PortRange range, const UdpOptions& options,
                                 bool tcp, Random& random, uint32_t who, uint32_t count);

// For each of `count` shards its own sockets and listeners, all on `port`. Each address's sockets are bound in the
// order of the shards, which is how programs of the kernel count them. A port that any other socket has is an error,
// also one that would share it.
Result<std::vector<LoopSockets>> open_shared_sockets(std::span<const BindAddress> addresses, uint16_t port,
                                                     UdpOptions options, bool tcp, uint32_t count);

}  // namespace limen::runtime
