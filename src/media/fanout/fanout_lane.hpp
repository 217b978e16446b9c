// FanoutLane: how many packets and data bytes are on their way from one shard to another, so that a shard
// that does not keep up loses packets instead of filling the memory. One per ordered pair of shards.
//
// FanoutBatch: what one loop turn sends over a lane. The count goes down when the batch is gone, wherever
// that happens.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "api/media.hpp"
#include "media/fanout/stream_id.hpp"

namespace limen::media {

struct FanoutLane {
  static constexpr uint32_t kMaxPackets = 8192;
  static constexpr uint64_t kMaxDataBytes = 8 * 1024 * 1024;
  std::atomic<uint32_t> packets{0};
  std::atomic<uint64_t> data_bytes{0};
};

struct FanoutPacket {
  StreamId stream;
  uint32_t epoch = 0;
  RtpPacket rtp;
};

struct FanoutData {
  StreamId stream;
  std::shared_ptr<const DataMessage> message;
};

struct FanoutBatch {
  explicit FanoutBatch(std::shared_ptr<FanoutLane> l) : lane(std::move(l)) {}
  FanoutBatch(FanoutBatch&&) = default;
  FanoutBatch& operator=(FanoutBatch&&) = delete;
  ~FanoutBatch() {
    if (!lane) return;
    lane->packets.fetch_sub(static_cast<uint32_t>(packets.size()), std::memory_order_relaxed);
    uint64_t bytes = 0;
    for (const FanoutData& item : data) bytes += item.message->bytes.size();
    lane->data_bytes.fetch_sub(bytes, std::memory_order_relaxed);
  }

  // Both count what they take; false: the lane is full.
  bool add(FanoutPacket packet) {
    if (lane->packets.load(std::memory_order_relaxed) >= FanoutLane::kMaxPackets) return false;
    lane->packets.fetch_add(1, std::memory_order_relaxed);
    packets.push_back(std::move(packet));
    return true;
  }
  bool add(FanoutData item) {
    uint64_t size = item.message->bytes.size();
    if (lane->data_bytes.load(std::memory_order_relaxed) + size > FanoutLane::kMaxDataBytes) return false;
    lane->data_bytes.fetch_add(size, std::memory_order_relaxed);
    data.push_back(std::move(item));
    return true;
  }
  bool empty() const { return packets.empty() && data.empty(); }

  std::shared_ptr<FanoutLane> lane;  // empty after a move
  std::vector<FanoutPacket> packets;
  std::vector<FanoutData> data;
};

}  // namespace limen::media
