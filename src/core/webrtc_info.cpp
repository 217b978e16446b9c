// The `webrtc` part of handle_info: ICE, DTLS, extensions, and each m-line (spec section 5.3).
#include "core/gateway_state.hpp"
#include "core/handle_info.hpp"
#include "core/media_text.hpp"
#include "crypto/certificate.hpp"

namespace limen::core {
namespace {

void put_time(JsonObject& object, std::string_view key, const std::optional<Instant>& when) {
  if (when) object[key] = to_us(*when);
}

JsonArray texts(const std::vector<rtc::Candidate>& candidates) {
  JsonArray list;
  for (const rtc::Candidate& candidate : candidates) list.emplace_back(rtc::write_candidate(candidate));
  return list;
}

JsonObject ice_info(const PeerConnection& peer, const rtc::PeerStats& stats) {
  JsonObject ice;
  ice["stream_id"] = 1;
  ice["component_id"] = stats.remote_candidates.empty() ? 0 : 1;
  ice["state"] = rtc::ice_state_name(stats.ice_state);
  put_time(ice, "gathered", stats.gathered);
  put_time(ice, "connected", stats.ice_connected);
  ice["local-candidates"] = texts(stats.local_candidates);
  if (!stats.remote_candidates.empty()) ice["remote-candidates"] = texts(stats.remote_candidates);
  if (!peer.relay_failures.empty()) {
    JsonArray failures;
    for (const auto& [server, why] : peer.relay_failures) {
      failures.emplace_back(JsonObject{{"server", server}, {"reason", why}});
    }
    ice["relay-failures"] = std::move(failures);
  }
  if (!peer.unresolved.empty()) {
    JsonArray names;
    for (const auto& [name, reason] : peer.unresolved) {
      names.emplace_back(JsonObject{{"name", name}, {"reason", reason}});
    }
    ice["unresolved-candidates"] = std::move(names);
  }
  if (stats.selected) ice["selected-pair"] = pair_text(*stats.selected);
  ice["ready"] = peer.gathering == Gathering::done ? 1 : 0;
  return ice;
}

JsonObject dtls_info(const GatewayState& state, const PeerConnection& peer, const rtc::PeerStats& stats) {
  const rtc::RemoteTransport& remote = peer.negotiator.remote();
  bool connected = stats.dtls_state == rtc::DtlsState::connected;
  JsonObject dtls;
  if (state.certificate) dtls["fingerprint"] = state.certificate->fingerprint("sha-256");
  if (!remote.fingerprint.empty()) {
    dtls["remote-fingerprint"] = remote.fingerprint;
    dtls["remote-fingerprint-hash"] = remote.fingerprint_hash;
  }
  // Before the other side has spoken the role is open.
  bool open = !peer.remote_applied;
  dtls["dtls-role"] = open ? "actpass" : remote.local_dtls_role == rtc::DtlsRole::client ? "active" : "passive";
  dtls["dtls-state"] = dtls_state_name(stats.dtls_state);
  dtls["retransmissions"] = stats.dtls_retransmissions;
  dtls["valid"] = connected;
  dtls["srtp-profile"] = stats.srtp_profile.empty() ? "none" : stats.srtp_profile;
  dtls["ready"] = connected;
  put_time(dtls, "handshake-started", stats.dtls_started);
  put_time(dtls, "connected", stats.dtls_connected);
  dtls["sctp-association"] = stats.sctp;
  dtls["stats"] = JsonObject{{"in", JsonObject{{"packets", stats.packets_in}, {"bytes", stats.bytes_in}}},
                             {"out", JsonObject{{"packets", stats.packets_out}, {"bytes", stats.bytes_out}}}};
  return dtls;
}

JsonObject extensions_info(const rtc::PeerMediaConfig& media) {
  static constexpr std::array kReported{ExtensionKind::mid,
                                        ExtensionKind::rid,
                                        ExtensionKind::repaired_rid,
                                        ExtensionKind::abs_send_time,
                                        ExtensionKind::transport_cc,
                                        ExtensionKind::audio_level,
                                        ExtensionKind::video_orientation,
                                        ExtensionKind::playout_delay,
                                        ExtensionKind::dependency_descriptor,
                                        ExtensionKind::abs_capture_time,
                                        ExtensionKind::video_layers_allocation};
  JsonObject extensions;
  for (ExtensionKind kind : kReported) {
    for (const rtc::MlineConfig& mline : media.mlines) {
      if (uint8_t id = mline.extensions.id(kind); id != 0) extensions[extension_uri(kind)] = id;
    }
  }
  return extensions;
}

JsonObject bwe_info(const rtc::PeerMediaConfig& media) {
  int id = 0;
  for (const rtc::MlineConfig& mline : media.mlines) {
    id = std::max<int>(id, mline.extensions.id(ExtensionKind::transport_cc));
  }
  return JsonObject{{"twcc", media.transport_cc}, {"twcc-ext-id", media.transport_cc ? id : 0}};
}

// "stream track" of an msid attribute, into the two members.
void put_msid(JsonObject& msid, const sdp::SessionDescription* description, size_t index, std::string_view side) {
  if (description == nullptr || index >= description->media.size()) return;
  const sdp::Attribute* attribute = description->media[index].find("msid");
  if (attribute == nullptr) return;
  size_t space = attribute->value.find(' ');
  msid[fmt::format("{}-stream", side)] = attribute->value.substr(0, space);
  if (space != std::string::npos) msid[fmt::format("{}-track", side)] = attribute->value.substr(space + 1);
}

void put_ssrc(JsonObject& ssrc, std::string_view key, uint32_t value) {
  if (value != 0) ssrc[key] = value;
}

JsonObject ssrc_info(const rtc::MlineStats& mline) {
  JsonObject ssrc;
  put_ssrc(ssrc, "ssrc", mline.local_ssrc);
  put_ssrc(ssrc, "ssrc-rtx", mline.local_rtx_ssrc);
  put_ssrc(ssrc, "ssrc-peer", mline.substreams[0].ssrc);
  put_ssrc(ssrc, "ssrc-peer-sim-1", mline.substreams[1].ssrc);
  put_ssrc(ssrc, "ssrc-peer-sim-2", mline.substreams[2].ssrc);
  put_ssrc(ssrc, "ssrc-peer-rtx", mline.substreams[0].rtx_ssrc);
  put_ssrc(ssrc, "ssrc-peer-sim-1-rtx", mline.substreams[1].rtx_ssrc);
  put_ssrc(ssrc, "ssrc-peer-sim-2-rtx", mline.substreams[2].rtx_ssrc);
  return ssrc;
}

JsonObject rtcp_info(const rtc::SubstreamStats& s, uint32_t base, bool main) {
  JsonObject rtcp;
  rtcp["base"] = s.base != 0 ? s.base : base;
  if (main) rtcp["rtt"] = s.rtt_ms;
  rtcp["lost"] = s.lost;
  rtcp["lost-by-remote"] = s.lost_by_remote;
  rtcp["jitter-local"] = s.jitter_local_ms;
  rtcp["jitter-remote"] = s.jitter_remote_ms;
  rtcp["in-link-quality"] = s.in_quality;
  rtcp["in-media-link-quality"] = s.in_media_quality;
  rtcp["out-link-quality"] = s.out_quality;
  rtcp["out-media-link-quality"] = s.out_media_quality;
  return rtcp;
}

JsonObject direction_stats(const rtc::DirectionStats& stats, bool in) {
  JsonObject object{{"packets", stats.packets}, {"bytes", stats.bytes}, {"bytes_lastsec", stats.bytes_last_second}};
  if (!in || stats.nacks > 0) object["nacks"] = stats.nacks;
  if (in && stats.retransmissions > 0) object["retransmissions"] = stats.retransmissions;
  return object;
}

JsonObject rid_info(const rtc::MlineConfig& mline) {
  JsonArray rids;
  for (size_t slot = mline.rids.size(); slot-- > 0;) {
    if (!mline.rids[slot].empty()) rids.emplace_back(mline.rids[slot]);
  }
  JsonObject object;
  object["rid"] = std::move(rids);
  object["rid-ext-id"] = mline.extensions.id(ExtensionKind::rid);
  if (uint8_t id = mline.extensions.id(ExtensionKind::repaired_rid); id != 0) object["ridrtx-ext-id"] = id;
  object["rid-order"] = "hml";
  return object;
}

void put_codecs(JsonObject& object, const rtc::MlineStats& stats) {
  if (stats.payload_type < 0) return;
  JsonObject codecs{{"pt", stats.payload_type}};
  if (stats.rtx_payload_type >= 0) codecs["rtx-pt"] = stats.rtx_payload_type;
  if (std::string_view name = codec_name(stats.codec); !name.empty()) codecs["codec"] = name;
  object["codecs"] = std::move(codecs);
}

void put_stream(JsonObject& object, const rtc::MlineConfig& mline, const rtc::MlineStats& stats) {
  object["ssrc"] = ssrc_info(stats);
  if (!mline.rids[0].empty()) object["rid-simulcast"] = rid_info(mline);
  object["direction"] = JsonObject{{"send", mline.send}, {"recv", mline.receive}};
  put_codecs(object, stats);
  uint32_t base = mline.kind == MediaKind::video ? 90000
                  : mline.payloads.empty()       ? 48000
                                                 : mline.payloads[0].clock_rate;
  JsonObject rtcp{{"main", rtcp_info(stats.substreams[0], base, true)}};
  JsonObject in = direction_stats(stats.substreams[0].in, true);
  for (size_t sub = 1; sub < stats.substreams.size(); ++sub) {
    if (stats.substreams[sub].ssrc == 0) continue;
    rtcp[fmt::format("sim{}", sub)] = rtcp_info(stats.substreams[sub], base, false);
    in[fmt::format("video-simulcast-{}", sub)] = direction_stats(stats.substreams[sub].in, true);
  }
  object["rtcp"] = std::move(rtcp);
  object["stats"] = JsonObject{{"in", std::move(in)}, {"out", direction_stats(stats.out, false)}};
}

JsonObject media_info(const PeerConnection& peer, const rtc::PeerMediaConfig& media, const rtc::PeerStats& stats) {
  auto local = sdp::parse_sdp(peer.local_sdp);
  auto remote = sdp::parse_sdp(peer.negotiator.remote_sdp());
  JsonObject all;
  for (size_t index = 0; index < media.mlines.size(); ++index) {
    const rtc::MlineConfig& mline = media.mlines[index];
    rtc::MlineStats none;
    const rtc::MlineStats& figures = index < stats.mlines.size() ? stats.mlines[index] : none;
    JsonObject object{{"type", media_kind_name(mline.kind)}, {"mindex", index}, {"mid", mline.mid}};
    if (mline.kind == MediaKind::data) {
      const rtc::DirectionStats& in = figures.substreams[0].in;
      object["stats"] = JsonObject{{"in", JsonObject{{"packets", in.packets}, {"bytes", in.bytes}}},
                                   {"out", JsonObject{{"packets", figures.out.packets}, {"bytes", figures.out.bytes}}}};
      all[mline.mid] = std::move(object);
      continue;
    }
    JsonObject msid;
    put_msid(msid, local ? &*local : nullptr, index, "local");
    put_msid(msid, remote ? &*remote : nullptr, index, "remote");
    if (!msid.empty()) object["msid"] = std::move(msid);
    object["do_nacks"] = mline.nack;
    object["nack-queue-ms"] = peer.webrtc_up ? figures.nack_queue_ms : 0;
    put_stream(object, mline, figures);
    all[mline.mid] = std::move(object);
  }
  return all;
}

}  // namespace

JsonObject webrtc_info(const GatewayState& state, const Handle& handle, const rtc::PeerStats& stats) {
  const PeerConnection& peer = *handle.peer();
  rtc::PeerMediaConfig media = peer.negotiator.media();
  JsonObject webrtc;
  webrtc["ice"] = ice_info(peer, stats);
  webrtc["dtls"] = dtls_info(state, peer, stats);
  webrtc["extensions"] = extensions_info(media);
  webrtc["bwe"] = bwe_info(media);
  if (stats.too_large > 0) webrtc["too-large"] = stats.too_large;
  webrtc["media"] = media_info(peer, media, stats);
  return webrtc;
}

}  // namespace limen::core
