// The peer's checks: authentication, roles, answers, triggered checks (RFC 8445 section 7.3).
#include <algorithm>

#include "rtc/ice/ice_agent_state.hpp"

namespace limen::rtc {
namespace {

constexpr size_t kMaxEarlyChecks = 16;
using stun::AttributeType;

}  // namespace

// The generation whose credentials the request proves, or null: then nothing is answered.
const IceGeneration* IceAgent::State::authenticate(const stun::Message& message, std::string_view& remote_ufrag) {
  auto username = message.text(AttributeType::username);
  size_t colon = username ? username->find(':') : std::string_view::npos;
  if (colon == std::string_view::npos || colon == 0) {
    drop(IceDrop::bad_username);
    return nullptr;
  }
  std::string_view local_ufrag = username->substr(0, colon);
  remote_ufrag = username->substr(colon + 1);
  auto matches = [&](const IceGeneration& generation) {
    return local_ufrag == generation.local.ufrag &&
           (!generation.has_remote() || remote_ufrag == generation.remote.ufrag);
  };
  const IceGeneration* generation = nullptr;
  if (matches(current)) generation = &current;
  else if (previous && matches(*previous)) generation = &*previous;
  if (generation == nullptr) {
    drop(IceDrop::bad_username);
    return nullptr;
  }
  if (message.integrity_ok(generation->local_key)) return generation;
  drop(IceDrop::bad_integrity);
  return nullptr;
}

void IceAgent::State::on_request(const stun::Message& message, size_t base, const Flow& from, Instant now) {
  std::string_view remote_ufrag;
  const IceGeneration* generation = authenticate(message, remote_ufrag);
  if (generation == nullptr) return;
  if (!message.unknown_required().empty()) return send_unknown_attributes(tx, from, *generation, message);
  if (generation != &current) return send_success(tx, from, *generation, message.transaction_id());
  if (!settle_role(message, from)) return;
  send_success(tx, from, current, message.transaction_id());

  ReceivedCheck check{base, from, candidate_priority(CandidateType::prflx, 0), false, std::string(remote_ufrag)};
  if (auto priority = message.u32(AttributeType::priority); priority && *priority != 0) check.priority = *priority;
  check.use_candidate = message.has(AttributeType::use_candidate);
  if (current.has_remote()) accept_check(check, now);
  else remember(check);
}

// RFC 8445 section 7.3.1.1. False: the peer was told to change its role instead.
bool IceAgent::State::settle_role(const stun::Message& message, const Flow& from) {
  auto theirs = message.u64(controlling ? AttributeType::ice_controlling : AttributeType::ice_controlled);
  if (!theirs || config.lite) return true;  // a lite agent is always controlled
  bool we_win = config.tie_breaker >= *theirs;
  if (we_win == controlling) {
    send_role_conflict(tx, from, current, message.transaction_id());
    return false;
  }
  set_role(!controlling);
  return true;
}

// The peer has our description, we do not have its own yet.
void IceAgent::State::remember(const ReceivedCheck& check) {
  auto known =
      std::find_if(early.begin(), early.end(), [&](const ReceivedCheck& other) { return other.flow == check.flow; });
  if (known != early.end()) {
    bool nominated = known->use_candidate || check.use_candidate;
    *known = check;
    known->use_candidate = nominated;
  } else if (early.size() < kMaxEarlyChecks) {
    early.push_back(check);
  } else {
    drop(IceDrop::too_many);
  }
}

void IceAgent::State::accept_check(const ReceivedCheck& check, Instant now) {
  CandidatePair* pair = checks.find(check.flow);
  if (pair == nullptr) {
    pair = checks.add_peer_reflexive(check.base, check.flow.remote, check.priority, controlling, now);
  }
  if (pair == nullptr) return drop(IceDrop::too_many);
  pair->proven = true;
  pair->last_heard = now;
  begin(now);
  if (config.lite) {
    // Checks are the peer's work alone: what it reached us over is as valid as it gets.
    pair->state = PairState::succeeded;
  } else if (pair->state != PairState::succeeded) {
    pair->triggered = true;
    if (pair->state == PairState::failed) pair->state = PairState::waiting;
  }
  ask_before_move(*pair, now);
  if (check.use_candidate && !controlling) on_peer_nomination(*pair, now);
  consider_move(*pair, now);
}

void IceAgent::State::on_peer_nomination(CandidatePair& pair, Instant now) {
  pair.peer_nominated = true;
  if (pair.state != PairState::succeeded) return;  // nominated when our own check succeeds
  pair.nominated = true;
  update_selection(now);
}

}  // namespace limen::rtc
