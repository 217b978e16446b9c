// DeadlineHeap: at most one deadline for each of many slots, and the earliest of them.
//
// A slot is a small integer that the owner hands out (an index into its own table). Setting a
// deadline again moves the entry in place, so re-arming is O(log n) without leaving rubbish behind.
// Equal deadlines come in the order in which they were set. One thread.
#pragma once
#include <cstdint>
#include <limits>
#include <vector>

#include "base/time.hpp"

namespace limen::runtime {

class DeadlineHeap {
 public:
  // kNever removes the slot.
  void set(uint32_t slot, Instant when);
  void remove(uint32_t slot);
  bool contains(uint32_t slot) const { return slot < position_.size() && position_[slot] != kNowhere; }

  bool empty() const { return heap_.empty(); }
  size_t size() const { return heap_.size(); }
  Instant next() const { return heap_.empty() ? kNever : heap_.front().when; }
  // The slot with the earliest deadline; the heap must not be empty.
  uint32_t front() const { return heap_.front().slot; }

 private:
  struct Entry {
    Instant when;
    uint64_t order;
    uint32_t slot;
    bool before(const Entry& other) const { return when != other.when ? when < other.when : order < other.order; }
  };
  static constexpr uint32_t kNowhere = std::numeric_limits<uint32_t>::max();

  void place(size_t at, const Entry& entry);
  void sift_up(size_t at);
  void sift_down(size_t at);

  std::vector<Entry> heap_;
  std::vector<uint32_t> position_;  // by slot
  uint64_t next_order_ = 0;
};

}  // namespace limen::runtime
