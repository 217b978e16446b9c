// CheckList: the peer's candidates and the pairs to be tried (RFC 8445 section 6.1.2), bounded.
//
// A pair is a base and an address of the peer: checks leave from bases, so pairs that differ only in
// which of our candidates has that base are the same check (section 6.1.2.4 prunes them). There is
// one component, so freezing by foundation would only delay checks and is left out.
//
// TCP (RFC 6544 section 6.2): our active candidates are paired with passive ones of the peer. With a passive one of
// ours a pair comes to be when the peer's connection brings its first check. Simultaneous opens are not used: no
// browser offers them, and where both sides can open, one of the two directions does as well.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/net_address.hpp"
#include "base/time.hpp"
#include "rtc/ice/ice_types.hpp"
#include "rtc/ice/local_candidates.hpp"

namespace limen::rtc {

inline constexpr size_t kMaxRemoteCandidates = 64;
inline constexpr size_t kMaxPeerReflexive = 16;  // of those 64
inline constexpr size_t kMaxPairs = 128;
inline constexpr size_t kMaxTcpPairs = 16;  // whose connections we would have to open

enum class PairState : uint8_t { waiting, in_progress, succeeded, failed };

struct CandidatePair {
  uint32_t id = 0;
  size_t base = 0;
  Flow flow;
  Candidate remote;
  uint32_t local_priority = 0;
  uint64_t priority = 0;
  PairState state = PairState::waiting;
  bool triggered = false;       // to be checked before ordinary ones
  bool proven = false;          // an authenticated request or answer came over it
  bool answered = false;        // a request of ours was answered: somebody with the password is there
  bool peer_nominated = false;  // USE-CANDIDATE was received
  bool nominated = false;       // valid and nominated
  Instant created{};
  Instant last_heard{};                 // authenticated, either direction
  std::optional<SocketAddress> mapped;  // as which the peer sees us
  std::optional<Duration> round_trip;   // smoothed
};

class CheckList {
 public:
  explicit CheckList(LocalCandidates& locals) : locals_(locals) {}

  enum class Added : uint8_t { yes, known, unusable, too_many };
  // A signalled candidate: pairs it with every base of its family.
  Added add_remote(const Candidate& candidate, bool controlling, Instant now);
  // The pair of an authenticated request from an unknown address; null when the bound is reached.
  CandidatePair* add_peer_reflexive(size_t base, const SocketAddress& address, uint32_t priority, bool controlling,
                                    Instant now);

  CandidatePair* find(uint32_t id);
  CandidatePair* find(const Flow& flow);
  const CandidatePair* find(const Flow& flow) const;
  CandidatePair* next_to_check();  // triggered first, then by priority
  // Best of those that `accept`s.
  template <typename Accept>
  CandidatePair* best(Accept accept) {
    CandidatePair* found = nullptr;
    for (CandidatePair& pair : pairs_) {
      if (accept(pair) && (found == nullptr || pair.priority > found->priority)) found = &pair;
    }
    return found;
  }

  // Its TCP connection has ended. The pair as it was, if there was one; active ones stay to be checked again.
  std::optional<CandidatePair> flow_closed(const Flow& flow);

  std::span<CandidatePair> pairs() { return pairs_; }
  std::span<const CandidatePair> pairs() const { return pairs_; }
  std::span<const Candidate> remotes() const { return remotes_; }
  size_t active() const;  // waiting or in progress
  bool any(PairState state) const;
  void set_role(bool controlling);            // pair priorities depend on it
  void keep(uint32_t pair) { kept_ = pair; }  // never evicted: the selected pair
  void clear();

 private:
  CandidatePair* add_pair(size_t base, const Candidate& remote, bool controlling, Instant now);
  bool may_pair(const LocalBase& base) const;
  Candidate* find_remote(const SocketAddress& address, bool tcp);
  void forget_remote(const Candidate& remote);
  bool make_room(uint64_t priority);
  bool evict_peer_reflexive(Instant now);
  void update_remote(Candidate& known, const Candidate& signalled, bool controlling);

  LocalCandidates& locals_;
  std::vector<Candidate> remotes_;
  std::vector<CandidatePair> pairs_;
  uint32_t next_pair_ = 1;
  uint32_t next_foundation_ = 1;
  uint32_t kept_ = 0;
};

// RFC 8445 section 6.1.2.3.
uint64_t pair_priority(uint32_t controlling, uint32_t controlled);

}  // namespace limen::rtc
