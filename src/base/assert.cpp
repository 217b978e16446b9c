#include "base/assert.hpp"

#include <atomic>
#include <cstdio>
#include <cstdlib>

#include "base/log.hpp"

namespace limen {
namespace {
std::atomic<uint64_t> failures{0};
}

bool assertion_failed(const char* condition, const char* file, int line) {
  failures.fetch_add(1, std::memory_order_relaxed);
#ifndef NDEBUG
  std::fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, condition);
  std::abort();
#else
  log::error("", "Bug: {}:{}: assertion failed: {}", file, line, condition);
  return false;
#endif
}

uint64_t failed_assertions() {
  return failures.load(std::memory_order_relaxed);
}

}  // namespace limen
