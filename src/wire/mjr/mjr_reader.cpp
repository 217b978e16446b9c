#include "wire/mjr/mjr_reader.hpp"

namespace limen::mjr {

namespace {

constexpr size_t kPrefix = 8;
constexpr size_t kDataTime = 8;
constexpr size_t kOldestHeader = 5;  // "audio" or "video"

}  // namespace

// Eight bytes, a length and what follows: headers and frames of every format look alike.
struct Reader::Block {
  std::string_view prefix;
  Bytes body;
  bool is_header() const { return prefix[1] == 'J'; }
};

Result<Reader> Reader::open(Bytes file) {
  Reader reader(file);
  if (auto header = reader.read_header(); !header) return std::unexpected(header.error());
  return reader;
}

std::optional<Reader::Block> Reader::read_block() {
  if (reader_.remaining() == 0) {
    end_ = ReadEnd::end_of_file;
    return std::nullopt;
  }
  Block block;
  block.prefix = as_text(reader_.bytes(kPrefix));
  size_t size = reader_.u16();
  block.body = reader_.bytes(size);
  bool known =
      block.prefix.size() == kPrefix && block.prefix[0] == 'M' && (block.prefix[1] == 'E' || block.prefix[1] == 'J');
  if (!block.prefix.empty() && !known) end_ = ReadEnd::bad_prefix;
  else if (!reader_.ok()) end_ = ReadEnd::cut;
  else return block;
  return std::nullopt;
}

Result<void> Reader::read_header() {
  auto block = read_block();
  if (!block) {
    if (end_ == ReadEnd::bad_prefix) return fail("not a recording: it begins neither with MJR nor with MEETECHO");
    return fail("the recording has no header: nothing was recorded, or it was cut");
  }
  if (!block->is_header()) return read_oldest_header(block->body);
  format_ = block->prefix.substr(2) == "R00002" ? Format::mjr2 : Format::mjr1;
  json_ = as_text(block->body);
  auto header = parse_header_json(json_);
  if (!header) return std::unexpected(header.error());
  header_ = std::move(*header);
  return {};
}

Result<void> Reader::read_oldest_header(Bytes type) {
  if (type.size() != kOldestHeader) return fail("the recording begins with a frame, not with a header");
  format_ = Format::oldest;
  switch (type[0]) {
    case 'a':
      header_.kind = MediaKind::audio;
      header_.codec = "opus";
      return {};
    case 'v':
      header_.kind = MediaKind::video;
      header_.codec = "vp8";
      return {};
    case 'd':
      header_.kind = MediaKind::data;
      header_.codec = "text";
      return {};
    default:
      return fail("unknown media type \"{}\" in the recording's header", as_text(type));
  }
}

bool Reader::next(Frame& frame) {
  while (auto block = read_block()) {
    if (block->is_header()) continue;  // two recordings joined: only the first header counts
    frame = {};
    if (has_times()) frame.ms = load_u32(as_bytes(block->prefix).data() + 4);
    frame.bytes = block->body;
    if (header_.kind != MediaKind::data) return true;
    if (block->body.size() >= kDataTime) {
      frame.data_time = WallTime{static_cast<int64_t>(load_u64(block->body.data()))};
      frame.bytes = block->body.subspan(kDataTime);
      return true;
    }
    ++skipped_;
  }
  return false;
}

}  // namespace limen::mjr
