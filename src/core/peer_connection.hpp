// PeerConnection: the control thread's side of one handle's peer: negotiation, trickled candidates,
// what is known of its own candidates. Made with the first description, gone with the hangup.
//
// Control thread; owned by Handle. The peer itself lives on a shard.
#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "core/jsep/jsep_negotiator.hpp"
#include "rtc/ice/ice_types.hpp"
#include "rtc/peer/peer_events.hpp"

namespace limen::core {

enum class Gathering : uint8_t { none, running, done };

struct PeerConnection {
  PeerConnection(Random& random, NegotiatorPolicy policy, Instant now) : negotiator(random, policy), created(now) {}

  JsepNegotiator negotiator;
  Instant created;
  std::optional<Instant> checks_started;
  bool peer_exists = false;     // created on the shard
  bool remote_applied = false;  // it knows the other side
  bool webrtc_up = false;
  bool got_offer = false, got_answer = false;
  bool ice_restarting = false;
  bool trickles_done = false;  // the client sent `completed`
  bool force_relay = false;
  // TURN servers that gave no relay, and why.
  static constexpr size_t kMaxRelayFailures = 8;
  std::vector<std::pair<std::string, std::string>> relay_failures;
  // ".local" candidates of the client that could not be used, and why; so many names at most are asked for.
  static constexpr size_t kMaxLocalNames = 16;
  size_t local_names = 0;
  std::vector<std::pair<std::string, std::string>> unresolved;

  Gathering gathering = Gathering::none;
  TimerId gathering_limit;
  std::vector<rtc::Candidate> own_candidates;
  bool trickled_own = false;  // full trickle: own candidates were sent
  bool resend_own = false;    // full trickle: again after the next description
  std::string local_sdp;      // as last sent

  rtc::IceState ice_state = rtc::IceState::gathering;
  TimerId stats_timer;
};

// A candidate that came before the description it belongs to.
struct EarlyCandidate {
  Instant received;
  std::string mid;                          // "" if not said
  std::optional<rtc::Candidate> candidate;  // nullopt: completed
};

}  // namespace limen::core
