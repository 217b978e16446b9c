#include "plugins/streaming/feed.hpp"

#include <algorithm>
#include <utility>

#include "plugins/streaming/feed/feed_media.hpp"

namespace limen::streaming {
namespace {

constexpr uint32_t kMulticast = 0xe;  // first four bits: 224.0.0.0/4

// Hands on what a Source delivers: packets to the shard, everything else to the control thread.
class FeedSink final : public SourceSink {
 public:
  FeedSink(Feeds& feeds, FeedNumber number, uint32_t shard)
      : feeds_(feeds), context_(feeds.context()), number_(number), shard_(shard) {}

  void on_formats(std::vector<SourceFormat> formats) override {
    on_control([formats = std::move(formats)](Feed& feed) mutable { feed.on_formats(std::move(formats)); });
  }
  void on_state(SourceState state, std::string reason) override {
    on_control([state, reason = std::move(reason)](Feed& feed) { feed.on_state(state, reason); });
  }
  void on_packets(std::vector<SourcePacket> packets) override {
    context_.post_shard(shard_, [number = number_, packets = std::move(packets)](MediaShard& shard) {
      FeedMedia* feed = FeedTable::of(shard).find(number);
      if (feed == nullptr) return;
      for (const SourcePacket& packet : packets) feed->on_packet(packet);
    });
  }

 private:
  void on_control(std::move_only_function<void(Feed&)> task) {
    context_.executor().post([feeds = &feeds_, number = number_, task = std::move(task)]() mutable {
      if (Feed* feed = feeds->find(number)) task(*feed);
    });
  }

