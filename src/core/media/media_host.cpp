#include "core/media/media_host.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "media/fanout/load_shedding.hpp"
#include "runtime/watchdog.hpp"

namespace limen::core {

namespace {
// A peer whose deadline has passed although it was just served is served again after this step, so
// that no peer can keep its loop from sleeping.
constexpr Duration kMinimumStep = std::chrono::microseconds(100);
// Handlers of one shard may send through each other's peers; more rounds than this wait a turn.
constexpr int kSettleRounds = 8;
// Plain packets that are copied, encrypted and sent while they are in a core's own cache.
constexpr size_t kSendNow = 384 * 1024;
constexpr size_t kMaxOrigins = 4096;
// A turn that has this much to forward is ended before the next flow's packets: half a millisecond's work.
constexpr uint64_t kCopiesAtOnce = 200;
}  // namespace

MediaHost::MediaHost(uint32_t index, uint32_t count, MediaShardEnv env, MediaLinks links)
    : index_(index),
      count_(count),
      env_(std::move(env)),
      links_(std::move(links)),
      relays_(env_.executor, env_.packets, env_.random, env_.ports, env_.streams, *this) {
  demux_.set_on_orphan([this](const Flow& flow) {
    if (is_tcp(flow.socket) && env_.close_flow) env_.close_flow(flow);
  });
  if (!env_.directory) return;
  demux_.share(*env_.directory, index_, static_cast<uint32_t>(env_.bases.size()), env_.flow_changed);
  forwarding_.resize(count_);
}

MediaHost::~MediaHost() {
  if (inside_.count() != 0) {
    log::info("", "Media loop {} forwarded {} packets, half of them within {} us, 99 % within {} us, all within {} us",
              index_, inside_.count(), to_us(inside_.percentile(0.5)), to_us(inside_.percentile(0.99)),
              to_us(inside_.highest()));
  }
  // Handlers may look for each other while they end.
  for (auto& slot : slots_) {
    if (slot) slot->destroy_peer();
  }
  by_id_.clear();
  slots_.clear();
  drop_locals();
}

// When many rooms' packets wait to be read, the first of them do not wait for the last ones' copies. Packets of one
// flow stay together: what a frame brings a subscriber leaves in one run.
void MediaHost::on_datagram(const Flow& from, Packet packet, Instant now) {
  if (env_.flush && from != last_from_) {
    last_from_ = from;
    if (local<media::ShardLoad>().copies >= kCopiesAtOnce) {
      end_of_turn(now);
      env_.flush();
    }
  }
  PeerDemux::Found found = demux_.find_or_shard(from, packet.bytes());
  if (found.match) return deliver(*found.match, from, std::move(packet), now);
  if (found.shard) forward(*found.shard, from, std::move(packet));
}

void MediaHost::deliver(const PeerDemux::Match& match, const Flow& from, Packet packet, Instant now) {
  PeerHost& host = *slots_[match.slot];
  rtc::Peer* peer = host.peer();
  peer->handle(from, std::move(packet), now);
  if (match.stun && peer->owns(from)) {
    auto bound = demux_.bind(match.slot, from, now);
    if (bound.loser) links_.flow_lost(*bound.loser, from);
    if (bound && is_tcp(from.socket) && env_.flow_known) env_.flow_known(from);
  }
  touch(host);
  host.drain();
}

void MediaHost::on_flow_closed(const Flow& flow, Instant now) {
  auto slot = demux_.owner(flow);
  demux_.lose(flow);
  if (!slot || !slots_[*slot] || slots_[*slot]->peer() == nullptr) return;
  PeerHost& host = *slots_[*slot];
  host.peer()->flow_closed(flow, now);
  touch(host);
  host.drain();
}

void MediaHost::on_timer(Instant now) {
  while (deadlines_.next() <= now) {
    PeerHost& host = *slots_[deadlines_.front()];
    deadlines_.remove(host.slot());
    host.peer()->handle_timeout(now);
    touch(host);
    host.drain();
  }
}

void MediaHost::end_of_turn(Instant now) {
  if (env_.load) local<media::ShardLoad>().value = env_.load();
  std::vector<uint32_t> round;
  end_turn_of_locals(now);
  for (int i = 0; i < kSettleRounds && !touched_.empty(); ++i) {
    round.swap(touched_);
    for (uint32_t slot : round) {
      // Removed since, or even replaced by another handle, which then is settled once too often.
      if (slots_[slot]) settle(*slots_[slot], now);
    }
    round.clear();
    end_turn_of_locals(now);
  }
  for (uint32_t slot : touched_) {
    if (slots_[slot] && slots_[slot]->peer()) deadlines_.set(slot, now + kMinimumStep);
  }
  sending_.flush(env_.tx);
  relays_.take_out(env_.tx);
  for (uint32_t shard = 0; shard < forwarding_.size(); ++shard) send_forwarded(shard);
}

void MediaHost::before_send(const PeerHost& host, uint8_t mline) {
  if (!order_.enter(host.slot(), mline)) return;
  if (rtc::HotLines* lines = order_.stale_lines()) host.find_hot_lines(mline, *lines);
  if (env_.tx.queued_bytes() < kSendNow || !env_.flush) return;
  sending_.flush(env_.tx);
  relays_.take_out(env_.tx);
  env_.flush();
}

// The packets of a burst, and the copies of a packet, come one after the other.
void MediaHost::note_origin(const Packet& source) {
  if (!source || source.received_at() == Instant{}) return;
  if (origins_.empty() || origins_.back().received_at != source.received_at()) {
    if (origins_.size() == kMaxOrigins) return;  // a driver that never calls sent()
    origins_.push_back({source.received_at(), 0});
  }
  ++origins_.back().packets;
}

void MediaHost::sent(Instant now) {
  for (const Origin& origin : origins_) inside_.add(now - origin.received_at, origin.packets);
  origins_.clear();
}

void MediaHost::touch(PeerHost& host) {
  if (std::exchange(host.touched, true)) return;
  touched_.push_back(host.slot());
}

void MediaHost::settle(PeerHost& host, Instant now) {
  host.touched = false;
  if (!host.peer()) return;
  bool more = host.drain();
  if (!name_peer(host)) return;
  Instant next = more ? now : host.peer()->next_deadline();
  deadlines_.set(host.slot(), std::max(next, now + kMinimumStep));
}

bool MediaHost::name_peer(PeerHost& host) {
  const rtc::Peer& peer = *host.peer();
  if (demux_.set_names(host.slot(), peer.local_credentials().ufrag, peer.transaction_tag())) return true;
  log::error("", "Two peer connections of media loop {} have the ICE user fragment '{}'; closing the newer", index_,
             peer.local_credentials().ufrag);
  forget_peer(host);
  host.close_for_name_clash();
  return false;
}

void MediaHost::forget_peer(PeerHost& host) {
  demux_.remove(host.slot());
  order_.forget(host.slot());
  deadlines_.remove(host.slot());
}

PeerHost* MediaHost::host(PeerId id) const {
  auto it = by_id_.find(id);
  return it == by_id_.end() ? nullptr : slots_[it->second].get();
}

uint32_t MediaHost::free_slot() {
  if (free_slots_.empty()) {
    slots_.emplace_back();
    return static_cast<uint32_t>(slots_.size() - 1);
  }
  uint32_t slot = free_slots_.back();
  free_slots_.pop_back();
  return slot;
}

void MediaHost::add_handle(PeerId id) {
  uint32_t slot = free_slot();
  slots_[slot] = std::make_unique<PeerHost>(*this, id, slot);
  by_id_[id] = slot;
}

void MediaHost::remove_handle(PeerId id) {
  PeerHost* found = host(id);
  if (found == nullptr) return;
  uint32_t slot = found->slot();
  forget_peer(*found);
  found->destroy_peer();
  by_id_.erase(id);
  // Its handler may touch other peers while it ends, and even this one.
  slots_[slot].reset();
  free_slots_.push_back(slot);
}

void MediaHost::install_handler(PeerId id, const std::string& module,
                                std::move_only_function<std::unique_ptr<MediaHandler>(MediaContext&)> factory) {
  if (PeerHost* found = host(id)) found->install(module, std::move(factory));
}

void MediaHost::with_handler(PeerId id, std::move_only_function<void(MediaHandler&)> task) {
  PeerHost* found = host(id);
  if (found == nullptr || found->handler() == nullptr) return;
  runtime::WatchScope scope(found->module());
  task(*found->handler());
}

void MediaHost::create_peer(PeerId id, uint32_t generation, rtc::PeerConfig config) {
  PeerHost* found = host(id);
  if (found == nullptr) return;
  forget_peer(*found);
  found->create_peer(generation, std::move(config));
  if (name_peer(*found)) touch(*found);
}

void MediaHost::destroy_peer(PeerId id) {
  PeerHost* found = host(id);
  if (found == nullptr) return;
  forget_peer(*found);
  found->destroy_peer();
}

void MediaHost::capture(PeerId id, std::shared_ptr<CaptureFile> file) {
  if (PeerHost* at = host(id)) at->capture(std::move(file));
}

void MediaHost::with_peer(PeerId id, std::move_only_function<void(rtc::Peer&, Instant)> task) {
  PeerHost* found = host(id);
  if (found == nullptr || found->peer() == nullptr) return;
  task(*found->peer(), now());
  touch(*found);
}

void MediaHost::with_all_peers(const std::function<void(rtc::Peer&, Instant)>& task) {
  for (auto& slot : slots_) {
    if (!slot || slot->peer() == nullptr) continue;
    task(*slot->peer(), now());
    touch(*slot);
  }
}

std::optional<rtc::PeerStats> MediaHost::stats(PeerId id) const {
  PeerHost* found = host(id);
  if (found == nullptr || found->peer() == nullptr) return std::nullopt;
  return found->peer()->stats(now());
}

MediaHostCounters MediaHost::counters() const {
  MediaHostCounters counters;
  counters.handles = by_id_.size();
  for (auto& slot : slots_) counters.peers += slot && slot->peer() != nullptr;
  counters.demux = demux_.counters();
  counters.relays = relays_.counters();
  counters.inside = inside_;
  counters.forwarded_in = forwarded_in_;
  counters.dropped_forwarded = dropped_forwarded_;
  return counters;
}

MediaContext* MediaHost::find(PeerId peer) {
  return host(peer);
}

void MediaHost::post(uint32_t shard, std::move_only_function<void(MediaShard&)> task) {
  links_.post_shard(shard, std::move(task));
}

}  // namespace limen::core
