// The candidates of our own side: sockets (bases), host candidates on them, and the addresses that
// STUN servers (server-reflexive) and peers (peer-reflexive) see them as. RFC 8445 section 5.1.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/net_address.hpp"
#include "base/tx_queue.hpp"
#include "rtc/ice/ice_types.hpp"

namespace limen::rtc {

inline constexpr size_t kMaxBases = 32;
inline constexpr size_t kMaxRelays = 8;  // relay addresses beside them
inline constexpr size_t kMaxLocalCandidates = 64;

// The host candidates an agent with these bases has, in order of priority: so that who writes an SDP
// needs no agent. IPv6 bases count only with `ipv6`.
std::vector<Candidate> host_candidates(std::span<const LocalBase> bases, bool ipv6);

class LocalCandidates {
 public:
  struct Entry {
    Candidate candidate;
    size_t base;
    std::optional<SocketAddress> server;  // srflx: who saw it
  };

  LocalCandidates(std::span<const LocalBase> bases, bool ipv6);

  std::span<const LocalBase> bases() const { return bases_; }
  // Which base a datagram on this socket from this family belongs to.
  std::optional<size_t> find_base(SocketId socket, bool v4) const;

  // Nothing if it is known already (the base is not behind a NAT), or the bound is reached.
  const Candidate* add_server_reflexive(size_t base, const SocketAddress& mapped, const SocketAddress& server);
  // The candidate a peer sees `base` as; learnt if it is new.
  const Candidate& seen_as(size_t base, const SocketAddress& mapped);
  // What to put into PRIORITY: that of a peer-reflexive candidate with this base.
  uint32_t reflexive_priority(size_t base) const;
  const Candidate& of_base(size_t base) const;

  // A TURN server's address as a base of its own. False: it is known, or there are too many.
  bool add_relay(const LocalBase& base);
  // Nothing uses it any more; its index stays.
  void retire(size_t base);
  bool any_base() const;  // one that is not retired

  void forget_peer_reflexive();
  std::vector<Candidate> signalled() const;  // all but peer-reflexive

 private:
  std::string foundation(CandidateType type, size_t base, const std::optional<SocketAddress>& server);
  const Candidate* find(size_t base, const SocketAddress& address) const;

  std::vector<LocalBase> bases_;
  std::vector<Entry> entries_;
  uint32_t next_foundation_ = 1;
};

}  // namespace limen::rtc
