// AudioFile: the packets of an audio file, one after the other, from the beginning again when it ends.
//
// Raw a-law and mu-law at 8 kHz in packets of 20 ms, Ogg Opus in its own. Reads from disk: background threads only,
// one at a time.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "wire/codec/codec.hpp"

namespace limen::streaming {

struct AudioPacket {
  std::vector<uint8_t> bytes;
  uint32_t ticks = 0;  // how long it plays, in units of the codec's RTP clock
};

// By the name's ending: .alaw, .mulaw, .opus; unknown for others.
Codec codec_of_file(const std::string& filename);

class AudioFile {
 public:
  virtual ~AudioFile() = default;
  // Packets of about `length`, at least one. Errors: the file can't be read, or there is no audio in it.
  virtual Result<std::vector<AudioPacket>> read(Duration length) = 0;

  static Result<std::unique_ptr<AudioFile>> open(const std::string& filename);
};

}  // namespace limen::streaming
