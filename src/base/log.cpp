#include "base/log.hpp"

#include <cstdio>

namespace limen::log {
namespace {

std::atomic<int> current_level{static_cast<int>(Level::info)};

void write_to_stderr(const Line& line) {
  std::fprintf(stderr, "%.*s%s%.*s\n", static_cast<int>(line.tag.size()), line.tag.data(), line.tag.empty() ? "" : " ",
               static_cast<int>(line.text.size()), line.text.data());
}

Sink& sink() {
  static Sink instance = write_to_stderr;
  return instance;
}

}  // namespace

void set_sink(Sink new_sink) {
  sink() = new_sink ? std::move(new_sink) : Sink(write_to_stderr);
}
void set_level(Level wanted) {
  current_level.store(static_cast<int>(wanted), std::memory_order_relaxed);
}
Level level() {
  return static_cast<Level>(current_level.load(std::memory_order_relaxed));
}

void write(Level line_level, std::string_view tag, std::string_view text) {
  if (enabled(line_level)) sink()(Line{line_level, tag, text});
}

void vwrite(Level line_level, std::string_view tag, fmt::string_view format, fmt::format_args args) {
  sink()(Line{line_level, tag, fmt::vformat(format, args)});
}

}  // namespace limen::log
