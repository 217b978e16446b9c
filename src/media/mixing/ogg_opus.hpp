// OggOpusDemuxer: bytes of an Ogg Opus file (RFC 3533, RFC 7845) to Opus packets. OggOpusFile: the same from
// a file, in blocks, for announcements.
//
// Hostile input: sizes are bounded, broken pages are skipped. The demuxer is a value of any one thread;
// OggOpusFile is used by one background job at a time.
#pragma once
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace limen::media {

struct OpusPiece {
  std::vector<uint8_t> bytes;
  uint32_t samples = 0;  // at 48 kHz
  uint32_t skip = 0;     // of these, the first ones that are not to be heard
};

class OggOpusDemuxer {
 public:
  static constexpr size_t kMaxPacket = 61440;  // the largest of RFC 7845 for one or two channels

  OggOpusDemuxer();
  ~OggOpusDemuxer();
  OggOpusDemuxer(const OggOpusDemuxer&) = delete;
  OggOpusDemuxer& operator=(const OggOpusDemuxer&) = delete;

  // Any amount of bytes; false: this is no Ogg Opus stream that can be played (more than two channels).
  bool feed(Bytes bytes);
  bool has_head() const { return has_head_; }
  uint8_t channels() const { return channels_; }
  // The next packet; false: feed more.
  bool next(OpusPiece& piece);

 private:
  struct Ogg;
  bool take_pages();
  bool take_packet(Bytes packet);

  std::unique_ptr<Ogg> ogg_;
  bool has_stream_ = false, has_head_ = false, has_tags_ = false, broken_ = false;
  uint8_t channels_ = 0;
  uint32_t skip_left_ = 0;
  std::deque<OpusPiece> pieces_;
};

class OggOpusFile {
 public:
  // Reads the headers. Background thread: it blocks.
  static Result<std::unique_ptr<OggOpusFile>> open(const std::string& path);
  ~OggOpusFile();
  OggOpusFile(const OggOpusFile&) = delete;
  OggOpusFile& operator=(const OggOpusFile&) = delete;

  struct Block {
    std::vector<OpusPiece> pieces;
    bool end = false;  // there is no more
  };
  // About `samples` (48 kHz) of audio. With `loop` it begins again at the end. Background thread.
  Block read(uint32_t samples, bool loop);

 private:
  explicit OggOpusFile(int fd);
  bool fill();  // false: end of file, or an error

  int fd_;
  std::unique_ptr<OggOpusDemuxer> demuxer_;
};

}  // namespace limen::media
