// What an IceAgent knows, and the steps it is made of; private to rtc/ice/ice_agent*.cpp.
#pragma once
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "rtc/ice/check_list.hpp"
#include "rtc/ice/ice_agent.hpp"
#include "rtc/ice/ice_messages.hpp"
#include "rtc/ice/local_candidates.hpp"
#include "rtc/ice/stun_transactions.hpp"

namespace limen::rtc {

struct IceAgent::State {
  State(IceConfig config_, TxQueue& tx_, Random& random_);

  // An authenticated request; kept aside while the peer's credentials are not known yet.
  struct ReceivedCheck {
    size_t base;
    Flow flow;
    uint32_t priority;
    bool use_candidate;
    std::string remote_ufrag;
  };
  // The pair that carries data. After a restart it belongs to the previous generation and is no
  // longer in the check list.
  struct Carrier {
    uint32_t pair = 0;
    size_t base = 0;
    Flow flow;
    bool previous_generation = false;
    bool nominated = false;
    Instant last_ok{};  // last answer: consent lasts 30 s from here
    Instant next_liveness{};
    std::optional<Instant> last_asked;
  };
  // The peer seems to have moved from the carrier to another valid pair: the carrier has until the
  // deadline to show life.
  struct Challenge {
    uint32_t pair;
    Instant started;
    Instant deadline;
  };

  // ice_agent.cpp
  void handle(Bytes datagram, const Flow& from, Instant now);
  void handle_timeout(Instant now);
  void flow_closed(const Flow& flow, Instant now);
  void drop(IceDrop reason) {
    ++drops[static_cast<size_t>(reason)];
    if (drop_totals != nullptr) ++(*drop_totals)[static_cast<size_t>(reason)];
  }
  void set_state(IceState next);
  void begin(Instant now);
  void restart(IceCredentials local, IceCredentials remote);
  void set_role(bool is_controlling);
  void settle(Instant now);  // after every input: what follows from it, and the next deadline
  Instant compute_deadline(Instant now);
  stun::TransactionId new_transaction_id();

  // ice_agent_gathering.cpp
  void begin_gathering(Instant now);
  void on_gather_response(const stun::Message& message, const StunTransaction& transaction, const Flow& from,
                          Instant now);
  void finish_gathering_if_done(Instant now);

  // ice_agent_relays.cpp
  std::span<const LocalBase> own_bases() const;
  void add_relay(const LocalBase& base, Instant now);
  void remove_relay(SocketId socket);
  void wait_for_relay(const Candidate& remote);

  // ice_agent_requests.cpp
  void on_request(const stun::Message& message, size_t base, const Flow& from, Instant now);
  const IceGeneration* authenticate(const stun::Message& message, std::string_view& remote_ufrag);
  bool settle_role(const stun::Message& message, const Flow& from);
  void remember(const ReceivedCheck& check);
  void accept_check(const ReceivedCheck& check, Instant now);
  void on_peer_nomination(CandidatePair& pair, Instant now);

  // ice_agent_checks.cpp
  void send_checks(Instant now);
  void refill_tokens(Instant now);
  void start_check(CandidatePair& pair, bool use_candidate, Instant now);
  void transmit(const StunTransaction& transaction);
  Duration initial_interval() const;
  void on_response(const stun::Message& message, const Flow& from, Instant now);
  void on_check_success(const stun::Message& message, const StunTransaction& transaction, Instant now);
  void on_check_error(const stun::Message& message, const StunTransaction& transaction);
  void on_expired(const StunTransaction& transaction);
  void fail_pair(uint32_t pair);
  void detect_failure(Instant now);
  bool lite_hopes() const;

  // ice_agent_selection.cpp
  void update_selection(Instant now);
  void update_nomination(Instant now);
  void select(CandidatePair& pair, bool nominated, Instant now);
  void stop_other_checks(const CandidatePair& selected_pair);
  void leave_carrier();
  void consider_move(const CandidatePair& pair, Instant now);
  void move_to(CandidatePair& pair, Instant now);
  void decide_challenge(Instant now);
  bool may_move_to(const CandidatePair& pair) const;
  bool may_carry(const CandidatePair& pair) const;
  void ask_before_move(const CandidatePair& pair, Instant now);

  // ice_agent_consent.cpp
  bool consent_wanted() const { return config.consent_freshness && !config.lite; }
  void plan_liveness(Instant now);
  void run_liveness(Instant now);
  void send_liveness(uint8_t max_sends, Duration interval, Instant now);
  void lose_consent(Instant now);

  IceConfig config;
  TxQueue& tx;
  Random& random;
  LocalCandidates locals;
  CheckList checks;
  StunTransactions transactions;
  IceGeneration current;
  std::optional<IceGeneration> previous;  // the carrier's, since the restart

  IceState state = IceState::disconnected;
  bool controlling;
  bool started = false;
  bool remote_done = false;
  uint32_t tag;
  uint8_t conflicts = 0;
  std::vector<ReceivedCheck> early;
  bool relays_awaited;
  std::vector<Candidate> before_relays;  // the peer's, to be paired with relays when they are there

  double tokens;
  Instant tokens_at{};

  std::optional<Carrier> carrier;
  std::optional<SelectedPair> selected;
  uint32_t nominating = 0;
  std::optional<Instant> nominate_at;
  std::optional<Challenge> challenge;
  std::optional<Instant> reconnect_until;  // a TCP peer that lost its connection may open another

  Instant hope_at{};  // last start, candidate or check of the peer
  std::optional<Instant> gathered_at, started_at, connected_at, failed_at;
  Instant deadline = kNever;
  std::deque<IceEvent> events;
  IceDropCounts drops{};
  IceDropCounts* drop_totals = nullptr;  // of the shard
};

}  // namespace limen::rtc
