// rooms: wire
// The messages that open data channels.
#include "tests/fuzz/sctp_checks.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* input, size_t size) {
  limen::sctp::check_dcep(limen::Bytes(input, size));
  return 0;
}
