// FlowGroups: puts a TxQueue's datagrams in order of destination, and finds runs for UDP_SEGMENT.
//
// Flows come in the order of their first datagram; datagrams of one flow keep their order. Scratch
// space is reused from turn to turn. One thread.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "base/tx_queue.hpp"

namespace limen::runtime {

// One datagram on its way out; points into a TxQueue or a backlog.
struct Datagram {
  const SocketAddress* remote = nullptr;
  Bytes bytes;
};

// How many of `items` from the first on can leave as one GSO message: the same destination, equal
// sizes, the last one perhaps shorter. At least 1; `items` is not empty.
size_t gso_run(std::span<const Datagram> items, size_t max_segments, size_t max_bytes);

class FlowGroups {
 public:
  // Calls emit(socket, datagram) for each slot.
  template <typename Emit>
  void visit(const TxQueue& tx, Emit&& emit) {
    group(tx.slots());
    for (const Group& group : groups_) {
      for (uint32_t i = group.first; i != kEnd; i = next_[i]) {
        const TxQueue::Slot& slot = tx.slots()[i];
        emit(slot.flow.socket, Datagram{&slot.flow.remote, tx.bytes(slot)});
      }
    }
  }

 private:
  static constexpr uint32_t kEnd = UINT32_MAX;
  struct Group {
    uint32_t first;
    uint32_t last;
  };
  void group(std::span<const TxQueue::Slot> slots);
  uint32_t find(std::span<const TxQueue::Slot> slots, uint32_t slot);

  std::vector<Group> groups_;
  std::vector<uint32_t> next_;   // by slot
  std::vector<uint32_t> table_;  // open addressing: group + 1; 0 = free
};

}  // namespace limen::runtime
