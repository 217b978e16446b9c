// LogSink: an external logger; gets every line that passes the level, already formatted.
#pragma once
#include <optional>
#include <string_view>

#include "api/json.hpp"
#include "api/plugin.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "config/describe.hpp"

namespace limen {

class LogSink {
 public:
  virtual ~LogSink() = default;
  virtual const ModuleInfo& info() const = 0;
  // Reads this module's own file as start() will, changing nothing (see plugin.hpp).
  virtual Result<> check_config(const std::string& /*configs_folder*/, config::Findings& /*findings*/) const {
    return {};
  }
  // An error: it is not there (the reason is logged); with an empty text: it is not enabled.
  virtual Result<> start(const std::string& configs_folder) = 0;
  virtual void on_line(WallTime when, std::string_view line) = 0;  // any thread
  // The log-rotation signal came: files are to be opened anew. The control thread.
  virtual void on_rotate() {}
  virtual std::optional<Json> on_query(const Json& /*request*/) { return std::nullopt; }
};

}  // namespace limen
