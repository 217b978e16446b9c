// SimShard: a media loop of the simulator: a SimExecutor with sockets on a SimNetwork, driving a
// core::MediaHost as runtime::Shard does. For tests that link the core.
//
//   SimShard shard(world, network, host, {endpoint("192.0.2.2:7000")}, seed);
//   core::MediaPlane plane(control, {shard.env()});
//   shard.drive(plane.host(0));
#pragma once
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/packet.hpp"
#include "base/tx_queue.hpp"
#include "base/udp_ports.hpp"
#include "core/media/media_host.hpp"
#include "tests/support/seeded_random.hpp"
#include "tests/support/sim_executor.hpp"
#include "tests/support/sim_network.hpp"

namespace limen::test {

class SimShard final : public Executor, public UdpPorts {
 public:
  SimShard(SimScheduler& world, SimNetwork& network, HostId host, const std::vector<SocketAddress>& addresses,
           uint64_t seed)
      : loop_(world.add_executor("shard")), network_(network), host_id_(host), random_(seed) {
    for (const SocketAddress& address : addresses) {
      auto id = static_cast<SocketId>(sockets_.size());
      sockets_.push_back(network.bind(host, address, [this, id](const SimDatagram& datagram) {
        // Deliveries happen outside any thread.
        post([this, id, datagram] { receive(id, datagram); });
      }));
      bases_.push_back({id, network.local_address(sockets_.back()), {}});
    }
  }

  // On a socket that several shards share: whoever has bound it calls arrive() of the shard that is to have it.
  SimShard(SimScheduler& world, SimNetwork& network, HostId host, SimSocketId shared, uint64_t seed)
      : loop_(world.add_executor("shard")), network_(network), host_id_(host), random_(seed) {
    sockets_.push_back(shared);
    bases_.push_back({0, network.local_address(shared), {}});
  }
  void arrive(const SimDatagram& datagram) {
    post([this, datagram] { receive(0, datagram); });
  }

  core::MediaShardEnv env() { return {*this, tx_, pool_, random_, bases_, this}; }
  void drive(core::MediaHost& host) { host_ = &host; }

  // An unspecified address stands for the shard's first one.
  Result<UdpPort> open(const UdpBind& bind, UdpReceive receive) override {
    SocketAddress local = bind.local;
    if (local.ip.is_unspecified()) local.ip = bases_.front().address.ip;
    UdpPortId id(++last_port_);
    SimSocketId socket = network_.bind(host_id_, local, [this, id](const SimDatagram& datagram) {
      post([this, id, datagram] { receive_on(id, datagram); });
    });
    ports_[id] = {socket, std::make_shared<UdpReceive>(std::move(receive))};
    return UdpPort{id, network_.local_address(socket)};
  }
  void close(UdpPortId port) override {
    auto it = ports_.find(port);
    if (it == ports_.end()) return;
    network_.close(it->second.socket);
    ports_.erase(it);
  }
  bool send(UdpPortId port, const SocketAddress& to, Bytes datagram) override {
    auto it = ports_.find(port);
    if (it == ports_.end()) return false;
    network_.send(it->second.socket, to, datagram);
    return true;
  }
  size_t open_ports() const { return ports_.size(); }
  PacketPool& packets() { return pool_; }
  uint64_t turns() const { return turns_; }

  void post(Task task) override { loop_.post(turn(std::move(task))); }
  Instant now() const override { return loop_.now(); }
  WallTime wall_time() const override { return loop_.wall_time(); }
  TimerId call_at(Instant when, Task task) override { return loop_.call_at(when, turn(std::move(task))); }
  void cancel(TimerId timer) override { loop_.cancel(timer); }

 private:
  Task turn(Task task) {
    return [this, task = std::move(task)]() mutable {
      task();
      end_turn();
    };
  }

  void receive(SocketId id, const SimDatagram& datagram) {
    Packet packet = pool_.copy(datagram.bytes, now());
    if (packet && host_ != nullptr) host_->on_datagram({id, datagram.from}, std::move(packet), now());
  }

  void receive_on(UdpPortId id, const SimDatagram& datagram) {
    auto it = ports_.find(id);
    Packet packet = pool_.copy(datagram.bytes, now());
    if (it == ports_.end() || !packet) return;
    auto receive = it->second.receive;  // kept alive: it may close the port
    (*receive)(datagram.from, std::move(packet), now());
  }

  void end_turn() {
    ++turns_;
    if (host_ == nullptr) return;
    host_->end_of_turn(now());
    for (const TxQueue::Slot& slot : tx_.slots()) {
      network_.send(sockets_.at(slot.flow.socket), slot.flow.remote, tx_.bytes(slot));
    }
    tx_.clear();
    Instant next = host_->next_deadline();
    if (next == armed_for_) return;
    loop_.cancel(alarm_);
    armed_for_ = next;
    if (next == kNever) return;
    alarm_ = call_at(next, [this] {
      armed_for_ = kNever;
      host_->on_timer(now());
    });
  }

  SimExecutor& loop_;
  struct Port {
    SimSocketId socket;
    std::shared_ptr<UdpReceive> receive;
  };

  SimNetwork& network_;
  HostId host_id_;
  std::unordered_map<UdpPortId, Port> ports_;
  uint64_t last_port_ = 0;
  SeededRandom random_;
  PacketPool pool_;
  TxQueue tx_;
  std::vector<SimSocketId> sockets_;
  std::vector<rtc::LocalBase> bases_;
  core::MediaHost* host_ = nullptr;
  TimerId alarm_;
  Instant armed_for_ = kNever;
  uint64_t turns_ = 0;
};

}  // namespace limen::test
