#include "core/jsep/agreed_media.hpp"

#include <algorithm>

#include "wire/sdp/offer_answer.hpp"

namespace limen::core {

namespace {

rtc::PayloadConfig payload_config(const sdp::MediaDescription& media, uint8_t payload_type) {
  rtc::PayloadConfig out;
  out.payload_type = payload_type;
  out.codec = media.codec(payload_type);
  out.clock_rate = codec_clock_rate(out.codec);
  // The map knows better than the table, except for G.722, whose RTP clock is 8000 by a historic
  // mistake whatever is written (RFC 3551 section 4.5.2).
  auto map = media.rtpmap(payload_type);
  if (map && map->clock_rate != 0 && out.codec != Codec::g722) out.clock_rate = map->clock_rate;
  return out;
}

bool lists(const sdp::MediaDescription& media, uint8_t payload_type) {
  return std::ranges::find(media.payload_types, payload_type) != media.payload_types.end();
}

}  // namespace

void release(MlineState& mline) {
  mline.in_use = false;
  mline.direction = sdp::Direction::inactive;
  mline.local_ssrc = 0;
  mline.local_rtx_ssrc = 0;
  mline.rtx.clear();
  mline.nack = false;
  mline.payloads.clear();
  mline.extensions = {};
}

void settle_by_answer(MlineState& mline, const sdp::MediaDescription& offer, const sdp::MediaDescription& answer) {
  if (offer.rejected() || answer.rejected()) return release(mline);
  mline.in_use = true;
  sdp::Direction theirs = sdp::mirrored(answer.direction);
  mline.direction = sdp::combined(sdp::sends(offer.direction) && sdp::sends(theirs),
                                  sdp::receives(offer.direction) && sdp::receives(theirs));
  mline.payloads.clear();
  bool rtx = false;
  for (uint8_t payload_type : offer.payload_types) {
    if (!lists(answer, payload_type)) continue;
    rtc::PayloadConfig payload = payload_config(offer, payload_type);
    auto offered = mline.rtx.find(payload_type);
    auto answered = mline.remote.rtx.find(payload_type);
    bool agreed = offered != mline.rtx.end() && answered != mline.remote.rtx.end();
    if (agreed && offered->second == answered->second) payload.rtx_payload_type = offered->second;
    rtx |= payload.rtx_payload_type.has_value();
    mline.payloads.push_back(payload);
  }
  if (!rtx) mline.local_rtx_ssrc = 0;
  ExtensionMap offered = sdp::extension_map(offer);
  ExtensionMap answered = sdp::extension_map(answer);
  mline.extensions = {};
  for (size_t i = 0; i < kExtensionKinds; ++i) {
    auto kind = static_cast<ExtensionKind>(i);
    if (offered.has(kind) && offered.id(kind) == answered.id(kind)) mline.extensions.set(kind, offered.id(kind));
  }
}

void settle_own_answer(MlineState& mline, const sdp::MediaDescription& answer) {
  mline.in_use = true;
  mline.direction = answer.direction;
  mline.payloads.clear();
  for (uint8_t payload_type : answer.payload_types) {
    rtc::PayloadConfig payload = payload_config(answer, payload_type);
    auto rtx = mline.rtx.find(payload_type);
    if (rtx != mline.rtx.end()) payload.rtx_payload_type = rtx->second;
    mline.payloads.push_back(payload);
  }
  mline.extensions = sdp::extension_map(answer);
}

}  // namespace limen::core
