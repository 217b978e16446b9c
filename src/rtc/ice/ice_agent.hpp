// IceAgent: one sans-IO ICE agent for one stream with one component (RFC 8445; RFC 8838 trickle,
// RFC 7675 consent freshness; BUNDLE and rtcp-mux leave nothing else to connect).
//
// Contract: call one input, then drain poll_event(); datagrams go to the TxQueue given at
// construction. No socket, thread, clock or timer of its own; a shard's thread only. Input never
// throws; what cannot be used is dropped and counted (drops()).
//
// Roles: full or lite, controlling or controlled, with conflicts resolved by the tie-breaker.
// Nomination as controlling is regular unless configured otherwise; as controlled both kinds are
// accepted. Data may flow as soon as the first pair is valid (state `connected`): PairSelected comes
// then, and again if nomination settles elsewhere (state `ready`).
//
// Nothing is ever sent to an address that has neither been signalled nor proved to hold our
// password, and an answer is never larger than its request.
//
// Demultiplexing, for whoever owns many agents on one socket:
//   - owns(flow): an authenticated 5-tuple; ask after each handle() and keep a flow -> owner map;
//   - a request from an unknown flow: the part of USERNAME before ':' is a ufrag of ours, see
//     accepts_ufrag();
//   - a response from an unknown flow: the first four bytes of its transaction id are
//     transaction_tag().
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "base/tx_queue.hpp"
#include "rtc/ice/ice_events.hpp"
#include "rtc/ice/ice_types.hpp"

namespace limen::rtc {

using IceEvent = std::variant<IceStateChanged, LocalCandidateFound, GatheringDone, PairSelected>;

// Why a datagram or candidate was not used.
enum class IceDrop : uint8_t {
  malformed,            // not STUN, or attributes out of shape
  unknown_base,         // arrived on a socket that is not ours
  bad_username,         // not "our ufrag:their ufrag"
  bad_integrity,        // wrong or missing MESSAGE-INTEGRITY
  unknown_transaction,  // a response to nothing we asked
  wrong_source,         // a response from another address than asked (RFC 8445 section 7.2.5.2.1)
  too_many,             // a bound on candidates, pairs or early checks was reached
  unusable_candidate,   // other component, transport, family, not a unicast address, a foreign port
  count
};
std::string_view ice_drop_name(IceDrop drop);
using IceDropCounts = std::array<uint64_t, static_cast<size_t>(IceDrop::count)>;

class IceAgent {
 public:
  // Gathering starts at once. `tx` and `random` must outlive the agent.
  IceAgent(IceConfig config, TxQueue& tx, Random& random, Instant now);
  ~IceAgent();
  IceAgent(const IceAgent&) = delete;
  IceAgent& operator=(const IceAgent&) = delete;

  // Inputs -------------------------------------------------------------------------------------
  // A datagram that starts like STUN (RFC 7983: first byte 0..3), received on `from.socket`.
  void handle(Bytes datagram, const Flow& from, Instant now);
  void handle_timeout(Instant now);
  // The TCP connection of a flow that we own has ended. Where the peer opened it, it has ten seconds to come
  // again before that is a failure; where we did, we try again.
  void flow_closed(const Flow& flow, Instant now);

  // The peer's ufrag and password, and whether it is lite (then we become controlling).
  void set_remote_credentials(const IceCredentials& remote, bool remote_lite, Instant now);
  void add_remote_candidate(const Candidate& candidate, Instant now);
  void remote_candidates_done(Instant now);
  // Checks may leave from now on. Implied by the first remote candidate that can be used.
  void start(Instant now);
  // New credentials on either side; candidates of the peer are forgotten, the role stays. Datagrams
  // keep flowing over the old pair until a new one is selected. An empty `remote` means "not known
  // yet": set_remote_credentials follows.
  void restart(const IceCredentials& local, const IceCredentials& remote, Instant now);

  // Relays (IceConfig::relays_coming): each address that a TURN server gave (`base.relay` is set); that no more
  // will come; that one is lost. Gathering lasts until relays_done().
  void add_relay(const LocalBase& base, Instant now);
  void relays_done(Instant now);
  void remove_relay(SocketId socket, Instant now);

  // Outputs ------------------------------------------------------------------------------------
  Instant next_deadline() const;
  bool poll_event(IceEvent& event);

  // Where datagrams go; nothing before the first valid pair and after consent was lost.
  const SelectedPair* selected() const;
  bool owns(const Flow& flow) const;
  bool accepts_ufrag(std::string_view ufrag) const;
  uint32_t transaction_tag() const;

  IceState state() const;
  bool controlling() const;
  const IceCredentials& local_credentials() const;
  const IceCredentials& remote_credentials() const;
  std::vector<Candidate> local_candidates() const;   // as signalled: without peer-reflexive ones
  std::vector<Candidate> remote_candidates() const;  // with peer-reflexive ones
  std::optional<Instant> gathered_at() const;
  std::optional<Instant> connected_at() const;  // first selected pair
  std::optional<Instant> failed_at() const;     // set while the state is failed (spec 7.2, Failure)
  bool remote_done() const;
  std::optional<Duration> round_trip() const;  // of the selected pair, smoothed
  const IceDropCounts& drops() const;
  // Drops are counted there as well; outlives the agent.
  void count_drops_in(IceDropCounts& totals);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace limen::rtc
