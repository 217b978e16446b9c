// janus.logger.jsonlog: every log line as a JSON object in a file (spec 8.5).
//
// on_line() from any thread: it puts the line into a bounded queue; a thread of the logger writes. A
// slow or full disk costs lines, counted, and slows nothing.
#pragma once
#include <memory>

#include "api/log_sink.hpp"

namespace limen {

std::unique_ptr<LogSink> make_json_file_logger();

}  // namespace limen
