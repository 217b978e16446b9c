// Measuring: what all scenarios do once their peers are there: settle, count for a while, show it.
#pragma once
#include <optional>
#include <string>

#include "tools/load/call_setup.hpp"
#include "tools/load/process_figures.hpp"
#include "tools/load/report.hpp"

namespace limen::load {

// One line on standard error that is redrawn; nothing if it is no terminal or not wanted.
class LiveDisplay {
 public:
  explicit LiveDisplay(const Options& options);
  ~LiveDisplay();
  void show(const std::string& line);

 private:
  bool on_;
  bool drawn_ = false;
};

// CPU of the server and the tester from its making until stop().
class Stopwatch {
 public:
  explicit Stopwatch(const Options& options);
  void stop(Report& report) const;

 private:
  int pid_;
  Instant began_;
  Duration own_;
  std::optional<ProcessFigures> server_;
};

// Warm-up, then `duration` seconds.
boost::asio::awaitable<void> measure(LoadContext context, Report& report, LiveDisplay& display);

}  // namespace limen::load
