#include "plugins/videoroom/publisher_answer.hpp"

#include <algorithm>

#include "wire/sdp/offer_answer.hpp"

namespace limen::videoroom {
namespace {

std::vector<ExtensionKind> extensions(MediaKind kind, const RoomSettings& room) {
  std::vector<ExtensionKind> out{ExtensionKind::mid, ExtensionKind::rid, ExtensionKind::repaired_rid};
  if (kind == MediaKind::audio) {
    if (room.audiolevel_ext) out.push_back(ExtensionKind::audio_level);
  } else {
    out.push_back(ExtensionKind::dependency_descriptor);
    if (room.videoorient_ext) out.push_back(ExtensionKind::video_orientation);
    if (room.playoutdelay_ext) out.push_back(ExtensionKind::playout_delay);
  }
  if (room.transport_wide_cc_ext) out.push_back(ExtensionKind::transport_cc);
  return out;
}

sdp::MediaAnswer media_answer(const sdp::MediaDescription& offered, const RoomSettings& room,
                              const AnswerWishes& wishes, size_t index) {
  bool audio = offered.kind == MediaKind::audio;
  sdp::MediaAnswer answer;
  answer.send = false;
  answer.extensions = extensions(offered.kind, room);
  answer.codecs = audio ? room.audio : room.video;
  const std::optional<Codec>& forced = audio ? wishes.audio : wishes.video;
  bool fixed = index < wishes.fixed.size() && wishes.fixed[index] != Codec::unknown;
  if (fixed) answer.codec = wishes.fixed[index];
  else if (offered.direction == sdp::Direction::inactive) answer.accept = false;  // no codec is chosen for it
  else if (forced) answer.codec = *forced;
  answer.vp9_profile = room.vp9_profile;
  answer.h264_profile = room.h264_profile;
  // Whichever codec it is: clients that speak of Opus only read it there.
  if (audio) {
    answer.fmtp = sdp::opus_fmtp(offered, {.fec = room.opus_fec, .dtx = room.opus_dtx, .stereo = true});
  }
  return answer;
}

Codec answered_codec(const sdp::MediaDescription& media) {
  if (media.rejected() || media.payload_types.empty()) return Codec::unknown;
  return media.codec(media.payload_types.front());
}

bool has_svc(const RemoteJsep& jsep, size_t index) {
  if (!jsep.svc || !jsep.svc->is_array()) return false;
  return std::ranges::any_of(jsep.svc->get_array(), [index](const Json& entry) {
    const JsonObject* object = entry.if_object();
    const Json* mindex = object == nullptr ? nullptr : object->if_contains("mindex");
    return mindex != nullptr && mindex->is_number() && mindex->to_number<double>() == static_cast<double>(index);
  });
}

AnsweredStream read_stream(const sdp::MediaDescription& offered, const sdp::MediaDescription& answer,
                           const RemoteJsep& jsep, const RoomSettings& room, size_t index) {
  AnsweredStream out;
  out.kind = offered.kind;
  out.mid = offered.mid().empty() ? std::to_string(index) : std::string(offered.mid());
  if (offered.kind == MediaKind::data) {
    out.disabled = answer.rejected();
    return out;
  }
  out.codec = answered_codec(answer);
  out.disabled = out.codec == Codec::unknown || answer.direction == sdp::Direction::inactive;
  if (out.codec == Codec::unknown) return out;
  uint8_t payload_type = answer.payload_types.front();
  std::string_view fmtp = answer.fmtp(payload_type);
  out.fec = sdp::fmtp_value(fmtp, "useinbandfec") == "1" && out.codec == Codec::opus;
  out.dtx = sdp::fmtp_value(fmtp, "usedtx") == "1" && out.codec == Codec::opus;
  out.stereo = sdp::fmtp_value(fmtp, "stereo") == "1" && out.codec == Codec::opus;
  if (out.codec == Codec::h264) out.h264_profile = sdp::profile_of(answer, payload_type);
  if (out.codec == Codec::vp9) out.vp9_profile = sdp::profile_of(answer, payload_type);
  ExtensionMap map = sdp::extension_map(answer);
  out.audiolevel_id = map.id(ExtensionKind::audio_level);
  out.videoorient_id = map.id(ExtensionKind::video_orientation);
  out.playoutdelay_id = map.id(ExtensionKind::playout_delay);
  if (offered.kind != MediaKind::video) return out;
  out.simulcast = std::ranges::any_of(
      jsep.simulcast, [index](const SimulcastInfo& info) { return info.mindex == static_cast<int>(index); });
  bool layered = has_svc(jsep, index) && (out.codec == Codec::vp9 || out.codec == Codec::av1);
  out.svc = !out.simulcast && (layered || (room.video_svc && out.codec == Codec::vp9));
  return out;
}

}  // namespace

PublisherAnswer answer_publisher(const sdp::SessionDescription& offer, const RemoteJsep& jsep,
                                 const RoomSettings& settings, const AnswerWishes& wishes) {
  sdp::AnswerOptions options;
  options.session_name = wishes.session_name;
  for (size_t i = 0; i < offer.media.size(); ++i) {
    if (offer.media[i].kind == MediaKind::data) continue;
    options.mlines[i] = media_answer(offer.media[i], settings, wishes, i);
  }
  PublisherAnswer out;
  out.description = sdp::make_answer(offer, options);
  for (size_t i = 0; i < offer.media.size(); ++i) {
    out.streams.push_back(read_stream(offer.media[i], out.description.media[i], jsep, settings, i));
  }
  return out;
}

}  // namespace limen::videoroom
