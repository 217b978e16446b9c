// rooms: wire
// Recordings of unknown origin, as the tools and the player open them: whole, and piece by piece.
#include <vector>

#include "wire/mjr/mjr_reader.hpp"
#include "wire/mjr/mjr_stream_reader.hpp"

using namespace limen;

namespace {

struct Seen {
  uint32_t ms;
  int64_t time;
  std::vector<uint8_t> bytes;
  friend bool operator==(const Seen&, const Seen&) = default;
};

Seen seen(const mjr::Frame& frame) {
  return {frame.ms, frame.data_time.us, {frame.bytes.begin(), frame.bytes.end()}};
}

std::vector<Seen> in_pieces(Bytes file, mjr::StreamReader& reader) {
  std::vector<Seen> frames;
  mjr::Frame frame;
  size_t piece = 1;
  while (!file.empty()) {
    size_t size = std::min(piece, file.size());
    reader.add(file.first(size));
    file = file.subspan(size);
    piece = piece * 3 + 1;
    mjr::StreamReader::Step step;
    while ((step = reader.next(frame)) == mjr::StreamReader::Step::frame) frames.push_back(seen(frame));
    if (step == mjr::StreamReader::Step::broken) break;
  }
  return frames;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  mjr::StreamReader stream;
  std::vector<Seen> pieces = in_pieces({data, size}, stream);
  auto reader = mjr::Reader::open({data, size});
  if (reader.has_value() != stream.header().has_value()) __builtin_trap();
  if (!reader) return 0;
  if (!(reader->header() == *stream.header())) __builtin_trap();
  std::vector<Seen> whole;
  mjr::Frame frame;
  while (reader->next(frame)) {
    if (frame.bytes.size() > size) __builtin_trap();
    whole.push_back(seen(frame));
  }
  if (whole != pieces || reader->skipped() != stream.skipped()) __builtin_trap();
  return 0;
}
