// ModuleTable: the plugins, transports, event handlers and loggers of this server, by package name.
//
// Control thread. Owns all but the loggers.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/event_handler.hpp"
#include "api/log_sink.hpp"
#include "api/plugin.hpp"
#include "api/transport.hpp"
#include "core/settings.hpp"

namespace limen::core {

template <typename Module>
class Modules {
 public:
  // Leaves out what `disable` (library names, spec 2.6) lists, with a line in the log.
  void add(std::vector<std::unique_ptr<Module>> modules, std::string_view disable);
  // Calls `start`; those that fail go, with a warning.
  void start(const std::function<Result<>(Module&)>& start);

  Module* find(std::string_view package) const {
    auto found = modules_.find(package);
    return found == modules_.end() ? nullptr : found->second.get();
  }
  const std::map<std::string, std::unique_ptr<Module>, std::less<>>& all() const { return modules_; }
  void clear() { modules_.clear(); }

 private:
  std::map<std::string, std::unique_ptr<Module>, std::less<>> modules_;
};

struct ModuleTable {
  // The order of destruction matters: plugins may answer requests while they end, so transports go last.
  std::vector<LogSink*> loggers;
  Modules<EventHandler> handlers;
  Modules<Transport> transports;
  Modules<Plugin> plugins;

  LogSink* find_logger(std::string_view package) const;
};

// {"janus.plugin.echotest": {"name": ..., "author": ..., ...}, ...}
JsonObject describe_modules(const std::map<std::string, const ModuleInfo*>& modules);

}  // namespace limen::core
