// SubscriberMedia: the half of a subscription that sends: one FanoutSink per m-line (data: per publisher).
//
// Lives on the handle's shard; the control half posts what each m-line is to show, as a whole.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "api/media.hpp"
#include "media/fanout/fanout_sink.hpp"

namespace limen::videoroom {

// What one m-line shows.
struct SinkPlan {
  uint8_t mline = 0;
  MediaKind kind = MediaKind::audio;
  Codec codec = Codec::unknown;
  uint8_t payload_type = 0;
  std::vector<media::StreamId> sources;  // at most one unless data
  media::LayerMode mode = media::LayerMode::none;
  bool relay = false;
  bool e2ee = false;
  int spatial = 2, temporal = 2;
  Duration fallback = std::chrono::milliseconds(250);
  int16_t min_delay = -1, max_delay = -1;
};

struct SubscriberObserver {
  std::function<void(uint8_t mline, media::StreamId source, media::Layers current)> layers;
};

class SubscriberMedia final : public MediaHandler {
 public:
  SubscriberMedia(MediaContext& context, SubscriberObserver observer)
      : context_(context), observer_(std::move(observer)) {}

  void on_feedback(const RtcpFeedback& feedback) override;
  void on_connected() override;

  // Posted by the control half.
  void set_plan(std::vector<SinkPlan> plan);
  void ask_keyframe(uint8_t mline);

 private:
  struct Mline {
    SinkPlan plan;
    std::vector<std::unique_ptr<media::FanoutSink>> sinks;
  };

  void apply(Mline& mline, SinkPlan plan);
  void apply_media(Mline& mline, const SinkPlan& plan);
  void apply_data(Mline& mline, const SinkPlan& plan);
  std::unique_ptr<media::FanoutSink> make_sink(const SinkPlan& plan, media::StreamId source);

  MediaContext& context_;
  SubscriberObserver observer_;
  std::vector<Mline> mlines_;
};

}  // namespace limen::videoroom
