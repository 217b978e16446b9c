#include "runtime/runtime.hpp"

#include <algorithm>
#include <utility>

namespace limen::runtime {
namespace {

uint32_t cores() {
  return std::max(1u, std::thread::hardware_concurrency());
}

}  // namespace

Runtime::Runtime(uint32_t shards, uint32_t background_threads)
    : mesh_(shards + 1), control_(mesh_, watchdog_), background_(background_threads) {}

Runtime::~Runtime() {
  stop();
}

Result<std::unique_ptr<Runtime>> Runtime::create(RuntimeConfig config, Random& random) {
  uint32_t count = config.event_loops == 0 ? cores() : config.event_loops;
  std::unique_ptr<Runtime> runtime(new Runtime(count, config.background_threads));
  for (uint32_t i = 0; i < count; ++i) {
    Shard::Setup setup;
    setup.index = i;
    setup.gso = config.udp.gso;
    setup.collect = config.collect;
    if (config.pin_threads) setup.cpu = static_cast<int>(i % cores());
    if (!config.addresses.empty()) {
      auto sockets = open_sockets(config.addresses, config.ports, config.udp, random, i, count);
      if (!sockets) return std::unexpected(std::move(sockets.error()));
      setup.sockets = std::move(*sockets);
    }
    runtime->pools_.push_back(std::make_unique<PacketPool>(config.packets_per_shard));
    auto shard = Shard::create(std::move(setup), *runtime->pools_.back(), runtime->mesh_, runtime->watchdog_);
    if (!shard) return std::unexpected(std::move(shard.error()));
    runtime->shards_.push_back(std::move(*shard));
  }
  return runtime;
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
