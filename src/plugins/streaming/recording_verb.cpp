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

// A file that was begun, and what is said if it cannot be written.
struct Begun {
  size_t medium = 0;
  std::shared_ptr<media::RecordingFile> file;
  StreamError refusal;
};

StreamError cannot_record(std::string text) {
  return {ErrorCode::cannot_record, std::move(text)};
}

StreamResult<> begin(Mountpoint& mountpoint, size_t medium, const std::string& filename, StreamError refusal,
                     std::vector<Begun>& begun) {
  auto file = mountpoint.record(medium, filename);
  if (!file) return std::unexpected(std::move(refusal));
  begun.push_back({medium, std::move(*file), std::move(refusal)});
  return {};
}

StreamResult<> start_listed(Mountpoint& mountpoint, const JsonArray& list, std::vector<Begun>& begun) {
  for (const Json& entry : list) {
    std::string mid, filename;
    if (text_member(entry, "mid", mid) == nullptr || text_member(entry, "filename", filename) == nullptr) continue;
    auto medium = find_mid(mountpoint, mid);
    if (!medium) continue;
    if (mountpoint.records(*medium)) {
      return refuse(ErrorCode::invalid_request,
                    "Recording for audio, video and/or data already started for this stream");
    }
    std::string_view kind = media_kind_name(mountpoint.settings().media[*medium].kind);
    auto done =
        begin(mountpoint, *medium, filename, cannot_record(fmt::format("Error starting recorder for {}", kind)), begun);
    if (!done) return done;
  }
  return {};
}

StreamResult<> start_by_kind(Mountpoint& mountpoint, const JsonObject& body, std::vector<Begun>& begun) {
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
    auto done = begin(mountpoint, static_cast<size_t>(it - media.begin()), *request->of(kind),
                      cannot_record("Error starting recorder"), begun);
    if (!done) return done;
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

// The answer waits until each file has been made, or one could not be.
struct Outcome {
  MountpointAnswer answer;
  size_t missing = 0;
  std::optional<StreamError> refusal;

  void one(bool opened, const StreamError& refused) {
    if (!opened && !refusal) refusal = refused;
    if (--missing > 0) return;
    if (refusal) answer(std::unexpected(std::move(*refusal)));
    else answer(JsonObject{{"streaming", "ok"}});
  }
};

void answer_when_opened(const MountpointCall& call, const MountpointId& id, std::vector<Begun> begun,
                        MountpointAnswer answer) {
  if (begun.empty()) return answer(JsonObject{{"streaming", "ok"}});
  auto outcome = std::make_shared<Outcome>();
  outcome->answer = std::move(answer);
  outcome->missing = begun.size();
  for (Begun& one : begun) {
    media::RecordingFile& file = *one.file;
    file.when_opened([&mountpoints = call.mountpoints, id, outcome, medium = one.medium, path = file.path(),
                      refusal = std::move(one.refusal)](bool opened) {
      Mountpoint* mountpoint = mountpoints.find(id);
      if (!opened && mountpoint != nullptr) mountpoint->recording_failed(medium, path);
      outcome->one(opened, refusal);
    });
  }
}

}  // namespace

void record_mountpoint(const MountpointCall& call, MountpointAnswer answer) {
  auto request = read<RecordingRequest>(call.body);
  // An id that is missing is said first.
  if (auto id = require_id(call.body, call.mountpoints.strings()); !id) return answer(passed_on(id));
  if (!request) return answer(passed_on(request));
  bool starts = config::same_text(request->action, "start");
  if (!starts && !config::same_text(request->action, "stop")) {
    return answer(refuse(ErrorCode::invalid_element, "Invalid action (should be start|stop)"));
  }
  auto mountpoint = call.mountpoints.access(call.body);
  if (!mountpoint) return answer(passed_on(mountpoint));
  if (!(*mountpoint)->is_rtp()) {
    return answer(refuse(ErrorCode::invalid_request, "Recording is only available on RTP-based live streams"));
  }
  auto listed = read<MediaRequest>(call.body);
  if (!listed) return answer(passed_on(listed));
  StreamResult<> done;
  std::vector<Begun> begun;
  if (listed->media && starts) done = start_listed(**mountpoint, *listed->media, begun);
  else if (listed->media) stop_listed(**mountpoint, *listed->media);
  else if (starts) done = start_by_kind(**mountpoint, call.body, begun);
  else done = stop_by_kind(**mountpoint, call.body);
  if (!done) return answer(passed_on(done));
  answer_when_opened(call, (*mountpoint)->id(), std::move(begun), std::move(answer));
}

}  // namespace limen::streaming
