#include "app/logging.hpp"

#include <spdlog/details/file_helper.h>

#include <ctime>
#include <filesystem>
#include <mutex>

#include "base/log.hpp"
#include "base/trace_id.hpp"

namespace limen::app {
namespace {

using log::Level;

struct Output {
  std::mutex mutex;
  bool to_stdout = true;
  std::string file_name;
  spdlog::details::file_helper file;
  std::string prefix;
  bool timestamps = false;
  bool colors = true;
  std::vector<std::function<void(WallTime, std::string_view)>> external;
};

Output& output() {
  static Output instance;
  return instance;
}

std::string_view severity(Level level, bool colors) {
  switch (level) {
    case Level::fatal:
      return colors ? "\x1b[35m[FATAL]\x1b[0m " : "[FATAL] ";
    case Level::error:
      return colors ? "\x1b[31m[ERR]\x1b[0m " : "[ERR] ";
    case Level::warning:
      return colors ? "\x1b[33m[WARN]\x1b[0m " : "[WARN] ";
    default:
      return "";
  }
}

std::string format_line(const Output& out, const log::Line& line, WallTime now) {
  std::string text = out.prefix;
  if (out.timestamps) {
    std::time_t seconds = static_cast<std::time_t>(now.us / 1'000'000);
    std::tm local{};
    localtime_r(&seconds, &local);
    char stamp[40];
    std::strftime(stamp, sizeof stamp, "[%a %b %e %H:%M:%S %Y] ", &local);
    text += stamp;
  }
  text += severity(line.level, out.colors);
  if (!line.tag.empty()) {
    text += line.tag;
    text += ' ';
  }
  text += line.text;
  if (log::current_trace) {
    text += " [trace=";
    text += log::current_trace.text();
    text += ']';
  }
  text += '\n';
  return text;
}

void write_line(const log::Line& line) {
  WallTime now{
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count()};
  Output& out = output();
  std::scoped_lock lock(out.mutex);
  std::string text = format_line(out, line, now);
  if (out.to_stdout) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
  }
  if (!out.file_name.empty()) {
    spdlog::memory_buf_t buffer;
    buffer.append(text.data(), text.data() + text.size());
    try {
      out.file.write(buffer);
      out.file.flush();
    } catch (const spdlog::spdlog_ex& problem) {
      // The disk is full or gone: say so once where somebody may see it, and go on without the file.
      std::fprintf(stderr, "Logging to %s ended: %s\n", out.file_name.c_str(), problem.what());
      out.file_name.clear();
    }
  }
  for (auto& logger : out.external) logger(now, std::string_view(text).substr(0, text.size() - 1));
}

}  // namespace

Result<> start_logging(const core::GeneralSettings& settings, bool to_stdout) {
  Output& out = output();
  out.to_stdout = to_stdout;
  out.prefix = settings.log_prefix;
  out.timestamps = settings.debug_timestamps;
  out.colors = settings.debug_colors;
  if (!settings.log_to_file.empty()) {
    // A folder that is not there is a typing error: opening would make it.
    std::filesystem::path folder = std::filesystem::path(settings.log_to_file).parent_path();
    std::error_code failure;
    if (!folder.empty() && !std::filesystem::is_directory(folder, failure)) {
      return fail("Log file {}: there is no folder {}", settings.log_to_file, folder.string());
    }
    try {
      out.file.open(settings.log_to_file);
      out.file_name = settings.log_to_file;
    } catch (const spdlog::spdlog_ex& problem) {
      return fail("Log file {}: {}", settings.log_to_file, problem.what());
    }
  }
  log::set_level(static_cast<Level>(settings.debug_level));
  log::set_sink(write_line);
  return {};
}

void reopen_log_file() {
  Output& out = output();
  std::scoped_lock lock(out.mutex);
  if (out.file_name.empty()) return;
  try {
    out.file.open(out.file_name);
  } catch (const spdlog::spdlog_ex& problem) {
    std::fprintf(stderr, "Log file %s cannot be opened again: %s\n", out.file_name.c_str(), problem.what());
    out.file_name.clear();
  }
}

void add_external_logger(std::function<void(WallTime, std::string_view)> logger) {
  std::scoped_lock lock(output().mutex);
  output().external.push_back(std::move(logger));
}

void remove_external_loggers() {
  std::scoped_lock lock(output().mutex);
  output().external.clear();
}

void set_log_timestamps(bool on) {
  std::scoped_lock lock(output().mutex);
  output().timestamps = on;
}

void set_log_colors(bool on) {
  std::scoped_lock lock(output().mutex);
  output().colors = on;
}

}  // namespace limen::app
