#include "plugins/videoroom/subscriber_offer.hpp"

#include "plugins/videoroom/publisher.hpp"
#include "wire/sdp/offer_answer.hpp"

namespace limen::videoroom {
namespace {

// Contract, 9.1: the ids are the same in every offer.
constexpr uint8_t kAudioLevel = 1, kAbsSendTime = 2, kTransportCc = 3, kMid = 4, kPlayoutDelay = 12, kOrientation = 13,
                  kDependency = 11;

std::string opus_fmtp(const PublishedStream& source) {
  std::string out;
  for (auto [there, text] : {std::pair(source.fec, "useinbandfec=1"), std::pair(source.dtx, "usedtx=1"),
                             std::pair(source.stereo, "stereo=1")}) {
    if (there) out += (out.empty() ? "" : ";") + std::string(text);
  }
  return out;
}

void add_extensions(sdp::MediaOffer& out, const PublishedStream* source, const OfferFacts& facts) {
  bool video = out.kind == MediaKind::video;
  if (source != nullptr && !video && source->audiolevel_id != 0) {
    out.extensions[kAudioLevel] = ExtensionKind::audio_level;
  }
  if (video) out.extensions[kAbsSendTime] = ExtensionKind::abs_send_time;
  if (facts.transport_cc) out.extensions[kTransportCc] = ExtensionKind::transport_cc;
  out.extensions[kMid] = ExtensionKind::mid;
  if (source == nullptr || !video) return;
  if (source->playoutdelay_id != 0) out.extensions[kPlayoutDelay] = ExtensionKind::playout_delay;
  if (source->videoorient_id != 0) out.extensions[kOrientation] = ExtensionKind::video_orientation;
  // A browser decodes some of the layers of AV1 only if it is told which ones.
  if (source->svc && source->codec == Codec::av1) {
    out.extensions[kDependency] = ExtensionKind::dependency_descriptor;
  }
}

sdp::MediaOffer offer_stream(const SubscriberStream& stream, const OfferFacts& facts) {
  sdp::MediaOffer out;
  out.kind = stream.kind;
  out.mid = stream.mid;
  if (stream.kind == MediaKind::data) {
    out.direction = sdp::Direction::sendonly;
    return out;
  }
  const PublishedStream* source = stream.source();
  bool sends = source != nullptr && !source->disabled;
  out.direction = sends ? sdp::Direction::sendonly : sdp::Direction::inactive;
  out.codec = stream.codec;
  if (source != nullptr) {
    if (stream.kind == MediaKind::audio) out.fmtp = opus_fmtp(*source);
    else out.profile = stream.profile;
    if (facts.use_msid && sends) out.msid = stream.msid;
  }
  add_extensions(out, source, facts);
  return out;
}

}  // namespace

std::string make_subscriber_offer(const std::vector<std::unique_ptr<SubscriberStream>>& streams,
                                  const OfferFacts& facts) {
  sdp::OfferOptions options;
  options.session_name = facts.session_name;
  for (const auto& stream : streams) options.media.push_back(offer_stream(*stream, facts));
  return sdp::write_sdp(sdp::make_offer(options));
}

}  // namespace limen::videoroom
