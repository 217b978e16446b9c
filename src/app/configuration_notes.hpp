// What an administrator should know about a configuration: said at start and by --check-config.
#pragma once
#include <string>
#include <vector>

#include "app/settings_loading.hpp"

namespace limen::app {

// Settings that are understood but whose part of the server is not there yet, modules of the
// reference server that are not built in, folders with foreign modules. One sentence each.
std::vector<std::string> configuration_notes(const LoadedSettings& loaded);

// What would keep the server from starting although the files can be read: impossible combinations.
std::vector<std::string> configuration_errors(const core::GatewaySettings& settings);

}  // namespace limen::app
