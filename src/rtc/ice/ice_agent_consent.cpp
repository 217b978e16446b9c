// Keeping the carrier alive and knowing that the peer still wants our datagrams: consent freshness
// (RFC 7675), or plain keepalives (RFC 8445 section 11).
#include <algorithm>

#include "rtc/ice/ice_agent_state.hpp"

namespace limen::rtc {
namespace {

constexpr Duration kConsentInterval = std::chrono::seconds(5);  // times 0.8 .. 1.2
constexpr Duration kConsentLifetime = std::chrono::seconds(30);
constexpr Duration kKeepaliveInterval = std::chrono::seconds(15);
constexpr Duration kAnswerPatience = std::chrono::seconds(10);
constexpr Duration kAlternativeFreshness = std::chrono::seconds(10);

}  // namespace

void IceAgent::State::plan_liveness(Instant now) {
  if (!consent_wanted()) {
    carrier->next_liveness = now + kKeepaliveInterval;
    return;
  }
  auto spread = static_cast<int64_t>(random.below(400));  // thousandths
  carrier->next_liveness = now + kConsentInterval * (800 + spread) / 1000;
}

void IceAgent::State::run_liveness(Instant now) {
  if (!carrier) return;
  if (consent_wanted() && now >= carrier->last_ok + kConsentLifetime) return lose_consent(now);
  if (now < carrier->next_liveness) return;

  bool unanswered = carrier->last_asked && carrier->last_ok < *carrier->last_asked;
  if (unanswered) {
    CandidatePair* alternative = checks.best([&](const CandidatePair& pair) {
      return may_move_to(pair) && now - pair.last_heard < kAlternativeFreshness && pair.last_heard > carrier->last_ok;
    });
    if (alternative != nullptr) return move_to(*alternative, now);
  }
  plan_liveness(now);
  if (!config.lite && (config.consent_freshness || config.keepalive_by_request)) {
    send_liveness(1, kAnswerPatience, now);
  } else {
    send_indication(tx, carrier->flow, new_transaction_id());
  }
}

void IceAgent::State::send_liveness(uint8_t max_sends, Duration interval, Instant now) {
  StunTransaction transaction;
  transaction.id = new_transaction_id();
  transaction.purpose = StunTransaction::Purpose::liveness;
  transaction.flow = carrier->flow;
  transaction.pair = carrier->pair;
  transaction.base = carrier->base;
  transaction.previous_generation = carrier->previous_generation;
  transaction.controlling = controlling;
  // Said again, so that a peer to whom we now seem to come from elsewhere follows.
  transaction.use_candidate = controlling && carrier->nominated && !carrier->previous_generation;
  transaction.max_sends = max_sends;
  transaction.interval = interval;
  StunTransactions::sent(transaction, now);
  if (!transactions.add(transaction)) return drop(IceDrop::too_many);
  carrier->last_asked = now;
  transmit(transaction);
}

void IceAgent::State::lose_consent(Instant now) {
  bool was_current = !carrier->previous_generation;
  if (CandidatePair* pair = checks.find(carrier->pair)) {
    pair->state = PairState::failed;
    pair->nominated = false;
    pair->peer_nominated = false;
  }
  leave_carrier();
  if (!was_current) return;  // the checks of the new generation decide
  for (CandidatePair& pair : checks.pairs()) {
    pair.state = PairState::failed;  // none of them was kept fresh
    pair.nominated = false;
    pair.triggered = false;
    transactions.cancel_checks(pair.id);
  }
  failed_at = now;
  set_state(IceState::failed);
}

}  // namespace limen::rtc
