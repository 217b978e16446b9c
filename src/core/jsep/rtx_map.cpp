#include "core/jsep/rtx_map.hpp"

#include <optional>
#include <set>

namespace limen::core {

namespace {

constexpr uint8_t kFirstDynamic = 96;
constexpr uint8_t kLastDynamic = 127;

std::optional<uint8_t> first_free(uint8_t after, const std::set<uint8_t>& taken) {
  uint8_t candidate = after;
  for (int tries = kLastDynamic - kFirstDynamic + 1; tries > 0; --tries) {
    candidate = candidate >= kLastDynamic || candidate < kFirstDynamic ? kFirstDynamic : uint8_t(candidate + 1);
    if (!taken.contains(candidate)) return candidate;
  }
  return std::nullopt;
}

}  // namespace

void assign_rtx(const sdp::SessionDescription& offer, std::span<MlineState> mlines) {
  std::set<uint8_t> codecs;
  for (const sdp::MediaDescription& media : offer.media) {
    if (!media.rejected()) codecs.insert(media.payload_types.begin(), media.payload_types.end());
  }
  std::map<uint8_t, uint8_t> agreed;
  std::set<uint8_t> taken = codecs;
  for (size_t i = 0; i < mlines.size(); ++i) {
    for (const auto& [payload_type, rtx] : mlines[i].rtx) {
      bool kept = codecs.contains(payload_type) && !taken.contains(rtx);
      if (kept && agreed.emplace(payload_type, rtx).second) taken.insert(rtx);
    }
  }
  for (size_t i = 0; i < offer.media.size(); ++i) {
    mlines[i].rtx.clear();
    if (offer.media[i].kind != MediaKind::video || offer.media[i].rejected()) continue;
    for (uint8_t payload_type : offer.media[i].payload_types) {
      auto known = agreed.find(payload_type);
      if (known == agreed.end()) {
        auto rtx = first_free(payload_type, taken);
        if (!rtx) continue;
        taken.insert(*rtx);
        known = agreed.emplace(payload_type, *rtx).first;
      }
      mlines[i].rtx.emplace(payload_type, known->second);
    }
  }
}

}  // namespace limen::core
