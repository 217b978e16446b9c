#include "runtime/flow_groups.hpp"

#include <bit>

namespace limen::runtime {

size_t gso_run(std::span<const Datagram> items, size_t max_segments, size_t max_bytes) {
  size_t size = items[0].bytes.size();
  if (size == 0) return 1;
  size_t total = size;
  size_t count = 1;
  while (count < items.size() && count < max_segments) {
    const Datagram& next = items[count];
    if (next.bytes.empty() || next.bytes.size() > size || total + next.bytes.size() > max_bytes) break;
    if (next.remote != items[0].remote && *next.remote != *items[0].remote) break;
    total += next.bytes.size();
    ++count;
    if (next.bytes.size() < size) break;
  }
  return count;
}

void FlowGroups::group(std::span<const TxQueue::Slot> slots) {
  groups_.clear();
  next_.assign(slots.size(), kEnd);
  table_.assign(std::bit_ceil(slots.size() * 2 + 1), 0);
  uint32_t previous = kEnd;  // group of the slot before: bursts make this the usual answer
  for (uint32_t i = 0; i < slots.size(); ++i) {
    uint32_t group = previous;
    if (previous == kEnd || slots[groups_[previous].first].flow != slots[i].flow) group = find(slots, i);
    if (group == groups_.size()) {
      groups_.push_back({i, i});
    } else {
      next_[groups_[group].last] = i;
      groups_[group].last = i;
    }
    previous = group;
  }
}

// The slot's group, or the number of a new one, which is entered.
uint32_t FlowGroups::find(std::span<const TxQueue::Slot> slots, uint32_t slot) {
  const Flow& flow = slots[slot].flow;
  uint64_t hash = SocketAddressHash()(flow.remote) + flow.socket * 0x9e3779b97f4a7c15u;
  size_t mask = table_.size() - 1;
  for (size_t at = (hash ^ hash >> 32) & mask;; at = (at + 1) & mask) {
    if (table_[at] == 0) {
      table_[at] = static_cast<uint32_t>(groups_.size()) + 1;
      return static_cast<uint32_t>(groups_.size());
    }
    uint32_t group = table_[at] - 1;
    if (slots[groups_[group].first].flow == flow) return group;
  }
}

}  // namespace limen::runtime
