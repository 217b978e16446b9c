#include "core/handle_info.hpp"

#include "core/gateway_state.hpp"

namespace limen::core {
namespace {

JsonObject flags(const Handle& handle) {
  const PeerConnection* peer = handle.peer();
  const JsepNegotiator* agreed = peer != nullptr ? &peer->negotiator : nullptr;
  bool rtx = false;
  if (agreed != nullptr && agreed->established()) {
    for (const rtc::MlineConfig& mline : agreed->media().mlines) rtx = rtx || mline.local_rtx_ssrc != 0;
  }
  bool data = agreed != nullptr && agreed->has_data();
  JsonObject flags;
  flags["got-offer"] = peer != nullptr && peer->got_offer;
  flags["got-answer"] = peer != nullptr && peer->got_answer;
  flags["negotiated"] = agreed != nullptr && agreed->established();
  flags["processing-offer"] = agreed != nullptr && agreed->awaiting_plugin();
  flags["starting"] = peer != nullptr && peer->remote_applied && !peer->checks_started;
  flags["ice-restart"] = peer != nullptr && peer->ice_restarting;
  flags["ready"] = peer != nullptr && peer->webrtc_up;
  flags["stopped"] = handle.closing();
  flags["alert"] = handle.closing() || (peer == nullptr && handle.was_hung_up());
  flags["trickle"] = agreed != nullptr && agreed->peer_trickles();
  flags["all-trickles"] = peer != nullptr && peer->trickles_done;
  flags["resend-trickles"] = peer != nullptr && peer->resend_own;
  flags["trickle-synced"] = false;
  flags["data-channels"] = data;
  flags["has-audio"] = false;
  flags["has-video"] = false;
  flags["new-datachan-sdp"] = data && peer->negotiator.remote_sdp().find("a=sctp-port") != std::string::npos;
  flags["rfc4588-rtx"] = rtx;
  flags["cleaning"] = handle.closing();
  flags["e2ee"] = agreed != nullptr && agreed->e2ee();
  return flags;
}

JsonObject sdps(const PeerConnection* peer) {
  JsonObject sdps;
  if (peer == nullptr) return sdps;
  auto remote = sdp::parse_sdp(peer->negotiator.remote_sdp());
  if (remote) {
    for (const sdp::MediaDescription& media : remote->media) {
      if (media.kind == MediaKind::data) continue;
      sdps["profile"] = media.protocol;
      break;
    }
  }
  if (!peer->local_sdp.empty()) sdps["local"] = peer->local_sdp;
  if (!peer->negotiator.remote_sdp().empty()) sdps["remote"] = peer->negotiator.remote_sdp();
  return sdps;
}

void add_ice(const GatewayState& state, const PeerConnection& peer, const std::optional<rtc::PeerStats>& stats,
             JsonObject& info) {
  info["agent-created"] = to_us(peer.created);
  if (peer.checks_started) info["agent-started"] = to_us(*peer.checks_started);
  info["ice-mode"] = state.settings.nat.ice_lite ? "lite" : "full";
  bool controlling = stats ? stats->controlling : peer.negotiator.controlling();
  info["ice-role"] = controlling ? "controlling" : "controlled";
}

}  // namespace

JsonObject handle_info(const GatewayState& state, const Handle& handle, bool plugin_only,
                       const std::optional<rtc::PeerStats>& stats) {
  const Session& session = handle.session();
  JsonObject info;
  info["session_id"] = session.id().value();
  info["session_last_activity"] = to_us(session.last_activity());
  info["session_timeout"] = session.timeout(state.settings.general.session_timeout);
  if (session.client()) info["session_transport"] = session.client()->transport();
  info["handle_id"] = handle.handle_id().value();
  if (!handle.opaque_id().empty()) info["opaque_id"] = handle.opaque_id();
  if (!handle.token().empty()) info["token"] = handle.token();
  if (const auto& claims = session.claims()) {
    info["jwt"] = JsonObject{{"subject", claims->subject}, {"expires", claims->expires}};
  }
  info["loop-running"] = true;
  info["created"] = to_us(handle.created());
  info["current_time"] = to_us(state.executor.now());
  info["plugin"] = handle.package();
  info["plugin_specific"] = handle.query_plugin();
  if (plugin_only) return info;

  const PeerConnection* peer = handle.peer();
  info["flags"] = flags(handle);
  if (peer != nullptr) add_ice(state, *peer, stats, info);
  info["sdps"] = sdps(peer);
  if (handle.early_candidates() > 0) info["pending-trickles"] = handle.early_candidates();
  info["queued-packets"] = 0;
  if (const CaptureFile* capture = handle.capture()) {
    const CaptureOptions& options = capture->options();
    info[options.text ? "dump-to-text2pcap" : "dump-to-pcap"] = true;
    info[options.text ? "text2pcap-file" : "pcap-file"] = options.path;
  }
  if (peer != nullptr && stats) info["webrtc"] = webrtc_info(state, handle, *stats);
  return info;
}

}  // namespace limen::core
