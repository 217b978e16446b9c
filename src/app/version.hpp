// What this build is called.
#pragma once
#include <string_view>

namespace limen::app {

std::string_view version_string();  // "0.1.0"
std::string_view commit();          // full hash, or "not-a-git-repo"
std::string_view compile_time();    // "Mon Nov 23 05:30:00 2026"
// major * 1000 + minor * 100 + patch, as the `version` of the Janus API is made.
int version_number();

}  // namespace limen::app
