// SourceTable: which m-line and simulcast slot an SSRC belongs to.
//
// Bounded by construction: each slot has at most one media and one RTX SSRC, and a new one takes
// the place of the old. A shard's thread only. RFC 8843 section 9.2, RFC 8852 (rid), RFC 4588.
#pragma once
#include <cstdint>
#include <vector>

namespace limen::rtc {

struct SourceSlot {
  uint8_t mline = 0;
  uint8_t substream = 0;
  bool rtx = false;
  friend bool operator==(const SourceSlot&, const SourceSlot&) = default;
};

class SourceTable {
 public:
  struct Entry {
    uint32_t ssrc;
    SourceSlot slot;
    bool by_rid;  // the packet itself said so
  };

  // Null if unknown; valid until the table changes.
  Entry* find(uint32_t ssrc);
  const Entry* find(const SourceSlot& slot) const;
  // `ssrc` is now the one of `slot`; forgets what either was before.
  void bind(uint32_t ssrc, const SourceSlot& slot, bool by_rid);
  // Forgets all SSRCs of an m-line.
  void remove(uint8_t mline);
  size_t size() const { return entries_.size(); }

 private:
  std::vector<Entry> entries_;  // ascending by SSRC
  size_t last_ = 0;             // streams come in runs
};

}  // namespace limen::rtc
