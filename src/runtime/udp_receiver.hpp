// UdpReceiver: reads a socket with recvmmsg, takes UDP_GRO messages apart, makes Packets.
//
// One thread; its large buffers are shared by all sockets of a shard.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>

#include "base/packet.hpp"
#include "base/tx_queue.hpp"
#include "runtime/udp_socket.hpp"

namespace limen::runtime {

struct RxStats {
  uint64_t datagrams = 0, bytes = 0;
  uint64_t messages = 0;  // as the kernel gave them: a GRO train counts once
  uint64_t system_calls = 0;
  uint64_t dropped_large = 0;      // longer than kMaxDatagram
  uint64_t dropped_no_packet = 0;  // the pool is at its limit
  uint64_t dropped_empty = 0;
  uint64_t errors = 0;
};

class UdpReceiver {
 public:
  static constexpr size_t kMessages = 16;         // per system call
  static constexpr size_t kMessageBytes = 65536;  // a GRO train

  explicit UdpReceiver(PacketPool& pool);
  ~UdpReceiver();

  using Sink = std::function<void(const Flow& from, Packet packet)>;
  // `after_message` runs after each kernel message's datagrams: the place to look at the clock.
  // Returns false when the socket is drained, true if there may be more.
  bool receive(const UdpSocket& socket, SocketId id, Instant now, const Sink& sink,
               const std::function<Instant()>& after_message);
  const RxStats& stats() const { return stats_; }

 private:
  struct Arrays;
  void take_apart(size_t message, size_t size, SocketId id, Instant now, const Sink& sink);

  PacketPool& pool_;
  std::unique_ptr<Arrays> arrays_;
  RxStats stats_;
};

}  // namespace limen::runtime
