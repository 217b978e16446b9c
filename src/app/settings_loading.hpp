// From a configuration folder and a command line to settings.
#pragma once
#include <string>
#include <vector>

#include "app/command_line.hpp"
#include "config/describe.hpp"
#include "core/settings.hpp"

namespace limen::app {

struct LoadedSettings {
  core::GatewaySettings settings;
  std::string configs_folder;  // absolute
  std::string main_file;       // "" if there is none: defaults and command line only
  config::Findings findings;   // unknown keys and unusable values; the start goes on
};

// Reads the main file (-C, else FOLDER/janus.jcfg, else FOLDER/janus.cfg) and writes the command line
// over it. An error: a file that was asked for is missing, or a file is broken (file, line, reason).
Result<LoadedSettings> load_settings(const CommandLine& options);

// Where things are when nobody says: beside the build, else where packages put them.
std::string default_configs_folder();
std::string default_web_folder();

}  // namespace limen::app
