// The Streaming plugin: media of encoders, cameras and files to any number of viewers.
#pragma once
#include <memory>

#include "api/plugin.hpp"

namespace limen {

std::unique_ptr<Plugin> make_streaming_plugin();

}  // namespace limen
