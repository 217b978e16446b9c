// SsrcTable<State>: per-SSRC state of one peer, bounded, sorted by SSRC. A value; no thread of its own.
//
// Packets come in runs of one SSRC, so the last one found is remembered.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace limen::rtc {

// More than any negotiated session uses: 64 m-lines of 3 simulcast layers with RTX each.
inline constexpr size_t kMaxSsrcs = 512;

template <typename State>
class SsrcTable {
 public:
  State* find(uint32_t ssrc) {
    if (last_ < entries_.size() && entries_[last_]->ssrc == ssrc) return entries_[last_].get();
    size_t at = position(ssrc);
    if (at == entries_.size() || entries_[at]->ssrc != ssrc) return nullptr;
    last_ = at;
    return entries_[at].get();
  }
  bool full() const { return entries_.size() >= kMaxSsrcs; }
  size_t size() const { return entries_.size(); }
  // Call only when find() returned nothing and the table is not full.
  State& add(uint32_t ssrc) {
    size_t at = position(ssrc);
    auto it = entries_.insert(entries_.begin() + static_cast<std::ptrdiff_t>(at), std::make_unique<State>());
    (*it)->ssrc = ssrc;
    last_ = at;
    return **it;
  }
  // Of the entry that was used last.
  template <typename Add>
  void find_hot_lines(Add&& add) const {
    if (last_ >= entries_.size()) return;
    add(&entries_[last_], sizeof entries_[last_]);
    add(entries_[last_].get(), sizeof(State));
  }

 private:
  size_t position(uint32_t ssrc) const {
    auto it =
        std::lower_bound(entries_.begin(), entries_.end(), ssrc,
                         [](const std::unique_ptr<State>& entry, uint32_t wanted) { return entry->ssrc < wanted; });
    return static_cast<size_t>(it - entries_.begin());
  }

  std::vector<std::unique_ptr<State>> entries_;
  size_t last_ = 0;
};

}  // namespace limen::rtc
