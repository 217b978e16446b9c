// Watchdog: names the callbacks that hold a loop for longer than 5 ms.
//
// Loops read the clock around each batch of work anyway and hand over how long it took; whoever runs
// a module's code says so with a WatchScope, which costs one thread-local store. Any thread.
#pragma once
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace limen::runtime {

// The same pointer for the same text, valid for ever: names are few (modules).
const char* interned_name(std::string_view name);

// "This thread now runs code of `name`" (a literal or interned_name()).
class WatchScope {
 public:
  explicit WatchScope(const char* name) { last_name = name; }
  static inline thread_local const char* last_name = nullptr;
};

class Watchdog {
 public:
  static constexpr Duration kLimit = std::chrono::milliseconds(5);
  static constexpr Duration kQuiet = std::chrono::seconds(1);

  // `what`: who runs it if no module said so. Cheap unless `took` exceeds the limit.
  void check(Duration took, const char* loop, const char* what, Instant now) {
    if (took > kLimit) [[unlikely]]
      report(took, loop, WatchScope::last_name != nullptr ? WatchScope::last_name : what, now);
  }
  uint64_t reports() const { return reports_.load(std::memory_order_relaxed); }

 private:
  struct Entry {
    bool logged = false;
    Instant last_log{};
    uint64_t silent = 0;  // reports since the last line
  };
  void report(Duration took, const char* loop, const char* name, Instant now);

  std::atomic<uint64_t> reports_{0};
  std::mutex mutex_;
  std::map<std::string, Entry> entries_;
};

}  // namespace limen::runtime
