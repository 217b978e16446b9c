#include "plugins/videoroom/publisher_media.hpp"

#include "plugins/videoroom/cascade_ssrc.hpp"

namespace limen::videoroom {

PublisherMedia::PublisherMedia(MediaShard& shard, SendFeedback feedback, PublisherObserver observer)
    : shard_(shard), feedback_(std::move(feedback)), observer_(std::move(observer)) {}

PublisherMedia::Stream* PublisherMedia::find(int mindex) {
  if (mindex < 0 || static_cast<size_t>(mindex) >= streams_.size()) return nullptr;
  return &streams_[static_cast<size_t>(mindex)];
}

void PublisherMedia::on_rtp(const RtpPacket& packet) {
  Stream* stream = find(packet.mline);
  if (stream == nullptr || !stream->source || !stream->settings.enabled) return;
  if (stream->settings.kind == MediaKind::video) look_at_video(*stream, packet);
  if (!stream->settings.active) return;
  if (stream->settings.levels) look_at_level(packet.mline, *stream, packet);
  for (Forwarded& forwarded : stream->forwards) forwarded.forwarder->on_rtp(packet, shard_.now());
  if (stream->recorder && stream->recorder->on_rtp(packet, shard_.now())) stream->source->ask_keyframe();
  stream->source->push(packet);
}

void PublisherMedia::look_at_video(Stream& stream, const RtpPacket& packet) {
  Instant now = shard_.now();
  if (auto bps = ramp_.on_packet(now)) feedback_(RtcpFeedback(BitrateEstimate{*bps}));
  if (packet.video.keyframe) stream.last_keyframe = now;
  if (keyframe_period_ <= Duration{} || now - stream.last_keyframe < keyframe_period_) return;
  stream.last_keyframe = now;  // of the request: it counts from there again
  stream.source->ask_keyframe();
}

void PublisherMedia::look_at_level(int mindex, Stream& stream, const RtpPacket& packet) {
  if (packet.extensions.audio_level < 0) return;
  auto change = stream.talk.on_level(static_cast<uint8_t>(packet.extensions.audio_level));
  if (change && observer_.talking) observer_.talking(mindex, change->talking, change->average);
}

void PublisherMedia::on_data(const DataMessage& message) {
  if (message.bytes.empty()) return;
  for (Stream& stream : streams_) {
    if (stream.settings.kind != MediaKind::data || !stream.source) continue;
    if (!stream.settings.enabled || !stream.settings.active) return;
    DataMessage out = message;
    out.label = label_;
    out.protocol.clear();
    for (Forwarded& forwarded : stream.forwards) forwarded.forwarder->on_data(out);
    if (stream.recorder) stream.recorder->on_data(out, shard_.now());
    stream.source->push(out);
    return;
  }
}

void PublisherMedia::on_connected() {
  // Whoever has subscribed already waits for a picture.
  for (Stream& stream : streams_) {
    stream.last_keyframe = shard_.now();
    if (stream.source && stream.settings.kind == MediaKind::video) stream.source->ask_keyframe();
  }
}

void PublisherMedia::make_source(int mindex, Stream& stream) {
  media::SourceSettings settings;
  settings.min_playout_delay = stream.settings.min_delay;
  settings.max_playout_delay = stream.settings.max_delay;
  media::SourceObserver observer;
  observer.ask_keyframe = [this, mindex] {
    feedback_(RtcpFeedback(KeyframeRequest{.mline = static_cast<uint8_t>(mindex)}));
  };
  stream.source = std::make_unique<media::FanoutSource>(shard_, stream.settings.id, settings, std::move(observer));
  if (!stream.settings.active) stream.source->set_active(false);
}

void PublisherMedia::set_streams(std::vector<PublishedMedia> streams) {
  if (streams_.size() > streams.size()) streams_.resize(streams.size());
  streams_.resize(streams.size());
  for (size_t i = 0; i < streams.size(); ++i) {
    Stream& stream = streams_[i];
    bool same = stream.source && stream.settings.id == streams[i].id;
    stream.settings = streams[i];
    stream.talk.set_rule(rule_);
    if (!same) {
      stream.last_keyframe = shard_.now();
      make_source(static_cast<int>(i), stream);
    } else {
      stream.source->set_active(stream.settings.active);
    }
  }
}

void PublisherMedia::set_active(int mindex, bool active) {
  Stream* stream = find(mindex);
  if (stream == nullptr || stream->settings.active == active) return;
  stream->settings.active = active;
  if (stream->recorder) stream->recorder->set_paused(!active, shard_.now());
  if (stream->source) stream->source->set_active(active);
}

void PublisherMedia::set_delays(int mindex, int16_t min, int16_t max) {
  Stream* stream = find(mindex);
  if (stream == nullptr) return;
  stream->settings.min_delay = min;
  stream->settings.max_delay = max;
  if (stream->source) stream->source->set_playout_delay(min, max);
}

void PublisherMedia::set_talk_rule(TalkRule rule) {
  rule_ = rule;
  for (Stream& stream : streams_) stream.talk.set_rule(rule);
}

void PublisherMedia::set_bitrate(uint64_t bps) {
  ramp_.set_cap(bps);
}

void PublisherMedia::tell_bitrate(uint64_t bps) {
  ramp_.set_cap(bps);
  feedback_(RtcpFeedback(BitrateEstimate{bps}));
}

void PublisherMedia::ask_keyframe(int mindex) {
  Stream* stream = find(mindex);
  if (stream == nullptr || !stream->source || stream->settings.kind != MediaKind::video) return;
  stream->source->ask_keyframe();
}

void PublisherMedia::record(int mindex, std::shared_ptr<media::RecordingFile> file, media::LayerMode mode) {
  Stream* stream = find(mindex);
  if (stream == nullptr) return file->close();
  stream->recorder = std::make_unique<media::Recorder>(std::move(file), mode);
  if (!stream->settings.active) stream->recorder->set_paused(true, shard_.now());
  if (stream->settings.kind == MediaKind::video && stream->source) stream->source->ask_keyframe();
}

void PublisherMedia::stop_recording(int mindex) {
  if (Stream* stream = find(mindex)) stream->recorder.reset();
}

Result<uint16_t> PublisherMedia::forward(int mindex, uint32_t stream_id, media::ForwardSpec spec, bool cascaded) {
  Stream* stream = find(mindex);
  if (stream == nullptr || !stream->source) return fail("The stream has gone");
  media::ForwardObserver observer;
  observer.ask_keyframe = [this, mindex, cascaded](uint32_t ssrc) {
    auto slot = cascaded ? cascade_slot(ssrc) : std::nullopt;
    ask_keyframe(slot ? slot->mindex : mindex);
  };
  bool simulcast = spec.simulcast;
  auto forwarder = media::RtpForwarder::open(shard_, std::move(spec), std::move(observer));
  if (!forwarder) return std::unexpected(forwarder.error());
  uint16_t port = (*forwarder)->local_rtcp_port();
  stream->forwards.push_back({stream_id, std::move(*forwarder)});
  if (simulcast) stream->source->ask_keyframe();
  return port;
}

void PublisherMedia::stop_forward(uint32_t stream_id) {
  for (Stream& stream : streams_) {
    std::erase_if(stream.forwards, [stream_id](const Forwarded& own) { return own.stream_id == stream_id; });
  }
}

}  // namespace limen::videoroom
