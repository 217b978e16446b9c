#include "plugins/audiobridge/participant_media.hpp"

#include <algorithm>

#include "plugins/audiobridge/mixer_hub.hpp"
#include "plugins/audiobridge/participant_hub.hpp"

namespace limen::audiobridge {

void ParticipantHub::deliver(const std::vector<MixedFrame>& frames) {
  for (const MixedFrame& frame : frames) {
    auto member = members_.find(frame.peer);
    if (member != members_.end()) member->second->on_frame(frame);
  }
}

ParticipantMedia::ParticipantMedia(MediaContext& context, ParticipantObserver observer)
    : context_(context), observer_(std::move(observer)) {
  context_.shard().local<ParticipantHub>().add(context_.id().peer, *this);
}

ParticipantMedia::~ParticipantMedia() {
  context_.shard().local<ParticipantHub>().remove(context_.id().peer);
}

void ParticipantMedia::enter(MixerId mixer, uint64_t key) {
  mixer_ = mixer;
  key_ = key;
  last_tick_.reset();
  meter_.reset();
}

void ParticipantMedia::leave(uint64_t key) {
  if (key_ == key) key_ = 0;
}

void ParticipantMedia::set_input(InputSettings input) {
  meter_.set_rule(input.talk);
  if (recorder_) recorder_->set_paused(!input.recorded, context_.now());
  // Muting stops the counting: who talked then does so until the next reading, and what was said meanwhile is no
  // silence.
  if (!input.heard) meter_.pause();
  input_ = input;
}

void ParticipantMedia::record(std::shared_ptr<media::RecordingFile> file) {
  recorder_ = std::make_unique<media::Recorder>(std::move(file));
  if (!input_.recorded) recorder_->set_paused(true, context_.now());
}

void ParticipantMedia::on_rtp(const RtpPacket& packet) {
  if (key_ == 0 || !line_ || packet.payload_type != line_->payload_type || packet.payload_size == 0) return;
  if (recorder_) recorder_->on_rtp(packet, context_.now());
  if (!input_.heard) return;
  if (input_.levels && packet.extensions.audio_level >= 0) watch_level(packet);
  MediaShard& shard = context_.shard();
  if (mixer_.shard == shard.index()) return shard.local<MixerHub>().on_rtp(mixer_.key, key_, packet);
  shard.post(mixer_.shard, [mixer = mixer_.key, key = key_, packet](MediaShard& other) {
    other.local<MixerHub>().on_rtp(mixer, key, packet);
  });
}

void ParticipantMedia::watch_level(const RtpPacket& packet) {
  auto reading = meter_.on_packet(packet.sequence, static_cast<uint8_t>(packet.extensions.audio_level));
  if (!reading) return;
  if (observer_.level) observer_.level(reading->average);
  if (reading->changed && input_.talk_events && observer_.talking) observer_.talking(key_, reading->talking);
}

void ParticipantMedia::on_frame(const MixedFrame& frame) {
  if (frame.key != key_ || !line_) return;
  tell_backlog(frame.backlog);
  number(frame);
  if (plain_) return plain_->send(frame.packet.payload(), sequence_, timestamp_);
  OutgoingRtp note;
  note.source = &frame.packet;
  note.sequence = sequence_;
  note.timestamp = timestamp_;
  note.payload_type = line_->payload_type;
  note.mline = line_->mline;
  context_.send(note);
}

void ParticipantMedia::tell_backlog(Backlog backlog) {
  Instant now = context_.now();
  if (!observer_.backlog || backlog == told_backlog_ || now - backlog_told_ < std::chrono::seconds(1)) return;
  told_backlog_ = backlog;
  backlog_told_ = now;
  observer_.backlog(backlog);
}

void ParticipantMedia::number(const MixedFrame& frame) {
  // A tick is 20 ms of a 48 or 8 kHz clock. Between two mixers the time that passed counts.
  uint32_t step = line_->codec == Codec::opus ? 960 : 160;
  Instant now = context_.now();
  uint32_t ticks = 1;
  if (last_tick_) ticks = std::max<uint32_t>(frame.tick - *last_tick_, 1);
  else if (last_sent_ != Instant{}) ticks = static_cast<uint32_t>(std::max<int64_t>((now - last_sent_) / kTick, 1));
  last_tick_ = frame.tick;
  last_sent_ = now;
  ++sequence_;
  timestamp_ += step * ticks;
}

void ParticipantMedia::open_plain(PlainRange range, std::function<void(Result<uint16_t>)> done) {
  auto port = PlainPort::open(context_.shard(), range, [this](const RtpPacket& packet) { on_rtp(packet); });
  Result<uint16_t> result = 0;
  if (port) {
    plain_ = std::move(*port);
    result = plain_->port();
  } else {
    result = std::unexpected(port.error());
  }
  context_.post_control([done = std::move(done), result = std::move(result)] { done(result); });
}

void ParticipantMedia::set_plain(PlainFacts facts) {
  line_ = LineFormat{.mline = 0, .payload_type = facts.payload_type, .codec = facts.codec};
  if (plain_) plain_->set(std::move(facts));
}

}  // namespace limen::audiobridge
