// What the user asked limen-load to do. Filled by read_options(), then read by everybody.
#pragma once
#include <cstdint>
#include <string>

#include "tools/load/media_source.hpp"

namespace limen::load {

struct Options {
  std::string scenario = "echo";  // echo videoroom streaming signalling idle join
  std::string server = "ws://127.0.0.1:8188/";
  std::string api_secret;
  int server_pid = 0;   // 0: no figures of the server's process
  std::string metrics;  // address of the server's metrics page; empty: not read
  std::string metrics_token;
  uint32_t peers = 10;         // echo, idle, join: peers; else receivers of each publisher
  uint32_t publishers = 1;     // videoroom; streaming: mountpoints
  bool meeting = false;        // videoroom: everybody publishes and watches everybody
  uint32_t concurrency = 16;   // set-ups at the same time
  double duration = 10;        // seconds that are measured
  double warm_up = 2;          // seconds before
  double inspect = 0.1;        // share of receivers that decrypt and check
  bool feedback = false;       // receivers send reports and transport-wide feedback
  std::string cipher;          // "gcm", "cm"; empty: whatever is agreed
  std::string bind;            // local address of the peers; empty: chosen
  uint32_t shards = 1;         // threads of the tester
  bool source_thread = false;  // publishers and encoders send from a thread of their own
  double poll = 0;             // milliseconds between looks at the sockets; 0: woken by packets
  SourceProfile source;
  bool json = false;
  bool quiet = false;  // no live display
};

// `run` false: help was shown or the command line is wrong; leave with `exit_code`.
struct ParsedOptions {
  bool run = false;
  int exit_code = 0;
  Options options;
};
ParsedOptions read_options(int argc, char** argv);

}  // namespace limen::load
