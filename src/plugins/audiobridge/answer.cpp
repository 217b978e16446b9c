#include "plugins/audiobridge/answer.hpp"

#include "wire/sdp/offer_answer.hpp"

namespace limen::audiobridge {
namespace {

constexpr uint8_t kOpusPayloadType = 100;
constexpr uint8_t kMidId = 1, kLevelId = 2;

std::string opus_fmtp(const RoomSettings& room, bool fec) {
  int stereo = room.spatial_audio ? 1 : 0;
  return fmt::format("maxplaybackrate={}; stereo={}; sprop-stereo={}; useinbandfec={}", room.sampling_rate, stereo,
                     stereo, fec ? 1 : 0);
}

bool asks_for_fec(const sdp::MediaDescription& media) {
  for (uint8_t payload_type : media.payload_types) {
    if (media.codec(payload_type) != Codec::opus) continue;
    if (media.fmtp(payload_type).find("useinbandfec=1") != std::string_view::npos) return true;
  }
  return false;
}

std::optional<AgreedLine> agreed(const sdp::MediaDescription& media, size_t index, Codec codec) {
  if (media.rejected()) return std::nullopt;
  auto payload_type = sdp::payload_type_for(media, codec);
  if (!payload_type) return std::nullopt;
  AgreedLine out;
  out.mline = static_cast<uint8_t>(index);
  out.payload_type = *payload_type;
  out.level_id = sdp::extension_map(media).id(ExtensionKind::audio_level);
  return out;
}

}  // namespace

BridgeAnswer answer_client(const sdp::SessionDescription& offer, const RoomSettings& room, const std::string& name,
                           Codec codec, bool fec) {
  BridgeAnswer out;
  sdp::AnswerOptions options;
  options.session_name = name;
  options.audio.accept = options.video.accept = options.data.accept = false;
  std::optional<size_t> audio;
  for (size_t i = 0; i < offer.media.size() && !audio; ++i) {
    if (offer.media[i].kind == MediaKind::audio && !offer.media[i].rejected()) audio = i;
  }
  if (audio) {
    sdp::MediaAnswer& answer = options.mlines[*audio];
    fec = codec == Codec::opus && (fec || asks_for_fec(offer.media[*audio]));
    answer.codec = codec;
    answer.extensions = {ExtensionKind::mid};
    if (room.audiolevel_ext) answer.extensions.push_back(ExtensionKind::audio_level);
    if (codec == Codec::opus) answer.fmtp = opus_fmtp(room, fec);
  }
  out.description = sdp::make_answer(offer, options);
  if (audio) out.line = agreed(out.description.media[*audio], *audio, codec);
  if (out.line) out.line->fec = fec;
  return out;
}

sdp::SessionDescription offer_client(const RoomSettings& room, const std::string& name, Codec codec, bool fec) {
  sdp::OfferOptions options;
  options.session_name = name;
  sdp::MediaOffer media;
  media.kind = MediaKind::audio;
  media.codec = codec;
  if (codec == Codec::opus) {
    media.payload_type = kOpusPayloadType;
    media.fmtp = opus_fmtp(room, fec);
  }
  media.extensions[kMidId] = ExtensionKind::mid;
  if (room.audiolevel_ext) media.extensions[kLevelId] = ExtensionKind::audio_level;
  options.media.push_back(std::move(media));
  return sdp::make_offer(options);
}

std::optional<AgreedLine> read_answer(const sdp::SessionDescription& answer, Codec codec) {
  for (size_t i = 0; i < answer.media.size(); ++i) {
    if (answer.media[i].kind != MediaKind::audio) continue;
    auto line = agreed(answer.media[i], i, codec);
    if (line) line->fec = codec == Codec::opus && asks_for_fec(answer.media[i]);
    return line;
  }
  return std::nullopt;
}

}  // namespace limen::audiobridge
