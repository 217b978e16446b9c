#include "rtc/ice/local_candidates.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace limen::rtc {
namespace {

// Earlier bases are better; the addresses of one base differ in the low byte.
uint16_t local_preference(size_t base, size_t address) {
  return static_cast<uint16_t>(65535 - base * 256 - std::min<size_t>(address, 255));
}

// With TCP the direction comes first: who can open a connection knows soonest whether it works (RFC 6544
// section 4.2).
uint16_t local_preference(const LocalBase& base, size_t index, size_t address) {
  if (!is_tcp(base.protocol)) return local_preference(index, address);
  int direction = base.protocol == CandidateProtocol::tcp_active ? 6 : 4;
  auto other = static_cast<int>(local_preference(index, address)) - 65535 + 8191;
  return static_cast<uint16_t>(direction << 13 | std::max(other, 0));
}

}  // namespace

std::vector<Candidate> host_candidates(std::span<const LocalBase> bases, bool ipv6) {
  return LocalCandidates(bases, ipv6).signalled();
}

LocalCandidates::LocalCandidates(std::span<const LocalBase> bases, bool ipv6) {
  for (const LocalBase& base : bases) {
    if (bases_.size() == kMaxBases) break;
    if (base.address.ip.is_v6() && !ipv6) continue;
    bases_.push_back(base);
    size_t index = bases_.size() - 1;
    std::vector<SocketAddress> addresses = base.advertised;
    if (addresses.empty()) addresses.push_back(base.address);
    for (size_t i = 0; i < addresses.size() && entries_.size() < kMaxLocalCandidates; ++i) {
      Candidate candidate;
      candidate.foundation = foundation(CandidateType::host, index, std::nullopt);
      candidate.protocol = base.protocol;
      candidate.priority = candidate_priority(CandidateType::host, base.protocol, local_preference(base, index, i));
      candidate.address = addresses[i];
      entries_.push_back({candidate, index, std::nullopt});
    }
  }
}

std::optional<size_t> LocalCandidates::find_base(SocketId socket, bool v4) const {
  for (size_t i = 0; i < bases_.size(); ++i) {
    if (bases_[i].socket == socket && bases_[i].address.ip.is_v4() == v4) return i;
  }
  return std::nullopt;
}

// RFC 8445 section 5.1.1.3: the same for the same type, base address and server.
std::string LocalCandidates::foundation(CandidateType type, size_t base, const std::optional<SocketAddress>& server) {
  for (const Entry& entry : entries_) {
    bool same_server = entry.server.has_value() == server.has_value() && (!server || entry.server->ip == server->ip);
    if (entry.candidate.type == type && is_tcp(entry.candidate.protocol) == is_tcp(bases_[base].protocol) &&
        same_server && bases_[entry.base].address.ip == bases_[base].address.ip) {
      return entry.candidate.foundation;
    }
  }
  return std::to_string(next_foundation_++);
}

const Candidate* LocalCandidates::find(size_t base, const SocketAddress& address) const {
  for (const Entry& entry : entries_) {
    if (entry.base == base && entry.candidate.address == address) return &entry.candidate;
  }
  return bases_[base].address == address ? &of_base(base) : nullptr;
}

const Candidate* LocalCandidates::add_server_reflexive(size_t base, const SocketAddress& mapped,
                                                       const SocketAddress& server) {
  if (find(base, mapped) != nullptr || entries_.size() >= kMaxLocalCandidates) return nullptr;
  Candidate candidate;
  candidate.type = CandidateType::srflx;
  candidate.foundation = foundation(CandidateType::srflx, base, server);
  candidate.protocol = bases_[base].protocol;
  candidate.priority =
      candidate_priority(CandidateType::srflx, candidate.protocol, local_preference(bases_[base], base, 0));
  candidate.address = mapped;
  candidate.related = bases_[base].address;
  entries_.push_back({candidate, base, server});
  return &entries_.back().candidate;
}

const Candidate& LocalCandidates::seen_as(size_t base, const SocketAddress& mapped) {
  if (const Candidate* known = find(base, mapped)) return *known;
  if (entries_.size() >= kMaxLocalCandidates) return of_base(base);
  Candidate candidate;
  candidate.type = CandidateType::prflx;
  candidate.protocol = bases_[base].protocol;
  candidate.foundation = foundation(CandidateType::prflx, base, std::nullopt);
  candidate.priority = reflexive_priority(base);
  candidate.address = mapped;
  candidate.related = bases_[base].address;
  entries_.push_back({candidate, base, std::nullopt});
  return entries_.back().candidate;
}

uint32_t LocalCandidates::reflexive_priority(size_t base) const {
  // The last of their kind: a peer that learns of a relay by a check must not prefer it to a direct way.
  if (bases_[base].relay) return candidate_priority(CandidateType::prflx, static_cast<uint16_t>(255 - base % 256));
  return candidate_priority(CandidateType::prflx, bases_[base].protocol, local_preference(bases_[base], base, 0));
}

const Candidate& LocalCandidates::of_base(size_t base) const {
  for (const Entry& entry : entries_) {
    if (entry.base == base) return entry.candidate;
  }
  return entries_.front().candidate;
}

bool LocalCandidates::add_relay(const LocalBase& base) {
  if (bases_.size() >= kMaxBases + kMaxRelays || entries_.size() >= kMaxLocalCandidates) return false;
  for (const LocalBase& known : bases_) {
    if (known.relay && known.address == base.address && known.socket != kNoSocket) return false;
  }
  bases_.push_back(base);
  size_t index = bases_.size() - 1;
  Candidate candidate;
  candidate.type = CandidateType::relay;
  candidate.foundation = foundation(CandidateType::relay, index, base.relay->server);
  candidate.priority = candidate_priority(CandidateType::relay, local_preference(index, 0));
  candidate.address = base.address;
  candidate.related = base.relay->mapped;
  entries_.push_back({candidate, index, base.relay->server});
  return true;
}

void LocalCandidates::retire(size_t base) {
  bases_[base].socket = kNoSocket;
}

bool LocalCandidates::any_base() const {
  return std::ranges::any_of(bases_, [](const LocalBase& base) { return base.socket != kNoSocket; });
}

void LocalCandidates::forget_peer_reflexive() {
  std::erase_if(entries_, [](const Entry& entry) { return entry.candidate.type == CandidateType::prflx; });
}

std::vector<Candidate> LocalCandidates::signalled() const {
  std::vector<Candidate> out;
  for (const Entry& entry : entries_) {
    bool gone = bases_[entry.base].socket == kNoSocket;
    if (entry.candidate.type != CandidateType::prflx && !gone) out.push_back(entry.candidate);
  }
  return out;
}

}  // namespace limen::rtc
