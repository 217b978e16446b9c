// StreamId: names one published stream (an m-line of a publisher, a mountpoint's medium) from any thread.
//
// The shard is the one where the stream's FanoutSource lives. Made on any thread; a number is never used
// twice in a process, so a late message about a stream that has gone finds nothing.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>

namespace limen::media {

struct StreamId {
  uint32_t shard = 0;
  uint64_t number = 0;  // 0: no stream

  // A new name for a stream of that shard (MediaId::shard of the publisher's handle).
  static StreamId make(uint32_t shard);

  explicit operator bool() const { return number != 0; }
  friend bool operator==(const StreamId&, const StreamId&) = default;
};

}  // namespace limen::media

template <>
struct std::hash<limen::media::StreamId> {
  size_t operator()(const limen::media::StreamId& id) const noexcept { return std::hash<uint64_t>()(id.number); }
};
