// AudioEncoder, AudioDecoder: frames of 16-bit audio at a mixer's rate to Opus or G.711 payloads and back.
//
// State of one stream; any one thread. RFC 6716, RFC 7587, RFC 3551. G.711 is resampled to and from 8 kHz and is
// mono; a stereo mix is brought down, a mono voice put on both sides. Samples of two channels are interleaved.
#pragma once
#include <cstdint>
#include <memory>
#include <span>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "wire/codec/codec.hpp"

namespace limen::media {

// Rates of mixers: 8000, 12000 (Opus only), 16000, 24000, 48000.
struct AudioFormat {
  uint32_t rate = 48000;
  uint8_t channels = 1;  // 1 or 2
  friend bool operator==(const AudioFormat&, const AudioFormat&) = default;
  size_t samples_of_ms(size_t ms) const { return rate / 1000 * ms; }  // per channel
  size_t frame() const { return samples_of_ms(20) * channels; }       // values of 20 ms
};

struct EncoderSettings {
  Codec codec = Codec::opus;
  int complexity = 4;     // 0 to 10
  bool fec = false;       // in-band
  int expected_loss = 0;  // per cent, 0 to 100
  int bitrate = 0;        // 0: the encoder decides
  friend bool operator==(const EncoderSettings&, const EncoderSettings&) = default;
};

// What these can do; other codecs and rates are refused by create().
bool is_mixable(Codec codec, uint32_t rate);

class AudioEncoder {
 public:
  static constexpr size_t kMaxPayload = 1275;  // one Opus frame

  static Result<std::unique_ptr<AudioEncoder>> create(AudioFormat format, const EncoderSettings& settings);
  virtual ~AudioEncoder() = default;
  // The codec stays what it was.
  virtual void set(const EncoderSettings& settings) = 0;
  // 20 ms: format.frame() values. Bytes of `out` (at least kMaxPayload) that were written; 0: it failed.
  virtual size_t encode(std::span<const int16_t> frame, MutableBytes out) = 0;
  // What follows has nothing to do with what was before.
  virtual void reset() = 0;
};

class AudioDecoder {
 public:
  static constexpr size_t kMaxMs = 120;  // of one packet

  static Result<std::unique_ptr<AudioDecoder>> create(AudioFormat format, Codec codec);
  virtual ~AudioDecoder() = default;
  // Samples per channel that were written into `out` (room for kMaxMs); 0: it cannot be decoded.
  virtual size_t decode(Bytes payload, std::span<int16_t> out) = 0;
  // Stands in for a lost packet of `samples` per channel, with what `next`, the packet after it, has of it
  // (empty: nothing). 0: the codec cannot.
  virtual size_t conceal(size_t samples, Bytes next, std::span<int16_t> out) = 0;
  // Samples per channel that the payload holds; 0: none, or it is malformed.
  virtual size_t duration(Bytes payload) const = 0;
  virtual void reset() = 0;
};

}  // namespace limen::media
