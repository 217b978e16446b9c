// rooms: recordplay
// Descriptions of recordings of unknown origin; what was read survives being written and read again.
#include "plugins/recordplay/nfo_file.hpp"

using namespace limen;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto nfo = recordplay::parse_nfo({reinterpret_cast<const char*>(data), size});
  if (!nfo) return 0;
  if (nfo->id == 0 || nfo->name.empty() || nfo->date.empty() || (nfo->audio.empty() && nfo->video.empty())) {
    __builtin_trap();
  }
  recordplay::Nfo first = *recordplay::parse_nfo(recordplay::write_nfo(*nfo));
  auto again = recordplay::parse_nfo(recordplay::write_nfo(first));
  if (!again || !(*again == first) || first.id != nfo->id) __builtin_trap();
  return 0;
}
