// VideoCall: two clients call each other by name (package janus.plugin.videocall).
#pragma once
#include <memory>

#include "api/plugin.hpp"

namespace limen {

std::unique_ptr<Plugin> make_videocall_plugin();

}  // namespace limen
