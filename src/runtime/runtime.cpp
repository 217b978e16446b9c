#include "runtime/runtime.hpp"

#include <utility>

#include "runtime/usable_cores.hpp"

namespace limen::runtime {

Runtime::Runtime(uint32_t shards, uint32_t background_threads)
    : mesh_(shards + 1), control_(mesh_, watchdog_), background_(background_threads) {}

Runtime::~Runtime() {
  stop();
}

Result<std::unique_ptr<Runtime>> Runtime::create(RuntimeConfig config, Random& random) {
  uint32_t count = config.event_loops == 0 ? usable_cores() : config.event_loops;
  std::vector<int> cores = allowed_cores();
  auto sockets = open_all(config, random, count);
  if (!sockets) return std::unexpected(std::move(sockets.error()));
  std::unique_ptr<Runtime> runtime(new Runtime(count, config.background_threads));
  for (uint32_t i = 0; i < count; ++i) {
    Shard::Setup setup;
    setup.index = i;
    setup.sockets = std::move((*sockets)[i].udp);
    setup.listeners = std::move((*sockets)[i].tcp);
    setup.dscp = config.udp.dscp;
    setup.gso = config.udp.gso;
    setup.collect = config.collect;
    if (config.pin_threads) setup.cpu = cores[i % cores.size()];
    runtime->pools_.push_back(std::make_unique<PacketPool>(config.packets_per_shard));
    auto shard = Shard::create(std::move(setup), *runtime->pools_.back(), runtime->mesh_, runtime->watchdog_);
    if (!shard) return std::unexpected(std::move(shard.error()));
    runtime->shards_.push_back(std::move(*shard));
  }
  if (config.single_port != 0 && count > 1) runtime->steer();
  return runtime;
}

Result<std::vector<LoopSockets>> Runtime::open_all(const RuntimeConfig& config, Random& random, uint32_t count) {
  std::vector<LoopSockets> all;
  if (config.addresses.empty()) {
    all.resize(count);
    return all;
  }
  if (config.single_port != 0) {
    return open_shared_sockets(config.addresses, config.single_port, config.udp, config.ice_tcp, count);
  }
  for (uint32_t i = 0; i < count; ++i) {
    auto sockets = open_sockets(config.addresses, config.ports, config.udp, config.ice_tcp, random, i, count);
    if (!sockets) return std::unexpected(std::move(sockets.error()));
    all.push_back(std::move(*sockets));
  }
  return all;
}

void Runtime::steer() {
  std::vector<FlowSteering::Address> addresses;
  for (const UdpSocket& socket : shards_.front()->sockets()) {
    addresses.push_back({socket.fd(), socket.local().ip.is_v4()});
  }
  steering_ = std::make_unique<FlowSteering>(control_, std::move(addresses), shard_count());
}

void Runtime::start() {
  background_.start();
  for (auto& shard : shards_) threads_.emplace_back([s = shard.get()] { s->run(); });
}

void Runtime::stop() {
  background_.stop();
  if (!threads_.empty()) {
    for (auto& shard : shards_) shard->stop();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }
  for (uint32_t i = 0; i < shards_.size(); ++i) mesh_.clear(i + 1);
}

}  // namespace limen::runtime
