// The request `recording` (contract, 3.8).
#include <algorithm>
#include <array>

#include "config/describe.hpp"
#include "plugins/streaming/mountpoint_verbs.hpp"
#include "plugins/streaming/mountpoints.hpp"

namespace limen::streaming {
namespace {

struct RecordingRequest {
  std::string action;
};
template <typename V>
void describe(V& v, RecordingRequest& r) {
  v.field("action", r.action, "start or stop");
}

struct MediaRequest {
  std::optional<JsonArray> media;
};
template <typename V>
void describe(V& v, MediaRequest& r) {
  v.field("media", r.media, "What is recorded, by mid");
}

// The old form: names of files, or true for what ends.
template <typename T>
struct LegacyRecording {
  std::optional<T> audio, video, data;
  const std::optional<T>& of(MediaKind kind) const {
    return kind == MediaKind::audio ? audio : kind == MediaKind::video ? video : data;
  }
  bool none() const { return !audio && !video && !data; }
};
template <typename V, typename T>
void describe(V& v, LegacyRecording<T>& r) {
  v.field("audio", r.audio, "Audio");
  v.field("video", r.video, "Video");
  v.field("data", r.data, "Data");
}

constexpr std::array kKinds{MediaKind::audio, MediaKind::video, MediaKind::data};

const std::string* text_member(const Json& entry, std::string_view key, std::string& out) {
  const JsonObject* object = entry.if_object();
  const Json* value = object == nullptr ? nullptr : object->if_contains(key);
  if (value == nullptr || !value->is_string()) return nullptr;
  out = std::string(value->get_string());
  return &out;
}

std::optional<size_t> find_mid(const Mountpoint& mountpoint, const std::string& mid) {
  const auto& media = mountpoint.settings().media;
  auto it = std::ranges::find_if(media, [&mid](const MediumSettings& m) { return config::same_text(m.mid, mid); });
  if (it == media.end()) return std::nullopt;
  return static_cast<size_t>(it - media.begin());
}

StreamResult<> start_listed(Mountpoint& mountpoint, const JsonArray& list) {
  for (const Json& entry : list) {
    std::string mid, filename;
    if (text_member(entry, "mid", mid) == nullptr || text_member(entry, "filename", filename) == nullptr) continue;
    auto medium = find_mid(mountpoint, mid);
    if (!medium) continue;
    if (mountpoint.records(*medium)) {
      return refuse(ErrorCode::invalid_request,
                    "Recording for audio, video and/or data already started for this stream");
    }
    if (mountpoint.record(*medium, filename)) continue;
    return refuse(ErrorCode::cannot_record, "Error starting recorder for {}",
                  media_kind_name(mountpoint.settings().media[*medium].kind));
  }
  return {};
}

StreamResult<> start_by_kind(Mountpoint& mountpoint, const JsonObject& body) {
  auto request = read<LegacyRecording<std::string>>(body);
  if (!request) return passed_on(request);
  if (request->none()) return refuse(ErrorCode::invalid_request, "Missing audio, video and/or data");
  for (MediaKind kind : kKinds) {
    if (request->of(kind) && mountpoint.records_any(kind)) {
      return refuse(ErrorCode::invalid_request, "Recording started for this stream");
    }
  }
  const auto& media = mountpoint.settings().media;
  for (MediaKind kind : kKinds) {
    auto it = std::ranges::find(media, kind, &MediumSettings::kind);
    if (!request->of(kind) || it == media.end()) continue;
    if (!mountpoint.record(static_cast<size_t>(it - media.begin()), *request->of(kind))) {
      return refuse(ErrorCode::cannot_record, "Error starting recorder");
    }
  }
  return {};
}

void stop_listed(Mountpoint& mountpoint, const JsonArray& list) {
  for (const Json& entry : list) {
    std::string mid;
    if (text_member(entry, "mid", mid) == nullptr) continue;
    if (auto medium = find_mid(mountpoint, mid)) mountpoint.stop_recording(*medium);
  }
}

StreamResult<> stop_by_kind(Mountpoint& mountpoint, const JsonObject& body) {
  auto request = read<LegacyRecording<bool>>(body);
  if (!request) return passed_on(request);
  if (request->none()) return refuse(ErrorCode::invalid_request, "Missing audio, video and or data");
  for (size_t i = 0; i < mountpoint.settings().media.size(); ++i) {
    if (request->of(mountpoint.settings().media[i].kind).value_or(false)) mountpoint.stop_recording(i);
  }
  return {};
}

}  // namespace

StreamResult<JsonObject> record_mountpoint(const MountpointCall& call) {
  auto request = read<RecordingRequest>(call.body);
  // An id that is missing is said first.
  if (auto id = require_id(call.body, call.mountpoints.strings()); !id) return passed_on(id);
  if (!request) return passed_on(request);
  bool starts = config::same_text(request->action, "start");
  if (!starts && !config::same_text(request->action, "stop")) {
    return refuse(ErrorCode::invalid_element, "Invalid action (should be start|stop)");
  }
  auto mountpoint = call.mountpoints.access(call.body);
  if (!mountpoint) return passed_on(mountpoint);
  if (!(*mountpoint)->is_rtp()) {
    return refuse(ErrorCode::invalid_request, "Recording is only available on RTP-based live streams");
  }
  auto listed = read<MediaRequest>(call.body);
  if (!listed) return passed_on(listed);
  StreamResult<> done;
  if (listed->media && starts) done = start_listed(**mountpoint, *listed->media);
  else if (listed->media) stop_listed(**mountpoint, *listed->media);
  else if (starts) done = start_by_kind(**mountpoint, call.body);
  else done = stop_by_kind(**mountpoint, call.body);
  if (!done) return passed_on(done);
  return JsonObject{{"streaming", "ok"}};
}

}  // namespace limen::streaming
