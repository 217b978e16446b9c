#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "wire/sdp/extmap.hpp"
#include "wire/sdp/offer_answer.hpp"

namespace limen::sdp {

namespace {

struct Choice {
  Codec codec = Codec::unknown;
  uint8_t payload_type = 0;
  std::string_view profile;  // as wanted and found
};

std::optional<Choice> choose(const MediaDescription& offered, const MediaAnswer& wish) {
  Choice out;
  out.codec = wish.codec ? *wish.codec : choose_codec(offered, wish.codecs);
  if (out.codec == Codec::unknown || codec_kind(out.codec) != offered.kind) return std::nullopt;
  std::string_view profile;
  if (out.codec == Codec::vp9) profile = wish.vp9_profile;
  if (out.codec == Codec::h264) profile = wish.h264_profile;
  auto payload_type = payload_type_for(offered, out.codec, profile);
  if (payload_type) out.profile = profile;
  else if (!wish.profile_mandatory) payload_type = payload_type_for(offered, out.codec);
  if (!payload_type) return std::nullopt;
  out.payload_type = *payload_type;
  return out;
}

std::string rtpmap_value(const MediaDescription& offered, uint8_t payload_type) {
  for (std::string_view value : offered.values("rtpmap")) {
    std::string prefix = fmt::format("{} ", payload_type);
    if (value.starts_with(prefix)) return std::string(value);
  }
  return fmt::format("{} {}", payload_type, default_rtpmap(offered.codec(payload_type)));
}

void add_fmtp(MediaDescription& answer, const MediaDescription& offered, const MediaAnswer& wish,
              const Choice& choice) {
  // Without its mapping of channels multiopus cannot be decoded; what is wished for opus means nothing to it.
  bool multiopus = choice.codec == Codec::multiopus;
  std::string fmtp = multiopus                          ? std::string()
                     : offered.kind == MediaKind::audio ? wish.fmtp
                                                        : profile_fmtp(choice.codec, choice.profile);
  bool copied = multiopus || choice.codec == Codec::vp8 || choice.codec == Codec::vp9 || choice.codec == Codec::h264;
  if (fmtp.empty() && copied) fmtp = offered.fmtp(choice.payload_type);
  if (!fmtp.empty()) answer.add("fmtp", fmt::format("{} {}", choice.payload_type, fmtp));
}

bool takes(const MediaAnswer& wish, const Choice& choice, ExtensionKind kind) {
  if (std::ranges::find(wish.extensions, kind) == wish.extensions.end()) return false;
  // The descriptor replaces what only these codecs' payload headers would not tell.
  return kind != ExtensionKind::dependency_descriptor || choice.codec == Codec::av1 || choice.codec == Codec::vp9;
}

void add_feedback(MediaDescription& answer, uint8_t payload_type, bool transport_cc) {
  if (answer.kind == MediaKind::video) {
    for (std::string_view kind : {"ccm fir", "nack", "nack pli", "goog-remb"}) {
      answer.add("rtcp-fb", fmt::format("{} {}", payload_type, kind));
    }
  }
  if (transport_cc) answer.add("rtcp-fb", fmt::format("{} transport-cc", payload_type));
}

void reject(MediaDescription& answer) {
  answer.port = 0;
  answer.direction = Direction::inactive;
  answer.payload_types = {0};
}

// What each extension id means in the answer so far. Within one BUNDLE an id has one meaning (RFC 8843
// section 9.2); clients that offer it with two get the first, or they would misread our packets.
using ExtensionIds = std::map<uint8_t, ExtensionKind>;

void answer_codec(MediaDescription& answer, const MediaDescription& offered, const MediaAnswer& wish,
                  ExtensionIds& ids) {
  auto choice = choose(offered, wish);
  if (!choice) return reject(answer);
  std::optional<uint8_t> red;
  if (wish.opus_red && choice->codec == Codec::opus) red = opus_red_payload_type(offered);
  if (red) {
    answer.payload_types.push_back(*red);
    answer.add("rtpmap", rtpmap_value(offered, *red));
  }
  answer.payload_types.push_back(choice->payload_type);
  answer.add("rtpmap", rtpmap_value(offered, choice->payload_type));
  if (red) answer.add("fmtp", fmt::format("{} {}/{}", *red, choice->payload_type, choice->payload_type));
  add_fmtp(answer, offered, wish, *choice);
  std::vector<std::string> extmaps;
  bool transport_cc = false;
  for (std::string_view value : offered.values("extmap")) {
    auto extmap = read_extmap(value);
    if (!extmap || !extmap->kind || !takes(wish, *choice, *extmap->kind)) continue;
    if (ids.emplace(extmap->id, *extmap->kind).first->second != *extmap->kind) continue;
    transport_cc |= *extmap->kind == ExtensionKind::transport_cc;
    extmaps.push_back(mirrored_extmap(*extmap));
  }
  add_feedback(answer, choice->payload_type, transport_cc);
  for (std::string& extmap : extmaps) answer.add("extmap", std::move(extmap));
}

Direction answer_direction(Direction offered, const MediaAnswer& wish) {
  Direction mirror = mirrored(offered);
  Direction out = combined(sends(mirror) && wish.send, receives(mirror) && wish.receive);
  return out == Direction::sendonly && wish.forbid_sendonly ? Direction::inactive : out;
}

MediaDescription answer_media(const MediaDescription& offered, const MediaAnswer& wish, ExtensionIds& ids) {
  MediaDescription answer;
  answer.kind = offered.kind;
  answer.protocol = offered.protocol;
  answer.connection_address = offered.connection_address;
  answer.connection_v4 = offered.connection_v4;
  answer.formats = offered.formats;
  if (!offered.mid().empty()) answer.add("mid", std::string(offered.mid()));
  if (offered.rejected() || !wish.accept) {
    reject(answer);
    return answer;
  }
  answer.direction = answer_direction(offered.direction, wish);
  if (offered.kind != MediaKind::data) answer_codec(answer, offered, wish, ids);
  return answer;
}

}  // namespace

SessionDescription make_answer(const SessionDescription& offer, const AnswerOptions& options) {
  SessionDescription answer;
  answer.origin = offer.origin;
  answer.name = options.session_name.empty() ? offer.name : options.session_name;
  answer.connection_address = offer.connection_address;
  answer.connection_v4 = offer.connection_v4;
  ExtensionIds ids;
  for (size_t i = 0; i < offer.media.size(); ++i) {
    const MediaDescription& offered = offer.media[i];
    auto own = options.mlines.find(i);
    const MediaAnswer& by_kind = offered.kind == MediaKind::audio   ? options.audio
                                 : offered.kind == MediaKind::video ? options.video
                                                                    : options.data;
    answer.media.push_back(answer_media(offered, own == options.mlines.end() ? by_kind : own->second, ids));
  }
  return answer;
}

}  // namespace limen::sdp
