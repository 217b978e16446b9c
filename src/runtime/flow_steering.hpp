// FlowSteering: tells the kernel which shard's socket a flow's datagrams are for, where all shards listen on one port
// (SO_REUSEPORT; docs/adr/0008).
//
// Learned flows are compiled into a classic BPF program per address, which needs no privileges. A datagram of a flow
// that is not in it goes to a shard by hash, always the same, and from there to its owner. Changes are collected, so
// that many newcomers cost one program. Bounded: flows beyond kMaxFlows are not steered.
// The control thread's; the sockets belong to the shards, which outlive it.
#pragma once
#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/executor.hpp"
#include "base/tx_queue.hpp"

struct sock_filter;

namespace limen::runtime {

// What a flow is known by in a program: 32 bits of the remote address and port. Two flows may share one; then one
// of them is steered wrongly, and forwarded.
uint32_t steering_key(const SocketAddress& remote);

// A program that answers with the shard of the key, or, for unknown ones, the key modulo `shards`. `flows` by key.
std::vector<sock_filter> steering_program(bool v4, std::vector<std::pair<uint32_t, uint32_t>> flows, uint32_t shards);

class FlowSteering {
 public:
  static constexpr size_t kMaxFlows = 1200;  // per address: what fits into a program (BPF_MAXINSNS)
  static constexpr Duration kCollect = std::chrono::milliseconds(50);

  struct Address {
    int fd = -1;  // any socket of the group; shard i's was bound as the i-th
    bool v4 = true;
  };
  // `addresses` by SocketId. Attaches the empty programs at once.
  FlowSteering(Executor& control, std::vector<Address> addresses, uint32_t shards);
  ~FlowSteering();
  FlowSteering(const FlowSteering&) = delete;
  FlowSteering& operator=(const FlowSteering&) = delete;

  // False: this kernel does not steer by programs; it spreads flows by its own hash then.
  bool works() const { return works_; }
  void won(const Flow& flow, uint32_t shard);
  void lost(const Flow& flow, uint32_t shard);  // nothing, if another shard has won it since
  size_t steered() const;
  uint64_t programs() const { return programs_; }

 private:
  struct Group {
    Address address;
    std::unordered_map<SocketAddress, uint32_t, SocketAddressHash> flows;
    size_t room = kMaxFlows;
    bool changed = true;
  };
  void plan();
  void attach_changed();
  bool attach(Group& group);

  Executor& control_;
  std::vector<Group> groups_;
  uint32_t shards_;
  bool works_ = true;
  TimerId timer_{};
  bool planned_ = false;
  uint64_t programs_ = 0;
};

}  // namespace limen::runtime
