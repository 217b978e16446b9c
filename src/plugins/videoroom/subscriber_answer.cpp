// Subscriber: subscriptions whose client offers, as WHEP's do (an extension of the contract: `client_offer` of join).
#include <algorithm>

#include "plugins/videoroom/publisher.hpp"
#include "plugins/videoroom/room.hpp"
#include "plugins/videoroom/subscriber.hpp"
#include "wire/sdp/offer_answer.hpp"

namespace limen::videoroom {
namespace {

bool takes(const sdp::MediaDescription& offered, const PublishedStream& source) {
  if (offered.kind != source.kind || offered.rejected()) return false;
  if (source.kind == MediaKind::data) return true;
  if (source.codec == Codec::unknown || !sdp::receives(offered.direction)) return false;
  return sdp::payload_type_for(offered, source.codec).has_value();
}

sdp::MediaAnswer answer_stream(const SubscriberStream& stream, bool transport_cc) {
  sdp::MediaAnswer out;
  const PublishedStream* source = stream.source();
  out.accept = source != nullptr || stream.ready;
  out.receive = stream.kind == MediaKind::data;
  if (!out.accept || stream.kind == MediaKind::data) return out;
  out.codec = stream.codec;
  out.extensions = {ExtensionKind::mid, ExtensionKind::abs_send_time};
  if (transport_cc) out.extensions.push_back(ExtensionKind::transport_cc);
  if (stream.kind == MediaKind::audio) {
    out.extensions.push_back(ExtensionKind::audio_level);
    return out;
  }
  out.extensions.insert(out.extensions.end(), {ExtensionKind::playout_delay, ExtensionKind::video_orientation});
  if (source != nullptr && source->svc && stream.codec == Codec::av1) {
    out.extensions.push_back(ExtensionKind::dependency_descriptor);
  }
  if (stream.codec == Codec::h264) out.h264_profile = stream.profile;
  if (stream.codec == Codec::vp9) out.vp9_profile = stream.profile;
  return out;
}

RoomResult<sdp::SessionDescription> read_offer(const RemoteJsep& jsep) {
  auto offer = sdp::parse_sdp(jsep.sdp);
  if (!offer) return refuse(ErrorCode::invalid_sdp, "Error parsing offer: {}", offer.error().text);
  return std::move(*offer);
}

}  // namespace

RoomResult<LocalJsep> Subscriber::answer(const std::vector<Wanted>& wanted, const RemoteJsep& jsep) {
  auto offer = read_offer(jsep);
  if (!offer) return passed_on(offer);
  std::vector<bool> used(wanted.size());
  bool anything = false;
  for (const sdp::MediaDescription& offered : offer->media) {
    SubscriberStream& stream = *streams_.emplace_back(std::make_unique<SubscriberStream>(*this));
    stream.kind = offered.kind;
    stream.mindex = static_cast<int>(streams_.size() - 1);
    stream.mid = offered.mid().empty() ? std::to_string(stream.mindex) : std::string(offered.mid());
    for (size_t i = 0; i < wanted.size(); ++i) {
      PublishedStream& source = *wanted[i].stream;
      if (used[i] || !takes(offered, source)) continue;
      used[i] = true;
      stream.codec = source.codec;
      stream.profile = source.profile();
      stream.add(source);
      stream.ready = anything = true;
      apply_entry(stream, wanted[i], true);
      break;
    }
  }
  if (!anything) return refuse(ErrorCode::invalid_sdp, "None of the offered codecs is one of the publisher's");
  answers_ = answered_ = true;
  paused_ = false;
  return answer_mlines(*offer);
}

RoomResult<LocalJsep> Subscriber::answer_again(const RemoteJsep& jsep) {
  auto offer = read_offer(jsep);
  if (!offer) return passed_on(offer);
  if (offer->media.size() != streams_.size()) {
    return refuse(ErrorCode::invalid_sdp, "The m-lines are {}, not {}", streams_.size(), offer->media.size());
  }
  for (const auto& stream : streams_) {
    const sdp::MediaDescription& offered = offer->media[static_cast<size_t>(stream->mindex)];
    bool same = offered.kind == stream->kind;
    if (same && stream->ready && stream->kind != MediaKind::data) {
      same = offered.rejected() || sdp::payload_type_for(offered, stream->codec).has_value();
    }
    if (!same) return refuse(ErrorCode::invalid_sdp, "M-line {} is of another kind or codec now", stream->mindex);
  }
  return answer_mlines(*offer);
}

LocalJsep Subscriber::answer_mlines(const sdp::SessionDescription& offer) {
  sdp::AnswerOptions options;
  options.session_name = room_->session_name();
  for (const auto& stream : streams_) {
    options.mlines[static_cast<size_t>(stream->mindex)] =
        answer_stream(*stream, room_->settings().transport_wide_cc_ext);
  }
  // The first m-line carries the transport of all: Chromium loses it if that one is refused (bundle policy max-bundle).
  if (!options.mlines[0].accept && !offer.media.front().rejected()) {
    options.mlines[0] = sdp::MediaAnswer();
    options.mlines[0].send = options.mlines[0].receive = false;
  }
  sdp::SessionDescription made = sdp::make_answer(offer, options);
  for (size_t i = 0; i < streams_.size() && i < made.media.size(); ++i) {
    SubscriberStream& stream = *streams_[i];
    stream.ready = stream.ready && !made.media[i].rejected();
    // Packets go out under the numbers that the client gave.
    if (!made.media[i].payload_types.empty()) stream.payload_type = made.media[i].payload_types.front();
  }
  sync_media();
  return {.type = "answer", .sdp = sdp::write_sdp(made), .e2ee = options_.e2ee};
}

}  // namespace limen::videoroom
