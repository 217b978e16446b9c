// What is printed when the server is up: where to click, what listens, what looks wrong.
#pragma once
#include <string>
#include <vector>

#include "api/transport.hpp"

namespace limen::app {

struct StartupReport {
  std::vector<Listening> listening;
  std::string media;  // "UDP 192.0.2.1 ports 20001, 20044 (2 media threads)"
  std::vector<std::string> warnings;
  int64_t started_in_ms = 0;
};

// Lines without colours; the address to click comes first.
std::vector<std::string> startup_lines(const StartupReport& report);

}  // namespace limen::app
