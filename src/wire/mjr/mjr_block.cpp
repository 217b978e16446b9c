#include "wire/mjr/mjr_block.hpp"

namespace limen::mjr {
namespace {

constexpr size_t kDataTime = 8;
constexpr size_t kOldestHeader = 5;  // "audio" or "video"

Result<FileHeader> read_oldest_header(Bytes type) {
  if (type.size() != kOldestHeader) return fail("the recording begins with a frame, not with a header");
  FileHeader out;
  switch (type[0]) {
    case 'a':
      out.header.kind = MediaKind::audio;
      out.header.codec = "opus";
      return out;
    case 'v':
      out.header.kind = MediaKind::video;
      out.header.codec = "vp8";
      return out;
    case 'd':
      out.header.kind = MediaKind::data;
      out.header.codec = "text";
      return out;
    default:
      return fail("unknown media type \"{}\" in the recording's header", as_text(type));
  }
}

}  // namespace

BlockStatus read_block(Bytes bytes, Block& block) {
  ByteReader reader(bytes);
  block.prefix = as_text(reader.bytes(kBlockPrefix));
  size_t size = reader.u16();
  block.body = reader.bytes(size);
  if (block.prefix.size() == kBlockPrefix &&
      (block.prefix[0] != 'M' || (block.prefix[1] != 'E' && block.prefix[1] != 'J'))) {
    return BlockStatus::bad_prefix;
  }
  return reader.ok() ? BlockStatus::whole : BlockStatus::cut;
}

Result<FileHeader> read_file_header(const Block& block) {
  if (!block.is_header()) return read_oldest_header(block.body);
  FileHeader out;
  out.format = block.prefix.substr(2) == "R00002" ? Format::mjr2 : Format::mjr1;
  out.json = as_text(block.body);
  auto header = parse_header_json(out.json);
  if (!header) return std::unexpected(header.error());
  out.header = std::move(*header);
  return out;
}

bool read_frame(const Block& block, Format format, MediaKind kind, Frame& frame, uint64_t& skipped) {
  if (block.is_header()) return false;  // two recordings joined: only the first header counts
  frame = {};
  if (format == Format::mjr2) frame.ms = load_u32(as_bytes(block.prefix).data() + 4);
  frame.bytes = block.body;
  if (kind != MediaKind::data) return true;
  if (block.body.size() < kDataTime) {
    ++skipped;
    return false;
  }
  frame.data_time = WallTime{static_cast<int64_t>(load_u64(block.body.data()))};
  frame.bytes = block.body.subspan(kDataTime);
  return true;
}

}  // namespace limen::mjr
