// UdpPortSet: the UDP ports that media handlers have opened on one shard.
//
// Plain sockets without GSO and GRO: their traffic is a fraction of the peers'. The shard's thread, or any
// before it starts and after it ended.
#pragma once
#include <cstdint>
#include <memory>
#include <unordered_map>

#include "base/udp_ports.hpp"

namespace limen::runtime {

struct UdpPortStats {
  uint64_t received = 0, sent = 0;
  uint64_t dropped_large = 0, dropped_no_packet = 0;
  uint64_t dropped_full = 0, dropped_error = 0;  // sending
};

class UdpPortSet final : public UdpPorts {
 public:
  static constexpr size_t kMaxPorts = 4096;
  static constexpr int kReadsPerTurn = 64;  // datagrams of one port

  // Its sockets are watched by `epoll_fd` under tags that have `tag_bit` and not all bits set.
  UdpPortSet(int epoll_fd, uint32_t tag_bit, PacketPool& pool);
  ~UdpPortSet() override;

  Result<UdpPort> open(const UdpBind& bind, UdpReceive receive) override;
  void close(UdpPortId port) override;
  bool send(UdpPortId port, const SocketAddress& to, Bytes datagram) override;

  void handle_ready(uint32_t tag, Instant now);
  size_t count() const { return ports_.size(); }
  const UdpPortStats& stats() const { return stats_; }

 private:
  struct Port;
  // False: nothing more to read.
  bool read_one(Port& port, Instant now);
  uint32_t free_tag();

  int epoll_fd_;
  uint32_t tag_bit_;
  PacketPool& pool_;
  std::unordered_map<uint32_t, std::shared_ptr<Port>> ports_;  // by tag; shared with a callback that closes it
  uint32_t last_tag_ = 0;
  UdpPortStats stats_;
};

}  // namespace limen::runtime
