// rooms: api
// traceparent headers: a trace that is taken is 32 lower-case hexadecimal digits that stand in the text.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "api/traceparent.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  limen::TraceId trace = limen::parse_traceparent(text);
  if (!trace) return 0;
  std::string_view id = trace.text();
  if (id.size() != 32 || id.find_first_not_of("0123456789abcdef") != std::string_view::npos) std::abort();
  if (text.substr(3, 32) != id) std::abort();
  return 0;
}
