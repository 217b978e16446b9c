#include "plugins/streaming/mountpoint.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/log.hpp"
#include "plugins/streaming/publication.hpp"
#include "plugins/streaming/viewer.hpp"

namespace limen::streaming {
namespace {

// Media of a source are called like those of the old form.
MediumSettings medium_of(const SourceFormat& format, MountpointType type, size_t of_kind) {
  MediumSettings out;
  out.kind = format.kind;
  out.mid = std::string(media_kind_name(format.kind)).substr(0, 1);
  if (of_kind > 0) out.mid += std::to_string(of_kind + 1);
  out.label = (type == MountpointType::rtsp ? "RTSP " : "") + std::string(media_kind_name(format.kind));
  out.codec = format.codec;
  out.payload_type = format.payload_type;
  out.fmtp = format.fmtp;
  out.simulcast = format.simulcast;
  return out;
}

// What viewers see first: audio before video, as in the old form.
std::vector<size_t> audio_first(const std::vector<SourceFormat>& formats) {
  std::vector<size_t> order(formats.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::stable_sort(order, {}, [&formats](size_t i) { return formats[i].kind; });
  return order;
}

std::string failure_text(MountpointType type) {
  if (type == MountpointType::rtsp) return "Error creating 'RTSP' stream";
  return fmt::format("Error creating '{}' stream", type_name(type));
}

}  // namespace

Mountpoint::Mountpoint(Feeds& feeds, MountpointId id, MountpointSettings settings)
    : feeds_(feeds),
      id_(std::move(id)),
      settings_(settings),
      configured_(std::move(settings)),
      feed_(feeds, feeds.next_shard()) {
  for (const MediumSettings& medium : settings_.media) {
    if (medium.interface.empty()) continue;
    if (auto address = interface_address(medium.interface)) host_ = address->to_string();
  }
}

Mountpoint::~Mountpoint() {
  for (size_t i = 0; i < recordings_.size(); ++i) stop_recording(i);
}

void Mountpoint::start(Ready ready) {
  if (settings_.type == MountpointType::rtp) return open_feed({}, std::move(ready));
  if (settings_.type == MountpointType::whip) return ready({});
  // Its viewers open feeds of their own; this one is only tried.
  if (settings_.type == MountpointType::ondemand) {
    auto source = make_source();
    if (source) return ready({});
    return ready(refuse(ErrorCode::cannot_create, "{}", source.error().text));
  }
  start_source(std::move(ready));
}

void Mountpoint::open_feed(std::vector<int> source_media, Ready ready) {
  auto done = [this, ready = std::move(ready)](Result<std::vector<OpenedPorts>> ports) mutable {
    if (!ports) {
      log::warning("", "Streaming: mountpoint {}: {}", id_.text(), ports.error().text);
      return ready(refuse(ErrorCode::cannot_create, "Error creating '{}' stream", type_name(settings_.type)));
    }
    for (size_t i = 0; i < ports->size() && settings_.has_sockets(); ++i) {
      const OpenedPorts& opened = (*ports)[i];
      MediumSettings& medium = settings_.media[i];
      if (!opened.ports.empty()) medium.port = opened.ports[0];
      size_t next = 1;
      for (auto* port : {&medium.port2, &medium.port3}) {
        if (*port && medium.simulcast && next < opened.ports.size()) *port = opened.ports[next++];
      }
      if (medium.rtcp_port) medium.rtcp_port = opened.rtcp;
    }
    ready({});
  };
  feed_.open(settings_, std::move(source_media), std::move(done));
}

Result<std::unique_ptr<Source>> Mountpoint::make_source() const {
  PluginContext& context = feeds_.context();
  if (settings_.from_file()) {
    if (settings_.file.filename.find("../") != std::string::npos) {
      return fail("Can't add '{}' stream, can't use relative paths ('{}')\n", type_name(settings_.type),
                  settings_.file.filename);
    }
    auto source = make_file_source(context, settings_.file);
    if (!source) {
      return fail("Can't add '{}' stream, no such file '{}' ({})\n", type_name(settings_.type), settings_.file.filename,
                  source.error().text);
    }
    return source;
  }
  if (settings_.type == MountpointType::url) return make_url_source(context, settings_.url);
  RtspSpec spec = settings_.rtsp;
  spec.port_min = feeds_.ports()->low();
  spec.port_max = feeds_.ports()->high();
  return make_rtsp_source(context, spec);
}

void Mountpoint::start_source(Ready ready) {
  const RtspSpec& rtsp = settings_.rtsp;
  if (!rtsp.interface.empty() && !interface_address(rtsp.interface)) {
    return ready(refuse(ErrorCode::cannot_create, "Invalid network interface configuration for stream"));
  }
  auto source = make_source();
  if (!source) {
    log::warning("", "Streaming: mountpoint {}: {}", id_.text(), source.error().text);
    bool file = settings_.from_file();
    return ready(refuse(ErrorCode::cannot_create, "{}", file ? source.error().text : failure_text(settings_.type)));
  }
  FeedEvents events;
  events.formats = [this](const std::vector<SourceFormat>& formats) { on_formats(formats); };
  events.state = [this](SourceState state, const std::string& reason) { on_state(state, reason); };
  // A file plays, an encoder may come later: only a server that must be there is waited for.
  bool wait = settings_.type == MountpointType::rtsp && !rtsp.retry_first;
  if (wait) ready_ = std::move(ready);
  if (settings_.from_file()) feed_.open(settings_, {0}, {});
  feed_.start(std::move(*source), std::move(events));
  if (!wait) ready({});
}

void Mountpoint::answer(StreamResult<> result) {
  // What is told may end this mountpoint.
  if (Ready ready = std::exchange(ready_, {})) ready(std::move(result));
}

void Mountpoint::on_formats(const std::vector<SourceFormat>& formats) {
  if (!settings_.from_file()) take_formats(formats);
}

std::vector<int> Mountpoint::take_formats(const std::vector<SourceFormat>& formats) {
  std::vector<int> map(formats.size(), -1);
  if (feed_.is_open()) {
    // Connected again: what is of the same kind and codec goes on.
    std::vector<bool> taken(settings_.media.size());
    for (size_t i = 0; i < formats.size(); ++i) {
      for (size_t m = 0; m < settings_.media.size() && map[i] < 0; ++m) {
        if (taken[m] || settings_.media[m].kind != formats[i].kind || settings_.media[m].codec != formats[i].codec) {
          continue;
        }
        map[i] = static_cast<int>(m);
        taken[m] = true;
      }
    }
    feed_.reconnected(map);
    return map;
  }
  settings_.media.clear();
  for (size_t i : audio_first(formats)) {
    size_t of_kind = 0;
    for (const MediumSettings& other : settings_.media) of_kind += other.kind == formats[i].kind;
    map[i] = static_cast<int>(settings_.media.size());
    settings_.media.push_back(medium_of(formats[i], settings_.type, of_kind));
  }
  if (!settings_.media.empty()) open_feed(map, [](const StreamResult<>&) {});
  return map;
}

StreamResult<std::vector<int>> Mountpoint::add(Publication& publisher, const std::vector<SourceFormat>& formats) {
  if (publisher_ != nullptr) {
    return refuse(ErrorCode::invalid_state, "Somebody publishes into mountpoint {} already", id_.text());
  }
  publisher_ = &publisher;
  std::vector<int> map = take_formats(formats);
  feed_.set_publisher([&publisher](size_t medium) { publisher.ask_keyframe(medium); });
  tell_publisher("publisher-joined");
  return map;
}

void Mountpoint::remove(Publication& publisher) {
  if (publisher_ != &publisher) return;
  publisher_ = nullptr;
  feed_.set_publisher({});
  tell_publisher("publisher-left");
}

void Mountpoint::tell_publisher(std::string_view what) {
  JsonObject news{{"event", what}, {"id", id_.json()}};
  tell_all(news);
  if (feeds_.context().events_enabled() && feeds_.notifies()) feeds_.context().notify_event(std::move(news));
}

void Mountpoint::on_state(SourceState state, const std::string& reason) {
  if (state == SourceState::connected) {
    if (std::exchange(lost_, false)) tell_connection("rtsp-reconnected");
    return answer({});
  }
  if (state == SourceState::ended) return;
  log::warning("", "Streaming: the source of mountpoint {} is not there: {}", id_.text(), reason);
  if (state == SourceState::lost && !std::exchange(lost_, true)) tell_connection("rtsp-disconnected");
  if (state == SourceState::failed) answer(refuse(ErrorCode::cannot_create, "{}", failure_text(settings_.type)));
}

void Mountpoint::tell_connection(std::string_view what) {
  JsonObject news{{"event", what}, {"id", id_.json()}};
  if (settings_.notify_changes) tell_all(news);
  if (feeds_.context().events_enabled() && feeds_.notifies()) feeds_.context().notify_event(std::move(news));
}

void Mountpoint::set_enabled(bool enabled) {
  enabled_ = enabled;
  feed_.set_enabled(enabled);
  for (Viewer* viewer : viewers_) viewer->mountpoint_enabled(enabled);
}

void Mountpoint::tell_all(const JsonObject& news) const {
  for (Viewer* viewer : viewers_) viewer->push(news);
}

Result<std::shared_ptr<media::RecordingFile>> Mountpoint::record(size_t medium, const std::string& name) {
  const MediumSettings& of = settings_.media[medium];
  media::RecordingSpec spec;
  spec.name = name;
  spec.header.kind = of.kind;
  spec.header.codec = of.kind == MediaKind::data ? "text" : std::string(codec_name(of.codec));
  spec.header.encrypted = settings_.e2ee;
  auto file = media::RecordingFile::open(feeds_.context(), std::move(spec));
  if (!file) return std::unexpected(file.error());
  recordings_.resize(settings_.media.size());
  recordings_[medium] = *file;
  feed_.record(medium, *file, id_.low_bits());
  return file;
}

void Mountpoint::stop_recording(size_t medium) {
  if (!records(medium)) return;
  feed_.record(medium, nullptr, 0);
  recordings_[medium].reset();
}

void Mountpoint::recording_failed(size_t medium, const std::string& path) {
  if (records(medium) && recordings_[medium]->path() == path) stop_recording(medium);
}

bool Mountpoint::records_any(MediaKind kind) const {
  for (size_t i = 0; i < settings_.media.size(); ++i) {
    if (settings_.media[i].kind == kind && records(i)) return true;
  }
  return false;
}

JsonObject Mountpoint::list_entry() const {
  JsonObject out{{"id", id_.json()}, {"type", type_in_lists(settings_.type)}, {"description", settings_.description}};
  if (settings_.metadata) out["metadata"] = *settings_.metadata;
  out["enabled"] = enabled_;
  if (!is_rtp()) return out;
  JsonArray media;
  for (size_t i = 0; i < settings_.media.size(); ++i) {
    const MediumSettings& medium = settings_.media[i];
    JsonObject one{{"mid", medium.mid}, {"type", media_kind_name(medium.kind)}, {"label", medium.label_or_kind()}};
    if (!medium.msid.empty()) one["msid"] = medium.msid;
    one["age_ms"] = to_ms(feed_.age(i));
    media.push_back(std::move(one));
  }
  out["media"] = std::move(media);
  return out;
}

JsonObject Mountpoint::medium_info(size_t index, bool admin) const {
  const MediumSettings& m = settings_.media[index];
  JsonObject out{{"mindex", index}, {"type", media_kind_name(m.kind)}, {"mid", m.mid}, {"label", m.label_or_kind()}};
  if (!m.msid.empty()) out["msid"] = m.msid;
  if (m.kind != MediaKind::data) {
    out["pt"] = m.payload_type;
    out["codec"] = codec_name(m.codec);
    out["rtpmap"] = m.rtpmap();
    if (!m.fmtp.empty()) out["fmtp"] = m.fmtp;
  }
  if (m.simulcast) out["videosimulcast"] = true;
  if (m.svc) out["videosvc"] = true;
  if (m.skew) out["skew_compensation"] = true;
  if (m.kind == MediaKind::data) out["datatype"] = m.binary ? "binary" : "text";
  if (admin && settings_.has_sockets()) {
    out["port"] = m.port;
    if (m.rtcp_port) out["rtcpport"] = *m.rtcp_port;
    if (m.port2) out["port2"] = *m.port2;
    if (m.port3) out["port3"] = *m.port3;
  }
  if (admin && records(index)) {
    out["recording"] = std::filesystem::path(recordings_[index]->path()).filename().string();
  }
  out["age_ms"] = to_ms(feed_.age(index));
  return out;
}

JsonObject Mountpoint::info(bool admin) const {
  const MountpointSettings& s = settings_;
  JsonObject out{{"id", id_.json()}};
  if (admin) out["name"] = s.name;
  if (!s.description.empty()) out["description"] = s.description;
  if (s.metadata) out["metadata"] = *s.metadata;
  if (admin && s.secret) out["secret"] = *s.secret;
  if (admin && s.pin) out["pin"] = *s.pin;
  if (admin && s.is_private) out["is_private"] = true;
  out["enabled"] = enabled_;
  if (admin) out["viewers"] = viewers_.size();
  out["type"] = type_in_lists(s.type);
  if (s.from_file()) {
    if (admin) out["filename"] = s.file.filename;
    JsonArray media;
    for (const MediumSettings& m : s.media) {
      JsonObject one{{"type", "audio"}, {"pt", m.payload_type}, {"codec", codec_name(m.codec)}, {"rtpmap", m.rtpmap()}};
      if (!m.fmtp.empty()) one["fmtp"] = m.fmtp;
      media.push_back(std::move(one));
    }
    out["media"] = std::move(media);
    return out;
  }
  if (s.type == MountpointType::rtsp) {
    out["rtsp"] = true;
    if (admin) {
      out["url"] = s.rtsp.url;
      if (!s.rtsp.user.empty()) out["rtsp_user"] = s.rtsp.user;
      if (!s.rtsp.password.empty()) out["rtsp_pwd"] = s.rtsp.password;
      if (s.rtsp.quirk) out["rtsp_quirk"] = true;
    }
  }
  if (s.type == MountpointType::url && admin) out["url"] = s.url.url;
  if (s.srtp_suite != 0) out["srtp"] = true;
  if (s.collision_ms != 0) out["collision"] = s.collision_ms;
  if (s.keyframes && s.keyframes->ms != 0) out["bufferkf_ms"] = s.keyframes->ms;
  if (s.keyframes && s.keyframes->bytes != 0) out["bufferkf_bytes"] = s.keyframes->bytes;
  if (s.threads != 0) out["threads"] = s.threads;
  if (admin && !host_.empty()) out["host"] = host_;
  JsonArray media;
  for (size_t i = 0; i < s.media.size(); ++i) media.push_back(medium_info(i, admin));
  out["media"] = std::move(media);
  return out;
}

}  // namespace limen::streaming
