#include "runtime/watchdog.hpp"

#include <set>

#include "base/log.hpp"

namespace limen::runtime {

const char* interned_name(std::string_view name) {
  static std::mutex mutex;
  static std::set<std::string, std::less<>> names;
  std::lock_guard lock(mutex);
  auto it = names.find(name);
  if (it == names.end()) it = names.emplace(name).first;
  return it->c_str();
}

void Watchdog::report(Duration took, const char* loop, const char* name, Instant now) {
  reports_.fetch_add(1, std::memory_order_relaxed);
  uint64_t silent = 0;
  {
    std::lock_guard lock(mutex_);
    Entry& entry = entries_[name];
    if (entry.logged && now - entry.last_log < kQuiet) {
      ++entry.silent;
      return;
    }
    silent = entry.silent;
    entry = {true, now, 0};
  }
  if (silent == 0) {
    log::warning("", "{} held the {} loop for {} ms", name, loop, to_ms(took));
  } else {
    log::warning("", "{} held the {} loop for {} ms ({} more times since the last report)", name, loop, to_ms(took),
                 silent);
  }
}

}  // namespace limen::runtime
