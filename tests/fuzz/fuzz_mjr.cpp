// rooms: wire
// Recordings of unknown origin, as the tools and the player open them.
#include "wire/mjr/mjr_reader.hpp"

using namespace limen;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto reader = mjr::Reader::open({data, size});
  if (!reader) return 0;
  mjr::Frame frame;
  while (reader->next(frame)) {
    if (frame.bytes.size() > size) __builtin_trap();
  }
  return 0;
}
