// RemoteFeed: the media half of a remote publisher: what another server sends to a UDP port (contract,
// section 7), as if it came from a peer connection. RemoteFeeds: those of a shard, by number.
//
// That shard's thread only; the control half comes by PluginContext::post_shard.
#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/media.hpp"
#include "media/forward/rtp_receiver.hpp"
#include "plugins/videoroom/publisher_media.hpp"

namespace limen::videoroom {

// Names a feed from any thread; number 0: none.
struct RemoteFeedId {
  uint32_t shard = 0;
  uint64_t number = 0;
  explicit operator bool() const { return number != 0; }
};

// Where a feed listens.
struct RemoteBind {
  std::optional<IpAddress> local = {};      // unset: every address
  std::optional<IpAddress> multicast = {};  // IPv4 group
  std::string interface = {};               // to join it on
  uint16_t port = 0, rtcp_port = 0;         // 0: some of kFirstPort to kLastPort, tried from `first_try` on
  uint16_t first_try = 0;
};

struct RemoteSpec {
  static constexpr uint16_t kFirstPort = 10000, kLastPort = 60000;
  RemoteBind bind;
  std::optional<SrtpMaterial> srtp;
  std::string label;  // of data channels at subscribers
};

// How to read one m-line.
struct RemoteMline {
  MediaKind kind = MediaKind::audio;
  Codec codec = Codec::unknown;
  bool simulcast = false;
  ExtensionMap extensions;
};

class RemoteFeed {
 public:
  static Result<std::unique_ptr<RemoteFeed>> open(MediaShard& shard, RemoteSpec spec, PublisherObserver observer);
  RemoteFeed(const RemoteFeed&) = delete;
  RemoteFeed& operator=(const RemoteFeed&) = delete;

  PublisherMedia& media() { return media_; }
  void set_mlines(const std::vector<RemoteMline>& mlines);
  Result<> set_srtp(std::optional<SrtpMaterial> srtp) { return receiver_->set_srtp(std::move(srtp)); }
  uint16_t port() const { return receiver_->port(); }
  uint16_t rtcp_port() const { return receiver_->rtcp_port(); }
  const media::ReceiveCounters& counters() const { return receiver_->counters(); }

 private:
  struct Mline {
    MediaKind kind = MediaKind::audio;
    size_t substreams = 1;
    std::array<media::ReceivedStream, 3> streams;
  };

  RemoteFeed(MediaShard& shard, std::string label, PublisherObserver observer);
  Result<> listen(MediaShard& shard, const RemoteSpec& spec, UdpBind rtp, UdpBind rtcp);
  media::ReceivedStream* choose(const RtpHeader& header);
  void on_packet(const RtpPacket& packet);
  void on_feedback(const RtcpFeedback& feedback);

  std::vector<Mline> mlines_;
  PublisherMedia media_;
  std::unique_ptr<media::RtpReceiver> receiver_;
};

class RemoteFeeds final : public ShardLocal {
 public:
  explicit RemoteFeeds(MediaShard&) {}
  void on_shard_end() override { feeds_.clear(); }

  void add(uint64_t number, std::unique_ptr<RemoteFeed> feed) { feeds_[number] = std::move(feed); }
  void remove(uint64_t number) { feeds_.erase(number); }
  RemoteFeed* find(uint64_t number) {
    auto found = feeds_.find(number);
    return found == feeds_.end() ? nullptr : found->second.get();
  }
  size_t size() const { return feeds_.size(); }

 private:
  std::map<uint64_t, std::unique_ptr<RemoteFeed>> feeds_;
};

}  // namespace limen::videoroom
