#include "rtc/streams/source_table.hpp"

#include <algorithm>

namespace limen::rtc {

SourceTable::Entry* SourceTable::find(uint32_t ssrc) {
  if (last_ < entries_.size() && entries_[last_].ssrc == ssrc) return &entries_[last_];
  auto at = std::lower_bound(entries_.begin(), entries_.end(), ssrc,
                             [](const Entry& entry, uint32_t wanted) { return entry.ssrc < wanted; });
  if (at == entries_.end() || at->ssrc != ssrc) return nullptr;
  last_ = static_cast<size_t>(at - entries_.begin());
  return &*at;
}

const SourceTable::Entry* SourceTable::find(const SourceSlot& slot) const {
  auto at = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) { return entry.slot == slot; });
  return at == entries_.end() ? nullptr : &*at;
}

void SourceTable::bind(uint32_t ssrc, const SourceSlot& slot, bool by_rid) {
  std::erase_if(entries_, [&](const Entry& entry) { return entry.ssrc == ssrc || entry.slot == slot; });
  auto at = std::lower_bound(entries_.begin(), entries_.end(), ssrc,
                             [](const Entry& entry, uint32_t wanted) { return entry.ssrc < wanted; });
  entries_.insert(at, {ssrc, slot, by_rid});
}

void SourceTable::remove(uint8_t mline) {
  std::erase_if(entries_, [&](const Entry& entry) { return entry.slot.mline == mline; });
}

}  // namespace limen::rtc
