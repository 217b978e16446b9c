// The composition root: makes every part, joins them, runs until a signal, and takes them apart.
#pragma once
#include "app/command_line.hpp"
#include "app/settings_loading.hpp"

namespace limen::app {

// Returns the exit code: 0 after a normal stop, 1 if it could not start (the reason is printed).
int run_server(const CommandLine& options, LoadedSettings loaded);

}  // namespace limen::app
