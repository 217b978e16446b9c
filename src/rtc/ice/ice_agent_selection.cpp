// Which valid pair carries data: nomination of either kind, and peers that move (RFC 8445 section 8).
#include <algorithm>

#include "rtc/ice/ice_agent_state.hpp"

namespace limen::rtc {
namespace {

// How long better pairs may still prove themselves after the first one is valid.
constexpr Duration kLeastPatience = std::chrono::milliseconds(20);
constexpr Duration kMostPatience = std::chrono::milliseconds(200);
// A relay, or TCP, is quickly valid, while the checks of two NATs still open each other's way. Data flows meanwhile.
constexpr Duration kRelayPatience = std::chrono::seconds(1);

// A carrier heard of within this time is not doubted; a doubted one has the other to show life.
constexpr Duration kFresh = std::chrono::seconds(1);
constexpr Duration kChallengeTime = std::chrono::seconds(1);
constexpr uint8_t kChallengeSends = 3;
constexpr Duration kChallengeInterval = std::chrono::milliseconds(200);

bool valid(const CandidatePair& pair) {
  return pair.state == PairState::succeeded;
}
bool valid_and_nominated(const CandidatePair& pair) {
  return valid(pair) && pair.nominated;
}

}  // namespace

void IceAgent::State::update_selection(Instant now) {
  CandidatePair* best =
      checks.best([this](const CandidatePair& pair) { return valid_and_nominated(pair) && may_carry(pair); });
  bool nominated = best != nullptr;
  // Before nomination data may use any valid pair (section 12.1); a lite agent cannot know one.
  if (best == nullptr && !config.lite) best = checks.best(valid);
  if (best == nullptr) return;
  if (!carrier || carrier->pair != best->id) return select(*best, nominated, now);
  if (carrier->nominated || !nominated) return;
  carrier->nominated = true;
  stop_other_checks(*best);
  set_state(IceState::ready);
}

// A lite agent takes the peer's word for where it is, once: what then carries media is not led elsewhere by a request
// with a forged source. The new place has to answer first.
bool IceAgent::State::may_carry(const CandidatePair& pair) const {
  return !config.lite || !carrier || pair.id == carrier->pair || pair.answered;
}

// One request for one of the peer's, and not a larger one.
void IceAgent::State::ask_before_move(const CandidatePair& pair, Instant now) {
  if (may_carry(pair) || transactions.asking(pair.id)) return;
  StunTransaction transaction;
  transaction.id = new_transaction_id();
  transaction.purpose = StunTransaction::Purpose::liveness;
  transaction.flow = pair.flow;
  transaction.pair = pair.id;
  transaction.base = pair.base;
  transaction.max_sends = 1;
  transaction.interval = kChallengeInterval;
  StunTransactions::sent(transaction, now);
  if (!transactions.add(transaction)) return drop(IceDrop::too_many);
  transmit(transaction);
}

void IceAgent::State::select(CandidatePair& pair, bool nominated, Instant now) {
  Carrier next;
  next.pair = pair.id;
  next.base = pair.base;
  next.flow = pair.flow;
  next.nominated = nominated;
  next.last_ok = now;
  carrier = next;
  plan_liveness(now);
  checks.keep(pair.id);
  challenge.reset();
  reconnect_until.reset();
  const Candidate& local = pair.mapped ? locals.seen_as(pair.base, *pair.mapped) : locals.of_base(pair.base);
  selected = SelectedPair{pair.flow, local, pair.remote};
  if (!connected_at) connected_at = now;
  failed_at.reset();
  events.push_back(PairSelected{*selected});
  if (nominated) stop_other_checks(pair);
  // A pair may be nominated before it is known to work; whoever watches sees both steps nonetheless.
  if (nominated && state != IceState::ready) set_state(IceState::connected);
  set_state(nominated ? IceState::ready : IceState::connected);
}

// After nomination only what an aggressively nominating side may still prefer goes on.
void IceAgent::State::stop_other_checks(const CandidatePair& selected_pair) {
  bool settled = controlling && !config.aggressive_nomination;
  for (CandidatePair& pair : checks.pairs()) {
    bool open = pair.state == PairState::waiting || pair.state == PairState::in_progress;
    if (!open || pair.id == selected_pair.id) continue;
    if (!settled && pair.priority > selected_pair.priority) continue;
    transactions.cancel_checks(pair.id);
    pair.state = PairState::failed;
    pair.triggered = false;
  }
}

void IceAgent::State::leave_carrier() {
  carrier.reset();
  selected.reset();
  challenge.reset();
  checks.keep(0);
}

// Regular nomination by us: the best valid pair, once nothing better is likely to come.
void IceAgent::State::update_nomination(Instant now) {
  if (!controlling || config.aggressive_nomination) return;
  if (carrier && carrier->nominated && !carrier->previous_generation) return;
  if (nominating != 0 && transactions.in_flight(nominating)) return;
  CandidatePair* best = checks.best(valid);
  if (best == nullptr) return nominate_at.reset();
  const LocalBase& base = locals.bases()[best->base];
  bool last_resort = best->remote.type == CandidateType::relay || base.relay || is_tcp(base.protocol);
  Duration patience = std::clamp(best->round_trip.value_or(kMostPatience) * 2, kLeastPatience, kMostPatience);
  Instant latest = now + (last_resort ? kRelayPatience : patience);
  nominate_at = std::min(nominate_at.value_or(latest), latest);
  const CandidatePair* hopeful = checks.best([](const CandidatePair& pair) {
    return pair.state == PairState::waiting || pair.state == PairState::in_progress;
  });
  if (hopeful != nullptr && hopeful->priority > best->priority && now < *nominate_at) return;
  nominating = best->id;
  start_check(*best, true, now);
}

bool IceAgent::State::may_move_to(const CandidatePair& pair) const {
  if (!carrier || !carrier->nominated || carrier->previous_generation) return false;
  return pair.id != carrier->pair && valid(pair) && may_carry(pair);
}

// The peer uses another pair than the carrier, as after a change of its address, of which it may know
// nothing itself (a NAT that forgot it). Others do so without leaving the old pair, so the carrier is
// only left if it no longer answers.
void IceAgent::State::consider_move(const CandidatePair& pair, Instant now) {
  if (challenge || !may_move_to(pair)) return;
  const CandidatePair* current_pair = checks.find(carrier->pair);
  if (current_pair == nullptr || now - current_pair->last_heard < kFresh) return;
  challenge = Challenge{pair.id, now, now + kChallengeTime};
  send_liveness(kChallengeSends, kChallengeInterval, now);
}

void IceAgent::State::decide_challenge(Instant now) {
  if (!challenge || now < challenge->deadline) return;
  Challenge ended = *challenge;
  challenge.reset();
  const CandidatePair* current_pair = carrier ? checks.find(carrier->pair) : nullptr;
  CandidatePair* other = checks.find(ended.pair);
  if (current_pair == nullptr || other == nullptr || !may_move_to(*other)) return;
  if (current_pair->last_heard < ended.started) move_to(*other, now);
}

void IceAgent::State::move_to(CandidatePair& pair, Instant now) {
  if (CandidatePair* left = checks.find(carrier->pair)) {
    left->state = PairState::failed;
    left->nominated = false;
    left->peer_nominated = false;
  }
  pair.nominated = true;
  select(pair, true, now);
  if (controlling) start_check(pair, true, now);
}

}  // namespace limen::rtc
