#include "plugins/streaming/feed/parameter_sets.hpp"

#include <array>

#include "base/base64.hpp"
#include "wire/codec/h264.hpp"
#include "wire/codec/video_facts.hpp"
#include "wire/sdp/offer_answer.hpp"

namespace limen::streaming {
namespace {

constexpr size_t kMaxStap = 1200;
constexpr uint8_t kStapA = 24;
constexpr uint8_t kNalMask = 0x1f, kImportance = 0x60;

// Starts a slice of an I frame: an IDR NAL unit, alone or as the first fragment of FU-A.
bool starts_i_frame(Bytes payload) {
  if (payload.empty()) return false;
  uint8_t type = payload[0] & kNalMask;
  if (type == static_cast<uint8_t>(h264::NalType::idr)) return true;
  if (type != static_cast<uint8_t>(h264::NalType::fu_a) || payload.size() < 2) return false;
  return (payload[1] & 0x80) != 0 && (payload[1] & kNalMask) == static_cast<uint8_t>(h264::NalType::idr);
}

}  // namespace

std::string_view sprop_of_fmtp(std::string_view fmtp) {
  return sdp::fmtp_value(fmtp, "sprop-parameter-sets");
}

std::vector<uint8_t> stap_of_parameter_sets(std::string_view sprop) {
  std::vector<uint8_t> out{kStapA};
  while (!sprop.empty()) {
    size_t comma = sprop.find(',');
    auto unit = from_base64(sprop.substr(0, comma));
    if (!unit || unit->empty()) return {};
    out[0] = static_cast<uint8_t>(out[0] | ((*unit)[0] & kImportance));
    out.push_back(static_cast<uint8_t>(unit->size() >> 8));
    out.push_back(static_cast<uint8_t>(unit->size()));
    out.insert(out.end(), unit->begin(), unit->end());
    if (out.size() > kMaxStap) return {};
    if (comma == std::string_view::npos) break;
    sprop.remove_prefix(comma + 1);
  }
  return out.size() > 1 ? out : std::vector<uint8_t>{};
}

std::optional<RtpPacket> ParameterSets::make(const RtpPacket& before, PacketPool& pool) const {
  std::array<uint8_t, 12 + kMaxStap> bytes{};
  std::copy(stap_.begin(), stap_.end(), bytes.begin() + 12);
  bytes[0] = 0x80;
  RtpPacket out;
  out.packet = pool.copy(Bytes(bytes).first(12 + stap_.size()), before.packet.received_at());
  if (!out.packet) return std::nullopt;
  out.payload_offset = 12;
  out.payload_size = static_cast<uint16_t>(stap_.size());
  out.ssrc = before.ssrc;
  out.timestamp = before.timestamp;
  out.payload_type = before.payload_type;
  out.mline = before.mline;
  out.substream = before.substream;
  out.codec = before.codec;
  out.extensions.capture_time = before.extensions.capture_time;
  out.extensions.has_capture_time = before.extensions.has_capture_time;
  out.video = parse_video_facts(Codec::h264, Bytes(stap_));
  return out;
}

std::optional<RtpPacket> ParameterSets::apply(RtpPacket& packet, PacketPool& pool) {
  if (!started_ || packet.ssrc != ssrc_) {
    *this = ParameterSets(std::move(stap_));
    started_ = true;
    ssrc_ = packet.ssrc;
    since_ = packet.sequence;
    last_timestamp_ = packet.timestamp - 1;
  }
  bool new_frame = timestamp_newer(packet.timestamp, last_timestamp_);
  if (new_frame) last_timestamp_ = packet.timestamp;
  std::optional<RtpPacket> inserted;
  if (new_frame && starts_i_frame(packet.payload())) inserted = make(packet, pool);
  if (inserted) {
    inserted->sequence = static_cast<uint16_t>(packet.sequence + shift_);
    ++shift_;
    since_ = packet.sequence;
  }
  bool late = shift_ != 0 && sequence_newer(since_, packet.sequence);
  packet.sequence = static_cast<uint16_t>(packet.sequence + shift_ - (late ? 1 : 0));
  return inserted;
}

}  // namespace limen::streaming
