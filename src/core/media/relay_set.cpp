#include "core/media/relay_set.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "base/log.hpp"

namespace limen::core {

RelaySet::RelaySet(Executor& executor, PacketPool& packets, Random& random, UdpPorts* ports, ByteStreams* streams,
                   RelayListener& listener)
    : executor_(executor), packets_(packets), random_(random), ports_(ports), streams_(streams), listener_(listener) {}

RelaySet::~RelaySet() {
  if (timer_) executor_.cancel(timer_);
}

RelaySet::RelayPtr RelaySet::find(SocketId socket) const {
  auto it = relays_.find(socket);
  return it == relays_.end() ? nullptr : it->second;
}

void RelaySet::open(PeerId owner, const std::vector<rtc::RelayServer>& servers) {
  Instant now = executor_.now();
  std::vector<RelayPtr> made;
  for (const rtc::RelayServer& server : servers) {
    if (made.size() == kMaxPerOwner || relays_.size() >= kMaxRelays) {
      listener_.on_relay_failed(owner, rtc::describe(server), "there are too many relays already", false);
      continue;
    }
    made.push_back(make(owner, server));
    made.back()->announced = was_silent(server.address, now);
  }
  bool nobody = !waiting_for(owner);
  // All are there before the first can fail: else its failure would be the last.
  for (const RelayPtr& relay : made) {
    connect(*relay, now);
    settle(*relay, now);
  }
  if (nobody) listener_.on_relays_done(owner);
}

RelaySet::RelayPtr RelaySet::make(PeerId owner, const rtc::RelayServer& server) {
  do {
    last_socket_ = last_socket_ + 1 == kNoSocket ? kRelaySockets : last_socket_ + 1;
  } while (relays_.contains(last_socket_));
  auto relay = std::make_shared<Relay>();
  relay->socket = last_socket_;
  relay->owner = owner;
  relay->server = server;
  rtc::TurnConfig config;
  config.user = server.user;
  config.password = server.password;
  config.stream = server.transport != rtc::TurnTransport::udp;
  config.want_v6 = server.ipv6;
  relay->client = std::make_unique<rtc::TurnClient>(std::move(config), out_, random_);
  RelayLinkCallbacks callbacks;
  callbacks.ready = [this, socket = relay->socket](Instant now) {
    RelayPtr ready = find(socket);
    if (!ready) return;
    ready->connect_by = kNever;
    ready->client->start({socket, ready->server.address}, now);
    settle(*ready, now);
  };
  callbacks.message = [this, socket = relay->socket](Packet packet, Instant now) {
    on_message(socket, std::move(packet), now);
  };
  callbacks.broken = [this, socket = relay->socket](std::string why, Instant now) {
    on_broken(socket, std::move(why), now);
  };
  relay->link = std::make_shared<RelayLink>(ports_, streams_, packets_, std::move(callbacks));
  relays_.emplace(relay->socket, relay);
  return relay;
}

void RelaySet::connect(Relay& relay, Instant now) {
  if (Result<> opened = relay.link->open(relay.server); !opened) return relay.client->fail(opened.error().text);
  if (relay.link->over_stream()) relay.connect_by = now + kConnectPatience;
  else relay.client->start({relay.socket, relay.server.address}, now);
}

void RelaySet::close(PeerId owner) {
  Instant now = executor_.now();
  std::vector<RelayPtr> own;
  for (auto& [socket, relay] : relays_) {
    if (relay->owner == owner) own.push_back(relay);
  }
  for (const RelayPtr& relay : own) {
    relay->owner = {};
    relay->announced = true;
    relay->client->close(now);
    settle(*relay, now);
  }
}

void RelaySet::take_out(TxQueue& tx) {
  if (relays_.empty()) return;
  Instant now = executor_.now();
  tx.take_out([](const Flow& flow) { return is_relay(flow.socket); },
              [&](const Flow& flow, Bytes datagram) {
                auto it = relays_.find(flow.socket);
                if (it == relays_.end()) return;
                it->second->client->send(flow.remote, datagram, now);
                arm_for(*it->second);
              });
  send_all();
}

void RelaySet::send_all() {
  for (const TxQueue::Slot& slot : out_.slots()) {
    auto it = relays_.find(slot.flow.socket);
    if (it == relays_.end()) continue;
    ++counters_.messages_out;
    it->second->link->send(out_.bytes(slot));
  }
  out_.clear();
}

void RelaySet::on_message(SocketId socket, Packet packet, Instant now) {
  RelayPtr relay = find(socket);
  if (!relay) return;
  ++counters_.messages_in;
  auto data = relay->client->handle(packet.bytes(), now);
  if (data && relay->owner) {
    // The payload lies inside the packet: what is around it is left out.
    auto begin = static_cast<uint16_t>(data->payload.data() - packet.data());
    auto size = static_cast<uint16_t>(data->payload.size());
    SocketAddress peer = data->peer;
    PacketStorage* storage = packet.storage();
    storage->begin = static_cast<uint16_t>(storage->begin + begin);
    packet.set_size(size);
    listener_.on_relayed({socket, peer}, std::move(packet), now);
    return;
  }
  settle(*relay, now);
}

void RelaySet::on_broken(SocketId socket, std::string why, Instant now) {
  RelayPtr relay = find(socket);
  if (!relay) return;
  relay->connect_by = kNever;
  relay->client->fail(std::move(why));
  settle(*relay, now);
}

void RelaySet::on_timer() {
  Instant now = executor_.now();
  timer_ = {};
  armed_for_ = kNever;
  std::vector<RelayPtr> due;
  for (auto& [socket, relay] : relays_) {
    if (deadline(*relay) <= now) due.push_back(relay);
  }
  for (const RelayPtr& relay : due) {
    if (relay->connect_by <= now) {
      relay->connect_by = kNever;
      relay->client->fail("it cannot be reached: no connection within 5 seconds");
    } else {
      relay->client->handle_timeout(now);
    }
    settle(*relay, now);
  }
  Instant next = kNever;
  for (auto& [socket, relay] : relays_) next = std::min(next, deadline(*relay));
  arm(next);
}

void RelaySet::settle(Relay& relay, Instant now) {
  send_all();
  rtc::TurnEvent event;
  while (relay.client->poll_event(event)) {
    if (auto* redirected = std::get_if<rtc::TurnRedirected>(&event)) on_event(relay, *redirected, now);
    else if (auto* allocated = std::get_if<rtc::TurnAllocated>(&event)) on_event(relay, *allocated);
    else if (auto* failed = std::get_if<rtc::TurnFailed>(&event)) on_event(relay, *failed);
    else if (auto* refused = std::get_if<rtc::TurnPeerRefused>(&event)) on_event(relay, *refused);
  }
  send_all();
  if (relay.client->ended()) relays_.erase(relay.socket);
  else arm_for(relay);
}

void RelaySet::on_event(Relay& relay, rtc::TurnAllocated& event) {
  ++counters_.allocated;
  relay.works = true;
  silent_.erase(relay.server.address);
  if (!relay.owner) return;
  for (const SocketAddress& address : event.relayed) {
    rtc::LocalBase base;
    base.socket = relay.socket;
    base.address = address;
    base.relay = rtc::LocalBase::Relay{relay.server.address, event.mapped};
    listener_.on_relay(relay.owner, base);
  }
  announce_end(relay);
}

void RelaySet::on_event(Relay& relay, rtc::TurnFailed& event) {
  ++(relay.works ? counters_.lost : counters_.failed);
  bool said_nothing = !relay.works && event.code == 0;
  if (said_nothing && silent_.size() < kMaxSilent) {
    silent_[relay.server.address] = executor_.now() + kSilenceRemembered;
  }
  if (!relay.owner) return;
  PeerId owner = relay.owner;
  if (relay.works) listener_.on_relay_lost(owner, relay.socket);
  listener_.on_relay_failed(owner, rtc::describe(relay.server), event.text, relay.works);
  announce_end(relay);
}

void RelaySet::on_event(Relay& relay, rtc::TurnRedirected& event, Instant now) {
  relay.server.address = event.server;
  connect(relay, now);
}

void RelaySet::on_event(Relay& relay, rtc::TurnPeerRefused& event) {
  log::verbose("", "The TURN server {} does not relay to {}: {}", rtc::describe(relay.server), event.peer.to_string(),
               event.text);
}

// Its outcome is known; if it was the last of its owner's, so are all.
void RelaySet::announce_end(Relay& relay) {
  if (std::exchange(relay.announced, true)) return;
  if (!waiting_for(relay.owner)) listener_.on_relays_done(relay.owner);
}

bool RelaySet::waiting_for(PeerId owner) const {
  return std::ranges::any_of(
      relays_, [&](const auto& entry) { return entry.second->owner == owner && !entry.second->announced; });
}

bool RelaySet::was_silent(const SocketAddress& server, Instant now) {
  std::erase_if(silent_, [&](const auto& entry) { return entry.second <= now; });
  return silent_.contains(server);
}

Instant RelaySet::deadline(const Relay& relay) {
  return std::min(relay.client->next_deadline(), relay.connect_by);
}

// A timer that fires too early finds nothing due and is set anew.
void RelaySet::arm_for(const Relay& relay) {
  Instant when = deadline(relay);
  if (when < armed_for_) arm(when);
}

void RelaySet::arm(Instant when) {
  if (when == armed_for_) return;
  if (timer_) executor_.cancel(std::exchange(timer_, {}));
  armed_for_ = when;
  if (when != kNever) timer_ = executor_.call_at(when, [this] { on_timer(); });
}

RelayCounters RelaySet::counters() const {
  RelayCounters counters = counters_;
  counters.relays = relays_.size();
  return counters;
}

}  // namespace limen::core
