#include "wire/mjr/mjr_reader.hpp"

#include "wire/mjr/mjr_block.hpp"

namespace limen::mjr {

Result<Reader> Reader::open(Bytes file) {
  Reader reader(file);
  if (auto header = reader.read_header(); !header) return std::unexpected(header.error());
  return reader;
}

bool Reader::read(Block& block) {
  if (rest_.empty()) {
    end_ = ReadEnd::end_of_file;
    return false;
  }
  BlockStatus status = read_block(rest_, block);
  if (status != BlockStatus::whole) {
    end_ = status == BlockStatus::cut ? ReadEnd::cut : ReadEnd::bad_prefix;
    return false;
  }
  rest_ = rest_.subspan(block.size());
  return true;
}

Result<void> Reader::read_header() {
  Block block;
  if (!read(block)) {
    if (end_ == ReadEnd::bad_prefix) return fail("not a recording: it begins neither with MJR nor with MEETECHO");
    return fail("the recording has no header: nothing was recorded, or it was cut");
  }
  auto header = read_file_header(block);
  if (!header) return std::unexpected(header.error());
  format_ = header->format;
  header_ = std::move(header->header);
  json_ = header->json;
  return {};
}

bool Reader::next(Frame& frame) {
  Block block;
  while (read(block)) {
    if (read_frame(block, format_, header_.kind, frame, skipped_)) return true;
  }
  return false;
}

}  // namespace limen::mjr
