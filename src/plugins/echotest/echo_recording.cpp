#include "plugins/echotest/echo_recording.hpp"

#include <filesystem>
#include <utility>

#include "base/log.hpp"

namespace limen::echotest {

std::vector<EchoRecordingFile> open_recordings(PluginContext& plugin, const HandleContext& handle,
                                               const std::vector<EchoTrack>& tracks, const std::string& filename,
                                               bool encrypted) {
  std::string base = filename;
  if (base.empty()) {
    base = fmt::format("echotest-{:x}-{}", handle.handle_id().value(), plugin.executor().wall_time().us);
  }
  std::vector<EchoRecordingFile> files;
  for (const EchoTrack& track : tracks) {
    media::RecordingSpec spec;
    spec.name = fmt::format("{}-{}", base, media_kind_name(track.header.kind));
    spec.header = track.header;
    spec.header.encrypted = encrypted && track.header.kind != MediaKind::data;
    auto file = media::RecordingFile::open(plugin, std::move(spec));
    if (file) files.push_back({track.mline, std::move(*file)});
    else
      log::error("", "[{}/{}] EchoTest: {}", handle.session_id().value(), handle.handle_id().value(),
                 file.error().text);
  }
  return files;
}

JsonObject describe_recordings(const std::vector<EchoRecordingFile>& files) {
  JsonObject names;
  for (const EchoRecordingFile& each : files) {
    names[media_kind_name(each.file->header().kind)] = std::filesystem::path(each.file->path()).filename().string();
  }
  return names;
}

}  // namespace limen::echotest