  Feeds& feeds_;
  PluginContext& context_;
  FeedNumber number_;
  uint32_t shard_;
};

FeedObserver observer_for(Feeds* feeds, Executor* control, FeedNumber number) {
  FeedObserver observer;
  observer.ask_keyframe = [feeds, control, number](size_t medium) {
    control->post([feeds, number, medium] {
      if (Feed* feed = feeds->find(number)) feed->ask_keyframe(medium);
    });
  };
  observer.set_bitrate = [feeds, control, number](size_t medium, uint64_t bps) {
    control->post([feeds, number, medium, bps] {
      if (Feed* feed = feeds->find(number)) feed->set_bitrate(medium, bps);
    });
  };
  return observer;
}

SocketPlan sockets_of(const MediumSettings& medium) {
  SocketPlan out;
  // Dual stack, unless an interface says otherwise; groups are IPv4.
  out.multicast = IpAddress::parse(medium.multicast);
  bool group = out.multicast && out.multicast->is_v4() && out.multicast->v4_host_order() >> 28 == kMulticast;
  if (!group) out.multicast.reset();
  out.interface = medium.interface;
  out.local = out.multicast ? IpAddress() : *IpAddress::parse("::");
  // A socket for a group must not be bound to the interface's own address: it would not get the group's packets.
  if (!medium.interface.empty() && !out.multicast) out.local = interface_address(medium.interface).value_or(out.local);
  out.ports.push_back(medium.port);
  if (medium.simulcast) {
    if (medium.port2) out.ports.push_back(*medium.port2);
    if (medium.port3) out.ports.push_back(*medium.port3);
  }
  out.rtcp = medium.rtcp_port;
  return out;
}

std::vector<uint8_t> parameter_sets_of(const MediumSettings& medium, bool learned) {
  if (medium.codec != Codec::h264) return {};
  if (!medium.h264_parameter_sets.empty()) return stap_of_parameter_sets(medium.h264_parameter_sets);
  return learned ? stap_of_parameter_sets(sprop_of_fmtp(medium.fmtp)) : std::vector<uint8_t>{};
}

std::optional<KeyframeLimits> keyframes_of(const MountpointSettings& settings, const MediumSettings& medium) {
  if (medium.kind != MediaKind::video) return std::nullopt;
  if (settings.keyframes) return settings.keyframes;
  if (!medium.buffer_keyframe) return std::nullopt;
  return KeyframeLimits{.ms = KeyframeLimits::kDefaultMs, .bytes = 0};
}

}  // namespace

Feeds::Feeds(PluginContext& context) : context_(context), ports_(std::make_shared<PortRange>(10000, 60000)) {}

Feed* Feeds::find(FeedNumber number) const {
  auto it = feeds_.find(number);
  return it == feeds_.end() ? nullptr : it->second;
}

Feed::Feed(Feeds& feeds, uint32_t shard)
    : feeds_(feeds), number_(++feeds.last_), shard_(shard), created_(feeds.context().executor().now()) {
  feeds_.feeds_[number_] = this;
}

Feed::~Feed() {
  feeds_.feeds_.erase(number_);
  if (source_) source_->stop();
  if (!is_open()) return;
  feeds_.context().post_shard(shard_, [number = number_](MediaShard& shard) { FeedTable::of(shard).remove(number); });
}

FeedPlan Feed::plan(const MountpointSettings& settings) {
  FeedPlan out;
  out.number = number_;
  out.collision_ms = settings.collision_ms;
  out.srtp = settings.srtp();
  out.capture_time_id = settings.capture_time_id;
  out.enabled = enabled_;
  for (const MediumSettings& medium : settings.media) {
    MediumPlan& plan = out.media.emplace_back();
    plan.kind = medium.kind;
    plan.stream = streams_.emplace_back(media::StreamId::make(shard_));
    plan.codec = medium.codec;
    plan.payload_type = medium.payload_type;
    plan.layers = medium.layers();
    if (medium.kind != MediaKind::data) plan.clock_rate = codec_clock_rate(medium.codec);
    plan.skew = medium.skew && medium.kind != MediaKind::data;
    plan.parameter_sets = parameter_sets_of(medium, settings.type == MountpointType::rtsp);
    plan.keyframes = keyframes_of(settings, medium);
    plan.binary = medium.binary;
    plan.buffer_message = medium.buffer_message;
    if (settings.has_sockets()) plan.sockets = sockets_of(medium);
    plan.facts = facts_.emplace_back(std::make_shared<MediumFacts>());
  }
  return out;
}

void Feed::open(const MountpointSettings& settings, std::vector<int> source_media, Opened done) {
  FeedPlan made = plan(settings);
  source_media_ = source_media;
  made.source_media = std::move(source_media);
  Executor* control = &feeds_.context().executor();
  auto task = [feeds = &feeds_, control, made = std::move(made), range = feeds_.ports(),
               done = std::move(done)](MediaShard& shard) mutable {
    FeedNumber number = made.number;
    auto feed = FeedMedia::open(shard, std::move(made), observer_for(feeds, control, number), *range);
    Result<std::vector<OpenedPorts>> ports;
    if (feed) {
      ports = (*feed)->ports();
      FeedTable::of(shard).add(number, std::move(*feed));
    } else {
      ports = std::unexpected(feed.error());
    }
    control->post([feeds, number, ports = std::move(ports), done = std::move(done)]() mutable {
      if (feeds->find(number) != nullptr && done) done(std::move(ports));
    });
  };
  feeds_.context().post_shard(shard_, std::move(task));
}

void Feed::start(std::unique_ptr<Source> source, FeedEvents events) {
  events_ = std::move(events);
  source_ = std::move(source);
  source_->start(std::make_shared<FeedSink>(feeds_, number_, shard_));
}

void Feed::on_media(std::move_only_function<void(FeedMedia&)> task) {
  feeds_.context().post_shard(shard_, [number = number_, task = std::move(task)](MediaShard& shard) mutable {
    if (FeedMedia* feed = FeedTable::of(shard).find(number)) task(*feed);
  });
}

void Feed::reconnected(std::vector<int> source_media) {
  source_media_ = source_media;
  on_media([source_media = std::move(source_media)](FeedMedia& feed) mutable {
    feed.begin_connection(std::move(source_media));
  });
}

Duration Feed::age(size_t medium) const {
  Instant now = feeds_.context().executor().now();
  int64_t last = medium < facts_.size() ? facts_[medium]->last_packet_ns.load(std::memory_order_relaxed) : -1;
  Instant since = last < 0 ? created_ : Instant(Duration(last));
  return std::max(now - since, Duration{});
}

void Feed::set_enabled(bool enabled) {
  enabled_ = enabled;
  on_media([enabled](FeedMedia& feed) { feed.set_enabled(enabled); });
}

void Feed::record(size_t medium, std::shared_ptr<media::RecordingFile> file, uint32_t ssrc) {
  on_media([medium, file = std::move(file), ssrc](FeedMedia& feed) mutable {
    if (MediumFeed* one = feed.medium(medium)) one->record(std::move(file), ssrc);
  });
}

std::optional<size_t> Feed::source_index(size_t medium) const {
  auto it = std::ranges::find(source_media_, static_cast<int>(medium));
  if (it == source_media_.end()) return std::nullopt;
  return static_cast<size_t>(it - source_media_.begin());
}

void Feed::ask_keyframe(size_t medium) {
  if (publisher_) return publisher_(medium);
  auto index = source_index(medium);
  if (source_ && index) source_->ask_keyframe(*index);
}

void Feed::set_bitrate(size_t medium, uint64_t bps) {
  auto index = source_index(medium);
  if (source_ && index) source_->set_bitrate(*index, bps);
}

void Feed::on_formats(std::vector<SourceFormat> formats) {
  if (events_.formats) events_.formats(std::move(formats));
}

void Feed::on_state(SourceState state, const std::string& reason) {
  // A copy: what is told may end the feed.
  auto tell = events_.state;
  if (tell) tell(state, reason);
}

}  // namespace limen::streaming
