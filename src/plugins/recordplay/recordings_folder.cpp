// What RecordPlay does with its folder; all of it blocks.
#include <algorithm>
#include <filesystem>
#include <fstream>

#include "media/recording/playback_file.hpp"
#include "plugins/recordplay/catalog.hpp"

namespace limen::recordplay {
namespace {

namespace fs = std::filesystem;

bool is_nfo(const fs::path& path) {
  std::string extension = path.extension().string();
  std::ranges::transform(extension, extension.begin(), [](unsigned char c) { return std::tolower(c); });
  return extension == ".nfo";
}

Result<Nfo> read_nfo_file(const fs::directory_entry& entry) {
  std::error_code error;
  if (!entry.is_regular_file(error) || entry.file_size(error) > kMaxNfo)
    return fail("not a description of a recording");
  std::ifstream file(entry.path(), std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(file), {});
  if (!file) return fail("cannot be read");
  return parse_nfo(text);
}

std::optional<RecordedTrack> read_track(const std::string& folder, const std::string& file, FolderScan& scan) {
  if (file.empty()) return std::nullopt;
  RecordedTrack track{.file = file, .header = {}};
  auto header = media::read_recording_header(folder + "/" + file);
  if (header) track.header = std::move(*header);
  else scan.complaints.push_back(header.error().text);
  return track;
}

}  // namespace

FolderScan scan_folder(const std::string& folder, const std::vector<uint64_t>& known) {
  FolderScan scan;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (!is_nfo(at->path())) continue;
    auto nfo = read_nfo_file(*at);
    if (!nfo) {
      scan.complaints.push_back(fmt::format("{}: {}", at->path().string(), nfo.error().text));
      continue;
    }
    bool seen = std::ranges::find(scan.ids, nfo->id) != scan.ids.end();
    if (!seen) scan.ids.push_back(nfo->id);
    if (seen || std::ranges::binary_search(known, nfo->id)) continue;
    FoundRecording found;
    found.audio = read_track(folder, nfo->audio, scan);
    found.video = read_track(folder, nfo->video, scan);
    found.data = read_track(folder, nfo->data, scan);
    found.nfo = std::move(*nfo);
    scan.fresh.push_back(std::move(found));
  }
  if (error) scan.complaints.push_back(fmt::format("cannot list '{}': {}", folder, error.message()));
  return scan;
}

Result<> write_nfo_file(const std::string& folder, const Nfo& nfo) {
  std::string path = fmt::format("{}/{}.nfo", folder, nfo.id);
  std::string unfinished = path + ".part";
  {
    std::ofstream file(unfinished, std::ios::binary | std::ios::trunc);
    file << write_nfo(nfo);
    if (!file.flush()) return fail("cannot write '{}'", unfinished);
  }
  std::error_code error;
  fs::rename(unfinished, path, error);
  if (error) return fail("cannot rename '{}': {}", unfinished, error.message());
  return {};
}

}  // namespace limen::recordplay
