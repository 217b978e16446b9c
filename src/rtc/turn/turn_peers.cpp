#include "rtc/turn/turn_peers.hpp"

#include <algorithm>

namespace limen::rtc {

namespace {
constexpr uint16_t kLastChannel = 0x4fff;
}

TurnPermission* TurnPeers::permission(const IpAddress& ip) {
  auto it = std::ranges::find_if(permissions_, [&](const TurnPermission& p) { return p.ip == ip; });
  return it == permissions_.end() ? nullptr : &*it;
}

TurnPermission& TurnPeers::add_permission(const IpAddress& ip, Instant now) {
  if (permissions_.size() >= kMaxPermissions) {
    auto quiet = std::ranges::min_element(permissions_, {}, &TurnPermission::last_used);
    forget(IpAddress(quiet->ip));
  }
  TurnPermission& added = permissions_.emplace_back();
  added.ip = ip;
  added.last_used = now;
  added.renew_at = kNever;
  return added;
}

void TurnPeers::forget(const IpAddress& ip) {
  std::erase_if(channels_, [&](const TurnChannel& c) { return c.peer.ip == ip; });
  std::erase_if(permissions_, [&](const TurnPermission& p) { return p.ip == ip; });
}

bool TurnPeers::hold(TurnPermission& permission, const SocketAddress& peer, Bytes payload) {
  if (permission.waiting.size() >= kMaxWaiting || payload.size() > kMaxPayload) return false;
  permission.waiting.push_back({peer, {payload.begin(), payload.end()}});
  return true;
}

TurnChannel* TurnPeers::channel(const SocketAddress& peer) {
  auto it = std::ranges::find_if(channels_, [&](const TurnChannel& c) { return c.peer == peer; });
  return it == channels_.end() ? nullptr : &*it;
}

TurnChannel* TurnPeers::channel(uint16_t number) {
  auto it = std::ranges::find_if(channels_, [&](const TurnChannel& c) { return c.number == number; });
  return it == channels_.end() ? nullptr : &*it;
}

// Numbers are not used twice: a server may remember the old peer for some minutes.
TurnChannel* TurnPeers::add_channel(const SocketAddress& peer) {
  if (channels_.size() >= kMaxChannels || next_number_ > kLastChannel) return nullptr;
  TurnChannel& added = channels_.emplace_back();
  added.peer = peer;
  added.number = next_number_++;
  added.renew_at = kNever;
  return &added;
}

Instant TurnPeers::next_renewal() const {
  Instant next = kNever;
  for (const TurnPermission& p : permissions_) next = std::min(next, p.renew_at);
  for (const TurnChannel& c : channels_) next = std::min(next, c.renew_at);
  return next;
}

TurnPeers::Due TurnPeers::take_due(Instant now, Instant answer_by) {
  // What is idle, or was refused long enough ago to be asked afresh, goes with its channels.
  std::vector<IpAddress> gone;
  for (const TurnPermission& p : permissions_) {
    bool ended = p.grant == TurnGrant::refused || now - p.last_used >= kIdle;
    if (p.renew_at <= now && ended) gone.push_back(p.ip);
  }
  for (const IpAddress& ip : gone) forget(ip);
  Due due;
  for (TurnChannel& c : channels_) {
    if (c.renew_at > now) continue;
    c.renew_at = answer_by;
    due.channels.push_back(c.peer);
  }
  for (TurnPermission& p : permissions_) {
    if (p.renew_at > now) continue;
    p.renew_at = answer_by;
    due.permissions.push_back(p.ip);
  }
  return due;
}

}  // namespace limen::rtc
