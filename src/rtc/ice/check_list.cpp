#include "rtc/ice/check_list.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace limen::rtc {
namespace {

// A peer-reflexive address that led nowhere may make room for another after this time.
constexpr Duration kPeerReflexivePatience = std::chrono::seconds(5);

bool is_unicast(const IpAddress& ip) {
  auto bytes = ip.bytes();
  if (ip.is_unspecified()) return false;
  return ip.is_v4() ? bytes[0] != 0 && bytes[0] < 224 : bytes[0] != 0xff;
}

// A port that may be somebody else's service: what speaks ICE-TCP there is at home on 80 or 443.
bool is_foreign_service(uint16_t port) {
  return port < 1024 && port != 80 && port != 443;
}

bool usable(const Candidate& candidate) {
  if (candidate.component != 1 || !candidate.host_name.empty() || !is_unicast(candidate.address.ip)) return false;
  switch (candidate.protocol) {
    case CandidateProtocol::udp:
      return candidate.address.port != 0;
    case CandidateProtocol::tcp_active:
      return true;  // its port says nothing: 9 or 0
    case CandidateProtocol::tcp_passive:
      return !is_foreign_service(candidate.address.port);
    case CandidateProtocol::tcp_so:
      return false;
  }
  return false;
}

bool protocols_match(CandidateProtocol ours, CandidateProtocol theirs) {
  if (ours == CandidateProtocol::udp) return theirs == CandidateProtocol::udp;
  if (ours == CandidateProtocol::tcp_active) return theirs == CandidateProtocol::tcp_passive;
  return ours == CandidateProtocol::tcp_passive && theirs == CandidateProtocol::tcp_active;
}

// Only addresses of the same reach can be paired: loopback with loopback, link-local with link-local
// (IPv6, RFC 8445 section 6.1.2.2).
bool can_pair(const LocalBase& base, const Candidate& remote) {
  if (!protocols_match(base.protocol, remote.protocol)) return false;
  const IpAddress& ours = base.address.ip;
  const IpAddress& theirs = remote.address.ip;
  if (ours.is_v4() != theirs.is_v4() || base.socket == kNoSocket) return false;
  if (ours.is_unspecified()) return true;
  // From a relay's place private addresses are worth a try: it may stand among them.
  if (base.relay) return !theirs.is_link_local() && (ours.is_loopback() || !theirs.is_loopback());
  if (ours.is_loopback() != theirs.is_loopback()) return false;
  return ours.is_v4() || ours.is_link_local() == theirs.is_link_local();
}

uint64_t priority_of(uint32_t ours, uint32_t theirs, bool controlling) {
  return controlling ? pair_priority(ours, theirs) : pair_priority(theirs, ours);
}

}  // namespace

uint64_t pair_priority(uint32_t controlling, uint32_t controlled) {
  uint64_t low = std::min(controlling, controlled);
  uint64_t high = std::max(controlling, controlled);
  return (low << 32) + 2 * high + (controlling > controlled ? 1 : 0);
}

CheckList::Added CheckList::add_remote(const Candidate& candidate, bool controlling, Instant now) {
  if (!usable(candidate)) return Added::unusable;
  Candidate* known = find_remote(candidate.address, is_tcp(candidate.protocol));
  bool is_known = known != nullptr;
  if (is_known && known->type == CandidateType::prflx) update_remote(*known, candidate, controlling);
  if (!is_known && remotes_.size() >= kMaxRemoteCandidates) return Added::too_many;

  bool paired = false;
  bool awaited = false;  // the peer will open the connection
  bool room = true;
  for (size_t base = 0; base < locals_.bases().size(); ++base) {
    const LocalBase& local = locals_.bases()[base];
    if (!can_pair(local, candidate)) continue;
    awaited |= local.protocol == CandidateProtocol::tcp_passive;
    if (local.protocol == CandidateProtocol::tcp_passive || !may_pair(local)) continue;
    if (find(Flow{local.socket, candidate.address}) != nullptr) continue;
    if (add_pair(base, candidate, controlling, now) != nullptr) paired = true;
    else room = false;
  }
  if ((paired || awaited) && !is_known) remotes_.push_back(candidate);
  if (paired || (awaited && !is_known)) return Added::yes;
  if (!room) return Added::too_many;
  return is_known ? Added::known : Added::unusable;
}

