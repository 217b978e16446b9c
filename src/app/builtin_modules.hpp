// The one list of what is built in.
#pragma once
#include <memory>
#include <vector>

#include "api/event_handler.hpp"
#include "api/log_sink.hpp"
#include "api/plugin.hpp"
#include "api/transport.hpp"

namespace limen::app {

std::vector<std::unique_ptr<Plugin>> builtin_plugins();
std::vector<std::unique_ptr<Transport>> builtin_transports();
std::vector<std::unique_ptr<EventHandler>> builtin_event_handlers();
std::vector<std::unique_ptr<LogSink>> builtin_loggers();

// Packages that exist in the reference server and are not in this build yet: named in one line at
// start when the configuration folder has a file for them.
std::vector<std::string> packages_not_built_in();

}  // namespace limen::app
