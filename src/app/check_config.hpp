// --check-config: says everything that is wrong with a configuration folder, and exits.
#pragma once
#include "app/command_line.hpp"
#include "app/settings_loading.hpp"

namespace limen::app {

struct ConfigReport {
  std::vector<std::string> errors;    // it would not start, or a module would be missing
  std::vector<std::string> warnings;  // it would start, perhaps not as meant
};

// What is wrong with the files of the folder, the modules' too.
ConfigReport examine_config(const LoadedSettings& loaded);

// Prints findings and returns the exit code: 0 usable (perhaps with warnings), 1 it would not start.
int check_config(const Result<LoadedSettings>& loaded, const CommandLine& options);

}  // namespace limen::app
