// Feed: what comes in for one mountpoint (or for one viewer of an `ondemand` one), as the control thread knows it. Its
// other half, FeedMedia, lives on a shard and is named by number. Feeds: all of them.
//
// Control thread.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "api/plugin.hpp"
#include "media/recording/recording_file.hpp"
#include "plugins/streaming/feed/feed_plan.hpp"
#include "plugins/streaming/feed/port_range.hpp"
#include "plugins/streaming/ingest/source.hpp"
#include "plugins/streaming/mountpoint_settings.hpp"

namespace limen::streaming {

class Feed;

class Feeds {
 public:
  explicit Feeds(PluginContext& context);

  PluginContext& context() { return context_; }
  Feed* find(FeedNumber number) const;
  const std::shared_ptr<PortRange>& ports() const { return ports_; }
  void set_ports(uint16_t low, uint16_t high) { ports_ = std::make_shared<PortRange>(low, high); }
  // Are event handlers to be told?
  bool notifies() const { return notifies_; }
  void set_notifies(bool on) { notifies_ = on; }
  // A media loop; they take turns.
  uint32_t next_shard() { return shard_++ % std::max<uint32_t>(context_.shard_count(), 1); }

 private:
  friend class Feed;
  PluginContext& context_;
  std::shared_ptr<PortRange> ports_;
  bool notifies_ = true;
  uint32_t shard_ = 0;
  FeedNumber last_ = 0;
  std::map<FeedNumber, Feed*> feeds_;
};

// What a Source tells, on the control thread.
struct FeedEvents {
  std::function<void(std::vector<SourceFormat>)> formats = {};
  std::function<void(SourceState, const std::string& reason)> state = {};
};

// What viewers want of a publisher, on the control thread; by medium of the mountpoint.
using AskKeyframe = std::function<void(size_t medium)>;

class Feed {
 public:
  // Ports as opened, or why they were not.
  using Opened = std::move_only_function<void(Result<std::vector<OpenedPorts>>)>;

  Feed(Feeds& feeds, uint32_t shard);
  ~Feed();
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  FeedNumber number() const { return number_; }
  uint32_t shard() const { return shard_; }
  // Once. `done` comes later, if the feed still is there then.
  void open(const MountpointSettings& settings, std::vector<int> source_media, Opened done);
  // A Source that delivers; at most one.
  void start(std::unique_ptr<Source> source, FeedEvents events);
  // Instead of a Source: a publisher that hands its packets to the shard itself; empty: none any more.
  void set_publisher(AskKeyframe ask_keyframe) { publisher_ = std::move(ask_keyframe); }
  // The Source connected again.
  void reconnected(std::vector<int> source_media);
  bool is_open() const { return !streams_.empty(); }

  media::StreamId stream(size_t medium) const {
    return medium < streams_.size() ? streams_[medium] : media::StreamId{};
  }
  // Since the last packet, or since the feed was made.
  Duration age(size_t medium) const;
  void set_enabled(bool enabled);
  void record(size_t medium, std::shared_ptr<media::RecordingFile> file, uint32_t ssrc);

  // Posted by the shard and by the source.
  void ask_keyframe(size_t medium);
  void set_bitrate(size_t medium, uint64_t bps);
  void on_formats(std::vector<SourceFormat> formats);
  void on_state(SourceState state, const std::string& reason);

 private:
  friend class Feeds;
  FeedPlan plan(const MountpointSettings& settings);
  void on_media(std::move_only_function<void(class FeedMedia&)> task);
  std::optional<size_t> source_index(size_t medium) const;

  Feeds& feeds_;
  FeedNumber number_;
  uint32_t shard_;
  Instant created_;
  bool enabled_ = true;
  std::vector<media::StreamId> streams_;
  std::vector<std::shared_ptr<MediumFacts>> facts_;
  std::vector<int> source_media_;
  std::unique_ptr<Source> source_;
  AskKeyframe publisher_;
  FeedEvents events_;
};

// The address that `iface` means: of the interface of that name (IPv4 before IPv6), or an address of this machine.
std::optional<IpAddress> interface_address(const std::string& name);

}  // namespace limen::streaming
