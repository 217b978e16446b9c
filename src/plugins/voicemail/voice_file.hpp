// VoiceFile: bytes on their way into a file: added on a shard, written in the background.
//
// Shared; any thread.
#pragma once
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace limen::voicemail {

class VoiceFile {
 public:
  static constexpr size_t kMaxWaiting = 4 * 1024 * 1024;  // ten seconds have far less

  explicit VoiceFile(std::string path) : path_(std::move(path)) {}
  const std::string& path() const { return path_; }
  // False: too much is waiting; the bytes are lost.
  bool add(const std::vector<uint8_t>& bytes);
  // Blocks: what was added goes to the end of the file, which is made anew the first time.
  Result<> write();

 private:
  std::string path_;
  std::mutex bytes_mutex_;  // guards bytes_
  std::vector<uint8_t> bytes_;
  std::mutex file_mutex_;  // one writer at a time
  bool begun_ = false;
};

}  // namespace limen::voicemail
