#include <fmt/format.h>

#include "wire/sdp/offer_answer.hpp"

namespace limen::sdp {

namespace {

void add_feedback(MediaDescription& media, const MediaOffer& wish, uint8_t payload_type) {
  if (wish.kind == MediaKind::video && wish.feedback) {
    for (std::string_view kind : {"ccm fir", "nack", "nack pli", "goog-remb"}) {
      media.add("rtcp-fb", fmt::format("{} {}", payload_type, kind));
    }
  }
  for (const auto& [id, kind] : wish.extensions) {
    if (kind != ExtensionKind::transport_cc) continue;
    media.add("rtcp-fb", fmt::format("{} transport-cc", payload_type));
    break;
  }
}

void offer_codec(MediaDescription& media, const MediaOffer& wish) {
  uint8_t payload_type = wish.payload_type.value_or(default_payload_type(wish.codec));
  if (wish.opus_red) {
    media.payload_types.push_back(*wish.opus_red);
    media.add("rtpmap", fmt::format("{} {}", *wish.opus_red, default_rtpmap(Codec::opus_red)));
  }
  media.payload_types.push_back(payload_type);
  std::string_view rtpmap = wish.rtpmap.empty() ? default_rtpmap(wish.codec) : std::string_view(wish.rtpmap);
  if (!rtpmap.empty()) media.add("rtpmap", fmt::format("{} {}", payload_type, rtpmap));
  if (wish.telephone_event) {
    media.payload_types.push_back(*wish.telephone_event);
    media.add("rtpmap", fmt::format("{} {}", *wish.telephone_event, default_rtpmap(Codec::telephone_event)));
  }
  add_feedback(media, wish, payload_type);
  for (const auto& [id, kind] : wish.extensions) media.add("extmap", fmt::format("{} {}", id, extension_uri(kind)));
  if (wish.opus_red) media.add("fmtp", fmt::format("{} {}/{}", *wish.opus_red, payload_type, payload_type));
  std::string fmtp = wish.fmtp.empty() ? profile_fmtp(wish.codec, wish.profile) : wish.fmtp;
  if (!fmtp.empty()) media.add("fmtp", fmt::format("{} {}", payload_type, fmtp));
}

MediaDescription offer_media(const MediaOffer& wish, size_t index) {
  MediaDescription media;
  media.kind = wish.kind;
  media.add("mid", wish.mid.empty() ? std::to_string(index) : wish.mid);
  media.direction = wish.rejected ? Direction::inactive : wish.direction;
  media.port = wish.rejected ? 0 : 9;
  if (wish.kind == MediaKind::data) {
    media.protocol = wish.legacy_sctp ? "DTLS/SCTP" : "UDP/DTLS/SCTP";
    media.formats = {wish.legacy_sctp ? "5000" : "webrtc-datachannel"};
    return media;
  }
  media.protocol = "UDP/TLS/RTP/SAVPF";
  offer_codec(media, wish);
  if (!wish.msid.empty()) media.add("msid", wish.msid);
  return media;
}

}  // namespace

SessionDescription make_offer(const OfferOptions& options) {
  SessionDescription offer;
  offer.origin = options.origin;
  offer.name = options.session_name;
  for (const MediaOffer& wish : options.media) offer.media.push_back(offer_media(wish, offer.media.size()));
  return offer;
}

}  // namespace limen::sdp
