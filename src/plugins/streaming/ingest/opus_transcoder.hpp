// OpusTranscoder: audio of any codec that the media library knows (AAC, MP3, AC-3 ...) as Opus, stereo at 48 kHz, in
// packets of 20 ms.
//
// One thread, blocking a few hundred microseconds per packet: never a shard's. What can't be decoded is dropped.
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.hpp"

struct AVCodecParameters;
struct AVPacket;

namespace limen::streaming {

class OpusTranscoder {
 public:
  static constexpr uint32_t kSamples = 960;  // of a packet
  static constexpr int kBitrate = 96'000;

  struct Output {
    std::vector<uint8_t> bytes;
    int64_t delay_us = 0;  // behind the beginning of the input packet; negative: it began before
  };

  static Result<std::unique_ptr<OpusTranscoder>> make(const AVCodecParameters& input);
  ~OpusTranscoder();
  OpusTranscoder(const OpusTranscoder&) = delete;
  OpusTranscoder& operator=(const OpusTranscoder&) = delete;

  // Opus packets that this input completes.
  std::vector<Output> transcode(const AVPacket& packet);

 private:
  struct State;
  explicit OpusTranscoder(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace limen::streaming