// A peer-reflexive candidate turns out to be a signalled one (RFC 8838 section 11.4).
void CheckList::update_remote(Candidate& known, const Candidate& signalled, bool controlling) {
  known = signalled;
  for (CandidatePair& pair : pairs_) {
    if (pair.remote.address != signalled.address || is_tcp(pair.remote.protocol) != is_tcp(signalled.protocol))
      continue;
    pair.remote = signalled;
    pair.priority = priority_of(pair.local_priority, signalled.priority, controlling);
  }
}

CandidatePair* CheckList::add_peer_reflexive(size_t base, const SocketAddress& address, uint32_t priority,
                                             bool controlling, Instant now) {
  CandidateProtocol ours = locals_.bases()[base].protocol;
  if (const Candidate* known = find_remote(address, is_tcp(ours))) return add_pair(base, *known, controlling, now);

  auto reflexive = std::count_if(remotes_.begin(), remotes_.end(),
                                 [](const Candidate& remote) { return remote.type == CandidateType::prflx; });
  bool full = static_cast<size_t>(reflexive) >= kMaxPeerReflexive || remotes_.size() >= kMaxRemoteCandidates;
  if (full && !evict_peer_reflexive(now)) return nullptr;

  Candidate candidate;
  candidate.foundation = fmt::format("prflx{}", next_foundation_++);
  candidate.type = CandidateType::prflx;
  if (is_tcp(ours)) {
    bool active = ours == CandidateProtocol::tcp_active;
    candidate.protocol = active ? CandidateProtocol::tcp_passive : CandidateProtocol::tcp_active;
  }
  candidate.priority = priority;
  candidate.address = address;
  CandidatePair* pair = add_pair(base, candidate, controlling, now);
  if (pair != nullptr) remotes_.push_back(candidate);
  return pair;
}

bool CheckList::may_pair(const LocalBase& base) const {
  if (base.protocol != CandidateProtocol::tcp_active) return true;
  auto opened = std::count_if(pairs_.begin(), pairs_.end(), [&](const CandidatePair& pair) {
    return locals_.bases()[pair.base].protocol == CandidateProtocol::tcp_active;
  });
  return static_cast<size_t>(opened) < kMaxTcpPairs;
}

Candidate* CheckList::find_remote(const SocketAddress& address, bool tcp) {
  auto it = std::find_if(remotes_.begin(), remotes_.end(), [&](const Candidate& remote) {
    return remote.address == address && is_tcp(remote.protocol) == tcp;
  });
  return it == remotes_.end() ? nullptr : &*it;
}

// With its pairs. `remote` may be a member of what is erased, so its key is copied.
void CheckList::forget_remote(const Candidate& remote) {
  SocketAddress address = remote.address;
  bool tcp = is_tcp(remote.protocol);
  std::erase_if(pairs_, [&](const CandidatePair& pair) {
    return pair.remote.address == address && is_tcp(pair.remote.protocol) == tcp;
  });
  std::erase_if(remotes_,
                [&](const Candidate& other) { return other.address == address && is_tcp(other.protocol) == tcp; });
}

std::optional<CandidatePair> CheckList::flow_closed(const Flow& flow) {
  CandidatePair* pair = find(flow);
  if (pair == nullptr) return std::nullopt;
  CandidatePair was = *pair;
  if (kept_ == was.id) kept_ = 0;
  if (locals_.bases()[was.base].protocol == CandidateProtocol::tcp_active) {
    // What worked once is tried again: the next check opens a new connection.
    pair->state = was.proven ? PairState::waiting : PairState::failed;
    pair->proven = pair->answered = pair->nominated = pair->peer_nominated = false;
    pair->round_trip.reset();
  } else if (was.remote.type == CandidateType::prflx) {
    forget_remote(was.remote);  // its port will not come back
  } else {
    std::erase_if(pairs_, [&](const CandidatePair& other) { return other.id == was.id; });
  }
  return was;
}

