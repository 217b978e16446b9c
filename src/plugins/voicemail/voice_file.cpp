#include "plugins/voicemail/voice_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace limen::voicemail {

bool VoiceFile::add(const std::vector<uint8_t>& bytes) {
  std::lock_guard lock(bytes_mutex_);
  if (bytes_.size() + bytes.size() > kMaxWaiting) return false;
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  return true;
}

Result<> VoiceFile::write() {
  std::lock_guard file_lock(file_mutex_);
  std::vector<uint8_t> bytes;
  {
    std::lock_guard lock(bytes_mutex_);
    bytes.swap(bytes_);
  }
  int fd = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | (begun_ ? O_APPEND : O_TRUNC), 0644);
  if (fd < 0) return fail("cannot open '{}': {}", path_, std::strerror(errno));
  begun_ = true;
  size_t done = 0;
  while (done < bytes.size()) {
    ssize_t written = ::write(fd, bytes.data() + done, bytes.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) break;
    done += static_cast<size_t>(written);
  }
  bool whole = done == bytes.size();
  std::string reason = whole ? "" : std::strerror(errno);
  if (::close(fd) == 0 && whole) return {};
  return fail("cannot write '{}': {}", path_, reason.empty() ? std::strerror(errno) : reason);
}

}  // namespace limen::voicemail
