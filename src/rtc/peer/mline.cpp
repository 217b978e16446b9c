#include "rtc/peer/mline.hpp"

#include <algorithm>

namespace limen::rtc {

void Mline::configure(const MlineConfig& next) {
  config_ = next;
  payload_index_.fill(kNone);
  size_t count = std::min<size_t>(config_.payloads.size(), kRtxBit - 1);
  for (size_t i = 0; i < count; ++i) {
    const PayloadConfig& payload = config_.payloads[i];
    payload_index_[payload.payload_type & 0x7f] = static_cast<uint8_t>(i);
    if (payload.rtx_payload_type) payload_index_[*payload.rtx_payload_type & 0x7f] = static_cast<uint8_t>(i | kRtxBit);
  }
}

Mline::PayloadUse Mline::payload(uint8_t payload_type) const {
  uint8_t index = payload_index_[payload_type & 0x7f];
  if (index == kNone) return {};
  return {&config_.payloads[index & ~kRtxBit], (index & kRtxBit) != 0};
}

std::optional<uint8_t> Mline::slot_of_rid(std::string_view rid) const {
  if (rid.empty()) return std::nullopt;
  for (size_t i = 0; i < config_.rids.size(); ++i) {
    if (config_.rids[i] == rid) return static_cast<uint8_t>(i);
  }
  return std::nullopt;
}

}  // namespace limen::rtc
