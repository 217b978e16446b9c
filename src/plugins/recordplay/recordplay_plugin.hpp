// RecordPlay: records a client's media and plays recordings (package janus.plugin.recordplay).
#pragma once
#include <memory>

#include "api/plugin.hpp"

namespace limen {

std::unique_ptr<Plugin> make_recordplay_plugin();

}  // namespace limen
