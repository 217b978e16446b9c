// The log front: `log::info("[123/456]", "Joined room {}", id)`.
//
// Any thread. Formatting happens only if the level is on; where lines go is decided by whoever
// calls set_sink (core/logging at start; tests collect them). Packet paths count, they do not log.
// Levels are Janus's: 1 fatal ... 7 debug; 0 turns everything off.
#pragma once
#include <fmt/core.h>

#include <atomic>
#include <functional>
#include <string>
#include <string_view>

namespace limen::log {

enum class Level : int { none = 0, fatal = 1, error = 2, warning = 3, info = 4, verbose = 5, huge = 6, debug = 7 };

struct Line {
  Level level;
  std::string_view tag;   // "[session/handle]", a module name, or empty
  std::string_view text;  // one line, no newline
};

using Sink = std::function<void(const Line&)>;

// Replaces the receiver of lines; the default writes to stderr. Call before threads start.
void set_sink(Sink sink);
void set_level(Level level);
Level level();
void write(Level level, std::string_view tag, std::string_view text);
void vwrite(Level level, std::string_view tag, fmt::string_view format, fmt::format_args args);

inline bool enabled(Level wanted) {
  return static_cast<int>(wanted) <= static_cast<int>(level());
}

#define LIMEN_LOG_FUNCTION(name)                                                                \
  template <typename... Args>                                                                   \
  void name(std::string_view tag, fmt::format_string<Args...> format, Args&&... args) {         \
    if (enabled(Level::name)) vwrite(Level::name, tag, format, fmt::make_format_args(args...)); \
  }
LIMEN_LOG_FUNCTION(fatal)
LIMEN_LOG_FUNCTION(error)
LIMEN_LOG_FUNCTION(warning)
LIMEN_LOG_FUNCTION(info)
LIMEN_LOG_FUNCTION(verbose)
LIMEN_LOG_FUNCTION(huge)
LIMEN_LOG_FUNCTION(debug)
#undef LIMEN_LOG_FUNCTION

}  // namespace limen::log
