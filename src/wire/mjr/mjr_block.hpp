// What all .mjr formats are made of: eight bytes, a length, and that many bytes. For the readers only.
//
// Pure functions on bytes; any thread.
#pragma once
#include <cstdint>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "wire/mjr/mjr_reader.hpp"

namespace limen::mjr {

inline constexpr size_t kBlockPrefix = 8;
inline constexpr size_t kLongestBlock = kBlockPrefix + 2 + 0xffff;

struct Block {
  std::string_view prefix;
  Bytes body;
  bool is_header() const { return prefix[1] == 'J'; }
  size_t size() const { return kBlockPrefix + 2 + body.size(); }
};

enum class BlockStatus : uint8_t { whole, cut, bad_prefix };
// The block that `bytes` begins with. Cut: there are too few bytes.
BlockStatus read_block(Bytes bytes, Block& block);

struct FileHeader {
  Format format = Format::oldest;
  Header header;
  std::string_view json;  // a view of the block; empty in the oldest format
};
Result<FileHeader> read_file_header(const Block& block);

// False: not a frame of use (another header, or data without a time, which `skipped` counts).
bool read_frame(const Block& block, Format format, MediaKind kind, Frame& frame, uint64_t& skipped);

}  // namespace limen::mjr
