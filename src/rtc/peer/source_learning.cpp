// MediaStreams: which m-line and slot an incoming packet belongs to (spec 7.9, RFC 8843 section 9.2).
#include "rtc/peer/media_streams.hpp"
#include "wire/rtp/rtp_parser.hpp"

namespace limen::rtc {

bool MediaStreams::find_source(RtpPacket& packet, Found& found) {
  SourceTable::Entry* entry = sources_.find(packet.ssrc);
  // The description's order of SSRCs may differ from that of its rids; what the packets say wins.
  if (entry != nullptr && !entry->by_rid && mlines_[entry->slot.mline]->has_rids()) {
    std::string_view rid = entry->slot.rtx ? packet.repaired_rid() : packet.rid();
    if (auto slot = mlines_[entry->slot.mline]->slot_of_rid(rid)) {
      sources_.bind(packet.ssrc, {entry->slot.mline, *slot, entry->slot.rtx}, true);
      entry = sources_.find(packet.ssrc);
    }
  }
  if (entry == nullptr) return learn(packet, found);
  found = {mlines_[entry->slot.mline].get(), entry->slot};
  return true;
}

bool MediaStreams::learn(RtpPacket& packet, Found& found) {
  int index = mline_for(packet);
  if (index < 0) return false;
  Mline& mline = *mlines_[static_cast<size_t>(index)];
  SourceSlot slot{static_cast<uint8_t>(index), 0, mline.payload(packet.payload_type).rtx};
  bool by_rid = mline.has_rids();
  if (by_rid) {
    if (!packet.repaired_rid().empty()) slot.rtx = true;
    auto named = mline.slot_of_rid(packet.repaired_rid().empty() ? packet.rid() : packet.repaired_rid());
    if (!named) return false;
    slot.substream = *named;
  } else if (mline.config().remote_ssrc[1] != 0) {
    return false;  // simulcast by SSRCs of the description: these and no others
  }
  sources_.bind(packet.ssrc, slot, by_rid);
  found = {&mline, slot};
  // It was read with another m-line's numbers.
  if (mline.config().extensions == bundle_extensions_) return true;
  if (auto header = parse_rtp_header(packet.packet.bytes())) {
    packet.extensions = parse_extensions(packet.packet.bytes(), *header, mline.config().extensions);
  }
  return true;
}

int MediaStreams::mline_for(const RtpPacket& packet) const {
  std::string_view mid = packet.mid();
  int candidate = -1;
  for (uint8_t index : receiving_) {
    const Mline& mline = *mlines_[index];
    if (!mid.empty()) {
      if (mline.config().mid == mid) return index;
      continue;
    }
    // Without a mid only a payload type that no other m-line has can tell, and only as long as that
    // m-line has no stream of its own.
    if (mline.payload(packet.payload_type).payload == nullptr) continue;
    if (candidate >= 0) return -1;
    candidate = index;
  }
  if (candidate < 0) return -1;
  const Mline& mline = *mlines_[static_cast<size_t>(candidate)];
  SourceSlot slot{static_cast<uint8_t>(candidate), 0, mline.payload(packet.payload_type).rtx};
  return mline.has_rids() || sources_.find(slot) != nullptr ? -1 : candidate;
}

}  // namespace limen::rtc
