#include "media/fanout/stream_id.hpp"

#include <atomic>

namespace limen::media {

StreamId StreamId::make(uint32_t shard) {
  static std::atomic<uint64_t> last{0};
  return {shard, last.fetch_add(1, std::memory_order_relaxed) + 1};
}

}  // namespace limen::media
