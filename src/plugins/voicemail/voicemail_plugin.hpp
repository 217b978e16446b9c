// VoiceMail: records ten seconds of a caller's Opus into an Ogg file (package janus.plugin.voicemail).
#pragma once
#include <memory>

#include "api/plugin.hpp"

namespace limen {

std::unique_ptr<Plugin> make_voicemail_plugin();

}  // namespace limen
