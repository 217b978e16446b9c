// rooms: wire
// Bodies of trickled candidates: what was read is written as it is read again.
#include "wire/sdp/ice_fragment.hpp"

using namespace limen;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto fragment = sdp::parse_ice_fragment({reinterpret_cast<const char*>(data), size});
  if (!fragment) return 0;
  auto again = sdp::parse_ice_fragment(sdp::write_ice_fragment(*fragment));
  if (!again || !(*again == *fragment)) __builtin_trap();
  return 0;
}
