#include "plugins/recordplay/descriptions.hpp"

#include <map>
#include <set>

#include "wire/sdp/offer_answer.hpp"

namespace limen::recordplay {
namespace {

constexpr std::string_view kOriginAddress = "127.0.0.1";
constexpr uint8_t kAudioType = 111, kVideoType = 100;  // payload types of playouts

std::string session_name(uint64_t id) {
  return fmt::format("Recording {}", id);
}

sdp::Origin origin_from(const sdp::Origin& origin) {
  sdp::Origin out = origin;
  out.address = kOriginAddress;
  return out;
}

std::optional<Codec> forced(const std::optional<std::string>& name) {
  if (!name || name->empty()) return std::nullopt;
  // A name nobody knows was not offered either: the m-line is refused.
  return codec_from_name(*name).value_or(Codec::unknown);
}

sdp::MediaAnswer answer_for(MediaKind kind, const RecordRequest& request) {
  sdp::MediaAnswer answer;
  if (kind == MediaKind::data) return answer;
  answer.send = false;
  bool audio = kind == MediaKind::audio;
  answer.codec = forced(audio ? request.audiocodec : request.videocodec);
  answer.extensions = {ExtensionKind::mid, ExtensionKind::rid, ExtensionKind::repaired_rid, ExtensionKind::transport_cc,
                       audio ? ExtensionKind::audio_level : ExtensionKind::video_orientation};
  answer.opus_red = audio && request.opusred.value_or(false);
  answer.vp9_profile = answer.h264_profile = request.videoprofile.value_or("");
  return answer;
}

sdp::MediaAnswer refused() {
  sdp::MediaAnswer answer;
  answer.accept = false;
  return answer;
}

std::optional<TrackPlan> plan_track(const sdp::MediaDescription& offered, const sdp::MediaDescription& answered,
                                    size_t index, const RecordRequest& request) {
  if (offered.rejected() || !sdp::sends(offered.direction)) return std::nullopt;
  TrackPlan plan;
  plan.header.kind = offered.kind;
  if (!answered.rejected()) plan.mline = static_cast<uint8_t>(index);
  if (offered.kind == MediaKind::data) {
    plan.header.codec = request.textdata.value_or(true) ? "text" : "binary";
    return plan;
  }
  for (uint8_t payload_type : answered.rejected() ? std::vector<uint8_t>() : answered.payload_types) {
    Codec codec = answered.codec(payload_type);
    if (codec == Codec::opus_red) plan.header.red_payload_type = payload_type;
    if (codec == Codec::unknown || codec == Codec::opus_red) continue;
    plan.header.codec = codec_name(codec);
    if (offered.kind == MediaKind::video) plan.header.fmtp = offered.fmtp(payload_type);
  }
  if (answered.rejected()) {
    bool audio = offered.kind == MediaKind::audio;
    plan.header.codec = (audio ? request.audiocodec : request.videocodec).value_or("");
    if (plan.header.codec.empty()) return std::nullopt;
  }
  ExtensionMap map = sdp::extension_map(answered);
  for (ExtensionKind kind : {ExtensionKind::audio_level, ExtensionKind::video_orientation}) {
    if (map.has(kind)) plan.header.extensions.emplace_back(map.id(kind), std::string(extension_uri(kind)));
  }
  return plan;
}

// Opposite to what is played, H.264 must say how it is packed, or browsers expect the oldest way.
std::string offered_fmtp(const mjr::Header& header, Codec codec) {
  std::string fmtp = header.fmtp;
  if (codec != Codec::h264) return fmtp;
  if (fmtp.find("profile-level-id") == std::string::npos)
    fmtp += (fmtp.empty() ? "" : ";") + std::string("profile-level-id=42e01f");
  if (fmtp.find("packetization-mode") == std::string::npos) fmtp += ";packetization-mode=1";
  return fmtp;
}

uint8_t audio_type(Codec codec, uint8_t red) {
  switch (codec) {
    case Codec::pcmu:
      return 0;
    case Codec::pcma:
      return 8;
    case Codec::g722:
      return 9;
    default:
      return red == kAudioType ? kAudioType + 1 : kAudioType;
  }
}

Codec playable(const mjr::Header& header) {
  return header.codec == "g711" ? Codec::pcmu : codec_from_name(header.codec).value_or(Codec::unknown);
}

}  // namespace

RecordAnswer make_record_answer(const sdp::SessionDescription& offer, const RecordRequest& request, uint64_t id,
                                const sdp::Origin& origin) {
  sdp::AnswerOptions options;
  options.session_name = session_name(id);
  std::map<MediaKind, size_t> first;
  for (size_t index = 0; index < offer.media.size(); ++index) {
    MediaKind kind = offer.media[index].kind;
    bool taken = first.emplace(kind, index).second;
    // Who only wants to receive has nothing to record.
    taken = taken && (kind == MediaKind::data || sdp::sends(offer.media[index].direction));
    options.mlines[index] = taken ? answer_for(kind, request) : refused();
  }
  RecordAnswer out;
  out.description = sdp::make_answer(offer, options);
  out.description.origin = origin_from(origin);
  for (const auto& [kind, index] : first) {
    auto plan = plan_track(offer.media[index], out.description.media[index], index, request);
    if (plan) out.tracks.push_back(std::move(*plan));
  }
  return out;
}

PlayOffer make_play_offer(const std::vector<mjr::Header>& headers, uint64_t id, const sdp::Origin& origin) {
  PlayOffer out;
  sdp::OfferOptions options;
  options.origin = origin_from(origin);
  options.session_name = session_name(id);
  std::map<uint8_t, ExtensionKind> ids;  // within a BUNDLE group an id has one meaning
  uint8_t red = 0;
  for (const mjr::Header& header : headers) {
    sdp::MediaOffer media;
    media.kind = header.kind;
    media.direction = header.kind == MediaKind::data ? sdp::Direction::sendrecv : sdp::Direction::sendonly;
    PlayTrack track{
        .header = header, .mline = static_cast<uint8_t>(options.media.size()), .payload_type = 0, .red = {}};
    if (header.kind != MediaKind::data) {
      media.codec = playable(header);
      media.fmtp = offered_fmtp(header, media.codec);
      if (header.kind == MediaKind::audio && media.codec == Codec::opus) red = header.red_payload_type;
      if (header.kind == MediaKind::audio && red != 0) track.red = media.opus_red = red;
      track.payload_type = header.kind == MediaKind::audio ? audio_type(media.codec, red)
                           : red == kVideoType             ? kVideoType + 1
                                                           : kVideoType;
      media.payload_type = track.payload_type;
      for (const auto& [number, uri] : header.extensions) {
        auto kind = extension_from_uri(uri);
        if (kind && ids.emplace(number, *kind).first->second == *kind) media.extensions.emplace(number, *kind);
      }
    }
    out.tracks.push_back(std::move(track));
    options.media.push_back(std::move(media));
  }
  uint8_t mid = 1;
  while (ids.contains(mid)) ++mid;
  for (sdp::MediaOffer& media : options.media) {
    if (media.kind != MediaKind::data) media.extensions.emplace(mid, ExtensionKind::mid);
  }
  out.description = sdp::make_offer(options);
  return out;
}

}  // namespace limen::recordplay
