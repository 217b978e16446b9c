// What a permanent mountpoint's category says (contract, 3.3): every key that its type knows, so that reading it gives
// the same mountpoint again.
#include "plugins/streaming/mountpoint_keys.hpp"

namespace limen::streaming {
namespace {

using Group = std::vector<std::pair<std::string, config::EntryScalar>>;

template <typename Out>
void add_text(Out& out, std::string key, const std::string& text) {
  if (!text.empty()) out.emplace_back(std::move(key), text);
}
template <typename Out>
void add_flag(Out& out, std::string key, bool value) {
  if (value) out.emplace_back(std::move(key), true);
}
template <typename Out>
void add_port(Out& out, std::string key, const std::optional<uint16_t>& port) {
  if (port) out.emplace_back(std::move(key), int64_t{*port});
}
template <typename Out>
void add_number(Out& out, std::string key, uint32_t number) {
  if (number != 0) out.emplace_back(std::move(key), int64_t{number});
}

void add_data(Group& out, const MediumSettings& m) {
  out.emplace_back("datatype", std::string(m.binary ? "binary" : "text"));
  add_flag(out, "buffermsg", m.buffer_message);
}

void add_coded(Group& out, const MediumSettings& m) {
  add_port(out, "rtcpport", m.rtcp_port);
  out.emplace_back("pt", int64_t{m.payload_type});
  out.emplace_back("codec", std::string(codec_name(m.codec)));
  add_text(out, "fmtp", m.fmtp);
  add_flag(out, "skew", m.skew);
  if (m.kind == MediaKind::audio) return;
  add_flag(out, "simulcast", m.simulcast);
  add_port(out, "port2", m.port2);
  add_port(out, "port3", m.port3);
  add_flag(out, "svc", m.svc);
  add_flag(out, "bufferkf", m.buffer_keyframe);
  add_text(out, "h264sps", m.h264_parameter_sets);
}

Group medium_entries(const MediumSettings& m) {
  Group out;
  out.emplace_back("type", std::string(media_kind_name(m.kind)));
  out.emplace_back("mid", m.mid);
  add_text(out, "label", m.label);
  add_text(out, "msid", m.msid);
  out.emplace_back("port", int64_t{m.port});
  add_text(out, "mcast", m.multicast);
  add_text(out, "iface", m.interface);
  if (m.kind == MediaKind::data) add_data(out, m);
  else add_coded(out, m);
  return out;
}

// The old keys are those of the new form behind the kind's name, but for these.
void add_legacy(config::Entries& out, const MediumSettings& m) {
  std::string kind(media_kind_name(m.kind));
  out.emplace_back(kind, true);
  for (auto& [key, value] : medium_entries(m)) {
    if (key == "type" || key == "mid" || key == "label" || key == "msid") continue;
    bool bare = key == "datatype" || key == "h264sps";
    config::EntryValue copy = std::visit([](auto& v) { return config::EntryValue(v); }, value);
    out.emplace_back(bare ? key : kind + key, std::move(copy));
  }
}

void add_rtp(config::Entries& out, const MountpointSettings& s) {
  if (s.legacy_form) {
    for (const MediumSettings& medium : s.media) add_legacy(out, medium);
  } else {
    config::EntryGroups media;
    for (const MediumSettings& medium : s.media) media.push_back(medium_entries(medium));
    out.emplace_back("media", std::move(media));
  }
  add_number(out, "collision", s.collision_ms);
  add_number(out, "srtpsuite", static_cast<uint32_t>(s.srtp_suite));
  add_text(out, "srtpcrypto", s.srtp_crypto);
  add_number(out, "abscapturetime_src_ext_id", s.capture_time_id);
}

void add_seconds(config::Entries& out, std::string key, Duration value) {
  out.emplace_back(std::move(key), std::chrono::duration_cast<std::chrono::seconds>(value).count());
}

void add_rtsp(config::Entries& out, const MountpointSettings& s) {
  const RtspSpec& r = s.rtsp;
  out.emplace_back("url", r.url);
  add_text(out, "rtsp_user", r.user);
  add_text(out, "rtsp_pwd", r.password);
  add_text(out, "rtspiface", r.interface);
  add_flag(out, "rtsp_quirk", r.quirk);
  if (r.transport == RtspTransport::udp) out.emplace_back("rtsp_transport", std::string("udp"));
  if (r.transport == RtspTransport::tcp) out.emplace_back("rtsp_transport", std::string("tcp"));
  out.emplace_back("rtsp_failcheck", !r.retry_first);
  out.emplace_back("audio", r.audio);
  out.emplace_back("video", r.video);
  if (r.audio_payload_type) out.emplace_back("audiopt", int64_t{*r.audio_payload_type});
  if (r.video_payload_type) out.emplace_back("videopt", int64_t{*r.video_payload_type});
  add_text(out, "audiofmtp", r.audio_fmtp);
  add_text(out, "videofmtp", r.video_fmtp);
  add_seconds(out, "rtsp_reconnect_delay", r.reconnect_delay);
  add_seconds(out, "rtsp_session_timeout", r.session_timeout);
  add_seconds(out, "rtsp_timeout", r.request_timeout);
  add_seconds(out, "rtsp_conn_timeout", r.connect_timeout);
}

void add_whip(config::Entries& out, const MountpointSettings& s) {
  out.emplace_back("audio", s.whip.audio);
  out.emplace_back("video", s.whip.video);
}

void add_url(config::Entries& out, const MountpointSettings& s) {
  out.emplace_back("url", s.url.url);
  out.emplace_back("audio", s.url.audio);
  out.emplace_back("video", s.url.video);
  add_flag(out, "loop", s.url.loop);
  add_flag(out, "listen", s.url.listen);
  add_seconds(out, "rtsp_reconnect_delay", s.url.reconnect_delay);
  add_seconds(out, "rtsp_conn_timeout", s.url.open_timeout);
}

void add_file(config::Entries& out, const MountpointSettings& s) {
  out.emplace_back("filename", s.file.filename);
  out.emplace_back("audio", true);
  if (s.file.codec == Codec::opus) {
    out.emplace_back("audiocodec", std::string("opus"));
    out.emplace_back("audiopt", int64_t{s.file.payload_type});
  }
  if (!s.media.empty()) add_text(out, "audiofmtp", s.media.front().fmtp);
}

}  // namespace

config::Entries settings_entries(const MountpointSettings& s, const Json& id) {
  config::Entries out;
  out.emplace_back("type", std::string(type_name(s.type)));
  if (id.is_string()) out.emplace_back("id", std::string(id.get_string()));
  else out.emplace_back("id", id.to_number<int64_t>());
  add_text(out, "description", s.description);
  if (s.metadata) add_text(out, "metadata", *s.metadata);
  add_flag(out, "is_private", s.is_private);
  if (s.secret) out.emplace_back("secret", *s.secret);
  if (s.pin) out.emplace_back("pin", *s.pin);
  if (s.type == MountpointType::rtp) add_rtp(out, s);
  else if (s.type == MountpointType::rtsp) add_rtsp(out, s);
  else if (s.type == MountpointType::url) add_url(out, s);
  else if (s.type == MountpointType::whip) add_whip(out, s);
  else add_file(out, s);
  if (s.keyframes) {
    add_number(out, "bufferkf_ms", s.keyframes->ms);
    add_number(out, "bufferkf_bytes", s.keyframes->bytes);
  }
  add_number(out, "threads", s.threads);
  add_flag(out, "e2ee", s.e2ee);
  add_flag(out, "playoutdelay_ext", s.playout_delay);
  add_flag(out, "rtsp_notify_changes", s.notify_changes);
  return out;
}

}  // namespace limen::streaming
