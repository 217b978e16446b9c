// StreamReader: a .mjr recording read piece by piece, so that its length does not matter. All three
// container formats; it buffers at most one block beside what it was given.
//
// A value without a thread: feed bytes, take frames.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "wire/mjr/mjr_reader.hpp"

namespace limen::mjr {

class StreamReader {
 public:
  enum class Step : uint8_t { frame, need_more, broken };

  // The next bytes of the file. Take frames until need_more before adding again.
  void add(Bytes bytes);
  // The frame is a view that lives until the next add(). Broken: what follows is not readable, see error().
  Step next(Frame& frame);

  // Once it was read: with the first next() that had enough bytes.
  const std::optional<Header>& header() const { return header_; }
  const Error& error() const { return error_; }
  uint64_t skipped() const { return skipped_; }

 private:
  std::vector<uint8_t> buffer_;
  size_t used_ = 0;
  Format format_ = Format::oldest;
  std::optional<Header> header_;
  bool broken_ = false;
  Error error_;
  uint64_t skipped_ = 0;
};

}  // namespace limen::mjr