CandidatePair* CheckList::add_pair(size_t base, const Candidate& remote, bool controlling, Instant now) {
  CandidatePair pair;
  pair.base = base;
  pair.flow = {locals_.bases()[base].socket, remote.address};
  pair.remote = remote;
  pair.local_priority = locals_.of_base(base).priority;
  pair.priority = priority_of(pair.local_priority, remote.priority, controlling);
  pair.created = now;
  if (pairs_.size() >= kMaxPairs && !make_room(pair.priority)) return nullptr;
  pair.id = next_pair_++;
  pairs_.push_back(std::move(pair));
  return &pairs_.back();
}

// Gives up the worst pair that nothing was heard of, if it is worse than the new one.
bool CheckList::make_room(uint64_t priority) {
  auto worst = pairs_.end();
  for (auto it = pairs_.begin(); it != pairs_.end(); ++it) {
    if (it->proven || it->id == kept_) continue;
    bool it_failed = it->state == PairState::failed;
    if (!it_failed && it->priority >= priority) continue;
    if (worst == pairs_.end() ||
        std::pair(!it_failed, it->priority) < std::pair(worst->state != PairState::failed, worst->priority)) {
      worst = it;
    }
  }
  if (worst == pairs_.end()) return false;
  pairs_.erase(worst);
  return true;
}

bool CheckList::evict_peer_reflexive(Instant now) {
  auto oldest = pairs_.end();
  for (auto it = pairs_.begin(); it != pairs_.end(); ++it) {
    if (it->remote.type != CandidateType::prflx || it->id == kept_) continue;
    if (now - std::max(it->created, it->last_heard) < kPeerReflexivePatience) continue;
    if (oldest == pairs_.end() || it->last_heard < oldest->last_heard) oldest = it;
  }
  if (oldest == pairs_.end()) return false;
  const CandidatePair* kept = find(kept_);
  if (kept != nullptr && kept->remote.address == oldest->remote.address) return false;
  forget_remote(oldest->remote);
  return true;
}

CandidatePair* CheckList::find(uint32_t id) {
  if (id == 0) return nullptr;
  auto it = std::find_if(pairs_.begin(), pairs_.end(), [&](const CandidatePair& pair) { return pair.id == id; });
  return it == pairs_.end() ? nullptr : &*it;
}

const CandidatePair* CheckList::find(const Flow& flow) const {
  auto it = std::find_if(pairs_.begin(), pairs_.end(), [&](const CandidatePair& pair) { return pair.flow == flow; });
  return it == pairs_.end() ? nullptr : &*it;
}

CandidatePair* CheckList::find(const Flow& flow) {
  return const_cast<CandidatePair*>(std::as_const(*this).find(flow));
}

CandidatePair* CheckList::next_to_check() {
  CandidatePair* triggered = best([](const CandidatePair& pair) { return pair.triggered; });
  if (triggered != nullptr) return triggered;
  return best([](const CandidatePair& pair) { return pair.state == PairState::waiting; });
}

size_t CheckList::active() const {
  return static_cast<size_t>(std::count_if(pairs_.begin(), pairs_.end(), [](const CandidatePair& pair) {
    return pair.state == PairState::waiting || pair.state == PairState::in_progress;
  }));
}

bool CheckList::any(PairState state) const {
  return std::any_of(pairs_.begin(), pairs_.end(), [&](const CandidatePair& pair) { return pair.state == state; });
}

void CheckList::set_role(bool controlling) {
  for (CandidatePair& pair : pairs_) {
    pair.priority = priority_of(pair.local_priority, pair.remote.priority, controlling);
  }
}

void CheckList::clear() {
  remotes_.clear();
  pairs_.clear();
  kept_ = 0;
}

}  // namespace limen::rtc
