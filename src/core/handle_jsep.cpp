// Handle: descriptions between client, plugin and peer (spec sections 3.5, 7.2 and 7.7).
#include "base/log.hpp"
#include "core/gateway_state.hpp"
#include "core/handle.hpp"
#include "core/media/media_plane.hpp"
#include "core/tuning.hpp"
#include "crypto/certificate.hpp"
#include "rtc/peer/peer.hpp"

namespace limen::core {
namespace {

constexpr Duration kGatheringLimit = std::chrono::seconds(5);

}  // namespace

ApiResult<RemoteJsep> Handle::take_client_jsep(const Json& json) {
  auto jsep = parse_client_jsep(json);
  if (!jsep) return std::unexpected(jsep.error());
  bool fresh = peer_ == nullptr;
  if (fresh) {
    NegotiatorPolicy policy;
    policy.encrypt = !state_.settings.general.no_webrtc_encryption;
    peer_ = std::make_unique<PeerConnection>(state_.random, policy, state_.executor.now());
  }
  auto step = peer_->negotiator.handle_client(*jsep);
  if (!step) {
    if (fresh && !peer_->negotiator.occupied()) peer_.reset();
    return std::unexpected(step.error());
  }
  (jsep->type == JsepType::offer ? peer_->got_offer : peer_->got_answer) = true;
  peer_->force_relay = jsep->force_relay && state_.settings.nat.allow_force_relay;
  if (state_.events.wanted(EventType::jsep)) {
    std::string_view type = jsep->type == JsepType::offer ? "offer" : "answer";
    JsonObject body{{"owner", "remote"}, {"jsep", JsonObject{{"type", type}, {"sdp", jsep->sdp}}}};
    state_.events.notify(EventType::jsep, subject(), std::move(body));
  }
  if (step->first) begin_peer();
  if (step->complete) apply(*step);
  return std::move(step->plugin);
}

bool Handle::take_plugin_jsep(const LocalJsep& jsep, Outgoing& out) {
  if (closing_) {
    log::warning("", "[{}/{}] A description from the plugin came too late: the PeerConnection is closing",
                 session_id().value(), id_.value());
    return true;
  }
  bool fresh = peer_ == nullptr;
  if (fresh) {
    NegotiatorPolicy policy;
    policy.encrypt = !state_.settings.general.no_webrtc_encryption;
    peer_ = std::make_unique<PeerConnection>(state_.random, policy, state_.executor.now());
  }
  auto step = peer_->negotiator.handle_plugin(jsep);
  if (!step) {
    log::error("", "[{}/{}] {} made an unusable description: {}", session_id().value(), id_.value(), package_,
               step.error().text);
    if (fresh) peer_.reset();
    return true;
  }
  (jsep.type == "offer" ? peer_->got_offer : peer_->got_answer) = true;
  out.jsep_type = jsep.type;
  out.e2ee = jsep.e2ee || peer_->negotiator.e2ee();
  if (jsep.restart) peer_->ice_restarting = true;
  if (step->first) begin_peer();
  if (step->complete) apply(*step);
  return true;
}

rtc::PeerConfig Handle::peer_config() const {
  const NatSettings& nat = state_.settings.nat;
  rtc::PeerConfig config;
  config.certificate = state_.certificate;
  config.encrypt = !state_.settings.general.no_webrtc_encryption;
  config.accept_self_signed = state_.settings.certificates.dtls_accept_selfsigned;
  config.dtls_ciphers = state_.settings.certificates.dtls_ciphers;
  config.dtls_mtu = static_cast<uint16_t>(state_.settings.media.dtls_mtu);
  config.tuning = peer_tuning(state_.settings.media);
  config.ice.lite = nat.ice_lite;
  config.ice.controlling = peer_->negotiator.controlling() && !nat.ice_lite;
  config.ice.aggressive_nomination = nat.ice_nomination != "regular";
  config.ice.local = peer_->negotiator.local_credentials();
  config.ice.tie_breaker = state_.random.u64();
  if (state_.facts.stun_server && !nat.ice_lite) config.ice.stun_servers.push_back(*state_.facts.stun_server);
  config.ice.relays_coming = wants_relays();
  config.ice.relay_only = peer_->force_relay && !nat.ice_lite;
  config.ice.consent_freshness = nat.ice_consent_freshness;
  config.ice.keepalive_by_request = nat.ice_keepalive_conncheck || nat.ice_consent_freshness;
  config.ice.ipv6 = state_.settings.media.ipv6;
  config.wall_offset =
      std::chrono::microseconds(state_.executor.wall_time().us) - state_.executor.now().time_since_epoch();
  return config;
}

void Handle::begin_peer() {
  rtc::PeerConfig config = peer_config();
  bool relays = config.ice.relays_coming;
  bool asks_servers = !config.ice.stun_servers.empty() || relays;
  Duration limit = kGatheringLimit;
  if (!state_.settings.nat.turn_rest_api.empty()) {
    limit += std::chrono::seconds(state_.settings.nat.turn_rest_api_timeout);
  }
  if (config.ice.relay_only && !relays) {
    log::warning("", "[{}/{}] force_relay without a TURN server: there will be no candidates", session_id().value(),
                 id_.value());
  }
  peer_->peer_exists = true;
  peer_->gathering = Gathering::running;
  state_.media.create_peer(media_id_, std::move(config));
  if (relays) begin_relays();
  if (asks_servers) {
    peer_->gathering_limit = state_.executor.call_after(limit, [this] {
      peer_->gathering_limit = {};
      note_own_candidates(true);
    });
  }
  // Without servers to ask, the host candidates are all there is, and they are known at once.
  note_own_candidates(!asks_servers);
}

void Handle::note_own_candidates(bool complete) {
  state_.media.stats(media_id_, [&state = state_, session = session_id(), id = id_, complete,
                                 created = peer_->created](std::optional<rtc::PeerStats> stats) {
    Handle* handle = state.sessions.find(session, id);
    if (handle == nullptr || !handle->peer_ || handle->peer_->created != created) return;
    if (stats) handle->peer_->own_candidates = std::move(stats->local_candidates);
    if (complete) handle->gathering_finished();
  });
}

void Handle::gathering_finished() {
  if (peer_->gathering == Gathering::done) return;
  peer_->gathering = Gathering::done;
  if (peer_->gathering_limit) state_.executor.cancel(std::exchange(peer_->gathering_limit, {}));
  if (state_.events.wanted(EventType::webrtc)) {
    for (const rtc::Candidate& candidate : peer_->own_candidates) {
      notify_webrtc(subtype::kLocalCandidate, JsonObject{{"local-candidate", rtc::write_candidate(candidate)}});
    }
  }
  if (state_.settings.nat.full_trickle && !peer_->local_sdp.empty()) trickle_own_candidates();
  flush();
}

// Full trickle: candidates follow the description, and `completed` follows them.
void Handle::trickle_own_candidates() {
  if (!peer_ || peer_->gathering != Gathering::done) return;
  if (peer_->trickled_own && !std::exchange(peer_->resend_own, false)) return;
  peer_->trickled_own = true;
  for (const rtc::Candidate& candidate : peer_->own_candidates) send_own_candidate(&candidate);
  send_own_candidate(nullptr);
}

void Handle::send_own_candidate(const rtc::Candidate* candidate) {
  JsonObject trickle = event("trickle");
  if (candidate == nullptr) {
    trickle["candidate"] = JsonObject{{"completed", true}};
  } else {
    trickle["candidate"] = JsonObject{{"sdpMid", peer_->negotiator.first_mid()},
                                      {"sdpMLineIndex", 0},
                                      {"candidate", "candidate:" + rtc::write_candidate(*candidate)}};
  }
  session_.push(Json(std::move(trickle)));
}

Json Handle::write_jsep(const Outgoing& out) {
  LocalTransport transport;
  transport.address = state_.advertised_address();
  if (state_.certificate) transport.fingerprint = state_.certificate->fingerprint("sha-256");
  transport.ice_lite = state_.settings.nat.ice_lite;
  transport.candidates_in_sdp = !state_.settings.nat.full_trickle;
  transport.candidates = peer_->own_candidates;
  transport.now_us = static_cast<uint64_t>(state_.executor.wall_time().us);
  peer_->local_sdp = peer_->negotiator.write_local(transport);
  JsonObject jsep{{"type", out.jsep_type}, {"sdp", peer_->local_sdp}};
  if (state_.events.wanted(EventType::jsep)) {
    state_.events.notify(EventType::jsep, subject(), JsonObject{{"owner", "local"}, {"jsep", jsep}});
  }
  if (out.e2ee) jsep["e2ee"] = true;
  return jsep;
}

// An offer/answer exchange is complete: the peer learns of it.
void Handle::apply(const NegotiationStep& step) {
  JsepNegotiator& negotiator = peer_->negotiator;
  bool first = !std::exchange(peer_->remote_applied, true);
  bool restart = step.ice_restart && !first;
  if (restart && state_.settings.nat.full_trickle) peer_->resend_own = true;
  peer_->ice_restarting = false;

  std::vector<std::optional<rtc::Candidate>> candidates;
  if (first || restart) {
    for (const rtc::Candidate& candidate : negotiator.remote_candidates()) {
      if (wanted(candidate)) candidates.emplace_back(candidate);
    }
  }
  bool start = !negotiator.peer_trickles() || !candidates.empty();
  if (!negotiator.peer_trickles() && (first || restart)) candidates.emplace_back(std::nullopt);
  std::ranges::move(fresh_early_candidates(), std::back_inserter(candidates));

  state_.media.with_peer(media_id_,
                         [first, restart, start, local = negotiator.local_credentials(), remote = negotiator.remote(),
                          media = negotiator.media()](rtc::Peer& peer, Instant now) {
                           if (first) peer.set_remote(remote, now);
                           else if (restart) peer.restart_ice(local, remote.ice, now);
                           peer.set_media(media, now);
                           if (start && (first || restart)) peer.start_checks(now);
                         });
  if (start && !peer_->checks_started) peer_->checks_started = state_.executor.now();
  add_remote(std::move(candidates));
}

}  // namespace limen::core
