#include "plugins/videocall/call_media.hpp"

namespace limen::videocall {

void CallMedia::on_rtp(const RtpPacket& packet) {
  if (!peer_ || packet.mline >= kinds_.size()) return;
  if (kinds_[packet.mline] == MediaKind::video) return on_video(packet);
  if (!audio_) return;
  relay_.send(*peer_, OutgoingRtp::same_as(packet));
  if (audio_recorder_ && packet.mline == audio_mline_) audio_recorder_->on_rtp(packet, context_.now());
}

void CallMedia::on_video(const RtpPacket& packet) {
  if (!video_) return;
  bool recorded = video_recorder_ && packet.mline == video_mline_;
  if (recorded && video_recorder_->on_rtp(packet, context_.now())) ask_keyframe();
  bool layered = selector_.mode() != media::LayerMode::none && packet.mline == layered_mline_;
  if (!layered) return relay_.send(*peer_, OutgoingRtp::same_as(packet));
  media::LayerOutcome outcome = selector_.on_packet(packet, context_.now());
  if (outcome.need_keyframe) ask_keyframe();
  if (outcome.out) relay_.send(*peer_, *outcome.out);
  if (outcome.changed) observer_.layers(selector_.current());
}

void CallMedia::on_feedback(const RtcpFeedback& feedback) {
  if (const auto* estimate = std::get_if<BitrateEstimate>(&feedback)) {
    observer_.peer_bitrate(estimate->bps);
    context_.send(RtcpFeedback(BitrateEstimate{bitrate_ > 0 ? bitrate_ : kNoCap}));
    return;
  }
  if (peer_) relay_.send(*peer_, feedback);
}

void CallMedia::on_data(const DataMessage& message) {
  if (!peer_ || message.bytes.empty()) return;
  DataMessage copy{message.label, {}, message.binary, message.bytes};
  relay_.send(*peer_, copy);
  if (data_recorder_) data_recorder_->on_data(message, context_.now());
}

void CallMedia::on_connected() {
  if (bitrate_ > 0) context_.send(RtcpFeedback(BitrateEstimate{bitrate_}));
}

void CallMedia::set_simulcast(uint8_t mline) {
  selector_.set_mode(media::LayerMode::simulcast);
  layered_mline_ = mline;
}

void CallMedia::set_video(bool on) {
  if (on && !video_) ask_keyframe();
  if (!on) selector_.pause();
  video_ = on;
}

void CallMedia::set_bitrate(uint64_t bps) {
  bitrate_ = bps;
  context_.send(RtcpFeedback(BitrateEstimate{bps > 0 ? bps : kNoCap}));
}

void CallMedia::ask_keyframe() {
  for (size_t mline = 0; mline < kinds_.size(); ++mline) {
    if (kinds_[mline] == MediaKind::video) {
      context_.send(RtcpFeedback(KeyframeRequest{.mline = static_cast<uint8_t>(mline)}));
    }
  }
}

void CallMedia::record(CallFiles files) {
  auto recorder = [](std::shared_ptr<media::RecordingFile> file, media::LayerMode mode) {
    return file ? std::make_unique<media::Recorder>(std::move(file), mode) : nullptr;
  };
  audio_recorder_ = recorder(std::move(files.audio), media::LayerMode::none);
  video_recorder_ = recorder(std::move(files.video), selector_.mode());
  data_recorder_ = recorder(std::move(files.data), media::LayerMode::none);
  audio_mline_ = files.audio_mline;
  video_mline_ = files.video_mline;
  if (video_recorder_) ask_keyframe();
}

void CallMedia::reset() {
  record({});
  peer_.reset();
  selector_ = media::LayerSelector();
  kinds_.clear();
  audio_ = true;
  video_ = true;
  bitrate_ = 0;
}

}  // namespace limen::videocall
