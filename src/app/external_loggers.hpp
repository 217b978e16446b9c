// The loggers of spec 8.5 that get every line beside standard output and the log file.
//
// Made after start_logging() and after the process went to the background, since they have threads.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "api/log_sink.hpp"

namespace limen::app {

class ExternalLoggers {
 public:
  // Starts the built-in ones that are enabled and not in `disable` (library names), and feeds them.
  ExternalLoggers(const std::string& configs_folder, const std::string& disable);
  // No line comes to them any more, then they end.
  ~ExternalLoggers();
  ExternalLoggers(const ExternalLoggers&) = delete;
  ExternalLoggers& operator=(const ExternalLoggers&) = delete;

  std::vector<LogSink*> all() const;

 private:
  std::vector<std::unique_ptr<LogSink>> loggers_;
};

}  // namespace limen::app
