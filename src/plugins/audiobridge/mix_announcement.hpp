// MixAnnouncement: a file that is being played, at the mixer: packets that were read ahead, decoded for each tick.
//
// The mixer's shard only. The file itself is read in the background; a disk that is too slow makes silence.
#pragma once
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "media/mixing/audio_codec.hpp"
#include "media/mixing/ogg_opus.hpp"
#include "plugins/audiobridge/pcm_queue.hpp"

namespace limen::audiobridge {

class MixAnnouncement {
 public:
  static constexpr uint32_t kBlock = 48000 * 4;  // asked for at a time, samples at 48 kHz
  static constexpr uint32_t kLow = 48000 * 2;    // less than this waits: ask

  MixAnnouncement(media::AudioFormat format, std::optional<size_t> group) : format_(format), group_(group) {
    voice_.resize(format.frame());
  }

  void feed(media::OggOpusFile::Block block);
  // Makes this tick's contribution; true: something was decoded.
  bool decode();
  // True once each time a block is wanted.
  bool hungry();
  // All of it has been heard.
  bool ended() const { return end_ && pieces_.empty() && queue_.size() == 0; }
  bool speaks() const { return speaks_; }
  std::span<const int32_t> voice() const { return voice_; }
  std::optional<size_t> group() const { return group_; }
  bool started = false;  // has been told

 private:
  bool decode_piece(const media::OpusPiece& piece);

  media::AudioFormat format_;
  std::optional<size_t> group_;
  std::deque<media::OpusPiece> pieces_;
  uint64_t waiting_ = 0;  // samples at 48 kHz
  bool asked_ = true;     // the control thread reads the first block by itself
  bool end_ = false;
  std::unique_ptr<media::AudioDecoder> decoder_;
  PcmQueue queue_;
  std::vector<int16_t> work_;
  std::vector<int32_t> voice_;
  bool speaks_ = false;
};

}  // namespace limen::audiobridge
