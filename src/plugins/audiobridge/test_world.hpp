// Shards with timers, posts and UDP ports on virtual time, for the tests of this room.
#pragma once
#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "api/media.hpp"

namespace limen::audiobridge::test {

class World;

class TestShard final : public MediaShard {
 public:
  TestShard(World& world, uint32_t index) : world_(world), index_(index) {}
  ~TestShard() override { drop_locals(); }
  uint32_t index() const override { return index_; }
  uint32_t count() const override;
  PacketPool& packets() override;
  Instant now() const override;
  MediaContext* find(PeerId) override { return nullptr; }
  void post(uint32_t shard, std::move_only_function<void(MediaShard&)> task) override;
  TimerId call_at(Instant when, Task task) override {
    timers.emplace(std::pair(when, ++last_timer_), std::move(task));
    return TimerId(last_timer_);
  }
  void cancel(TimerId id) override {
    std::erase_if(timers, [id](const auto& timer) { return timer.first.second == id.value(); });
  }
  Result<UdpPort> open_udp(const UdpBind& bind, UdpReceive receive) override {
    if (refuse_ports || bind.local.port == taken_port) return fail("taken");
    receivers[++last_port_] = std::move(receive);
    uint16_t number = bind.local.port != 0 ? bind.local.port : static_cast<uint16_t>(50000 + last_port_);
    return UdpPort{UdpPortId(last_port_), {IpAddress::v4(0x7f000001), number}};
  }
  void close_udp(UdpPortId port) override { receivers.erase(port.value()); }
  bool send_udp(UdpPortId port, const SocketAddress& to, Bytes bytes) override {
    datagrams[to.port].emplace_back(bytes.begin(), bytes.end());
    return receivers.contains(port.value());
  }

  std::map<std::pair<Instant, uint64_t>, Task> timers;
  std::map<uint64_t, UdpReceive> receivers;
  std::map<uint16_t, std::vector<std::vector<uint8_t>>> datagrams;  // by the receiver's port
  bool refuse_ports = false;
  uint16_t taken_port = 1;

 private:
  World& world_;
  uint32_t index_;
  uint64_t last_timer_ = 0, last_port_ = 0;
};

class World {
 public:
  explicit World(uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) shards.push_back(std::make_unique<TestShard>(*this, i));
  }
  // Runs everything that is due until `until`; `turns` counts loop turns with timers.
  void run_until(Instant until) {
    for (;;) {
      while (!posts.empty()) {
        auto [shard, task] = std::move(posts.front());
        posts.pop_front();
        task(*shards[shard]);
      }
      TestShard* first = nullptr;
      for (auto& shard : shards) {
        if (shard->timers.empty() || shard->timers.begin()->first.first > until) continue;
        if (first == nullptr || shard->timers.begin()->first < first->timers.begin()->first) first = shard.get();
      }
      if (first == nullptr) break;
      auto node = first->timers.extract(first->timers.begin());
      now = std::max(now, node.key().first);
      ++turns;
      node.mapped()();
    }
    now = until;
  }

  PacketPool pool;
  Instant now{std::chrono::seconds(1)};
  std::vector<std::unique_ptr<TestShard>> shards;
  std::deque<std::pair<uint32_t, std::move_only_function<void(MediaShard&)>>> posts;
  size_t turns = 0;
};

inline uint32_t TestShard::count() const {
  return static_cast<uint32_t>(world_.shards.size());
}
inline PacketPool& TestShard::packets() {
  return world_.pool;
}
inline Instant TestShard::now() const {
  return world_.now;
}
inline void TestShard::post(uint32_t shard, std::move_only_function<void(MediaShard&)> task) {
  world_.posts.emplace_back(shard, std::move(task));
}

}  // namespace limen::audiobridge::test
