// Where log lines go: standard output, a file, external loggers; formatted once (spec 8.5).
#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"
#include "core/settings.hpp"

namespace limen::app {

// Replaces the log front's receiver. `to_stdout` already accounts for background mode.
// An error: the log file cannot be written. Call once, before threads start.
Result<> start_logging(const core::GeneralSettings& settings, bool to_stdout);
// Closes and opens the log file again, for rotation. Any thread.
void reopen_log_file();
// Also hands every formatted line to `logger` (any thread calls it).
void add_external_logger(std::function<void(WallTime, std::string_view)> logger);
// When it returns, no external logger is called any more.
void remove_external_loggers();
// Runtime switches of the admin API; any thread.
void set_log_timestamps(bool on);
void set_log_colors(bool on);

}  // namespace limen::app
