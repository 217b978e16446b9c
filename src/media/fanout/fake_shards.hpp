// Shards and handles for the tests of this room: posts and turns run when the test says so, in an order
// drawn from a seed; what a handle sends is written down.
#pragma once
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "api/media.hpp"

namespace limen::media::test {

class FakeShards;

class FakeShard final : public MediaShard {
 public:
  FakeShard(FakeShards& world, uint32_t index) : world_(world), index_(index) {}
  ~FakeShard() override { drop_locals(); }
  uint32_t index() const override { return index_; }
  uint32_t count() const override;
  PacketPool& packets() override { return pool_; }
  Instant now() const override;
  MediaContext* find(PeerId) override { return nullptr; }
  void post(uint32_t shard, std::move_only_function<void(MediaShard&)> task) override;
  void end_turn() { end_turn_of_locals(now()); }

  // Ports are numbers from 1; SRTP is one byte 0xee at the end.
  struct Datagram {
    UdpPortId port;
    SocketAddress to;
    std::vector<uint8_t> bytes;
  };
  Result<UdpPort> open_udp(const UdpBind& bind, UdpReceive receive) override {
    if (refuse_ports) return fail("no more ports");
    uint16_t port = bind.local.port;
    for (const auto& [id, taken] : open_ports) {
      if (taken == port) return fail("port {} is taken", port);
    }
    UdpPortId id(++last_port_);
    if (port == 0) port = static_cast<uint16_t>(40000 + last_port_);
    open_ports[id.value()] = port;
    receivers[id.value()] = std::move(receive);
    return UdpPort{id, {IpAddress::v4(0x7f000001), port}};
  }
  void close_udp(UdpPortId port) override {
    receivers.erase(port.value());
    open_ports.erase(port.value());
  }
  bool send_udp(UdpPortId port, const SocketAddress& to, Bytes bytes) override {
    datagrams.push_back({port, to, {bytes.begin(), bytes.end()}});
    return receivers.contains(port.value());
  }
  Result<std::unique_ptr<SrtpProtector>> make_protector(const SrtpMaterial& material) override {
    if (material.key.size() < 30) return fail("short key");
    return std::make_unique<FakeProtector>();
  }
  Result<std::unique_ptr<SrtpUnprotector>> make_unprotector(const SrtpMaterial& material) override {
    if (material.key.size() < 30) return fail("short key");
    return std::make_unique<FakeUnprotector>();
  }
  void receive_on(uint64_t port, const SocketAddress& from, const std::vector<uint8_t>& bytes) {
    receivers.at(port)(from, pool_.copy(bytes, now()), now());
  }
  std::map<uint64_t, UdpReceive> receivers;  // by port
  std::map<uint64_t, uint16_t> open_ports;   // by port, too; a test may add others' ones
  std::vector<Datagram> datagrams;
  bool refuse_ports = false;

 private:
  struct FakeProtector final : SrtpProtector {
    size_t protect_rtp(MutableBytes buffer, size_t size) override {
      buffer[size] = 0xee;
      return size + 1;
    }
    size_t protect_rtcp(MutableBytes buffer, size_t size) override { return protect_rtp(buffer, size); }
  };
  struct FakeUnprotector final : SrtpUnprotector {
    size_t unprotect_rtp(MutableBytes packet) override { return packet.back() == 0xee ? packet.size() - 1 : 0; }
    size_t unprotect_rtcp(MutableBytes packet) override { return unprotect_rtp(packet); }
  };

  FakeShards& world_;
  uint32_t index_;
  uint64_t last_port_ = 0;
  PacketPool pool_;
};

class FakeShards {
 public:
  explicit FakeShards(uint32_t count, uint64_t seed = 1) : random_(seed) {
    for (uint32_t i = 0; i < count; ++i) shards_.push_back(std::make_unique<FakeShard>(*this, i));
  }
  // Posts that nobody ran hold packets of the shards' pools, and their end may post again.
  ~FakeShards() {
    while (!queues_.empty()) std::exchange(queues_, {}).clear();
  }
  FakeShard& operator[](uint32_t index) { return *shards_[index]; }
  uint32_t count() const { return static_cast<uint32_t>(shards_.size()); }

  // Ends all turns and runs all posts, and what comes of them.
  void run() {
    end_turns();
    while (!queues_.empty()) {
      auto it = queues_.begin();
      std::advance(it, random_() % queues_.size());
      auto [pair, queue] = std::pair(it->first, &it->second);
      auto task = std::move(queue->front());
      queue->pop_front();
      if (queue->empty()) queues_.erase(it);
      FakeShard& shard = *shards_[pair.second];
      task(shard);
      ++posts;
      shard.end_turn();
    }
  }
  void end_turns() {
    for (auto& shard : shards_) shard->end_turn();
  }

  Instant now{std::chrono::seconds(1)};
  size_t posts = 0;  // run so far

 private:
  friend class FakeShard;
  using Task = std::move_only_function<void(MediaShard&)>;
  std::mt19937_64 random_;
  std::map<std::pair<uint32_t, uint32_t>, std::deque<Task>> queues_;  // from, to
  std::vector<std::unique_ptr<FakeShard>> shards_;
};

inline uint32_t FakeShard::count() const {
  return world_.count();
}
inline Instant FakeShard::now() const {
  return world_.now;
}
inline void FakeShard::post(uint32_t shard, std::move_only_function<void(MediaShard&)> task) {
  world_.queues_[{index_, shard}].push_back(std::move(task));
}

class FakeHandle final : public MediaContext {
 public:
  struct Sent {
    OutgoingRtp note;
    RtpPacket packet;
  };

  explicit FakeHandle(MediaShard& shard, PeerId peer = PeerId(1)) : shard_(shard), peer_(peer) {}
  bool send(const OutgoingRtp& rtp) override {
    if (!connected) return false;
    sent.push_back({rtp, *rtp.source});
    if (on_send) on_send();
    return true;
  }
  void send(const RtcpFeedback& message) override { feedback.push_back(message); }
  bool send_data(const DataMessage& message) override {
    data.push_back(message);
    return connected;
  }
  Instant now() const override { return shard_.now(); }
  TimerId call_at(Instant, Task) override { return {}; }
  void cancel(TimerId) override {}
  void post_control(Task task) override { task(); }
  MediaShard& shard() override { return shard_; }
  MediaId id() const override { return {shard_.index(), peer_}; }

  bool connected = true;
  std::function<void()> on_send;
  std::vector<Sent> sent;
  std::vector<RtcpFeedback> feedback;
  std::vector<DataMessage> data;

 private:
  MediaShard& shard_;
  PeerId peer_;
};

}  // namespace limen::media::test
