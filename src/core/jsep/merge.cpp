#include "core/jsep/merge.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "rtc/sctp/sctp_config.hpp"
#include "wire/sdp/extmap.hpp"

namespace limen::core {

namespace {

constexpr std::string_view kCname = "janus";

void merge_session(sdp::SessionDescription& out, const MergeInput& input) {
  sdp::Origin& origin = out.origin;
  if (origin.session_id == 0 || origin.version == 0) {
    origin.session_id = input.transport.now_us;
    origin.version = 1;
  }
  origin.v4 = input.transport.address.is_v4();
  origin.address = input.transport.address.to_string();
  if (out.name.empty()) out.name = "Meetecho Janus";
  out.connection_address.clear();

  std::vector<sdp::Attribute> of_plugin = std::move(out.attributes);
  out.attributes.clear();
  std::string bundle = "BUNDLE";
  for (size_t i = 0; i < out.media.size(); ++i) {
    // Clients that send no mid know the group by this word (spec 7.6).
    if (!out.media[i].rejected()) bundle += " " + (input.mlines[i].mid.empty() ? "(null)" : input.mlines[i].mid);
  }
  out.add("group", std::move(bundle));
  out.add("ice-options", "trickle");
  if (input.encrypt) out.add("fingerprint", "sha-256 " + input.transport.fingerprint);
  out.add("extmap-allow-mixed");
  out.add("msid-semantic", " WMS *");
  if (input.transport.ice_lite) out.add("ice-lite");
  std::ranges::move(of_plugin, std::back_inserter(out.attributes));
}

void add_transport(sdp::MediaDescription& out, const MlineState& mline, const MergeInput& input) {
  if (!mline.mid.empty()) out.add("mid", mline.mid);
  if (out.kind != MediaKind::data) {
    out.add("rtcp-mux");
  } else if (out.protocol == "DTLS/SCTP") {
    out.add("sctpmap", "5000 webrtc-datachannel 16");
  } else {
    out.add("sctp-port", "5000");
    out.add("max-message-size", std::to_string(rtc::SctpConfig{}.max_message));
  }
  out.add("ice-ufrag", input.credentials.ufrag);
  out.add("ice-pwd", input.credentials.pwd);
  out.add("ice-options", "trickle");
  if (input.encrypt) out.add("setup", std::string(input.setup));
}

bool is_rid_extension(const sdp::Attribute& attribute) {
  if (attribute.name != "extmap") return false;
  auto extmap = sdp::read_extmap(attribute.value);
  return extmap && (extmap->kind == ExtensionKind::rid || extmap->kind == ExtensionKind::repaired_rid);
}

void add_plugin_attributes(sdp::MediaDescription& out, const std::vector<sdp::Attribute>& attributes, bool offer) {
  for (const sdp::Attribute& attribute : attributes) {
    bool ours = attribute.name == "mid" || attribute.name == "msid";
    if (!ours && !(offer && is_rid_extension(attribute))) out.attributes.push_back(attribute);
  }
}

void add_rtx(sdp::MediaDescription& out, const MlineState& mline) {
  for (uint8_t payload_type : std::vector<uint8_t>(out.payload_types)) {
    auto rtx = mline.rtx.find(payload_type);
    if (rtx == mline.rtx.end()) continue;
    out.payload_types.push_back(rtx->second);
    out.add("rtpmap", fmt::format("{} rtx/90000", rtx->second));
    out.add("fmtp", fmt::format("{} apt={}", rtx->second, payload_type));
  }
}

void add_sources(sdp::MediaDescription& out, const MlineState& mline, const std::string& msid) {
  bool fid = mline.local_rtx_ssrc != 0 && mline.local_ssrc != 0 && sdp::sends(out.direction);
  if (fid) out.add("ssrc-group", fmt::format("FID {} {}", mline.local_ssrc, mline.local_rtx_ssrc));
  if (out.direction != sdp::Direction::inactive) out.add("msid", msid);
  if (mline.local_ssrc != 0) out.add("ssrc", fmt::format("{} cname:{}", mline.local_ssrc, kCname));
  if (fid) out.add("ssrc", fmt::format("{} cname:{}", mline.local_rtx_ssrc, kCname));
}

void add_simulcast(sdp::MediaDescription& out, const RemoteMedia& remote) {
  if (remote.rids.empty() || !sdp::receives(out.direction)) return;
  std::string list;
  for (const RidLayer& layer : remote.rids) {
    out.add("rid", layer.rid + " recv");
    if (!list.empty()) list.push_back(';');
    if (layer.paused) list.push_back('~');
    list += layer.rid;
  }
  out.add("simulcast", remote.legacy_simulcast ? " recv rid=" + list : "recv " + list);
}

void add_candidates(sdp::MediaDescription& out, const LocalTransport& transport) {
  if (!transport.candidates_in_sdp) return;
  for (const rtc::Candidate& candidate : transport.candidates) {
    out.add("candidate", rtc::write_candidate(candidate));
  }
  out.add("end-of-candidates");
}

void merge_media(sdp::MediaDescription& out, const MlineState& mline, const MergeInput& input, size_t index) {
  out.connection_v4 = input.transport.address.is_v4();
  out.connection_address = input.transport.address.to_string();
  std::vector<sdp::Attribute> of_plugin = std::move(out.attributes);
  out.attributes.clear();
  if (out.kind != MediaKind::data) {
    std::string_view fallback = input.encrypt ? "UDP/TLS/RTP/SAVPF" : "RTP/AVPF";
    out.protocol = mline.protocol.empty() ? fallback : mline.protocol;
  }
  if (out.rejected()) {
    if (!mline.mid.empty()) out.add("mid", mline.mid);
    return;
  }
  auto msid = std::ranges::find(of_plugin, "msid", &sdp::Attribute::name);
  std::string own_msid = fmt::format("janus janus{}", mline.mid.empty() ? std::to_string(index) : mline.mid);
  add_transport(out, mline, input);
  add_plugin_attributes(out, of_plugin, input.offer);
  if (out.kind != MediaKind::data) {
    add_rtx(out, mline);
    add_sources(out, mline, msid == of_plugin.end() ? own_msid : msid->value);
    if (!input.offer) add_simulcast(out, mline.remote);
  }
  add_candidates(out, input.transport);
}

}  // namespace

sdp::SessionDescription merge_for_client(const MergeInput& input) {
  sdp::SessionDescription out = input.local;
  merge_session(out, input);
  for (size_t i = 0; i < out.media.size(); ++i) merge_media(out.media[i], input.mlines[i], input, i);
  return out;
}

}  // namespace limen::core
