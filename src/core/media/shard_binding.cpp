#include "core/media/shard_binding.hpp"

#include <utility>

namespace limen::core {
namespace {

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
  return bases;
}

}  // namespace

std::unique_ptr<MediaPlane> make_media_plane(runtime::Runtime& runtime, Random& random, const Advertise& advertise) {
  std::vector<MediaShardEnv> shards;
  for (uint32_t i = 0; i < runtime.shard_count(); ++i) {
    runtime::Shard& shard = runtime.shard(i);
    shards.push_back({shard, shard.tx(), shard.packets(), random, bases_of(shard, advertise), &shard.ports(),
                      [&shard] { shard.send_now(); }});
    shards.back().streams = &shard.streams();
    shards.back().load = [&shard] { return shard.load(); };
  }
  auto plane = std::make_unique<MediaPlane>(runtime.control(), std::move(shards));
  for (uint32_t i = 0; i < runtime.shard_count(); ++i) {
    MediaHost* host = &plane->host(i);
    runtime.shard(i).set_callbacks({
        .on_datagram = [host](const Flow& from, Packet packet,
                              Instant now) { host->on_datagram(from, std::move(packet), now); },
        .on_timer = [host](Instant now) { host->on_timer(now); },
        .next_deadline = [host] { return host->next_deadline(); },
        .end_of_turn = [host](Instant now) { host->end_of_turn(now); },
        .sent = [host](Instant now) { host->sent(now); },
    });
  }
  return plane;
}

}  // namespace limen::core
