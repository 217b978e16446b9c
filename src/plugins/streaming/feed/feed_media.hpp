// FeedMedia: a feed on its shard: its sockets, or what its Source delivers, to its media. FeedTable: all feeds of one
// shard by number, so that whoever posts names one without holding it.
//
// A shard's thread only.
#pragma once
#include <memory>
#include <unordered_map>
#include <vector>

#include "api/media.hpp"
#include "media/forward/rtp_receiver.hpp"
#include "plugins/streaming/feed/feed_plan.hpp"
#include "plugins/streaming/feed/medium_feed.hpp"
#include "plugins/streaming/feed/port_range.hpp"
#include "plugins/streaming/feed/rtcp_port.hpp"

namespace limen::streaming {

class FeedMedia {
 public:
  // Fails if a socket cannot be opened; `ranges` for ports that are 0.
  static Result<std::unique_ptr<FeedMedia>> open(MediaShard& shard, FeedPlan plan, FeedObserver observer,
                                                 PortRange& range);
  ~FeedMedia();
  FeedMedia(const FeedMedia&) = delete;
  FeedMedia& operator=(const FeedMedia&) = delete;

  std::vector<OpenedPorts> ports() const;
  MediumFeed* medium(size_t index) const;
  void set_enabled(bool enabled);
  // A Source connected (again), with its media in this order: what it sends goes on as another stream.
  void begin_connection(std::vector<int> source_media);
  void on_packet(const SourcePacket& packet);

 private:
  struct Medium {
    MediumPlan plan;
    std::unique_ptr<MediumFeed> feed;
    std::vector<std::unique_ptr<media::RtpReceiver>> receivers;
    std::unique_ptr<RtcpPort> rtcp;
    UdpPortId data_socket;
    uint16_t data_port = 0;
    uint32_t ssrc = 0;      // of payloads without RTP header
    uint16_t sequence = 0;  // next one's
    ExtensionMap extensions;
  };

  FeedMedia(MediaShard& shard, FeedPlan plan, FeedObserver observer)
      : shard_(shard), plan_(std::move(plan)), observer_(std::move(observer)) {}
  Result<> add(const MediumPlan& plan, PortRange& range);
  Result<> open_sockets(Medium& medium, PortRange& range);
  Result<> open_rtcp(Medium& medium, PortRange& range);
  Result<> open_data(Medium& medium, const UdpBind& bind);
  Result<> open_rtp(Medium& medium, const UdpBind& bind, uint8_t substream);
  void ask_keyframe(size_t index);
  void set_bitrate(size_t index, uint64_t bps);
  void on_payload(Medium& medium, const SourcePacket& packet);

  MediaShard& shard_;
  FeedPlan plan_;
  FeedObserver observer_;
  uint32_t connections_ = 0;
  std::vector<std::unique_ptr<Medium>> media_;
};

class FeedTable final : public ShardLocal {
 public:
  explicit FeedTable(MediaShard&) {}
  static FeedTable& of(MediaShard& shard) { return shard.local<FeedTable>(); }

  void add(FeedNumber number, std::unique_ptr<FeedMedia> feed) { feeds_[number] = std::move(feed); }
  void remove(FeedNumber number) { feeds_.erase(number); }
  FeedMedia* find(FeedNumber number) const {
    auto it = feeds_.find(number);
    return it == feeds_.end() ? nullptr : it->second.get();
  }
  size_t size() const { return feeds_.size(); }
  void on_shard_end() override { feeds_.clear(); }

 private:
  std::unordered_map<FeedNumber, std::unique_ptr<FeedMedia>> feeds_;
};

}  // namespace limen::streaming
