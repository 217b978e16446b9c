// rooms: wire
// DATA and I-DATA.
#include "tests/fuzz/sctp_checks.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* input, size_t size) {
  return limen::sctp::run_on_chunk(input, size, limen::sctp::check_data);
}
