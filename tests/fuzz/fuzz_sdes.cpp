// rooms: media
// Crypto lines of plain descriptions; what was read is written as it is read again.
#include "media/forward/sdes.hpp"

using namespace limen;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto line = media::parse_sdes_line({reinterpret_cast<const char*>(data), size});
  if (!line) return 0;
  auto again = media::parse_sdes_line(media::write_sdes_line(*line));
  if (!again || again->tag != line->tag || again->profile != line->profile || !(again->material == line->material)) {
    __builtin_trap();
  }
  return 0;
}
