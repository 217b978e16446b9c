// NoSIP: turns WebRTC descriptions into plain RTP ones and back, and relays the media; who signals is the
// application's business (package janus.plugin.nosip).
#pragma once
#include <memory>

#include "api/plugin.hpp"

namespace limen {

std::unique_ptr<Plugin> make_nosip_plugin();

}  // namespace limen
