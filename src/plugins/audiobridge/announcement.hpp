// Announcement: an Ogg Opus file that is played in a room, as the control thread has it (contract, 3).
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "media/mixing/ogg_opus.hpp"

namespace limen::audiobridge {

struct Announcement {
  std::string filename;
  bool loop = false;
  bool started = false;         // its first audio has been mixed
  bool reading = false;         // a background job has the file
  uint64_t key = 0;             // names it at the mixer
  std::optional<size_t> group;  // nullopt: the whole room
  std::shared_ptr<media::OggOpusFile> file;
};

}  // namespace limen::audiobridge
