#include "plugins/recordplay/recordplay_media.hpp"

#include <utility>

namespace limen::recordplay {

void RecordPlayMedia::on_rtp(const RtpPacket& packet) {
  for (TrackRecorder& track : tracks_) {
    if (track.mline != packet.mline || track.recorder->kind() == MediaKind::data) continue;
    bool keyframe = track.recorder->on_rtp(packet, context_.now());
    if (track.recorder->kind() != MediaKind::video) return;
    if (keyframe) ask_keyframe(packet.mline);
    return take_care(packet.mline);
  }
}

// A cap is approached in four steps, then repeated now and again.
void RecordPlayMedia::take_care(uint8_t mline) {
  Instant now = context_.now();
  if (auto bps = ramp_.on_packet(now)) context_.send(RtcpFeedback(BitrateEstimate{*bps}));
  if (care_.keyframe_interval > Duration::zero() && now - last_keyframe_ >= care_.keyframe_interval) {
    ask_keyframe(mline);
  }
}

void RecordPlayMedia::ask_keyframe(uint8_t mline) {
  last_keyframe_ = context_.now();
  context_.send(RtcpFeedback(KeyframeRequest{.mline = mline}));
}

void RecordPlayMedia::on_data(const DataMessage& message) {
  for (TrackRecorder& track : tracks_) {
    if (track.mline && track.recorder->kind() == MediaKind::data) track.recorder->on_data(message, context_.now());
  }
}

void RecordPlayMedia::on_data_writable() {
  if (playback_) playback_->on_data_writable();
}

void RecordPlayMedia::on_connected() {
  connected_ = true;
  for (const TrackRecorder& track : tracks_) {
    if (track.mline && track.recorder->kind() == MediaKind::video) ask_keyframe(*track.mline);
  }
  start_if_ready();
}

void RecordPlayMedia::on_disconnected() {
  connected_ = false;
  stop();
}

void RecordPlayMedia::record(std::vector<TrackRecorder> tracks) {
  stop();
  tracks_ = std::move(tracks);
}

void RecordPlayMedia::move_tracks(const std::vector<std::pair<MediaKind, uint8_t>>& mlines) {
  for (TrackRecorder& track : tracks_) {
    track.mline.reset();
    for (const auto& [kind, mline] : mlines) {
      if (kind == track.recorder->kind()) track.mline = mline;
    }
  }
}

void RecordPlayMedia::set_paused(bool paused) {
  for (TrackRecorder& track : tracks_) {
    track.recorder->set_paused(paused, context_.now());
    if (!paused && track.mline && track.recorder->kind() == MediaKind::video) ask_keyframe(*track.mline);
  }
}

void RecordPlayMedia::set_care(SenderCare care) {
  if (care.bitrate_max != ramp_.cap()) ramp_.tell_soon();
  ramp_.set_cap(care.bitrate_max);
  care_ = care;
}

void RecordPlayMedia::play(std::vector<media::PlaybackTrack> tracks) {
  stop();
  playback_ = std::make_unique<media::Playback>(context_, std::move(tracks), [this] { on_end_(); });
}

void RecordPlayMedia::begin(std::optional<uint8_t> red) {
  if (!playback_) return;
  playback_->set_offered_red(red);
  begun_ = true;
  start_if_ready();
}

void RecordPlayMedia::start_if_ready() {
  if (connected_ && begun_ && playback_) playback_->start();
}

void RecordPlayMedia::stop() {
  tracks_.clear();
  playback_.reset();
  begun_ = false;
  ramp_.begin_again();
  last_keyframe_ = {};
}

}  // namespace limen::recordplay
