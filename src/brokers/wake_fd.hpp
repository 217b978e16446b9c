// WakeFd: an eventfd that ends another thread's poll(2).
#pragma once
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>

namespace limen::brokers {

class WakeFd {
 public:
  WakeFd() : fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}
  ~WakeFd() {
    if (fd_ >= 0) ::close(fd_);
  }
  WakeFd(const WakeFd&) = delete;
  WakeFd& operator=(const WakeFd&) = delete;

  int fd() const { return fd_; }
  void wake() {
    uint64_t one = 1;
    // Full means that it is awake.
    [[maybe_unused]] ssize_t written = ::write(fd_, &one, sizeof one);
  }
  void clear() {
    uint64_t count = 0;
    [[maybe_unused]] ssize_t read = ::read(fd_, &count, sizeof count);  // empty: nobody woke it
  }

 private:
  int fd_;
};

}  // namespace limen::brokers
