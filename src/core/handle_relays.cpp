// Handle: TURN relays for its peer: from the configuration, or asked of the TURN REST API (spec 7.4).
#include "base/log.hpp"
#include "core/gateway_state.hpp"
#include "core/handle.hpp"
#include "core/media/media_plane.hpp"
#include "core/turn_rest.hpp"

namespace limen::core {

bool Handle::wants_relays() const {
  const NatSettings& nat = state_.settings.nat;
  return !nat.ice_lite && (state_.facts.relay_server || !nat.turn_rest_api.empty());
}

std::vector<rtc::RelayServer> Handle::configured_relays() const {
  if (!state_.facts.relay_server) return {};
  return {*state_.facts.relay_server};
}

void Handle::begin_relays() {
  const NatSettings& nat = state_.settings.nat;
  if (nat.turn_rest_api.empty()) return state_.media.set_relays(media_id_, configured_relays());
  auto query = std::make_shared<TurnRestQuery>();
  query->url = nat.turn_rest_api;
  query->key = nat.turn_rest_api_key;
  query->user = opaque_id_.empty() ? std::to_string(session_id().value()) : opaque_id_;
  query->post = nat.turn_rest_api_method != "GET";
  query->timeout = nat.turn_rest_api_timeout;
  query->ipv6 = state_.settings.media.ipv6;
  query->verify_tls = nat.turn_tls_verify;
  auto done = [&state = state_, session = session_id(), id = id_, created = peer_->created, query] {
    Handle* handle = state.sessions.find(session, id);
    if (handle == nullptr || !handle->peer_ || handle->closing_ || handle->peer_->created != created) return;
    if (!query->failure.empty()) {
      handle->note_relay_failure("TURN REST API", query->failure);
      query->servers = handle->configured_relays();
    }
    state.media.set_relays(handle->media_id_, std::move(query->servers));
  };
  state_.background.run([query] { query->run(); }, state_.executor, std::move(done));
}

void Handle::note_relay_failure(const std::string& server, const std::string& why) {
  log::warning("", "[{}/{}] {}: {}", session_id().value(), id_.value(), server, why);
  if (peer_->relay_failures.size() < PeerConnection::kMaxRelayFailures) {
    peer_->relay_failures.emplace_back(server, why);
  }
}

void Handle::on(const RelayFailed& event) {
  std::string what = event.lost ? "The relay is lost" : "No relay";
  note_relay_failure(fmt::format("{} of the TURN server {}", what, event.server), event.why);
}

}  // namespace limen::core
