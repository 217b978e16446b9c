#include "rtc/sctp/received_tsns.hpp"

#include <algorithm>
#include <utility>

#include "rtc/sctp/serial.hpp"

namespace limen::rtc {

ReceivedTsns::ReceivedTsns(uint32_t initial_tsn) : cumulative_(widened(initial_tsn) - 1) {}

uint64_t ReceivedTsns::unwrap(uint32_t tsn) const {
  return unwrap32(tsn, cumulative_);
}

ReceivedTsns::Verdict ReceivedTsns::look(uint64_t tsn) const {
  if (tsn <= cumulative_) return Verdict::duplicate;
  if (tsn > cumulative_ + kMaxAhead) return Verdict::too_far;
  auto after = std::ranges::upper_bound(ranges_, tsn, {}, &Range::first);
  if (after != ranges_.begin() && std::prev(after)->last >= tsn) return Verdict::duplicate;
  bool joins = tsn == cumulative_ + 1 || (after != ranges_.begin() && std::prev(after)->last + 1 == tsn) ||
               (after != ranges_.end() && after->first == tsn + 1);
  return joins || ranges_.size() < kMaxRanges ? Verdict::fresh : Verdict::too_far;
}

void ReceivedTsns::add(uint64_t tsn) {
  if (tsn == cumulative_ + 1) {
    ++cumulative_;
    absorb();
    return;
  }
  auto after = std::ranges::upper_bound(ranges_, tsn, {}, &Range::first);
  bool left = after != ranges_.begin() && std::prev(after)->last + 1 == tsn;
  bool right = after != ranges_.end() && after->first == tsn + 1;
  if (left && right) {
    std::prev(after)->last = after->last;
    ranges_.erase(after);
  } else if (left) {
    std::prev(after)->last = tsn;
  } else if (right) {
    after->first = tsn;
  } else {
    ranges_.insert(after, {tsn, tsn});
  }
}

void ReceivedTsns::note_duplicate(uint32_t tsn) {
  if (duplicates_.size() < kMaxDuplicates) duplicates_.push_back(tsn);
}

void ReceivedTsns::skip_to(uint64_t tsn) {
  cumulative_ = std::max(cumulative_, tsn);
  absorb();
}

void ReceivedTsns::absorb() {
  auto end = ranges_.begin();
  for (; end != ranges_.end() && end->first <= cumulative_ + 1; ++end) cumulative_ = std::max(cumulative_, end->last);
  ranges_.erase(ranges_.begin(), end);
}

std::vector<sctp::GapBlock> ReceivedTsns::gaps(size_t max) const {
  std::vector<sctp::GapBlock> out;
  for (const Range& range : ranges_) {
    if (out.size() == max || range.last - cumulative_ > kMaxAhead) break;
    out.push_back({static_cast<uint16_t>(range.first - cumulative_), static_cast<uint16_t>(range.last - cumulative_)});
  }
  return out;
}

std::vector<uint32_t> ReceivedTsns::take_duplicates() {
  return std::exchange(duplicates_, {});
}

}  // namespace limen::rtc
