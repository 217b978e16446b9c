// Catalog: the recordings there are, and those being made (contract, section 3).
//
// Control thread; files are read and written in the background. Shared, because what comes back from there
// may come when the plugin has gone.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/plugin.hpp"
#include "media/recording/recording_file.hpp"
#include "plugins/recordplay/errors.hpp"
#include "plugins/recordplay/nfo_file.hpp"
#include "wire/mjr/mjr_header.hpp"

namespace limen::recordplay {

// One file of a recording.
struct RecordedTrack {
  std::string file;                   // name in the folder, with ".mjr"
  std::optional<mjr::Header> header;  // nothing: the file cannot be read
};

struct Recording {
  Nfo nfo;
  bool is_private = false;
  bool completed = false;
  std::optional<RecordedTrack> audio, video, data;
  size_t open_files = 0;  // of one being made

  uint64_t id() const { return nfo.id; }
};

// What a folder's files said.
struct FoundRecording {
  Nfo nfo;
  std::optional<RecordedTrack> audio, video, data;
};
struct FolderScan {
  std::vector<uint64_t> ids;          // with a readable description
  std::vector<FoundRecording> fresh;  // not known before
  std::vector<std::string> complaints;
};
// Blocks. `known` (sorted): ids whose files need not be looked at.
FolderScan scan_folder(const std::string& folder, const std::vector<uint64_t>& known);
// Blocks. "<folder>/<id>.nfo", whole or not at all.
Result<> write_nfo_file(const std::string& folder, const Nfo& nfo);

class Catalog : public std::enable_shared_from_this<Catalog> {
 public:
  Catalog(PluginContext& context, std::string folder, bool private_by_default)
      : context_(context), folder_(std::move(folder)), private_by_default_(private_by_default) {}
  // Recordings still being made are described on the spot.
  ~Catalog();

  const std::string& folder() const { return folder_; }
  bool private_by_default() const { return private_by_default_; }
  const std::map<uint64_t, std::shared_ptr<Recording>>& recordings() const { return recordings_; }
  // Complete ones only.
  std::shared_ptr<const Recording> find(uint64_t id) const;
  bool exists(uint64_t id) const { return recordings_.contains(id); }
  uint64_t free_id() const;

  // Looks at the folder; `done` when what is there now has been seen.
  void rescan(Task done);
  // Runs when no look at the folder is under way: now or later, in order.
  void settled(Task task);

  // Enters a recording that begins now; its id must be free.
  std::shared_ptr<Recording> begin(uint64_t id, std::string name, bool is_private);
  // Opens a file of it; nullptr (and logged) if there can be none. Another one being made has that file: refused.
  RecordResult<std::shared_ptr<media::RecordingFile>> open_file(const std::shared_ptr<Recording>& recording,
                                                                const std::string& name, mjr::Header header);
  // All its files have been asked for: when they are closed, it is described and complete.
  void all_opened(const std::shared_ptr<Recording>& recording);

 private:
  void scan();
  void merge(FolderScan scan);
  void file_closed(const std::shared_ptr<Recording>& recording);
  void complete(const std::shared_ptr<Recording>& recording);

  PluginContext& context_;
  std::string folder_;
  bool private_by_default_;
  std::map<uint64_t, std::shared_ptr<Recording>> recordings_;
  bool scanning_ = false;
  std::vector<Task> waiting_;       // for the look that is under way
  std::vector<Task> waiting_next_;  // for one more
};

}  // namespace limen::recordplay
