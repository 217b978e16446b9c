// Publisher: its recordings (contract, section 11).
#include <filesystem>

#include "base/log.hpp"
#include "plugins/videoroom/publisher.hpp"
#include "plugins/videoroom/requests.hpp"
#include "plugins/videoroom/room.hpp"
#include "plugins/videoroom/rooms.hpp"

namespace limen::videoroom {
namespace {

// An id of text may be anything, but it does not choose the folder.
std::string in_file_name(const Id& id) {
  std::string out = id.text();
  for (char& c : out) {
    if (c == '/' || c == '\\' || c == '\0') c = '_';
  }
  return out;
}

mjr::Header header_of(const PublishedStream& stream, bool e2ee) {
  mjr::Header header;
  header.kind = stream.kind;
  header.codec = stream.kind == MediaKind::data ? "text" : std::string(codec_name(stream.codec));
  if (stream.codec == Codec::vp9 && !stream.vp9_profile.empty()) {
    header.fmtp = fmt::format("profile-id={}", stream.vp9_profile);
  }
  if (stream.codec == Codec::h264 && !stream.h264_profile.empty()) {
    header.fmtp = fmt::format("profile-level-id={}", stream.h264_profile);
  }
  header.description = stream.description.value_or("");
  if (stream.videoorient_id > 0 && stream.videoorient_id < 16) {
    header.extensions.emplace_back(stream.videoorient_id, std::string(extension_uri(ExtensionKind::video_orientation)));
  }
  header.encrypted = e2ee && stream.kind != MediaKind::data;
  return header;
}

}  // namespace

void Publisher::apply_recording(const PublishRequest& request) {
  if (request.filename) filename_ = *request.filename;
  if (request.record) set_recording(*request.record);
}

void Publisher::set_recording(bool record) {
  if (record_ == record) return;
  record_ = record;
  if (!negotiated_) return;
  if (record) start_recorders();
  else stop_recorders();
}

void Publisher::start_recorders() {
  for (const auto& stream : streams_) start_recorder(*stream);
}

void Publisher::start_recorder(PublishedStream& stream) {
  if (!stream.recording.empty() || stream.disabled || room_ == nullptr) return;
  std::string base = filename_;
  if (base.empty()) {
    WallTime now = rooms_.context().executor().wall_time();
    base = fmt::format("videoroom-{}-user-{}-{}", in_file_name(room_->id()), in_file_name(id()), now.us);
  }
  media::RecordingSpec spec;
  spec.folder = room_->settings().rec_dir;
  spec.name = fmt::format("{}-{}-{}", base, media_kind_name(stream.kind), stream.mindex);
  spec.header = header_of(stream, e2ee_);
  auto file = media::RecordingFile::open(rooms_.context(), std::move(spec), [](const Error& error) {
    log::error("", "VideoRoom: a recording ends: {}", error.text);
  });
  if (!file) {
    log::error("", "VideoRoom: stream {} of user {} is not recorded: {}", stream.mid, id().text(), file.error().text);
    return;
  }
  stream.recording = std::filesystem::path((*file)->path()).filename().string();
  tell_media(&PublisherMedia::record, stream.mindex, std::move(*file), stream.layers());
}

void Publisher::stop_recorders() {
  for (const auto& stream : streams_) {
    if (stream->recording.empty()) continue;
    stream->recording.clear();
    tell_media(&PublisherMedia::stop_recording, stream->mindex);
  }
}

}  // namespace limen::videoroom
