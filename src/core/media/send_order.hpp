// SendOrder: whose turn to send comes next, so that what its packet will touch can be fetched before.
//
// Subscribers of a source come in the same order turn after turn: the peer that was sent to after this one
// will be so again. Wrong guesses cost nothing but the fetch. One shard's; its thread only.
#pragma once
#include <cstdint>
#include <vector>

#include "rtc/peer/hot_lines.hpp"

namespace limen::core {

class SendOrder {
 public:
  // `slot` is about to send on an m-line. False: so it was before.
  bool enter(uint32_t slot, uint8_t mline) {
    uint32_t key = slot * kMlines + (mline < kMlines ? mline : kMlines - 1);
    if (key == current_) return false;
    if (key >= entries_.size()) entries_.resize((slot + 1) * kMlines);
    if (current_ < entries_.size()) entries_[current_].next = key;
    current_ = key;
    const Entry& here = entries_[key];
    if (here.next < entries_.size()) {
      const Entry& next = entries_[here.next];
      next.lines.fetch();
      // And where the one after that will say what it needs.
      if (next.next < entries_.size()) prefetch(entries_[next.next]);
    }
    return true;
  }
  // Where the current sender's lines are kept, if it is time to find them anew; else null.
  rtc::HotLines* stale_lines() {
    constexpr uint8_t kPeriod = 64;
    Entry& here = entries_[current_];
    return here.age++ % kPeriod == 0 ? &here.lines : nullptr;
  }
  void forget(uint32_t slot) {
    for (uint32_t key = slot * kMlines; key < (slot + 1) * kMlines && key < entries_.size(); ++key) entries_[key] = {};
  }

 private:
  static constexpr uint32_t kMlines = 2;  // audio and video of a subscriber to one publisher; others share
  static constexpr uint32_t kNone = UINT32_MAX;
  struct alignas(64) Entry {
    uint32_t next = kNone;
    uint8_t age = 0;
    rtc::HotLines lines;
  };
  static void prefetch(const Entry& entry) {
    const auto* at = reinterpret_cast<const uint8_t*>(&entry);
    for (size_t i = 0; i < sizeof entry; i += 64) __builtin_prefetch(at + i);
  }

  std::vector<Entry> entries_;
  uint32_t current_ = kNone;
};

}  // namespace limen::core
