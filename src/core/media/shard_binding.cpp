#include "core/media/shard_binding.hpp"

#include <utility>

namespace limen::core {
namespace {

// After all of UDP, so that UDP is worth the same without it.
void add_tcp_bases(const runtime::Shard& shard, std::vector<rtc::LocalBase>& bases) {
  for (const runtime::BoundSocket& socket : shard.bound_sockets()) {
    if (!socket.tcp) continue;
    rtc::LocalBase active = bases[socket.id];
    active.socket = kTcpActive + socket.id;
    active.protocol = rtc::CandidateProtocol::tcp_active;
    // Connections leave from ports of their own.
    active.address.port = 0;
    for (SocketAddress& address : active.advertised) address.port = 0;
    rtc::LocalBase passive = bases[socket.id];
    passive.socket = kTcpPassive + socket.id;
    passive.protocol = rtc::CandidateProtocol::tcp_passive;
    bases.push_back(std::move(active));
    bases.push_back(std::move(passive));
  }
}

std::vector<rtc::LocalBase> bases_of(const runtime::Shard& shard, const Advertise& advertise) {
  std::vector<rtc::LocalBase> bases;
  for (const runtime::BoundSocket& socket : shard.bound_sockets()) {
    rtc::LocalBase base;
    base.socket = socket.id;
    base.address = socket.address;
    if (advertise) {
      for (const IpAddress& ip : advertise(socket.address.ip)) base.advertised.push_back({ip, socket.address.port});
    }
    bases.push_back(std::move(base));
  }
  add_tcp_bases(shard, bases);
  return bases;
}

// Told on the shard's thread, carried out on the control thread.
PeerDemux::FlowChanged steering_of(runtime::Runtime& runtime, uint32_t shard) {
  return [&runtime, shard](const Flow& flow, bool won) {
    runtime.control().post([steering = runtime.steering(), flow, shard, won] {
      if (won) steering->won(flow, shard);
      else steering->lost(flow, shard);
    });
  };
}

// Connections that the kernel has given to the wrong shard.
void route_tcp(runtime::Runtime& runtime, MediaHost& host, uint32_t index) {
  runtime.shard(index).tcp().set_route(
      [&host](Bytes first_frame) { return host.shard_of_request(first_frame); },
      [&runtime](uint32_t shard, runtime::FileDescriptor fd, const Flow& flow) {
        runtime::Shard& to = runtime.shard(shard);
        to.post([&to, fd = std::move(fd), flow]() mutable { to.tcp().adopt(std::move(fd), flow, to.now()); });
      });
}

}  // namespace

std::unique_ptr<MediaPlane> make_media_plane(runtime::Runtime& runtime, Random& random, const Advertise& advertise) {
  std::shared_ptr<FlowDirectory> directory;
  if (runtime.steering() != nullptr) directory = std::make_shared<FlowDirectory>(random);
  std::vector<MediaShardEnv> shards;
  for (uint32_t i = 0; i < runtime.shard_count(); ++i) {
    runtime::Shard& shard = runtime.shard(i);
    MediaShardEnv env{shard,
                      shard.tx(),
                      shard.packets(),
                      random,
                      bases_of(shard, advertise),
                      &shard.ports(),
                      [&shard] { shard.send_now(); }};
    env.streams = &shard.streams();
    env.load = [&shard] { return shard.load(); };
    env.loop_stats = [&shard] { return shard.stats(); };
    env.directory = directory;
    if (directory) env.flow_changed = steering_of(runtime, i);
    env.flow_known = [&shard](const Flow& flow) { shard.tcp().known(flow); };
    env.close_flow = [&shard](const Flow& flow) { shard.tcp().close(flow, shard.now()); };
    shards.push_back(std::move(env));
  }
  auto plane = std::make_unique<MediaPlane>(runtime.control(), std::move(shards));
  for (uint32_t i = 0; i < runtime.shard_count(); ++i) {
    MediaHost* host = &plane->host(i);
    if (directory) route_tcp(runtime, *host, i);
    runtime.shard(i).set_callbacks({
        .on_datagram = [host](const Flow& from, Packet packet,
                              Instant now) { host->on_datagram(from, std::move(packet), now); },
        .on_timer = [host](Instant now) { host->on_timer(now); },
        .next_deadline = [host] { return host->next_deadline(); },
        .end_of_turn = [host](Instant now) { host->end_of_turn(now); },
        .sent = [host](Instant now) { host->sent(now); },
        .on_flow_closed = [host](const Flow& flow, Instant now) { host->on_flow_closed(flow, now); },
    });
  }
  return plane;
}

}  // namespace limen::core
