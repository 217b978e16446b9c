// The traceparent header of W3C Trace Context (section 3.2). Any thread.
#pragma once
#include <string_view>

#include "base/trace_id.hpp"

namespace limen {

// The trace it names; none if it is malformed, which the standard wants ignored.
TraceId parse_traceparent(std::string_view text);

}  // namespace limen
