#include "runtime/deadline_heap.hpp"

namespace limen::runtime {

void DeadlineHeap::set(uint32_t slot, Instant when) {
  if (when == kNever) return remove(slot);
  if (slot >= position_.size()) position_.resize(slot + 1, kNowhere);
  size_t at = position_[slot];
  if (at == kNowhere) {
    at = heap_.size();
    heap_.push_back({});
    place(at, {when, next_order_++, slot});
    sift_up(at);
    return;
  }
  if (heap_[at].when == when) return;
  bool earlier = when < heap_[at].when;
  heap_[at].when = when;
  heap_[at].order = next_order_++;
  earlier ? sift_up(at) : sift_down(at);
}

void DeadlineHeap::remove(uint32_t slot) {
  if (!contains(slot)) return;
  size_t at = position_[slot];
  position_[slot] = kNowhere;
  Entry last = heap_.back();
  heap_.pop_back();
  if (at == heap_.size()) return;
  place(at, last);
  sift_up(at);
  sift_down(position_[last.slot]);
}

void DeadlineHeap::place(size_t at, const Entry& entry) {
  heap_[at] = entry;
  position_[entry.slot] = static_cast<uint32_t>(at);
}

void DeadlineHeap::sift_up(size_t at) {
  Entry entry = heap_[at];
  while (at > 0) {
    size_t parent = (at - 1) / 2;
    if (!entry.before(heap_[parent])) break;
    place(at, heap_[parent]);
    at = parent;
  }
  place(at, entry);
}

void DeadlineHeap::sift_down(size_t at) {
  Entry entry = heap_[at];
  for (;;) {
    size_t child = at * 2 + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && heap_[child + 1].before(heap_[child])) ++child;
    if (!heap_[child].before(entry)) break;
    place(at, heap_[child]);
    at = child;
  }
  place(at, entry);
}

}  // namespace limen::runtime
