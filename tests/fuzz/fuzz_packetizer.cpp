// rooms: wire
// Encoded pictures from any container: payloads are bounded and can be read again.
#include <cstdlib>

#include "wire/codec/av1.hpp"
#include "wire/codec/packetizer.hpp"
#include "wire/codec/video_facts.hpp"

using namespace limen;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 3) return 0;
  constexpr Codec kCodecs[] = {Codec::h264, Codec::h265, Codec::vp8, Codec::vp9, Codec::av1};
  Codec codec = kCodecs[data[0] % 5];
  size_t most = 64 + data[1] * size_t{5};
  Bytes rest(data + 3, size - 3);
  Bytes setup = rest.first(std::min<size_t>(data[2], rest.size()));
  auto packetizer = Packetizer::make(codec, setup, most);
  for (const auto& payload : packetizer->packetize(rest.subspan(setup.size()))) {
    if (payload.empty() || payload.size() > most) std::abort();
    (void)parse_video_facts(codec, payload);
    if (codec == Codec::av1 && !av1::parse_payload(payload)) std::abort();
  }
  return 0;
}
