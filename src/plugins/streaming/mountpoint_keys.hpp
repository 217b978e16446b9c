// How configuration files and `create` spell a mountpoint, and how that becomes MountpointSettings.
//
// Plain values, any thread. Contract, sections 2.2 and 3.3.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "api/request_reader.hpp"
#include "config/category_edit.hpp"
#include "config/describe.hpp"
#include "plugins/streaming/mountpoint_settings.hpp"
#include "plugins/streaming/streaming_errors.hpp"

namespace limen::streaming {

struct CommonKeys {
  std::optional<std::string> description, metadata, secret, pin;
  std::optional<bool> is_private;
};
template <typename V>
void describe(V& v, CommonKeys& r) {
  v.field("description", r.description, "What people call it");
  v.field("metadata", r.metadata, "Any text, told to everybody");
  v.field("is_private", r.is_private, "Left out of lists");
  v.field("secret", r.secret, "Needed to manage it");
  v.field("pin", r.pin, "Needed to watch it");
}

// One entry of `media`. JSON: what is not optional here must be there.
struct MediumKeys {
  std::string type, mid;
  uint16_t port = 0;
  std::optional<std::string> label, msid, mcast, iface, codec, rtpmap, fmtp;
  Lenient<std::string> h264sps, datatype;
  std::optional<uint16_t> rtcpport, port2, port3;
  std::optional<uint8_t> pt;
  std::optional<bool> skew, simulcast, svc, buffermsg, bufferkf;
};
template <typename V>
void describe(V& v, MediumKeys& r) {
  v.field("type", r.type, "audio, video or data");
  v.field("mid", r.mid, "Unique name");
  v.field("port", r.port, "UDP port, 0: any of the range");
  v.field("label", r.label, "Shown in lists");
  v.field("msid", r.msid, "Stream and track of the offer");
  v.field("rtcpport", r.rtcpport, "UDP port for RTCP, 0: any");
  v.field("mcast", r.mcast, "Multicast group to join");
  v.field("iface", r.iface, "Interface, name or address");
  v.field("pt", r.pt, "Payload type");
  v.field("codec", r.codec, "Codec");
  v.field("rtpmap", r.rtpmap, "Old form of codec");
  v.field("fmtp", r.fmtp, "Format parameters");
  v.field("skew", r.skew, "Compensate for a clock that is too fast or too slow");
  v.field("simulcast", r.simulcast, "The other qualities come to port2 and port3").legacy("videosimulcast");
  v.field("port2", r.port2, "Port of substream 1");
  v.field("port3", r.port3, "Port of substream 2");
  v.field("svc", r.svc, "VP9 with layers").legacy("videosvc");
  v.field("h264sps", r.h264sps, "Parameter sets to insert, base64");
  v.field("datatype", r.datatype, "text or binary");
  v.field("buffermsg", r.buffermsg, "The last message is for new viewers, too").legacy("databuffermsg");
  v.field("bufferkf", r.bufferkf, "Keep video from the last key frame on for new viewers").legacy("videobufferkf");
}

// Mountpoint-wide keys of RTP (some of RTSP, too).
struct RtpKeys {
  std::optional<uint32_t> collision, threads, srtpsuite, bufferkf_ms, bufferkf_bytes, abscapturetime_src_ext_id;
  std::optional<std::string> srtpcrypto;
  std::optional<bool> e2ee, playoutdelay_ext;
};
template <typename V>
void describe(V& v, RtpKeys& r) {
  v.field("collision", r.collision, "Milliseconds of silence before another sender is taken");
  v.field("threads", r.threads, "Accepted and told: viewers are spread over the server's loops anyway");
  v.field("srtpsuite", r.srtpsuite, "32 or 80: what comes in is SRTP");
  v.field("srtpcrypto", r.srtpcrypto, "Its key, base64");
  v.field("e2ee", r.e2ee, "Media are encrypted end to end");
  v.field("playoutdelay_ext", r.playoutdelay_ext, "Negotiate playout delays");
  v.field("bufferkf_ms", r.bufferkf_ms, "Milliseconds of video kept from the last key frame on");
  v.field("bufferkf_bytes", r.bufferkf_bytes, "Bytes of it at most");
  v.field("abscapturetime_src_ext_id", r.abscapturetime_src_ext_id, "Extension id of abs-capture-time that comes in");
}

// The old keys of one medium of one kind.
struct LegacyMedium {
  std::optional<bool> on, skew, simulcast, svc, bufferkf, buffermsg;
  std::optional<uint16_t> port, rtcpport, port2, port3;
  std::optional<std::string> mcast, iface, codec, rtpmap, fmtp, h264sps, datatype;
  std::optional<uint8_t> pt;
};
struct LegacyKeys {
  LegacyMedium audio, video, data;
};
template <typename V>
void describe_coded(V& v, LegacyMedium& m, const std::string& kind) {
  v.field(kind, m.on, "There is one");
  v.field(kind + "port", m.port, "UDP port, 0: any of the range");
  v.field(kind + "rtcpport", m.rtcpport, "UDP port for RTCP, 0: any");
  v.field(kind + "mcast", m.mcast, "Multicast group to join");
  v.field(kind + "iface", m.iface, "Interface, name or address");
  v.field(kind + "pt", m.pt, "Payload type");
  v.field(kind + "codec", m.codec, "Codec");
  v.field(kind + "rtpmap", m.rtpmap, "Old form of codec");
  v.field(kind + "fmtp", m.fmtp, "Format parameters");
  v.field(kind + "skew", m.skew, "Compensate for the sender's clock");
}
template <typename V>
void describe(V& v, LegacyKeys& r) {
  describe_coded(v, r.audio, "audio");
  describe_coded(v, r.video, "video");
  v.field("videosimulcast", r.video.simulcast, "Other qualities come to videoport2 and videoport3");
  v.field("videoport2", r.video.port2, "Port of substream 1");
  v.field("videoport3", r.video.port3, "Port of substream 2");
  v.field("videosvc", r.video.svc, "VP9 with layers");
  v.field("videobufferkf", r.video.bufferkf, "Keep video from the last key frame on");
  v.field("h264sps", r.video.h264sps, "Parameter sets to insert, base64");
  v.field("data", r.data.on, "There are data");
  v.field("dataport", r.data.port, "UDP port, 0: any of the range");
  v.field("datamcast", r.data.mcast, "Multicast group to join");
  v.field("dataiface", r.data.iface, "Interface, name or address");
  v.field("datatype", r.data.datatype, "text or binary");
  v.field("databuffermsg", r.data.buffermsg, "The last message is for new viewers, too").legacy("buffermsg");
}

struct SourceKeys {
  std::optional<std::string> filename, url, rtsp_user, rtsp_pwd, rtspiface, rtsp_transport;
  Lenient<bool> rtsp_quirk;
  std::optional<bool> rtsp_failcheck, rtsp_notify_changes, loop, listen;
  std::optional<uint32_t> reconnect_delay, session_timeout, timeout, conn_timeout;
};
template <typename V>
void describe(V& v, SourceKeys& r) {
  v.field("filename", r.filename, "File to play");
  v.field("url", r.url, "Where media are fetched");
  v.field("rtsp_user", r.rtsp_user, "User of the RTSP server");
  v.field("rtsp_pwd", r.rtsp_pwd, "Password of the RTSP server");
  v.field("rtsp_quirk", r.rtsp_quirk, "Ask again with the path alone");
  v.field("rtsp_failcheck", r.rtsp_failcheck, "Without a server there is no mountpoint").legacy("rtsp_check");
  v.field("rtspiface", r.rtspiface, "Interface towards the server");
  v.field("rtsp_transport", r.rtsp_transport, "auto, udp or tcp");
  v.field("rtsp_reconnect_delay", r.reconnect_delay, "Seconds of silence before a reconnection");
  v.field("rtsp_session_timeout", r.session_timeout, "Longest keep-alive interval in seconds");
  v.field("rtsp_timeout", r.timeout, "Seconds a request may take");
  v.field("rtsp_conn_timeout", r.conn_timeout, "Seconds a connection may take");
  v.field("rtsp_notify_changes", r.rtsp_notify_changes, "Tell viewers of disconnections");
  v.field("loop", r.loop, "url: begin again at the end of a file");
  v.field("listen", r.listen, "url: wait for the encoder instead of calling it");
}

// Says no to unknown types with the contract's text.
StreamResult<MountpointType> type_from(std::string_view name);
// Are the types of what an `rtp` request says right? (Its contents are judged later.)
StreamResult<> check_rtp_types(const JsonObject& body);
// `type` and ids apart, everything that a `create` request says.
StreamResult<MountpointSettings> settings_from_request(MountpointType type, const JsonObject& body);
// A category of the configuration file. An error: it is left out.
Result<MountpointSettings> settings_from_config(const config::Node& group, config::Findings& findings);
// What a permanent mountpoint's category says; ports as configured.
config::Entries settings_entries(const MountpointSettings& settings, const Json& id);

}  // namespace limen::streaming
