// LogSink: an external logger; gets every line that passes the level, already formatted.
#pragma once
#include <optional>
#include <string_view>

#include "api/json.hpp"
#include "api/plugin.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace limen {

class LogSink {
 public:
  virtual ~LogSink() = default;
  virtual const ModuleInfo& info() const = 0;
  virtual Result<> start(const std::string& configs_folder) = 0;
  virtual void on_line(WallTime when, std::string_view line) = 0;  // any thread
  virtual std::optional<Json> on_query(const Json& /*request*/) { return std::nullopt; }
};

}  // namespace limen
