#include "app/external_loggers.hpp"

#include <algorithm>

#include "app/builtin_modules.hpp"
#include "app/logging.hpp"
#include "base/log.hpp"
#include "core/settings.hpp"

namespace limen::app {

ExternalLoggers::ExternalLoggers(const std::string& configs_folder, const std::string& disable) {
  std::vector<std::string> disabled = core::split_list(disable);
  for (std::unique_ptr<LogSink>& logger : builtin_loggers()) {
    const ModuleInfo& info = logger->info();
    if (std::find(disabled.begin(), disabled.end(), info.library) != disabled.end()) {
      log::warning("", "Module '{}' has been disabled, skipping", info.library);
      continue;
    }
    Result<> started = logger->start(configs_folder);
    if (started) {
      add_external_logger([sink = logger.get()](WallTime when, std::string_view line) { sink->on_line(when, line); });
      loggers_.push_back(std::move(logger));
    } else if (!started.error().text.empty()) {
      log::warning("", "{} was not started: {}", info.package, started.error().text);
    }
  }
}

ExternalLoggers::~ExternalLoggers() {
  remove_external_loggers();
}

std::vector<LogSink*> ExternalLoggers::all() const {
  std::vector<LogSink*> all;
  for (const auto& logger : loggers_) all.push_back(logger.get());
  return all;
}

}  // namespace limen::app
