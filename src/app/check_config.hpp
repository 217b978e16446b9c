// --check-config: says everything that is wrong with a configuration folder, and exits.
#pragma once
#include "app/command_line.hpp"
#include "app/settings_loading.hpp"

namespace limen::app {

// Prints findings and returns the exit code: 0 usable (perhaps with warnings), 1 it would not start.
int check_config(const Result<LoadedSettings>& loaded, const CommandLine& options);

}  // namespace limen::app
