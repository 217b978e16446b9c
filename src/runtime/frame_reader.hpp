// FrameReader: datagrams out of a byte stream, each after its length in two bytes (RFC 4571, as RFC 6544
// section 3 wants it for ICE-TCP).
//
// Keeps at most one unfinished frame. A frame longer than `max_frame` is never read: the stream is broken from
// there on. Empty frames are allowed by RFC 4571 and mean nothing. One thread.
#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/bytes.hpp"

namespace limen::runtime {

inline constexpr size_t kFrameHeader = 2;

class FrameReader {
 public:
  explicit FrameReader(size_t max_frame) : max_frame_(max_frame) {}

  // Takes the next bytes of the stream and calls sink(Bytes frame) for each whole frame; a sink that returns
  // false ends the reading. False: the stream is of no use any more.
  template <typename Sink>
  bool feed(Bytes chunk, Sink&& sink) {
    while (!broken_ && !chunk.empty()) {
      Bytes frame;
      if (!next(chunk, frame)) break;
      if (!frame.empty() && !sink(frame)) broken_ = true;
      partial_.clear();
    }
    return !broken_;
  }
  bool broken() const { return broken_; }
  size_t waiting() const { return partial_.size(); }  // bytes of the unfinished frame

 private:
  // Takes a frame off `chunk`, or keeps what there is of it (false). The frame is valid until partial_ changes.
  bool next(Bytes& chunk, Bytes& frame);
  void keep(Bytes& chunk, size_t wanted);

  size_t max_frame_;
  bool broken_ = false;
  std::vector<uint8_t> partial_;  // header and body
};

}  // namespace limen::runtime
