#include "plugins/echotest/echo_media.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace limen::echotest {
namespace {
constexpr std::string_view kTextPrefix = "Janus EchoTest here! You wrote: ";
}  // namespace

void EchoMedia::on_rtp(const RtpPacket& packet) {
  if (packet.mline >= kinds_.size()) return;
  if (kinds_[packet.mline] == MediaKind::audio) {
    if (audio_) relay(OutgoingRtp::same_as(packet));
    return;
  }
  bool layered = selector_.mode() != media::LayerMode::none && packet.mline == layered_mline_;
  if (layered) relay_layers(packet);
  else if (video_) relay(OutgoingRtp::same_as(packet));
}

void EchoMedia::relay(OutgoingRtp out, bool layered) {
  if (min_delay_ >= 0 && max_delay_ >= 0) {
    out.min_playout_delay = min_delay_;
    out.max_playout_delay = max_delay_;
  }
  context_.send(out);
  media::Recorder* recording = recorder(kinds_[out.source->mline], out.source->mline);
  if (recording == nullptr) return;
  if (layered) recording->on_outgoing(out, context_.now());
  else recording->on_rtp(*out.source, context_.now());
}

media::Recorder* EchoMedia::recorder(MediaKind kind, uint8_t mline) {
  for (Recording& recording : recordings_) {
    // Data messages do not say which m-line they came by: there is one at most.
    if (recording.recorder->kind() == kind && (kind == MediaKind::data || recording.mline == mline)) {
      return recording.recorder.get();
    }
  }
  return nullptr;
}

void EchoMedia::record(uint8_t mline, std::shared_ptr<media::RecordingFile> file) {
  recordings_.push_back({mline, std::make_unique<media::Recorder>(std::move(file))});
}

// Text is answered, and ends at the first NUL; binary messages go back as they are.
void EchoMedia::on_data(const DataMessage& message) {
  DataMessage echo = message;
  if (!message.binary) echo.bytes.erase(std::find(echo.bytes.begin(), echo.bytes.end(), 0), echo.bytes.end());
  if (echo.bytes.empty()) return;
  if (media::Recorder* recording = recorder(MediaKind::data, 0)) recording->on_data(echo, context_.now());
  if (!message.binary) echo.bytes.insert(echo.bytes.begin(), kTextPrefix.begin(), kTextPrefix.end());
  context_.send_data(echo);
}

void EchoMedia::relay_layers(const RtpPacket& packet) {
  bool changed = false;
  look_at_totals(packet, changed);
  if (video_) {
    media::LayerOutcome outcome = selector_.on_packet(packet, context_.now());
    if (outcome.need_keyframe) ask_keyframe();
    if (outcome.out) relay(*outcome.out, true);
    changed = changed || outcome.changed;
  }
  if (changed) observer_.layers(selector_.current(), totals_);
}

void EchoMedia::look_at_totals(const RtpPacket& packet, bool& changed) {
  if (packet.extensions.layers_size == 0) return;
  auto allocation = parse_layers_allocation(packet.layers_allocation());
  if (!allocation) return;
  LayerTotals seen;
  for (size_t i = 0; i < allocation->layer_count; ++i) {
    const VideoLayersAllocation::Layer& layer = allocation->layers[i];
    if (layer.stream != allocation->stream_index) continue;
    seen.spatial = std::max(seen.spatial, layer.spatial + 1);
    seen.temporal = std::max<int>(seen.temporal, layer.temporal_count);
  }
  if (seen == totals_ || seen == LayerTotals{}) return;
  totals_ = seen;
  changed = true;
}

void EchoMedia::on_feedback(const RtcpFeedback& feedback) {
  if (const auto* estimate = std::get_if<BitrateEstimate>(&feedback)) {
    observer_.peer_bitrate(estimate->bps);
    context_.send(RtcpFeedback(BitrateEstimate{bitrate_ > 0 ? bitrate_ : kNoCap}));
    return;
  }
  context_.send(feedback);
}

void EchoMedia::on_connected() {
  if (bitrate_ > 0) context_.send(RtcpFeedback(BitrateEstimate{bitrate_}));
}

void EchoMedia::set_layers(media::LayerMode mode, uint8_t mline) {
  selector_.set_mode(mode);
  layered_mline_ = mline;
}

void EchoMedia::set_video(bool on) {
  if (on && !video_) ask_keyframe();
  if (!on) selector_.pause();
  video_ = on;
}

void EchoMedia::set_bitrate(uint64_t bps) {
  bitrate_ = bps;
  context_.send(RtcpFeedback(BitrateEstimate{bps > 0 ? bps : kNoCap}));
}

void EchoMedia::set_delays(int16_t min, int16_t max) {
  min_delay_ = min;
  max_delay_ = max;
}

void EchoMedia::ask_keyframe() {
  for (size_t mline = 0; mline < kinds_.size(); ++mline) {
    if (kinds_[mline] == MediaKind::video) {
      context_.send(RtcpFeedback(KeyframeRequest{.mline = static_cast<uint8_t>(mline)}));
    }
  }
}

void EchoMedia::reset() {
  selector_ = {};
  kinds_.clear();
  recordings_.clear();
  totals_ = {};
  audio_ = true;
  video_ = true;
  bitrate_ = 0;
  min_delay_ = -1;
  max_delay_ = -1;
}

}  // namespace limen::echotest
