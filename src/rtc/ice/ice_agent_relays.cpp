// Relayed candidates: TURN servers' addresses as bases, which come after the others and may go (RFC 8445 section
// 5.1.1.2). What is sent from such a base is packed by whoever owns the relay; the agent only names its socket.
#include <algorithm>
#include <utility>

#include "rtc/ice/ice_agent_state.hpp"

namespace limen::rtc {

std::span<const LocalBase> IceAgent::State::own_bases() const {
  if (config.relay_only) return {};
  return config.bases;
}

void IceAgent::State::wait_for_relay(const Candidate& remote) {
  if (relays_awaited && before_relays.size() < kMaxRemoteCandidates) before_relays.push_back(remote);
}

void IceAgent::State::add_relay(const LocalBase& base, Instant now) {
  if (!base.relay || config.lite || !locals.add_relay(base)) return drop(IceDrop::too_many);
  events.push_back(LocalCandidateFound{locals.of_base(locals.bases().size() - 1)});
  auto known = checks.remotes();
  std::vector<Candidate> remotes(known.begin(), known.end());
  remotes.insert(remotes.end(), before_relays.begin(), before_relays.end());
  // What is known already gets the pairs that it lacks.
  for (const Candidate& remote : remotes) {
    if (checks.add_remote(remote, controlling, now) == CheckList::Added::yes) begin(now);
  }
}

void IceAgent::State::remove_relay(SocketId socket) {
  for (size_t base = 0; base < locals.bases().size(); ++base) {
    if (locals.bases()[base].socket != socket) continue;
    locals.retire(base);
    for (CandidatePair& pair : checks.pairs()) {
      if (pair.base != base) continue;
      transactions.cancel_checks(pair.id);
      pair.state = PairState::failed;
      pair.nominated = pair.peer_nominated = pair.triggered = false;
      if (nominating == pair.id) {
        nominating = 0;
        nominate_at.reset();
      }
    }
  }
  if (!carrier || carrier->flow.socket != socket) return;
  bool was_current = !carrier->previous_generation;
  leave_carrier();
  if (was_current) set_state(IceState::connecting);
}

void IceAgent::add_relay(const LocalBase& base, Instant now) {
  state_->add_relay(base, now);
  state_->settle(now);
}

void IceAgent::relays_done(Instant now) {
  state_->relays_awaited = false;
  state_->before_relays.clear();
  state_->settle(now);
}

void IceAgent::remove_relay(SocketId socket, Instant now) {
  state_->remove_relay(socket);
  state_->settle(now);
}

}  // namespace limen::rtc
