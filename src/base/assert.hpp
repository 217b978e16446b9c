// LIMEN_ASSERT(condition): what only our own bug can make false.
//
// Debug builds abort with the place; release builds count and log, and the caller goes on to close
// the one object concerned: `if (!LIMEN_ASSERT(x)) return close(...)`.
#pragma once
#include <cstdint>

namespace limen {

// Returns false always. Aborts in debug builds. Any thread.
bool assertion_failed(const char* condition, const char* file, int line);
// How many assertions failed since the start (release builds; for the metrics). Any thread.
uint64_t failed_assertions();

}  // namespace limen

#define LIMEN_ASSERT(condition) ((condition) || ::limen::assertion_failed(#condition, __FILE__, __LINE__))
