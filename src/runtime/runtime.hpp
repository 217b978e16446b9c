// Runtime: the server's threads: control, N media shards, the background pool. Made once, by main.
//
//   auto runtime = Runtime::create(config, random);      // binds all UDP sockets, starts nothing
//   ... make MediaPlane and Gateway, shard.set_callbacks(...) ...
//   runtime->start();                                    // shards and background threads
//   runtime->control().run();                            // this thread becomes control
//   runtime->stop();                                     // joins
#pragma once
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "base/random.hpp"
#include "base/result.hpp"
#include "runtime/background_threads.hpp"
#include "runtime/control_loop.hpp"
#include "runtime/flow_steering.hpp"
#include "runtime/port_picker.hpp"
#include "runtime/post_mesh.hpp"
#include "runtime/shard.hpp"
#include "runtime/watchdog.hpp"

namespace limen::runtime {

struct RuntimeConfig {
  uint32_t event_loops = 0;  // shards; 0: one per core that the process may use
  uint32_t background_threads = 2;
  std::vector<BindAddress> addresses;  // each shard opens one socket per address
  PortRange ports;
  uint16_t single_port = 0;  // all shards share this one; 0: each has one of `ports`
  UdpOptions udp;
  bool ice_tcp = false;      // listen for TCP on the same ports
  bool pin_threads = false;  // shard i to the i-th core that the process may use, round and round
  size_t packets_per_shard = 65536;
  Duration collect{0};  // see Shard::Setup
};

class Runtime {
 public:
  // Errors name the address or port range that failed.
  static Result<std::unique_ptr<Runtime>> create(RuntimeConfig config, Random& random);
  ~Runtime();

  ControlLoop& control() { return control_; }
  BackgroundPool& background() { return background_; }
  size_t background_waiting() const { return background_.waiting(); }
  Watchdog& watchdog() { return watchdog_; }
  uint32_t shard_count() const { return static_cast<uint32_t>(shards_.size()); }
  Shard& shard(uint32_t index) { return *shards_[index]; }
  // With a single port and several shards; else null. Control thread.
  FlowSteering* steering() { return steering_.get(); }

  void start();
  // Ends shards and background threads and waits for them; closures that have not run are destroyed
  // on this thread. Idempotent.
  void stop();

 private:
  Runtime(uint32_t shards, uint32_t background_threads);
  static Result<std::vector<LoopSockets>> open_all(const RuntimeConfig& config, Random& random, uint32_t count);
  void steer();

  // Order matters: packets go home to the pools, so these die last.
  std::vector<std::unique_ptr<PacketPool>> pools_;
  Watchdog watchdog_;
  PostMesh mesh_;
  ControlLoop control_;
  BackgroundThreads background_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::unique_ptr<FlowSteering> steering_;
  std::vector<std::thread> threads_;
};

}  // namespace limen::runtime
