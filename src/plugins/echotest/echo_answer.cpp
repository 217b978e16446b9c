#include "plugins/echotest/echo_answer.hpp"

#include "wire/sdp/offer_answer.hpp"

namespace limen::echotest {
namespace {

const std::vector<ExtensionKind> kExtensions{ExtensionKind::mid,
                                             ExtensionKind::rid,
                                             ExtensionKind::repaired_rid,
                                             ExtensionKind::audio_level,
                                             ExtensionKind::video_orientation,
                                             ExtensionKind::playout_delay,
                                             ExtensionKind::transport_cc,
                                             ExtensionKind::dependency_descriptor,
                                             ExtensionKind::abs_send_time,
                                             ExtensionKind::abs_capture_time,
                                             ExtensionKind::video_layers_allocation};

std::optional<Codec> forced(const std::optional<std::string>& name) {
  if (!name || name->empty()) return std::nullopt;
  // A name nobody knows was not offered either: the m-line is rejected.
  return codec_from_name(*name).value_or(Codec::unknown);
}

sdp::MediaAnswer audio_answer(const sdp::MediaDescription& offered, const EchoRequest& request,
                              const std::string& opus) {
  sdp::MediaAnswer answer;
  answer.codec = forced(request.audiocodec);
  answer.extensions = kExtensions;
  answer.opus_red = request.opusred.value_or(false);
  if (answer.codec.value_or(sdp::choose_codec(offered)) == Codec::opus) answer.fmtp = opus;
  return answer;
}

sdp::MediaAnswer video_answer(const EchoRequest& request) {
  sdp::MediaAnswer answer;
  answer.codec = forced(request.videocodec);
  answer.extensions = kExtensions;
  if (request.videoprofile) {
    answer.vp9_profile = *request.videoprofile;
    answer.h264_profile = *request.videoprofile;
    answer.profile_mandatory = true;
  }
  return answer;
}

Codec answered_codec(const sdp::MediaDescription& media) {
  if (media.rejected()) return Codec::unknown;
  for (uint8_t payload_type : media.payload_types) {
    Codec codec = media.codec(payload_type);
    if (codec != Codec::unknown && codec != Codec::opus_red) return codec;
  }
  return Codec::unknown;
}

void add_track(EchoAnswer& answer, std::optional<size_t> mline, Codec codec) {
  if (!mline || answer.description.media[*mline].rejected()) return;
  const sdp::MediaDescription& media = answer.description.media[*mline];
  EchoTrack track{.mline = static_cast<uint8_t>(*mline), .header = {}};
  track.header.kind = media.kind;
  track.header.codec = media.kind == MediaKind::data ? "text" : codec_name(codec);
  ExtensionMap map = sdp::extension_map(media);
  for (ExtensionKind kind : {ExtensionKind::audio_level, ExtensionKind::video_orientation}) {
    if (map.has(kind)) track.header.extensions.emplace_back(map.id(kind), std::string(extension_uri(kind)));
  }
  if (answer.audio_red && media.kind == MediaKind::audio) {
    track.header.red_payload_type = sdp::opus_red_payload_type(media).value_or(0);
  }
  answer.tracks.push_back(std::move(track));
}

}  // namespace

EchoAnswer make_echo_answer(const sdp::SessionDescription& offer, const EchoRequest& request) {
  sdp::AnswerOptions options;
  std::string opus = sdp::opus_fmtp(offer);
  std::optional<size_t> first_audio;
  std::optional<size_t> first_video;
  std::optional<size_t> first_data;
  EchoAnswer out;
  for (size_t index = 0; index < offer.media.size(); ++index) {
    const sdp::MediaDescription& media = offer.media[index];
    out.kinds.push_back(media.kind);
    if (media.kind == MediaKind::data) {
      if (!first_data) first_data = index;
      continue;
    }
    bool audio = media.kind == MediaKind::audio;
    std::optional<size_t>& first = audio ? first_audio : first_video;
    sdp::MediaAnswer answer = audio ? audio_answer(media, request, opus) : video_answer(request);
    answer.forbid_sendonly = !first;
    if (!first) first = index;
    options.mlines[index] = std::move(answer);
  }
  out.description = sdp::make_answer(offer, options);
  if (first_audio) {
    const sdp::MediaDescription& media = out.description.media[*first_audio];
    out.audio = answered_codec(media);
    out.audio_red =
        request.opusred.value_or(false) && !media.rejected() && sdp::opus_red_payload_type(media).has_value();
  }
  if (first_video) out.video = answered_codec(out.description.media[*first_video]);
  add_track(out, first_audio, out.audio);
  add_track(out, first_video, out.video);
  add_track(out, first_data, Codec::unknown);
  return out;
}

}  // namespace limen::echotest
