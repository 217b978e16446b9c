// TurnTrial: does a TURN server give us a relay? At start, and for --doctor.
//
// A plain object: fill in, run() on a thread that may wait (up to some seconds), read on the thread that asked. The
// allocation is given back at once.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "rtc/turn/relay_server.hpp"

namespace limen::core {

struct TurnTrial {
  rtc::RelayServer server;
  std::vector<SocketAddress> relayed;
  std::optional<SocketAddress> mapped;  // as the server sees this machine
  std::string failure;                  // empty: `relayed` is there
  int64_t elapsed_us = 0;
  void run();
};

}  // namespace limen::core
