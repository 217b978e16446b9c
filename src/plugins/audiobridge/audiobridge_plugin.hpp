// AudioBridge: conferences whose audio is mixed in the server (janus.plugin.audiobridge).
#pragma once
#include <memory>

#include "api/plugin.hpp"

namespace limen {

std::unique_ptr<Plugin> make_audiobridge_plugin();

}  // namespace limen
