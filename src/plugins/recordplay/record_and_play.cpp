// RecordPlayHandle: how recordings and playouts begin and are renegotiated.
#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "media/recording/playback_file.hpp"
#include "plugins/recordplay/recordplay_handle.hpp"

namespace limen::recordplay {
namespace {

bool leaves_folder(const std::string& name) {
  return name == ".." || name.starts_with("../") || name.ends_with("/..") || name.find("/../") != std::string::npos;
}

RecordResult<RecordRequest> read_record_request(const JsonObject& body) {
  auto request = read<RecordRequest>(body);
  if (!request) return request;
  if (request->name.empty()) {
    return refuse(ErrorCode::invalid_element, "Invalid element type (name should be a non-empty string)");
  }
  if (request->filename && leaves_folder(*request->filename)) {
    return refuse(ErrorCode::invalid_element, "Invalid element (filename leads out of the recordings' folder)");
  }
  if (request->filename) {
    std::ranges::replace_if(*request->filename, [](unsigned char c) { return c < ' ' || c == 0x7f; }, '_');
  }
  return request;
}

}  // namespace

// ---- record ----------------------------------------------------------------------------------------

RecordPlayHandle::Step RecordPlayHandle::record(const Message& message) {
  const std::optional<RemoteJsep>& jsep = message.jsep;
  if (!jsep || jsep->type != "offer") return refuse(ErrorCode::missing_element, "Missing SDP offer");
  auto request = read_record_request(message.body);
  if (!request) return std::unexpected(request.error());
  if (jsep->update) return renegotiate(*jsep, *request);
  if (request->update.value_or(false)) {
    log::warning("", "RecordPlay: 'update' without an update of the session: a new recording is made");
  }
  uint64_t id = request->id.value_or(0);
  if (id != 0 && catalog_->exists(id)) {
    return refuse(ErrorCode::recording_exists, "Recording {} already exists", id);
  }
  auto offer = sdp::parse_sdp(jsep->sdp);
  if (!offer) return refuse(ErrorCode::invalid_sdp, "Error parsing offer: {}", offer.error().text);
  if (id == 0) id = catalog_->free_id();
  origin_.version = 1;
  RecordAnswer answer = make_record_answer(*offer, *request, id, origin_);
  auto recording = catalog_->begin(id, request->name, request->is_private.value_or(catalog_->private_by_default()));
  ++turn_;
  role_ = Role::recorder;
  active_ = recording;
  e2ee_ = jsep->e2ee;
  recorded_as_ = *request;
  auto opened = open_tracks(std::move(answer.tracks), *request, *jsep);
  catalog_->all_opened(recording);
  if (!opened) return std::unexpected(opened.error());
  notify_tracks("recording");
  return Outcome{JsonObject{{"status", "recording"}, {"id", id}, {"is_private", recording->is_private}},
                 LocalJsep{.type = "answer", .sdp = sdp::write_sdp(answer.description), .e2ee = e2ee_}};
}

RecordResult<> RecordPlayHandle::open_tracks(std::vector<TrackPlan> plans, const RecordRequest& request,
                                             const RemoteJsep& jsep) {
  auto recording = catalog_->recordings().at(active_->id());
  std::string base =
      request.filename && !request.filename->empty() ? *request.filename : fmt::format("rec-{}", recording->id());
  std::vector<TrackRecorder> recorders;
  tracks_.clear();
  for (TrackPlan& plan : plans) {
    MediaKind kind = plan.header.kind;
    plan.header.encrypted = jsep.e2ee && kind != MediaKind::data;
    auto file = catalog_->open_file(recording, fmt::format("{}-{}", base, media_kind_name(kind)), plan.header);
    if (!file) return std::unexpected(file.error());
    if (*file == nullptr) continue;
    bool simulcast = plan.mline && std::ranges::any_of(jsep.simulcast, [&plan](const SimulcastInfo& info) {
                       return info.mindex == *plan.mline;
                     });
    uint32_t ssrc = plugin_.random().u32() | 1;
    media::LayerMode mode = simulcast ? media::LayerMode::simulcast : media::LayerMode::none;
    recorders.push_back({plan.mline, std::make_unique<media::Recorder>(std::move(*file), mode, ssrc)});
    tracks_.push_back(std::move(plan.header));
  }
  context_.post_media([recorders = std::move(recorders), care = care_](MediaHandler& media) mutable {
    auto& own = static_cast<RecordPlayMedia&>(media);
    own.record(std::move(recorders));
    own.set_care(care);
  });
  return {};
}

RecordPlayHandle::Step RecordPlayHandle::renegotiate(const RemoteJsep& jsep, const RecordRequest& request) {
  if (!recording()) return refuse(ErrorCode::invalid_state, "Not a recording session, can't update");
  auto offer = sdp::parse_sdp(jsep.sdp);
  if (!offer) return refuse(ErrorCode::invalid_sdp, "Error parsing offer: {}", offer.error().text);
  ++origin_.version;
  RecordAnswer answer = make_record_answer(*offer, recorded_as_, active_->id(), origin_);
  std::vector<std::pair<MediaKind, uint8_t>> mlines;
  for (const TrackPlan& plan : answer.tracks) {
    if (plan.mline) mlines.emplace_back(plan.header.kind, *plan.mline);
  }
  context_.post_media(
      [mlines = std::move(mlines)](MediaHandler& media) { static_cast<RecordPlayMedia&>(media).move_tracks(mlines); });
  bool restart = request.update.value_or(false);
  if (!restart) notify_tracks("recording");
  return Outcome{
      JsonObject{{"status", "recording"}, {"id", active_->id()}, {"is_private", active_->is_private}},
      LocalJsep{.type = "answer", .sdp = sdp::write_sdp(answer.description), .restart = restart, .e2ee = e2ee_}};
}

// ---- play ------------------------------------------------------------------------------------------

struct RecordPlayHandle::OpenedFiles {
  std::shared_ptr<const Recording> recording;
  std::shared_ptr<media::PlaybackFile> audio, video, data;
  std::vector<std::string> complaints;
};

RecordPlayHandle::Step RecordPlayHandle::play(const Message& message) {
  if (message.jsep) return refuse(ErrorCode::invalid_element, "A play request can't contain an SDP");
  auto request = read<PlayRequest>(message.body);
  if (!request) return std::unexpected(request.error());
  if (request->restart.value_or(false)) return restart();
  auto recording = catalog_->find(request->id);
  if (!recording) return refuse(ErrorCode::not_found, "No such recording");
  auto files = std::make_shared<OpenedFiles>();
  files->recording = recording;
  auto open = [files, recording, folder = catalog_->folder(), &pool = plugin_.background(),
               &back = plugin_.executor()] {
    for (auto [track, file] : {std::pair{&recording->audio, &files->audio},
                               {&recording->video, &files->video},
                               {&recording->data, &files->data}}) {
      if (!*track) continue;
      auto opened = media::PlaybackFile::open(folder + "/" + (*track)->file, pool, back);
      if (opened) *file = std::move(*opened);
      else files->complaints.push_back(opened.error().text);
    }
  };
  plugin_.background().run(
      std::move(open), plugin_.executor(),
      [this, alive = std::weak_ptr(alive_), files, turn = turn_, id = request->id, transaction = message.transaction] {
        if (!alive.expired() && turn == turn_) opened(transaction, id, std::move(*files));
      });
  return std::nullopt;
}

void RecordPlayHandle::opened(const std::string& transaction, uint64_t id, OpenedFiles files) {
  push(transaction, prepare(id, std::move(files)));
}

RecordPlayHandle::Step RecordPlayHandle::prepare(uint64_t id, OpenedFiles files) {
  for (const std::string& complaint : files.complaints) log::warning("", "RecordPlay: {}", complaint);
  if (!files.audio && !files.video) return refuse(ErrorCode::invalid_recording, "Error opening recording files");
  JsonObject result{{"status", "preparing"}, {"id", id}};
  const Recording& recording = *files.recording;
  if (recording.audio && !files.audio) result["warning"] = "Broken audio file, playing video only";
  if (recording.video && !files.video) result["warning"] = "Broken video file, playing audio only";
  if (recording.data && !files.data) result["warning"] = "Broken data file, playing audio/video only";
  std::vector<std::shared_ptr<media::PlaybackFile>> usable;
  tracks_.clear();
  e2ee_ = false;
  for (auto* file : {&files.audio, &files.video, &files.data}) {
    if (!*file) continue;
    tracks_.push_back((*file)->header());
    e2ee_ = e2ee_ || tracks_.back().encrypted;
    usable.push_back(std::move(*file));
  }
  ++turn_;
  role_ = Role::player;
  active_ = files.recording;
  ++origin_.version;
  PlayOffer offer = make_play_offer(tracks_, id, origin_);
  red_.reset();
  std::vector<media::PlaybackTrack> playback;
  for (size_t i = 0; i < offer.tracks.size(); ++i) {
    const PlayTrack& track = offer.tracks[i];
    if (track.red) red_ = track.red;
    playback.push_back({.file = std::move(usable[i]),
                        .mline = track.mline,
                        .payload_type = track.payload_type,
                        .recorded_red = track.red.value_or(0),
                        .offered_red = std::nullopt});
  }
  context_.post_media([playback = std::move(playback)](MediaHandler& media) mutable {
    static_cast<RecordPlayMedia&>(media).play(std::move(playback));
  });
  notify_tracks("playout");
  return Outcome{std::move(result),
                 LocalJsep{.type = "offer", .sdp = sdp::write_sdp(offer.description), .e2ee = e2ee_}};
}

RecordPlayHandle::Step RecordPlayHandle::restart() {
  if (role_ != Role::player || !active_) {
    return refuse(ErrorCode::invalid_state, "Not a playout session, can't restart");
  }
  ++origin_.version;
  PlayOffer offer = make_play_offer(tracks_, active_->id(), origin_);
  return Outcome{JsonObject{{"status", "restarting"}, {"id", active_->id()}},
                 LocalJsep{.type = "offer", .sdp = sdp::write_sdp(offer.description), .restart = true, .e2ee = e2ee_}};
}

}  // namespace limen::recordplay
