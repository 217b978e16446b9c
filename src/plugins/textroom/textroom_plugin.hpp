// TextRoom: chat rooms over data channels (package janus.plugin.textroom).
#pragma once
#include <memory>

#include "api/plugin.hpp"

namespace limen {

std::unique_ptr<Plugin> make_textroom_plugin();

}  // namespace limen
