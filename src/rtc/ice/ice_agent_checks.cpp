// Our own checks: pacing, answers, and what became of the pairs (RFC 8445 sections 6.1.4 and 7.2).
#include <algorithm>

#include "rtc/ice/ice_agent_state.hpp"

namespace limen::rtc {
namespace {

// The first checks leave at once, further ones every 5 ms (the least RFC 8445 section 14.2 allows).
constexpr double kBurst = 10;
constexpr Duration kPace = std::chrono::milliseconds(5);

constexpr Duration kInitialInterval = std::chrono::milliseconds(250);
constexpr Duration kLeastInterval = std::chrono::milliseconds(50);
constexpr Duration kTcpPatience = std::chrono::seconds(10);
constexpr uint8_t kMaxConflicts = 8;

void smooth(std::optional<Duration>& average, Duration sample) {
  average = average ? (*average * 7 + sample) / 8 : sample;
}

}  // namespace

void IceAgent::State::refill_tokens(Instant now) {
  if (now <= tokens_at) return;
  auto steps = (now - tokens_at) / kPace;
  tokens = std::min(kBurst, tokens + static_cast<double>(steps));
  tokens_at = tokens >= kBurst ? now : tokens_at + steps * kPace;
}

void IceAgent::State::send_checks(Instant now) {
  if (config.lite || !started || !current.has_remote()) return;
  refill_tokens(now);
  while (tokens >= 1) {
    CandidatePair* pair = checks.next_to_check();
    if (pair == nullptr) return;
    tokens -= 1;
    start_check(*pair, controlling && (config.aggressive_nomination || pair->id == nominating), now);
  }
}

// As soon as one round trip is known it is a better guess than any constant; many checks under way
// stretch it (RFC 8445 section 14.3).
Duration IceAgent::State::initial_interval() const {
  std::optional<Duration> known;
  for (const CandidatePair& pair : checks.pairs()) {
    if (pair.round_trip) known = std::max(known.value_or(Duration{}), *pair.round_trip);
  }
  Duration interval = known ? std::clamp(*known * 2, kLeastInterval, kInitialInterval * 2) : kInitialInterval;
  return std::max(interval, kPace * static_cast<int64_t>(checks.active()));
}

void IceAgent::State::start_check(CandidatePair& pair, bool use_candidate, Instant now) {
  transactions.cancel_checks(pair.id);
  pair.triggered = false;
  StunTransaction transaction;
  transaction.id = new_transaction_id();
  transaction.flow = pair.flow;
  transaction.pair = pair.id;
  transaction.base = pair.base;
  transaction.use_candidate = use_candidate;
  transaction.controlling = controlling;
  transaction.interval = initial_interval();
  if (is_tcp(locals.bases()[pair.base].protocol)) {
    // TCP repeats what is lost (RFC 8489 section 6.2.2); a connection that cannot be made is given up by then.
    transaction.max_sends = 1;
    transaction.interval = kTcpPatience;
  }
  StunTransactions::sent(transaction, now);
  if (!transactions.add(transaction)) {
    if (pair.state != PairState::succeeded) pair.state = PairState::failed;
    return drop(IceDrop::too_many);
  }
  if (pair.state != PairState::succeeded) pair.state = PairState::in_progress;
  transmit(transaction);
}

void IceAgent::State::transmit(const StunTransaction& transaction) {
  if (transaction.purpose == StunTransaction::Purpose::gather) {
    return send_plain_request(tx, transaction.flow, transaction.id);
  }
  IceCheck check;
  check.id = transaction.id;
  check.priority = locals.reflexive_priority(transaction.base);
  check.tie_breaker = config.tie_breaker;
  check.controlling = transaction.controlling;
  check.use_candidate = transaction.use_candidate;
  send_check(tx, transaction.flow, transaction.previous_generation ? *previous : current, check);
}

void IceAgent::State::on_response(const stun::Message& message, const Flow& from, Instant now) {
  const StunTransaction* found = transactions.find(message.transaction_id());
  if (found == nullptr) return drop(IceDrop::unknown_transaction);
  if (found->purpose == StunTransaction::Purpose::gather) return on_gather_response(message, *found, from, now);

  const IceGeneration& generation = found->previous_generation ? *previous : current;
  if (!message.integrity_ok(generation.remote_key)) return drop(IceDrop::bad_integrity);
  StunTransaction transaction = *found;
  transactions.remove(transaction.id);
  if (from != transaction.flow) {
    drop(IceDrop::wrong_source);
    return fail_pair(transaction.pair);
  }
  if (message.message_class() == stun::MessageClass::error) return on_check_error(message, transaction);
  if (!message.unknown_required().empty() || !message.mapped_address()) {
    drop(IceDrop::malformed);
    return fail_pair(transaction.pair);
  }
  on_check_success(message, transaction, now);
}

void IceAgent::State::on_check_success(const stun::Message& message, const StunTransaction& transaction, Instant now) {
  if (carrier && carrier->pair == transaction.pair) carrier->last_ok = now;
  CandidatePair* pair = checks.find(transaction.pair);
  if (pair == nullptr) return;  // of the previous generation, or given up meanwhile
  pair->proven = true;
  pair->answered = true;
  pair->last_heard = now;
  // A repeated request says nothing about time: the answer may be to any of them.
  if (transaction.sends == 1) smooth(pair->round_trip, now - transaction.last_sent);
  if (transaction.purpose == StunTransaction::Purpose::liveness) return;

  pair->state = PairState::succeeded;
  pair->triggered = false;
  pair->mapped = message.mapped_address();
  bool nomination_under_way = nominating == pair->id && !transaction.use_candidate;
  if (!nomination_under_way) transactions.cancel_checks(pair->id);
  bool ours = controlling && transaction.controlling && transaction.use_candidate;
  if (ours || (!controlling && pair->peer_nominated)) pair->nominated = true;
  consider_move(*pair, now);
}

void IceAgent::State::on_check_error(const stun::Message& message, const StunTransaction& transaction) {
  auto error = message.error();
  if (!error || error->code != 487 || ++conflicts > kMaxConflicts) return fail_pair(transaction.pair);
  // RFC 8445 section 7.2.5.1.
  if (transaction.controlling == controlling) {
    set_role(!controlling);
    config.tie_breaker = random.u64();
  }
  if (CandidatePair* pair = checks.find(transaction.pair)) {
    pair->triggered = true;
    if (pair->state != PairState::succeeded) pair->state = PairState::waiting;
  }
}

void IceAgent::State::on_expired(const StunTransaction& transaction) {
  if (transaction.purpose != StunTransaction::Purpose::check || transaction.cancelled) return;
  fail_pair(transaction.pair);
}

void IceAgent::State::fail_pair(uint32_t id) {
  CandidatePair* pair = checks.find(id);
  if (pair == nullptr || transactions.in_flight(id)) return;
  bool lost_nomination = nominating == id;
  if (lost_nomination) {
    nominating = 0;
    nominate_at.reset();
  }
  // A valid pair outlives a late answer to some other check, but not its own failed nomination.
  if (pair->state == PairState::succeeded && !lost_nomination) return;
  pair->state = PairState::failed;
  pair->nominated = false;
  pair->triggered = false;
  if (!carrier || carrier->pair != id) return;
  leave_carrier();
  set_state(IceState::connecting);
}

}  // namespace limen::rtc
