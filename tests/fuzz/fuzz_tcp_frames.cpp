// rooms: runtime
// RFC 4571 frames: however the stream is cut, the same frames come out, and no more than one waits.
#include "runtime/frame_reader.hpp"

using namespace limen;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t kMax = 300;
  if (size < 1) return 0;
  size_t piece = size_t{data[0]} + 1;
  Bytes stream(data + 1, size - 1);
  auto read = [&](size_t step, std::vector<std::vector<uint8_t>>& frames) {
    runtime::FrameReader reader(kMax);
    for (size_t at = 0; at < stream.size(); at += step) {
      reader.feed(stream.subspan(at, std::min(step, stream.size() - at)), [&](Bytes frame) {
        frames.emplace_back(frame.begin(), frame.end());
        return true;
      });
      if (reader.waiting() > kMax + runtime::kFrameHeader) __builtin_trap();
    }
    return reader.broken();
  };
  std::vector<std::vector<uint8_t>> whole, cut;
  bool broken = read(stream.size() + 1, whole);
  if (read(piece, cut) != broken || whole != cut) __builtin_trap();
  for (const auto& frame : whole) {
    if (frame.empty() || frame.size() > kMax) __builtin_trap();
  }
  return 0;
}
