// TxQueue: the datagrams one loop turn wants to send.
//
// State machines write their output straight into it (reserve, fill, commit), so that the bytes are
// copied once; the driver (a shard, or the simulated network) sends and clears it at the end of the
// turn. Datagrams of one flow keep their order. One queue per shard; that shard's thread only.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "base/net_address.hpp"

namespace limen {

// Which of the shard's sockets sends or received: an index the driver hands out. A shard's UDP
// sockets come first. ICE-TCP (RFC 6544) has two numbers beside each of them: kTcpPassive + i stands for the
// listener of the same address and port, kTcpActive + i for connections that we open from that address.
// A connection is then named by its flow, as the remote address is its own.
using SocketId = uint32_t;
inline constexpr SocketId kTcpPassive = 0x10000;
inline constexpr SocketId kTcpActive = 0x20000;
inline constexpr bool is_tcp(SocketId socket) {
  return socket >= kTcpPassive && socket < kTcpActive + kTcpPassive;
}
// Relays (TURN) of peers are sockets too, from this number on: what goes there is packed for the server before the
// rest is sent (see TxQueue::take_out).
inline constexpr SocketId kRelaySockets = 0x40000000;
inline constexpr SocketId kNoSocket = UINT32_MAX;
inline constexpr bool is_relay(SocketId socket) {
  return socket >= kRelaySockets && socket != kNoSocket;
}

struct Flow {
  SocketId socket = 0;
  SocketAddress remote;
  friend bool operator==(const Flow&, const Flow&) = default;
};

class TxQueue {
 public:
  struct Slot {
    Flow flow;
    uint32_t offset;
    uint16_t size;
  };

  // Room for a datagram of up to `size` bytes; valid until the next call of any member.
  MutableBytes reserve(size_t size) {
    if (bytes_.size() < used_ + size) bytes_.resize((used_ + size) * 2);
    return {bytes_.data() + used_, size};
  }
  // Takes the first `size` bytes of the last reserve() as a datagram to `flow`.
  void commit(const Flow& flow, size_t size) {
    slots_.push_back({flow, static_cast<uint32_t>(used_), static_cast<uint16_t>(size)});
    used_ += size;
  }
  void push(const Flow& flow, Bytes datagram) {
    hurry();
    MutableBytes room = reserve(datagram.size());
    if (!datagram.empty()) std::memcpy(room.data(), datagram.data(), datagram.size());
    commit(flow, datagram.size());
  }

  std::span<const Slot> slots() const { return slots_; }
  Bytes bytes(const Slot& slot) const { return {bytes_.data() + slot.offset, slot.size}; }
  MutableBytes mutable_bytes(const Slot& slot) { return {bytes_.data() + slot.offset, slot.size}; }
  bool empty() const { return slots_.empty(); }
  // Calls `take` with the datagrams of which `wanted(flow)` is true, in order; they are not in the queue any more.
  template <typename Wanted, typename Take>
  void take_out(Wanted wanted, Take take) {
    std::erase_if(slots_, [&](const Slot& slot) {
      if (!wanted(slot.flow)) return false;
      take(slot.flow, bytes(slot));
      return true;
    });
  }
  size_t queued_bytes() const { return used_; }
  // What is there waits for nothing: handshakes and checks, which somebody is waiting for. Each push() is.
  void hurry() { urgent_ = true; }
  bool urgent() const { return urgent_; }
  void clear() {
    urgent_ = false;
    slots_.clear();
    used_ = 0;
  }

 private:
  std::vector<uint8_t> bytes_;
  std::vector<Slot> slots_;
  size_t used_ = 0;
  bool urgent_ = false;
};

}  // namespace limen
