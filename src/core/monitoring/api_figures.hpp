// ApiFigures: how many requests came over which transport, and how many were refused and why; for metrics.
//
// Control thread. Shared with requests that are being answered, which may outlive the gateway.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace limen::core {

struct ApiFigures {
  struct Source {
    std::string transport;
    bool admin = false;
    uint64_t requests = 0;
  };
  std::vector<Source> sources;     // few
  std::map<int, uint64_t> errors;  // by code
  uint64_t sessions_created = 0;

  void count(std::string_view transport, bool admin) {
    for (Source& source : sources) {
      if (source.admin != admin || source.transport != transport) continue;
      ++source.requests;
      return;
    }
    sources.push_back({std::string(transport), admin, 1});
  }
};

}  // namespace limen::core
