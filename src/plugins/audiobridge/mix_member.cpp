#include "plugins/audiobridge/mix_member.hpp"

namespace limen::audiobridge {

void MixMember::set(const MemberSettings& settings) {
  bool silenced = settings_.heard && !settings.heard;
  if (settings_.codec != settings.codec) {
    decoder_.reset();
    encoder.reset();
  }
  if (encoder && !(settings_.encoder() == settings.encoder())) encoder->set(settings.encoder());
  settings_ = settings;
  if (!settings_.listens) encoder.reset();
  if (!silenced) return;
  buffer_.reset();
  queue_.clear();
}

void MixMember::put(const RtpPacket& packet) {
  if (!settings_.heard) return;
  buffer_.put(packet, packet.extensions.audio_level == 127);
}

void MixMember::reset_decoder() {
  if (decoder_) decoder_->reset();
  queue_.clear();
}

bool MixMember::make_decoder() {
  if (decoder_) return true;
  auto made = media::AudioDecoder::create(format_, settings_.codec);
  if (made) decoder_ = std::move(*made);
  return decoder_ != nullptr;
}

MixMember::Work MixMember::decode() {
  Work work;
  speaks_ = false;
  size_t frame = format_.frame();
  // Packets may be as short as 2.5 ms; more than a frame's worth of them are not taken in one tick.
  for (int i = 0; i < 8 && queue_.size() < frame; ++i) {
    if (!decode_next(work)) break;
  }
  if (queue_.size() > 0) {
    work_.resize(frame);
    queue_.pop(work_);
    media::Placement placement{.volume = settings_.volume};
    if (format_.channels == 2) placement.position = settings_.position;
    speaks_ = media::place_voice(work_, placement, voice_);
  }
  if (speaks_) quiet_ticks_ = 0;
  else if (quiet_ticks_ < kQuietTicks) ++quiet_ticks_;
  return work;
}

bool MixMember::decode_next(Work& work) {
  media::JitterBuffer::Take take = buffer_.take();
  if (take.kind == media::JitterBuffer::Kind::nothing || !make_decoder()) return false;
  if (take.kind == media::JitterBuffer::Kind::lost) return conceal(take.next, work);
  Bytes payload = take.packet.payload();
  size_t duration = decoder_->duration(payload);
  if (take.silent && duration != 0) {
    last_duration_ = duration;
    queue_.push_silence(duration * format_.channels);
    return true;
  }
  work_.resize(format_.samples_of_ms(media::AudioDecoder::kMaxMs) * format_.channels);
  size_t got = decoder_->decode(payload, work_);
  if (got == 0) {
    ++work.failed;
    return true;
  }
  ++work.done;
  last_duration_ = got;
  queue_.push(std::span<const int16_t>(work_).first(got * format_.channels));
  return true;
}

bool MixMember::conceal(Bytes next, Work& work) {
  if (last_duration_ == 0) return false;
  work_.resize(format_.samples_of_ms(media::AudioDecoder::kMaxMs) * format_.channels);
  size_t got = decoder_->conceal(last_duration_, next, work_);
  if (got == 0) {
    queue_.push_silence(last_duration_ * format_.channels);
    return true;
  }
  ++work.done;
  queue_.push(std::span<const int16_t>(work_).first(got * format_.channels));
  return true;
}

}  // namespace limen::audiobridge
