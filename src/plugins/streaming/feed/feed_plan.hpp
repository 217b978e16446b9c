// FeedPlan: what the shard half of a feed is made from. Values that cross threads.
//
// A feed is what comes in for one mountpoint (or for one viewer of an `ondemand` one); a medium is one stream of it.
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/media.hpp"
#include "media/fanout/stream_id.hpp"
#include "media/layer_selector.hpp"
#include "plugins/streaming/mountpoint_settings.hpp"

namespace limen::streaming {

using FeedNumber = uint64_t;  // never used twice in a process

// Written on the feed's shard, read by the control thread.
struct MediumFacts {
  std::atomic<int64_t> last_packet_ns{-1};  // of the shards' clock; -1: none yet
};

// The sockets of one medium.
struct SocketPlan {
  IpAddress local;  // where to bind: unspecified, or the interface's address
  std::string interface;
  std::optional<IpAddress> multicast;
  std::vector<uint16_t> ports;  // RTP by substream (or data); 0: any of the range
  std::optional<uint16_t> rtcp;
  friend bool operator==(const SocketPlan&, const SocketPlan&) = default;
};

struct MediumPlan {
  MediaKind kind = MediaKind::audio;
  media::StreamId stream;
  Codec codec = Codec::unknown;
  uint8_t payload_type = 0;
  media::LayerMode layers = media::LayerMode::none;
  uint32_t clock_rate = 90000;
  bool skew = false;
  std::vector<uint8_t> parameter_sets;  // STAP-A payload; empty: none
  std::optional<KeyframeLimits> keyframes;
  bool binary = false, buffer_message = false;  // data
  std::optional<SocketPlan> sockets;            // none: a Source delivers
  std::shared_ptr<MediumFacts> facts;
};

struct FeedPlan {
  FeedNumber number = 0;
  uint32_t collision_ms = 0;
  std::optional<SrtpMaterial> srtp;
  uint8_t capture_time_id = 0;
  bool enabled = true;
  std::vector<MediumPlan> media;
  std::vector<int> source_media = {};  // a Source's media by its own count: which of ours; -1: none
};

// Ports as they were opened.
struct OpenedPorts {
  std::vector<uint16_t> ports;
  uint16_t rtcp = 0;
};

// Called on the feed's shard; must not touch anything of the control thread but by posts.
struct FeedObserver {
  std::function<void(size_t medium)> ask_keyframe = {};               // no RTCP port of ours: the source is asked
  std::function<void(size_t medium, uint64_t bps)> set_bitrate = {};  // lowest estimate of the viewers
};

}  // namespace limen::streaming
