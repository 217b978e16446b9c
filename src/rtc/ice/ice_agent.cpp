#include "rtc/ice/ice_agent.hpp"

#include <algorithm>
#include <utility>

#include "rtc/ice/ice_agent_state.hpp"

namespace limen::rtc {
namespace {

// How long a peer that said it has no (more) candidates, and gave none, may still come by itself.
constexpr Duration kNoPairPatience = std::chrono::seconds(10);

// A lite agent only hears. When the peer has been silent for as long as a full agent with the recommended
// timers repeats one check, its list is exhausted (RFC 8489 section 6.2.1).
constexpr Duration kLitePatience = std::chrono::milliseconds(39'500);

// A lite agent opens nothing (RFC 6544 section 5.1 has it passive only).
IceConfig without_unused_bases(IceConfig config) {
  if (config.lite) {
    std::erase_if(config.bases, [](const LocalBase& base) { return base.protocol == CandidateProtocol::tcp_active; });
  }
  return config;
}

}  // namespace

std::string_view ice_drop_name(IceDrop drop) {
  static constexpr std::array<std::string_view, static_cast<size_t>(IceDrop::count)> kNames = {
      "stun-malformed",           "stun-unknown-socket", "stun-bad-username", "stun-bad-integrity",
      "stun-unknown-transaction", "stun-wrong-source",   "ice-too-many",      "ice-unusable-candidate"};
  return drop < IceDrop::count ? kNames[static_cast<size_t>(drop)] : "ice-unknown";
}

IceAgent::State::State(IceConfig config_, TxQueue& tx_, Random& random_)
    : config(without_unused_bases(std::move(config_))),
      tx(tx_),
      random(random_),
      locals(own_bases(), config.ipv6),
      checks(locals),
      controlling(config.controlling && !config.lite),
      tag(random.u32()),
      relays_awaited(config.relays_coming),
      tokens(0) {
  current.set_local(config.local);
  if (config.tie_breaker == 0) config.tie_breaker = random.u64();
}

void IceAgent::State::set_state(IceState next) {
  if (state == next) return;
  state = next;
  events.push_back(IceStateChanged{next});
}

// The first bytes name the agent, so that an answer from an unknown address finds it.
stun::TransactionId IceAgent::State::new_transaction_id() {
  stun::TransactionId id;
  random.fill(id);
  store_u32(id.data(), tag);
  return id;
}

void IceAgent::State::handle(Bytes datagram, const Flow& from, Instant now) {
  auto message = stun::Message::parse(datagram);
  if (!message || message->method() != stun::Method::binding || !message->fingerprint_ok()) {
    return drop(IceDrop::malformed);
  }
  auto base = locals.find_base(from.socket, from.remote.ip.is_v4());
  if (!base) return drop(IceDrop::unknown_base);
  switch (message->message_class()) {
    case stun::MessageClass::request:
      return on_request(*message, *base, from, now);
    case stun::MessageClass::success:
    case stun::MessageClass::error:
      return on_response(*message, from, now);
    case stun::MessageClass::indication:
      return;  // a keepalive: has done its work on the way
  }
}

void IceAgent::State::handle_timeout(Instant now) {
  while (auto due = transactions.take_due(now)) {
    if (due->expired) on_expired(due->transaction);
    else transmit(due->transaction);
  }
  run_liveness(now);
  decide_challenge(now);
  if (reconnect_until && now >= *reconnect_until) reconnect_until.reset();
}

void IceAgent::State::flow_closed(const Flow& flow, Instant now) {
  std::erase_if(early, [&](const ReceivedCheck& check) { return check.flow == flow; });
  std::optional<CandidatePair> lost = checks.flow_closed(flow);
  if (lost) {
    transactions.cancel_checks(lost->id);
    if (nominating == lost->id) nominating = 0;
  }
  if (!carrier || carrier->flow != flow) return;
  bool was_current = !carrier->previous_generation;
  leave_carrier();
  if (!was_current) return;  // the checks of the new generation decide
  nominate_at.reset();
  reconnect_until = now + kNoPairPatience;
  hope_at = now;
  set_state(IceState::connecting);
}

void IceAgent::State::settle(Instant now) {
  finish_gathering_if_done(now);
  update_selection(now);
  update_nomination(now);
  send_checks(now);
  detect_failure(now);
  deadline = compute_deadline(now);
}

Instant IceAgent::State::compute_deadline(Instant now) {
  Instant earliest = transactions.next_deadline();
  auto at = [&](Instant when) { earliest = std::min(earliest, when); };
  if (lite_hopes()) at(hope_at + kLitePatience);
  if (started && !config.lite && current.has_remote()) {
    if (checks.next_to_check() != nullptr) at(tokens_at + std::chrono::milliseconds(5));
    bool patient = checks.pairs().empty() && remote_done && !relays_awaited && !reconnect_until;
    if (patient && state != IceState::failed) at(*started_at + kNoPairPatience);
  }
  if (nominate_at && nominating == 0 && now < *nominate_at) at(*nominate_at);
  if (challenge) at(challenge->deadline);
  if (reconnect_until) at(*reconnect_until);
  if (carrier) {
    at(carrier->next_liveness);
    if (consent_wanted()) at(carrier->last_ok + std::chrono::seconds(30));
  }
  return earliest;
}

// Neither connected nor failed yet, and nothing to do but wait for the peer.
bool IceAgent::State::lite_hopes() const {
  return config.lite && started && current.has_remote() && state != IceState::failed &&
         (!carrier || carrier->previous_generation);
}

void IceAgent::State::detect_failure(Instant now) {
  if (lite_hopes() && now >= hope_at + kLitePatience) {
    failed_at = now;
    return set_state(IceState::failed);
  }
  if (!started || config.lite || !current.has_remote() || state == IceState::failed) return;
  if (carrier && !carrier->previous_generation) return;
  if (relays_awaited) return;
  if (checks.active() > 0 || checks.any(PairState::succeeded)) return;
  if (reconnect_until) return;
  bool may_come = !remote_done || now < *started_at + kNoPairPatience;
  if (checks.pairs().empty() && may_come && locals.any_base()) return;
  failed_at = now;
  set_state(IceState::failed);
}

// Checks may leave: the start, or new hope after a failure.
void IceAgent::State::begin(Instant now) {
  hope_at = now;
  if (!started) {
    started = true;
    started_at = now;
  }
  if (!current.has_remote() || (carrier && !carrier->previous_generation)) return;
  failed_at.reset();
  set_state(IceState::connecting);
}

void IceAgent::State::set_role(bool is_controlling) {
  if (controlling == is_controlling) return;
  controlling = is_controlling;
  nominating = 0;
  nominate_at.reset();
  checks.set_role(controlling);
}

// By value: the arguments may be our own credentials.
void IceAgent::State::restart(IceCredentials local, IceCredentials remote) {
  if (carrier && !carrier->previous_generation) {
    previous = current;
    carrier->previous_generation = true;
  }
  if (!carrier) previous.reset();
  transactions.start_generation(carrier ? carrier->pair : 0);
  checks.clear();
  locals.forget_peer_reflexive();
  early.clear();
  before_relays.clear();
  challenge.reset();
  reconnect_until.reset();
  nominate_at.reset();
  nominating = 0;
  conflicts = 0;
  started = false;
  remote_done = false;
  failed_at.reset();
  if (state != IceState::gathering) set_state(IceState::connecting);
  current = IceGeneration{};
  current.set_local(local);
  if (!remote.ufrag.empty()) current.set_remote(remote);
}

IceAgent::IceAgent(IceConfig config, TxQueue& tx, Random& random, Instant now)
    : state_(std::make_unique<State>(std::move(config), tx, random)) {
  state_->tokens_at = now - std::chrono::milliseconds(50);
  state_->set_state(IceState::gathering);
  state_->begin_gathering(now);
  state_->settle(now);
}

IceAgent::~IceAgent() = default;

void IceAgent::handle(Bytes datagram, const Flow& from, Instant now) {
  state_->handle(datagram, from, now);
  state_->settle(now);
}

void IceAgent::handle_timeout(Instant now) {
  state_->handle_timeout(now);
  state_->settle(now);
}

void IceAgent::flow_closed(const Flow& flow, Instant now) {
  state_->flow_closed(flow, now);
  state_->settle(now);
}

void IceAgent::set_remote_credentials(const IceCredentials& remote, bool remote_lite, Instant now) {
  State& s = *state_;
  if (remote.ufrag.empty()) return;
  if (s.current.has_remote() && s.current.remote != remote) s.restart(s.current.local, remote);
  if (remote_lite && !s.config.lite) s.set_role(true);
  if (!s.current.has_remote()) s.current.set_remote(remote);
  if (s.started) s.begin(now);
  for (const State::ReceivedCheck& check : std::exchange(s.early, {})) {
    if (check.remote_ufrag == remote.ufrag) s.accept_check(check, now);
    else s.drop(IceDrop::bad_username);
  }
  s.settle(now);
}

void IceAgent::add_remote_candidate(const Candidate& candidate, Instant now) {
  State& s = *state_;
  s.wait_for_relay(candidate);
  switch (s.checks.add_remote(candidate, s.controlling, now)) {
    case CheckList::Added::yes:
      s.begin(now);
      break;
    case CheckList::Added::known:
      break;
    case CheckList::Added::unusable:
      s.drop(IceDrop::unusable_candidate);
      break;
    case CheckList::Added::too_many:
      s.drop(IceDrop::too_many);
      break;
  }
  s.settle(now);
}

void IceAgent::remote_candidates_done(Instant now) {
  state_->remote_done = true;
  state_->settle(now);
}

void IceAgent::start(Instant now) {
  if (!state_->started) state_->begin(now);
  state_->settle(now);
}

void IceAgent::restart(const IceCredentials& local, const IceCredentials& remote, Instant now) {
  state_->restart(local, remote);
  state_->settle(now);
}

Instant IceAgent::next_deadline() const {
  return state_->deadline;
}

bool IceAgent::poll_event(IceEvent& event) {
  if (state_->events.empty()) return false;
  event = std::move(state_->events.front());
  state_->events.pop_front();
  return true;
}

const SelectedPair* IceAgent::selected() const {
  return state_->selected ? &*state_->selected : nullptr;
}

bool IceAgent::owns(const Flow& flow) const {
  const State& s = *state_;
  if (s.carrier && s.carrier->flow == flow) return true;
  if (const CandidatePair* pair = s.checks.find(flow)) return pair->proven;
  return std::any_of(s.early.begin(), s.early.end(),
                     [&](const State::ReceivedCheck& check) { return check.flow == flow; });
}

bool IceAgent::accepts_ufrag(std::string_view ufrag) const {
  const State& s = *state_;
  return ufrag == s.current.local.ufrag || (s.previous && ufrag == s.previous->local.ufrag);
}

uint32_t IceAgent::transaction_tag() const {
  return state_->tag;
}
IceState IceAgent::state() const {
  return state_->state;
}
bool IceAgent::controlling() const {
  return state_->controlling;
}
const IceCredentials& IceAgent::local_credentials() const {
  return state_->current.local;
}
const IceCredentials& IceAgent::remote_credentials() const {
  return state_->current.remote;
}
std::vector<Candidate> IceAgent::local_candidates() const {
  return state_->locals.signalled();
}
std::vector<Candidate> IceAgent::remote_candidates() const {
  auto list = state_->checks.remotes();
  return {list.begin(), list.end()};
}
std::optional<Instant> IceAgent::gathered_at() const {
  return state_->gathered_at;
}
std::optional<Instant> IceAgent::connected_at() const {
  return state_->connected_at;
}
std::optional<Instant> IceAgent::failed_at() const {
  return state_->failed_at;
}
bool IceAgent::remote_done() const {
  return state_->remote_done;
}
std::optional<Duration> IceAgent::round_trip() const {
  if (!state_->carrier || state_->carrier->previous_generation) return std::nullopt;
  const CandidatePair* pair = state_->checks.find(state_->carrier->flow);
  return pair != nullptr ? pair->round_trip : std::nullopt;
}
const IceDropCounts& IceAgent::drops() const {
  return state_->drops;
}

void IceAgent::count_drops_in(IceDropCounts& totals) {
  state_->drop_totals = &totals;
}

}  // namespace limen::rtc
