// MediaHost: datagrams that came to the wrong shard of those that share a port, and go on to the right one.
#include <utility>

#include "core/media/media_host.hpp"

namespace limen::core {
namespace {

constexpr size_t kBatch = 64;  // one closure for so many
// What may wait for a shard: a burst, not a backlog. A flood is dropped here, like in a full socket.
constexpr size_t kMostWaiting = 8192;

}  // namespace

void MediaHost::forward(uint32_t shard, const Flow& from, Packet packet) {
  std::vector<ForwardedDatagram>& batch = forwarding_[shard];
  batch.push_back({from, std::move(packet)});
  if (batch.size() >= kBatch) send_forwarded(shard);
}

void MediaHost::send_forwarded(uint32_t shard) {
  std::vector<ForwardedDatagram>& batch = forwarding_[shard];
  if (batch.empty()) return;
  size_t count = batch.size();
  if (!links_.forward(shard, std::exchange(batch, {}))) dropped_forwarded_ += count;
}

bool MediaHost::expect_forwarded(size_t count) {
  if (forwarded_waiting_.fetch_add(count, std::memory_order_relaxed) + count <= kMostWaiting) return true;
  forwarded_waiting_.fetch_sub(count, std::memory_order_relaxed);
  return false;
}

void MediaHost::on_forwarded(std::vector<ForwardedDatagram> datagrams, Instant now) {
  forwarded_waiting_.fetch_sub(datagrams.size(), std::memory_order_relaxed);
  forwarded_in_ += datagrams.size();
  for (ForwardedDatagram& datagram : datagrams) {
    // Not forwarded again: whoever is not found here has gone.
    if (auto match = demux_.find(datagram.from, datagram.packet.bytes())) {
      deliver(*match, datagram.from, std::move(datagram.packet), now);
    }
  }
}

}  // namespace limen::core
