// VideoRoom: rooms where everybody's media is relayed to everybody who wants it
// (package janus.plugin.videoroom).
#pragma once
#include <memory>

#include "api/plugin.hpp"

namespace limen {

std::unique_ptr<Plugin> make_videoroom_plugin();

}  // namespace limen
