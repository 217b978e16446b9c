#include "plugins/audiobridge/mix_announcement.hpp"

#include <utility>

#include "media/mixing/mix_bus.hpp"

namespace limen::audiobridge {

void MixAnnouncement::feed(media::OggOpusFile::Block block) {
  asked_ = false;
  end_ = end_ || block.end;
  for (media::OpusPiece& piece : block.pieces) {
    waiting_ += piece.samples;
    pieces_.push_back(std::move(piece));
  }
}

bool MixAnnouncement::hungry() {
  if (asked_ || end_ || waiting_ >= kLow) return false;
  return asked_ = true;
}

bool MixAnnouncement::decode() {
  speaks_ = false;
  size_t frame = format_.frame();
  bool worked = false;
  for (int i = 0; i < 8 && queue_.size() < frame && !pieces_.empty(); ++i) {
    media::OpusPiece piece = std::move(pieces_.front());
    pieces_.pop_front();
    waiting_ -= piece.samples;
    worked = decode_piece(piece) || worked;
  }
  if (queue_.size() == 0) return worked;
  work_.resize(frame);
  queue_.pop(work_);
  // In the middle: an announcement has no place of its own.
  media::place_voice(work_, {}, voice_);
  speaks_ = true;
  return worked;
}

bool MixAnnouncement::decode_piece(const media::OpusPiece& piece) {
  if (!decoder_) {
    auto made = media::AudioDecoder::create(format_, Codec::opus);
    if (!made) return false;
    decoder_ = std::move(*made);
  }
  work_.resize(format_.samples_of_ms(media::AudioDecoder::kMaxMs) * format_.channels);
  size_t got = decoder_->decode(piece.bytes, work_);
  size_t skip = std::min(got, size_t{piece.skip} * format_.rate / 48000);
  queue_.push(std::span<const int16_t>(work_).subspan(skip * format_.channels, (got - skip) * format_.channels));
  return got != 0;
}

}  // namespace limen::audiobridge
