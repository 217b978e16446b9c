// rooms: rtc
// Candidate lines: what is accepted must survive writing and reading again.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "rtc/ice/ice_types.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string text(reinterpret_cast<const char*>(data), size);
  auto candidate = limen::rtc::parse_candidate(text);
  if (!candidate) return 0;
  std::string written = limen::rtc::write_candidate(*candidate);
  if (written.find_first_of("\r\n") != std::string::npos) std::abort();
  auto again = limen::rtc::parse_candidate(written);
  if (!again || *again != *candidate) std::abort();
  return 0;
}
