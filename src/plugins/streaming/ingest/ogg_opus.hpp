// OggOpusDemux: the Opus packets of an Ogg file, fed piece by piece (RFC 3533, RFC 7845).
//
// One thread. Hostile input: broken pages are skipped, an unending packet is an error. The first Opus stream is
// taken; other streams beside it are ignored; another one behind it (chaining) goes on where the first ended.
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace limen::streaming {

struct OpusPacket {
  std::vector<uint8_t> bytes;
  uint32_t samples = 0;  // at 48 kHz: 120 ... 5760
};

class OggOpusDemux {
 public:
  // Tags may have pictures in them; more than this without the end of a packet is an error.
  static constexpr size_t kMaxPacket = 16 * 1024 * 1024;

  OggOpusDemux();
  ~OggOpusDemux();
  OggOpusDemux(const OggOpusDemux&) = delete;
  OggOpusDemux& operator=(const OggOpusDemux&) = delete;

  // Appends what became complete to `out`. After an error nothing more can be fed.
  Result<> feed(Bytes piece, std::vector<OpusPacket>& out);
  // An OpusHead was found, with one or two channels.
  bool recognised() const;
  uint64_t malformed() const;  // packets that are no Opus, dropped

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace limen::streaming
