// ViewerMedia: the half of a viewer that sends: one FanoutSink per m-line, started with what the feed keeps.
//
// Lives on the handle's shard; the control half posts what each m-line is to show, as a whole. ViewerTable: the viewers
// of a shard by handle, so that answers of a feed on another shard find them.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "api/media.hpp"
#include "media/fanout/fanout_sink.hpp"
#include "plugins/streaming/feed/feed_plan.hpp"
#include "plugins/streaming/feed/keyframe_buffer.hpp"

namespace limen::streaming {

// What one m-line shows.
struct ViewPlan {
  uint8_t mline = 0;
  MediaKind kind = MediaKind::audio;
  Codec codec = Codec::unknown;
  uint8_t payload_type = 0;
  media::StreamId source;
  FeedNumber feed = 0;
  size_t medium = 0;      // of the feed
  bool buffered = false;  // the feed keeps key frames, or the last message
  media::LayerMode layers = media::LayerMode::none;
  bool relay = true;  // once connected
  bool e2ee = false;
  int spatial = 2, temporal = 2;
  Duration fallback = std::chrono::milliseconds(250);
  int16_t min_delay = -1, max_delay = -1;
};

struct ViewerObserver {
  std::function<void(uint8_t mline, media::StreamId source, media::Layers current)> layers = {};
};

class ViewerMedia final : public MediaHandler {
 public:
  ViewerMedia(MediaContext& context, ViewerObserver observer);
  ~ViewerMedia() override;

  void on_feedback(const RtcpFeedback& feedback) override;
  void on_data_writable() override;
  void on_connected() override;
  void on_disconnected() override;

  // Posted by the control half.
  void set_plan(std::vector<ViewPlan> plan);
  void ask_keyframe(uint8_t mline);

  // Posted by a feed.
  void take_burst(uint8_t mline, media::StreamId source, const KeyframeBurst& burst);
  void take_message(uint8_t mline, media::StreamId source, uint64_t relayed, const DataMessage& message);

 private:
  struct Mline {
    ViewPlan plan;
    std::unique_ptr<media::FanoutSink> sink;
    bool message_asked = false;  // the one that the mountpoint keeps
  };

  std::unique_ptr<media::FanoutSink> make_sink(const ViewPlan& plan);
  void apply(Mline& mline, ViewPlan plan);
  void ask_for_kept(const Mline& mline);
  void ask_for_messages();
  Mline* find(uint8_t mline, media::StreamId source);

  MediaContext& context_;
  ViewerObserver observer_;
  bool connected_ = false;
  bool writable_ = false;  // data may be sent
  std::vector<Mline> mlines_;
};

class ViewerTable final : public ShardLocal {
 public:
  explicit ViewerTable(MediaShard&) {}
  static ViewerTable& of(MediaShard& shard) { return shard.local<ViewerTable>(); }

  void add(PeerId id, ViewerMedia& viewer) { viewers_[id] = &viewer; }
  void remove(PeerId id, const ViewerMedia& viewer) {
    auto it = viewers_.find(id);
    if (it != viewers_.end() && it->second == &viewer) viewers_.erase(it);
  }
  ViewerMedia* find(PeerId id) const {
    auto it = viewers_.find(id);
    return it == viewers_.end() ? nullptr : it->second;
  }
  size_t size() const { return viewers_.size(); }

 private:
  std::unordered_map<PeerId, ViewerMedia*> viewers_;
};

}  // namespace limen::streaming
