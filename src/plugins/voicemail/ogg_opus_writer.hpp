// OggOpusWriter: Opus packets to the pages of an Ogg stream (RFC 3533, RFC 7845). No files here.
//
// A value of one thread at a time. Packets are taken as 20 ms each; what was lost shows as a jump of the
// granule position.
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.hpp"

namespace limen::voicemail {

class OggOpusWriter {
 public:
  static constexpr int64_t kSamples = 960;  // of 20 ms at 48 kHz

  explicit OggOpusWriter(uint32_t serial);
  ~OggOpusWriter();
  OggOpusWriter(const OggOpusWriter&) = delete;
  OggOpusWriter& operator=(const OggOpusWriter&) = delete;

  bool ok() const { return ogg_ != nullptr; }
  // Pages go to the end of `out`.
  void write_headers(std::vector<uint8_t>& out);
  // `number`: of the packet, from 0.
  void add(Bytes packet, int64_t number, std::vector<uint8_t>& out);
  // What is left, and the end of the stream.
  void finish(std::vector<uint8_t>& out);

 private:
  struct Ogg;
  void packet_in(Bytes packet, int64_t granule, bool last);
  void pages_out(bool all, std::vector<uint8_t>& out);

  std::unique_ptr<Ogg> ogg_;
  std::vector<uint8_t> held_;  // the last packet so far: only who comes behind it tells that it is not the last
  int64_t held_granule_ = 0;
  int64_t packets_ = 0;
};

}  // namespace limen::voicemail
