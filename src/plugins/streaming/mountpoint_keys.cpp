#include "plugins/streaming/mountpoint_keys.hpp"

#include <algorithm>
#include <array>

#include "media/forward/sdes.hpp"

namespace limen::streaming {
namespace {

constexpr size_t kMaxMedia = 64;  // of one mountpoint
constexpr uint8_t kHighestPayloadType = 127;

// Everything that may be said, however it was read.
struct AllKeys {
  CommonKeys common;
  RtpKeys rtp;
  LegacyKeys legacy;
  SourceKeys source;
  std::optional<std::vector<MediumKeys>> media;
};

template <typename T, typename S>
void take(const std::optional<T>& from, S& to) {
  if (from) to = static_cast<S>(*from);
}

bool starts_with_any_case(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && config::same_text(text.substr(0, prefix.size()), prefix);
}

// The old `rtpmap` counts by its beginning.
Codec codec_of_rtpmap(std::string_view rtpmap) {
  constexpr std::array<std::pair<std::string_view, Codec>, 15> kPrefixes{{{"opus/", Codec::opus},
                                                                          {"multiopus/", Codec::multiopus},
                                                                          {"red/", Codec::opus_red},
                                                                          {"pcmu/", Codec::pcmu},
                                                                          {"pcma/", Codec::pcma},
                                                                          {"g722/", Codec::g722},
                                                                          {"isac/32", Codec::isac32},
                                                                          {"isac/16", Codec::isac16},
                                                                          {"l16/48", Codec::l16_48},
                                                                          {"l16/16", Codec::l16_16},
                                                                          {"vp8/", Codec::vp8},
                                                                          {"vp9/", Codec::vp9},
                                                                          {"h264/", Codec::h264},
                                                                          {"h265/", Codec::h265},
                                                                          {"av1/", Codec::av1}}};
  for (const auto& [prefix, codec] : kPrefixes) {
    if (starts_with_any_case(rtpmap, prefix)) return codec;
  }
  return Codec::unknown;
}

Codec codec_of(const std::optional<std::string>& codec, const std::optional<std::string>& rtpmap, MediaKind kind) {
  Codec found = Codec::unknown;
  if (codec && !codec->empty()) found = codec_from_name(*codec).value_or(Codec::unknown);
  else if (rtpmap) found = codec_of_rtpmap(*rtpmap);
  if (found == Codec::telephone_event || found == Codec::unknown) return Codec::unknown;
  return codec_kind(found) == kind ? found : Codec::unknown;
}

StreamResult<bool> is_binary(const std::optional<std::string>& datatype) {
  if (!datatype || *datatype == "text") return false;
  if (*datatype == "binary") return true;
  return refuse(ErrorCode::invalid_element, "Invalid element (datatype can only be set to binary or text)");
}

StreamResult<> check_coded(const MediumSettings& medium) {
  if (medium.codec == Codec::unknown) {
    return refuse(ErrorCode::cannot_create, "Can't add 'rtp' stream, error creating data source stream");
  }
  if (medium.payload_type > kHighestPayloadType) {
    return refuse(ErrorCode::invalid_element, "Invalid payload type of {} '{}' (should be 0 to {})",
                  media_kind_name(medium.kind), medium.mid, kHighestPayloadType);
  }
  return {};
}

StreamResult<MediumSettings> medium_from(const MediumKeys& keys) {
  MediumSettings out;
  if (config::same_text(keys.type, "audio")) out.kind = MediaKind::audio;
  else if (config::same_text(keys.type, "video")) out.kind = MediaKind::video;
  else if (config::same_text(keys.type, "data")) out.kind = MediaKind::data;
  else return refuse(ErrorCode::cannot_create, "Unsupported media type in media stream ('{}')", keys.type);
  if (keys.mid.empty()) return refuse(ErrorCode::cannot_create, "A media stream needs a mid");
  out.mid = keys.mid;
  out.label = keys.label.value_or(std::string(keys.type));
  take(keys.msid, out.msid);
  out.port = keys.port;
  take(keys.mcast, out.multicast);
  take(keys.iface, out.interface);
  auto binary = is_binary(keys.datatype);
  if (!binary) return passed_on(binary);
  out.binary = *binary;
  take(keys.buffermsg, out.buffer_message);
  if (out.kind == MediaKind::data) return out;
  out.rtcp_port = keys.rtcpport;
  take(keys.pt, out.payload_type);
  out.codec = codec_of(keys.codec, keys.rtpmap, out.kind);
  take(keys.fmtp, out.fmtp);
  take(keys.skew, out.skew);
  if (auto good = check_coded(out); !good) return passed_on(good);
  if (out.kind == MediaKind::audio) return out;
  take(keys.simulcast, out.simulcast);
  if (out.simulcast) {
    out.port2 = keys.port2;
    out.port3 = keys.port3;
  }
  out.svc = keys.svc.value_or(false) && out.codec == Codec::vp9 && !out.simulcast;
  if (out.codec == Codec::h264) take(keys.h264sps, out.h264_parameter_sets);
  take(keys.bufferkf, out.buffer_keyframe);
  return out;
}

StreamResult<> add_media(MountpointSettings& settings, const std::vector<MediumKeys>& media) {
  if (media.size() > kMaxMedia) return refuse(ErrorCode::cannot_create, "More than {} media streams", kMaxMedia);
  for (const MediumKeys& keys : media) {
    auto medium = medium_from(keys);
    if (!medium) return passed_on(medium);
    auto same = [&medium](const MediumSettings& other) { return config::same_text(other.mid, medium->mid); };
    if (std::ranges::any_of(settings.media, same)) {
      return refuse(ErrorCode::cannot_create, "Two media streams have the mid '{}'", medium->mid);
    }
    settings.media.push_back(std::move(*medium));
  }
  return {};
}

// What the old form says of one kind, as an entry of the new one.
StreamResult<> add_legacy(MountpointSettings& settings, const LegacyMedium& from, MediaKind kind) {
  if (!from.on.value_or(false)) return {};
  std::string name(media_kind_name(kind));
  if (!from.port) return refuse(ErrorCode::missing_element, "Missing mandatory element ({}port)", name);
  if (kind != MediaKind::data && !from.pt) {
    return refuse(ErrorCode::missing_element, "Missing mandatory element ({}pt)", name);
  }
  MediumKeys keys;
  keys.type = name;
  keys.mid = name.substr(0, 1);
  keys.label = name;
  keys.port = *from.port;
  keys.rtcpport = from.rtcpport;
  keys.port2 = from.port2;
  keys.port3 = from.port3;
  keys.mcast = from.mcast;
  keys.iface = from.iface;
  keys.codec = from.codec;
  keys.rtpmap = from.rtpmap;
  keys.fmtp = from.fmtp;
  keys.h264sps = from.h264sps;
  keys.datatype = from.datatype;
  keys.pt = from.pt;
  keys.skew = from.skew;
  keys.simulcast = from.simulcast;
  keys.svc = from.svc;
  keys.buffermsg = from.buffermsg;
  keys.bufferkf = from.bufferkf.value_or(false) && !from.simulcast.value_or(false);
  auto medium = medium_from(keys);
  if (!medium) return passed_on(medium);
  settings.media.push_back(std::move(*medium));
  return {};
}

StreamResult<> take_keyframes(MountpointSettings& settings, const RtpKeys& keys) {
  uint32_t ms = keys.bufferkf_ms.value_or(0);
  uint32_t bytes = keys.bufferkf_bytes.value_or(0);
  if (ms > UINT16_MAX) {
    return refuse(ErrorCode::cannot_create, "Can't add mountpoint, bufferkf_ms should be 0 to {}", UINT16_MAX);
  }
  if (bytes > KeyframeLimits::kMostBytes) {
    return refuse(ErrorCode::cannot_create, "Can't add mountpoint, bufferkf_bytes should be {} at most",
                  KeyframeLimits::kMostBytes);
  }
  if (ms == 0 && bytes == 0) return {};
  settings.keyframes = KeyframeLimits{.ms = ms, .bytes = bytes};
  return {};
}

StreamResult<> take_srtp(MountpointSettings& settings, const RtpKeys& keys) {
  if (!keys.srtpsuite || *keys.srtpsuite == 0 || !keys.srtpcrypto) return {};
  if (*keys.srtpsuite != 32 && *keys.srtpsuite != 80) {
    return refuse(ErrorCode::cannot_create, "Can't add 'rtp' stream, invalid SRTP suite...");
  }
  if (!media::srtp_key(*keys.srtpcrypto)) {
    return refuse(ErrorCode::cannot_create, "Can't add 'rtp' stream, invalid SRTP key");
  }
  settings.srtp_suite = static_cast<int>(*keys.srtpsuite);
  settings.srtp_crypto = *keys.srtpcrypto;
  return {};
}

StreamResult<> take_rtp(MountpointSettings& settings, const AllKeys& keys) {
  if (auto good = take_srtp(settings, keys.rtp); !good) return good;
  take(keys.rtp.collision, settings.collision_ms);
  uint32_t capture_time = keys.rtp.abscapturetime_src_ext_id.value_or(0);
  if (keys.rtp.abscapturetime_src_ext_id && (capture_time < 1 || capture_time > 14)) {
    return refuse(ErrorCode::invalid_element, "Invalid value (abscapturetime_src_ext_id should be 1 to 14)");
  }
  settings.capture_time_id = static_cast<uint8_t>(capture_time);
  settings.legacy_form = !keys.media.has_value();
  if (keys.media) {
    if (auto good = add_media(settings, *keys.media); !good) return good;
  } else {
    const std::array<std::pair<const LegacyMedium*, MediaKind>, 3> kinds{{{&keys.legacy.audio, MediaKind::audio},
                                                                          {&keys.legacy.video, MediaKind::video},
                                                                          {&keys.legacy.data, MediaKind::data}}};
    for (const auto& [medium, kind] : kinds) {
      if (auto good = add_legacy(settings, *medium, kind); !good) return good;
    }
  }
  if (!settings.media.empty()) return {};
  return refuse(ErrorCode::cannot_create, "Can't add 'rtp' stream, no audio or video have to be streamed...");
}

StreamResult<> take_file(MountpointSettings& settings, const AllKeys& keys) {
  std::string_view type = type_name(settings.type);
  if (!keys.source.filename) return refuse(ErrorCode::missing_element, "Missing mandatory element (filename)");
  if (!keys.legacy.audio.on.value_or(false) || keys.legacy.video.on.value_or(false)) {
    return refuse(ErrorCode::cannot_create, "Can't add '{}' stream, we only support audio file streaming right now...",
                  type);
  }
  const std::string& name = *keys.source.filename;
  MediumSettings medium;
  medium.mid = "0";
  medium.label = "audio";
  bool raw = name.ends_with(".alaw") || name.ends_with(".mulaw");
  if (!raw && !name.ends_with(".opus")) {
    return refuse(ErrorCode::cannot_create,
                  "Can't add '{}' stream, unsupported format (we only support raw mu-Law and a-Law files right now)",
                  type);
  }
  if (name.ends_with(".alaw")) {
    medium.codec = Codec::pcma;
    medium.payload_type = 8;
  } else if (name.ends_with(".mulaw")) {
    medium.codec = Codec::pcmu;
  } else {
    medium.codec = codec_of(keys.legacy.audio.codec, keys.legacy.audio.rtpmap, MediaKind::audio);
    medium.payload_type = keys.legacy.audio.pt.value_or(111);
    if (medium.codec != Codec::opus || medium.payload_type > kHighestPayloadType) {
      return refuse(ErrorCode::cannot_create, "Can't add '{}' stream, an .opus file needs audiocodec opus", type);
    }
  }
  take(keys.legacy.audio.fmtp, medium.fmtp);
  settings.file = {.filename = name, .payload_type = medium.payload_type, .codec = medium.codec};
  settings.media.push_back(std::move(medium));
  return {};
}

Duration seconds(const std::optional<uint32_t>& value, Duration fallback, bool zero_is_default = true) {
  if (!value || (*value == 0 && zero_is_default)) return fallback;
  return std::chrono::seconds(std::min<uint32_t>(*value, 86400));
}

StreamResult<RtspTransport> transport_from(const std::optional<std::string>& name) {
  if (!name || config::same_text(*name, "auto")) return RtspTransport::automatic;
  if (config::same_text(*name, "udp")) return RtspTransport::udp;
  if (config::same_text(*name, "tcp")) return RtspTransport::tcp;
  return refuse(ErrorCode::invalid_element, "Invalid element (rtsp_transport can be auto, udp or tcp)");
}

StreamResult<> take_rtsp(MountpointSettings& settings, const AllKeys& keys) {
  RtspSpec& out = settings.rtsp;
  const LegacyMedium& audio = keys.legacy.audio;
  const LegacyMedium& video = keys.legacy.video;
  out.audio = audio.on.value_or(false);
  out.video = video.on.value_or(false);
  if (!out.audio && !out.video) {
    return refuse(ErrorCode::cannot_create, "Can't add 'rtsp' stream, no audio or video have to be streamed...");
  }
  if (!keys.source.url) return refuse(ErrorCode::cannot_create, "Can't add 'rtsp' stream, missing url...");
  auto transport = transport_from(keys.source.rtsp_transport);
  if (!transport) return passed_on(transport);
  out.transport = *transport;
  out.url = *keys.source.url;
  take(keys.source.rtsp_user, out.user);
  take(keys.source.rtsp_pwd, out.password);
  take(keys.source.rtspiface, out.interface);
  take(keys.source.rtsp_quirk, out.quirk);
  out.audio_payload_type = audio.pt;
  out.video_payload_type = video.pt;
  take(audio.fmtp, out.audio_fmtp);
  take(video.fmtp, out.video_fmtp);
  out.retry_first = !keys.source.rtsp_failcheck.value_or(true);
  out.reconnect_delay = seconds(keys.source.reconnect_delay, out.reconnect_delay);
  out.session_timeout = seconds(keys.source.session_timeout, out.session_timeout, false);
  out.request_timeout = seconds(keys.source.timeout, out.request_timeout);
  out.connect_timeout = seconds(keys.source.conn_timeout, out.connect_timeout);
  if (video.bufferkf.value_or(false) && !settings.keyframes) {
    settings.keyframes = KeyframeLimits{.ms = KeyframeLimits::kDefaultMs, .bytes = 0};
  }
  return {};
}

StreamResult<> take_url(MountpointSettings& settings, const AllKeys& keys) {
  if (!keys.source.url) return refuse(ErrorCode::missing_element, "Missing mandatory element (url)");
  UrlSpec& out = settings.url;
  out.url = *keys.source.url;
  out.audio = keys.legacy.audio.on.value_or(true);
  out.video = keys.legacy.video.on.value_or(true);
  if (!out.audio && !out.video) {
    return refuse(ErrorCode::cannot_create, "Can't add 'url' stream, no audio or video have to be streamed...");
  }
  take(keys.source.loop, out.loop);
  take(keys.source.listen, out.listen);
  out.reconnect_delay = seconds(keys.source.reconnect_delay, out.reconnect_delay);
  out.open_timeout = seconds(keys.source.conn_timeout, out.open_timeout);
  return {};
}

StreamResult<> take_whip(MountpointSettings& settings, const AllKeys& keys) {
  settings.whip.audio = keys.legacy.audio.on.value_or(true);
  settings.whip.video = keys.legacy.video.on.value_or(true);
  if (!settings.whip.audio && !settings.whip.video) {
    return refuse(ErrorCode::cannot_create, "Can't add 'whip' stream, no audio or video have to be streamed...");
  }
  if (keys.legacy.video.bufferkf.value_or(false) && !settings.keyframes) {
    settings.keyframes = KeyframeLimits{.ms = KeyframeLimits::kDefaultMs, .bytes = 0};
  }
  return {};
}

StreamResult<MountpointSettings> assemble(MountpointType type, const AllKeys& keys) {
  MountpointSettings settings;
  settings.type = type;
  take(keys.common.description, settings.description);
  take(keys.common.metadata, settings.metadata);
  take(keys.common.secret, settings.secret);
  take(keys.common.pin, settings.pin);
  take(keys.common.is_private, settings.is_private);
  take(keys.rtp.threads, settings.threads);
  take(keys.rtp.e2ee, settings.e2ee);
  take(keys.rtp.playoutdelay_ext, settings.playout_delay);
  take(keys.source.rtsp_notify_changes, settings.notify_changes);
  if (auto good = take_keyframes(settings, keys.rtp); !good) return passed_on(good);
  StreamResult<> done;
  if (type == MountpointType::rtp) done = take_rtp(settings, keys);
  else if (type == MountpointType::rtsp) done = take_rtsp(settings, keys);
  else if (type == MountpointType::url) done = take_url(settings, keys);
  else if (type == MountpointType::whip) done = take_whip(settings, keys);
  else done = take_file(settings, keys);
  if (!done) return passed_on(done);
  return settings;
}

StreamResult<std::vector<MediumKeys>> read_media(const JsonArray& array, const LegacyKeys& root) {
  std::vector<MediumKeys> out;
  for (const Json& json : array) {
    // What is no object has no mandatory members.
    static const JsonObject kNone;
    auto keys = read<MediumKeys>(json.is_object() ? json.get_object() : kNone);
    if (!keys) return passed_on(keys);
    if (!keys->datatype) keys->datatype = root.data.datatype;
    if (!keys->buffermsg) keys->buffermsg = root.data.buffermsg;
    if (out.size() >= kMaxMedia) return refuse(ErrorCode::cannot_create, "More than {} media streams", kMaxMedia);
    out.push_back(std::move(*keys));
  }
  return out;
}

struct RequestExtras {
  std::optional<std::string> name;
  std::optional<JsonArray> media;
  std::optional<bool> buffermsg;  // meant for the data entries of `media`
};
template <typename V>
void describe(V& v, RequestExtras& r) {
  v.field("name", r.name, "Name in the configuration file");
  v.field("media", r.media, "The streams");
  v.field("buffermsg", r.buffermsg, "The last message is for new viewers, too");
}

std::string usable_name(std::string name) {
  bool digit = !name.empty() && name.front() >= '0' && name.front() <= '9';
  return digit ? "mp-" + name : name;
}

}  // namespace

StreamResult<MountpointType> type_from(std::string_view name) {
  for (MountpointType type : {MountpointType::rtp, MountpointType::live, MountpointType::ondemand, MountpointType::rtsp,
                              MountpointType::url, MountpointType::whip}) {
    if (config::same_text(name, type_name(type))) return type;
  }
  return refuse(ErrorCode::invalid_element, "Unknown stream type '{}'...\n", name);
}

StreamResult<> check_rtp_types(const JsonObject& body) {
  if (auto good = read<RequestExtras>(body); !good) return passed_on(good);
  if (auto good = read<RtpKeys>(body); !good) return passed_on(good);
  if (auto good = read<LegacyKeys>(body); !good) return passed_on(good);
  return {};
}

StreamResult<MountpointSettings> settings_from_request(MountpointType type, const JsonObject& body) {
  AllKeys keys;
  auto extras = read<RequestExtras>(body);
  if (!extras) return passed_on(extras);
  auto common = read<CommonKeys>(body);
  if (!common) return passed_on(common);
  auto rtp = read<RtpKeys>(body);
  if (!rtp) return passed_on(rtp);
  auto legacy = read<LegacyKeys>(body);
  if (!legacy) return passed_on(legacy);
  auto source = read<SourceKeys>(body);
  if (!source) return passed_on(source);
  if (!legacy->data.buffermsg) legacy->data.buffermsg = extras->buffermsg;
  if (extras->media && type == MountpointType::rtp) {
    auto media = read_media(*extras->media, *legacy);
    if (!media) return passed_on(media);
    keys.media = std::move(*media);
  }
  keys.common = std::move(*common);
  keys.rtp = std::move(*rtp);
  keys.legacy = std::move(*legacy);
  keys.source = std::move(*source);
  auto settings = assemble(type, keys);
  if (settings && extras->name) settings->name = usable_name(*extras->name);
  return settings;
}

Result<MountpointSettings> settings_from_config(const config::Node& group, config::Findings& findings) {
  auto type = type_from(group.text("type").value_or(""));
  if (!type) return fail("it has no known type");
  AllKeys keys;
  config::GroupReader reader(&group, findings);
  for (const char* known : {"type", "id", "name", "media"}) reader.ignore(known);
  describe(reader, keys.common);
  describe(reader, keys.rtp);
  describe(reader, keys.legacy);
  describe(reader, keys.source);
  reader.finish();
  const config::Node* media = group.find("media");
  if (media != nullptr && *type == MountpointType::rtp) {
    keys.media.emplace();
    for (const config::Node& entry : media->children) {
      if (keys.media->size() >= kMaxMedia) break;
      MediumKeys& medium = keys.media->emplace_back();
      config::GroupReader inner(&entry, findings);
      describe(inner, medium);
      inner.finish();
      if (entry.find("port") == nullptr) return fail("medium '{}' has no port", medium.mid);
      if (medium.type != "data" && !medium.pt) return fail("medium '{}' has no payload type (pt)", medium.mid);
    }
  }
  auto settings = assemble(*type, keys);
  if (!settings) return fail("{}", settings.error().text);
  settings->name = group.name;
  if (settings->description.empty()) settings->description = group.name;
  return std::move(*settings);
}

}  // namespace limen::streaming
