#include "plugins/recordplay/catalog.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"

namespace limen::recordplay {
namespace {

std::optional<RecordedTrack>& track_of(Recording& recording, MediaKind kind) {
  return kind == MediaKind::audio ? recording.audio : kind == MediaKind::video ? recording.video : recording.data;
}

}  // namespace

Catalog::~Catalog() {
  for (auto& [id, recording] : recordings_) {
    if (recording->completed) continue;
    if (auto written = write_nfo_file(folder_, recording->nfo); !written) {
      log::error("", "RecordPlay: recording {} has no description: {}", id, written.error().text);
    }
  }
}

std::shared_ptr<const Recording> Catalog::find(uint64_t id) const {
  auto found = recordings_.find(id);
  return found == recordings_.end() || !found->second->completed ? nullptr : found->second;
}

uint64_t Catalog::free_id() const {
  constexpr uint64_t kExactInJavaScript = (uint64_t{1} << 53) - 1;
  uint64_t id = 0;
  while (id == 0 || exists(id)) id = context_.random().u64() & kExactInJavaScript;
  return id;
}

void Catalog::rescan(Task done) {
  if (scanning_) {
    waiting_next_.push_back(std::move(done));
    return;
  }
  waiting_.push_back(std::move(done));
  scan();
}

void Catalog::settled(Task task) {
  if (scanning_) waiting_.push_back(std::move(task));
  else task();
}

void Catalog::scan() {
  scanning_ = true;
  std::vector<uint64_t> known;
  for (const auto& [id, recording] : recordings_) known.push_back(id);
  auto result = std::make_shared<FolderScan>();
  context_.background().run(
      [result, folder = folder_, known = std::move(known)] { *result = scan_folder(folder, known); },
      context_.executor(),
      [weak = weak_from_this(), result] {
        if (auto self = weak.lock()) self->merge(std::move(*result));
      });
}

void Catalog::merge(FolderScan scan) {
  for (const std::string& complaint : scan.complaints) log::warning("", "RecordPlay: {}", complaint);
  std::ranges::sort(scan.ids);
  std::erase_if(recordings_, [&scan](const auto& entry) {
    return entry.second->completed && !std::ranges::binary_search(scan.ids, entry.first);
  });
  for (FoundRecording& found : scan.fresh) {
    auto recording = std::make_shared<Recording>();
    recording->nfo = std::move(found.nfo);
    recording->is_private = recording->nfo.is_private.value_or(private_by_default_);
    recording->completed = true;
    recording->audio = std::move(found.audio);
    recording->video = std::move(found.video);
    recording->data = std::move(found.data);
    recordings_.emplace(recording->id(), std::move(recording));
  }
  scanning_ = false;
  std::vector<Task> ready = std::exchange(waiting_, {});
  if (!waiting_next_.empty()) {
    waiting_ = std::exchange(waiting_next_, {});
    this->scan();
  }
  for (Task& task : ready) task();
}

std::shared_ptr<Recording> Catalog::begin(uint64_t id, std::string name, bool is_private) {
  auto recording = std::make_shared<Recording>();
  recording->nfo.id = id;
  recording->nfo.name = std::move(name);
  recording->nfo.is_private = recording->is_private = is_private;
  recording->nfo.date = local_date(context_.executor().wall_time());
  recording->open_files = 1;  // until all_opened()
  recordings_.emplace(id, recording);
  return recording;
}

RecordResult<std::shared_ptr<media::RecordingFile>> Catalog::open_file(const std::shared_ptr<Recording>& recording,
                                                                       const std::string& name, mjr::Header header) {
  std::string file_name = name + ".mjr";
  for (const auto& [id, other] : recordings_) {
    if (other->completed || other == recording) continue;
    for (const std::string* taken : {&other->nfo.audio, &other->nfo.video, &other->nfo.data}) {
      if (*taken == file_name) return refuse(ErrorCode::recording_exists, "'{}' is being written already", file_name);
    }
  }
  MediaKind kind = header.kind;
  auto opened = media::RecordingFile::open(
      context_, {.folder = folder_, .name = name, .header = header},
      [](const Error& error) { log::error("", "RecordPlay: a recording ends: {}", error.text); },
      [weak = weak_from_this(), recording] {
        if (auto self = weak.lock()) self->file_closed(recording);
      });
  if (!opened) {
    log::error("", "RecordPlay: {} of recording {} is left out: {}", media_kind_name(kind), recording->id(),
               opened.error().text);
    return nullptr;
  }
  ++recording->open_files;
  (kind == MediaKind::audio   ? recording->nfo.audio
   : kind == MediaKind::video ? recording->nfo.video
                              : recording->nfo.data) = file_name;
  track_of(*recording, kind) = RecordedTrack{file_name, std::move(header)};
  return std::move(*opened);
}

void Catalog::all_opened(const std::shared_ptr<Recording>& recording) {
  file_closed(recording);
}

void Catalog::file_closed(const std::shared_ptr<Recording>& recording) {
  if (--recording->open_files == 0) complete(recording);
}

void Catalog::complete(const std::shared_ptr<Recording>& recording) {
  auto failure = std::make_shared<std::optional<Error>>();
  context_.background().run(
      [failure, folder = folder_, nfo = recording->nfo] {
        if (auto written = write_nfo_file(folder, nfo); !written) *failure = written.error();
      },
      context_.executor(),
      [weak = weak_from_this(), recording, failure] {
        if (*failure) log::error("", "RecordPlay: recording {}: {}", recording->id(), (*failure)->text);
        recording->completed = true;
      });
}

}  // namespace limen::recordplay
