// EchoTest: sends a client's media back to it (package janus.plugin.echotest).
#pragma once
#include <memory>

#include "api/plugin.hpp"

namespace limen {

std::unique_ptr<Plugin> make_echotest_plugin();

}  // namespace limen
