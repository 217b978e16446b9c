// Report: what a run measured, for people and as JSON.
#pragma once
#include <boost/json/object.hpp>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tools/load/load_host.hpp"
#include "tools/load/options.hpp"

namespace limen::load {

struct ServerFigures {
  Duration cpu{0};             // while measuring
  size_t resident_before = 0;  // before the first peer
  size_t resident = 0;         // at the end of measuring
};

struct Report {
  uint32_t wanted = 0;     // peers
  uint32_t receivers = 0;  // of those, how many are to receive media
  Duration set_up{0};      // until all were connected, or it was given up
  Duration measured{0};
  bool steady = true;  // media flowed all the time, so CPU per packet means something
  HostTotals totals;   // while measuring
  Duration tester_cpu{0};
  std::optional<ServerFigures> server;
  std::optional<Duration> inside_half, inside_99;  // so long at most half, 99 % of the packets were inside the server
  std::vector<Duration> answered, connected, first_media;  // since the first request, by peer
  uint64_t rounds = 0;                                     // signalling
  std::vector<Duration> round_times;
  std::map<std::string, uint32_t> failures;  // by text

  double forwarded_per_second() const;
  // Microseconds of server CPU per datagram that reached a receiver.
  std::optional<double> server_us_per_packet() const;
  std::optional<double> server_core_share() const;
  std::optional<double> kilobytes_per_peer() const;
};

Duration percentile(std::vector<Duration> samples, double share);
boost::json::object to_json(const Options& options, const Report& report);
std::string to_text(const Options& options, const Report& report);

}  // namespace limen::load
