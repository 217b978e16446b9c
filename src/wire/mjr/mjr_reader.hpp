// Reader: a .mjr recording in memory (or mapped), frame by frame, in all three container formats.
//
// Oldest: "MEETECHO" + 5 + "audio"/"video"; MJR00001; MJR00002 (frames have times). The file must
// outlive the reader. A file cut anywhere is read up to the last whole frame.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "wire/mjr/mjr_header.hpp"

namespace limen::mjr {

enum class Format : uint8_t { oldest, mjr1, mjr2 };

struct Frame {
  uint32_t ms = 0;     // since the first frame; 0 unless the reader has_times()
  Bytes bytes;         // an RTP packet, or a data message without its time
  WallTime data_time;  // data recordings only
};

// Why reading stopped before the end of the file.
enum class ReadEnd : uint8_t { end_of_file, cut, bad_prefix };

struct Block;

class Reader {
 public:
  // Fails if there is no header, or a broken one. A file that ends behind the magic has no header yet.
  static Result<Reader> open(Bytes file);

  Format format() const { return format_; }
  bool has_times() const { return format_ == Format::mjr2; }
  const Header& header() const { return header_; }
  // As stored; empty in the oldest format.
  std::string_view header_json() const { return json_; }

  // False at the end, for the reason that end() then tells. Data frames too short to have a time are
  // skipped and counted.
  bool next(Frame& frame);
  ReadEnd end() const { return end_; }
  uint64_t skipped() const { return skipped_; }

 private:
  explicit Reader(Bytes file) : rest_(file) {}
  bool read(Block& block);
  Result<void> read_header();

  Bytes rest_;
  Format format_ = Format::oldest;
  Header header_;
  std::string_view json_;
  ReadEnd end_ = ReadEnd::end_of_file;
  uint64_t skipped_ = 0;
};

}  // namespace limen::mjr
