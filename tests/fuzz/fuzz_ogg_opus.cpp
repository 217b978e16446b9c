// rooms: streaming
// An Ogg file, fed in pieces: whatever comes out is Opus of a sensible length.
#include <algorithm>
#include <cstdlib>

#include "plugins/streaming/ingest/ogg_opus.hpp"

using namespace limen;
using namespace limen::streaming;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  size_t piece = data[0] + size_t{1};
  Bytes rest(data + 1, size - 1);
  OggOpusDemux demux;
  std::vector<OpusPacket> packets;
  while (!rest.empty()) {
    Bytes part = rest.first(std::min(piece, rest.size()));
    rest = rest.subspan(part.size());
    if (!demux.feed(part, packets)) break;
  }
  for (const OpusPacket& packet : packets) {
    if (packet.samples < 120 || packet.samples > 5760 || packet.bytes.empty()) std::abort();
  }
  if (!packets.empty() && !demux.recognised()) std::abort();
  return 0;
}
