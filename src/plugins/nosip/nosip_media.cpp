#include "plugins/nosip/nosip_media.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "wire/codec/video_facts.hpp"

namespace limen::nosip {

// ---- from the browser --------------------------------------------------------------------------------

void NoSipMedia::on_rtp(const RtpPacket& packet) {
  for (Medium* medium : {&audio_, &video_}) {
    if (medium->mline != packet.mline) continue;
    if (packet.substream != 0) return;  // of simulcast, the plain peer gets one stream
    if (medium->leg) medium->leg->send(OutgoingRtp::same_as(packet));
    return copy_out({medium->kind, false}, packet);
  }
}

void NoSipMedia::on_feedback(const RtcpFeedback& feedback) {
  if (!video_.leg) return;
  if (const auto* estimate = std::get_if<BitrateEstimate>(&feedback)) video_.leg->send_estimate(estimate->bps);
  else video_.leg->ask_keyframe();
}

void NoSipMedia::copy_out(StreamName stream, const RtpPacket& packet) {
  Instant now = context_.now();
  for (auto& [id, forward] : forwarders_) {
    if (forward.stream == stream) forward.forwarder->on_rtp(packet, now);
  }
  auto found = recorders_.find(stream);
  if (found != recorders_.end()) found->second->on_rtp(packet, now);
}

// ---- from the peer -----------------------------------------------------------------------------------

void NoSipMedia::on_peer_rtp(Medium& medium, RtpPacket packet) {
  auto known = std::ranges::find(medium.codecs, packet.payload_type, &std::pair<uint8_t, Codec>::first);
  if (known != medium.codecs.end()) packet.codec = known->second;
  if (medium.kind == MediaKind::video) packet.video = parse_video_facts(packet.codec, packet.payload());
  if (medium.mline) packet.mline = *medium.mline;
  if (!medium.rewriter) {
    medium.rewriter.emplace(packet.codec == Codec::unknown ? 8000 : codec_clock_rate(packet.codec));
  }
  auto note = medium.rewriter->rewrite(packet, context_.now());
  if (note && medium.mline) context_.send(*note);
  copy_out({medium.kind, true}, packet);
}

// ---- by the control half -----------------------------------------------------------------------------

Result<> NoSipMedia::open_port(Medium& medium) {
  if (medium.leg) return {};
  media::PlainRtpObserver observer;
  observer.rtp = [this, &medium](const RtpPacket& packet) { on_peer_rtp(medium, packet); };
  observer.rtcp = [this, &medium](RtcpFeedback feedback) {
    if (auto* keyframe = std::get_if<KeyframeRequest>(&feedback)) keyframe->mline = medium.mline.value_or(0);
    if (medium.mline) context_.send(feedback);
  };
  auto leg =
      media::PlainRtpLeg::open(context_.shard(), *network_.ports, network_.bind, network_.wall, std::move(observer));
  if (!leg) return std::unexpected(leg.error());
  medium.leg = std::move(*leg);
  return {};
}

Result<NoSipMedia::Ports> NoSipMedia::open_ports(bool audio, bool video) {
  Ports ports;
  for (auto [wanted, medium, port] : {std::tuple{audio, &audio_, &ports.audio}, {video, &video_, &ports.video}}) {
    if (!wanted) continue;
    if (auto opened = open_port(*medium); !opened) return std::unexpected(opened.error());
    *port = medium->leg->port();
  }
  return ports;
}

void NoSipMedia::open_ports(bool audio, bool video, std::move_only_function<void(Result<Ports>)> then) {
  context_.post_control(
      [ports = open_ports(audio, video), then = std::move(then)]() mutable { then(std::move(ports)); });
}

void NoSipMedia::set_mline(MediaKind kind, uint8_t mline) {
  medium(kind).mline = mline;
}

void NoSipMedia::configure(MediaKind kind, MediumSettings settings) {
  Medium& own = medium(kind);
  own.mline = settings.mline;
  own.codecs = std::move(settings.codecs);
  if (!own.leg) return;
  own.leg->set_remote(settings.remote);
  own.leg->set_extensions(settings.extensions);
  if (auto keyed = own.leg->set_keys(settings.local_key, settings.remote_key); !keyed) {
    log::error("", "NoSIP: {} of a call gets no keys: {}", media_kind_name(kind), keyed.error().text);
  }
}

void NoSipMedia::reset() {
  for (Medium* medium : {&audio_, &video_}) {
    medium->leg.reset();
    medium->mline.reset();
    medium->codecs.clear();
    medium->rewriter.reset();
  }
  recorders_.clear();
  forwarders_.clear();
}

void NoSipMedia::record(StreamName stream, std::unique_ptr<media::Recorder> recorder) {
  recorders_[stream] = std::move(recorder);
}

void NoSipMedia::ask_user_keyframe() {
  if (video_.mline) context_.send(RtcpFeedback(KeyframeRequest{.mline = *video_.mline}));
}

void NoSipMedia::ask_peer_keyframe() {
  if (video_.leg) video_.leg->ask_keyframe();
}

void NoSipMedia::forward(uint32_t id, StreamName stream, media::ForwardSpec spec) {
  auto forwarder = media::RtpForwarder::open(context_.shard(), std::move(spec), {});
  if (!forwarder) return log::error("", "NoSIP: forwarder {} is not there: {}", id, forwarder.error().text);
  forwarders_[id] = {stream, std::move(*forwarder)};
}

}  // namespace limen::nosip
