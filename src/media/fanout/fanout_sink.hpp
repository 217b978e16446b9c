// FanoutSink: one outgoing m-line of a subscriber: which source it shows, which of its layers, whether it
// is paused; and the continuous RTP stream that its peer gets, whatever happens behind it (spec 7.12).
//
// Owned by the subscriber's media handler; that shard's thread only. It may be attached to a source that
// does not exist yet or any more; let it relay from on_connected() on, not before (set_relaying). Video begins, after
// every start, switch and pause, with a key frame, which is asked for once per source, not per subscriber.
#pragma once
#include <cstdint>
#include <functional>
#include <vector>

#include "api/media.hpp"
#include "media/fanout/stream_id.hpp"
#include "media/layer_selector.hpp"

namespace limen::media {

class FanoutHub;
class FanoutList;
struct SourceDemand;

// Which payload type a codec has at the subscriber.
struct PayloadChoice {
  Codec codec = Codec::unknown;
  uint8_t payload_type = 0;
};

struct SinkSettings {
  uint8_t mline = 0;  // of the subscriber's peer
  MediaKind kind = MediaKind::video;
  uint32_t clock_rate = 90000;               // of the source's codec
  std::vector<PayloadChoice> payloads = {};  // empty: payload types as in the source; else others are not sent
  bool relay = true;                         // false: paused
  // Wait for a key frame before anything is sent; false where they cannot be seen (end-to-end encryption).
  bool clean_start = true;
  int16_t min_playout_delay = -1;  // units of 10 ms; both >= 0 or as in the source
  int16_t max_playout_delay = -1;
};

// Called on the sink's shard; hand it on with MediaContext::post_control.
struct SinkObserver {
  std::function<void(Layers current)> layers = {};  // other layers are relayed than before
};

struct SinkCounters {
  uint64_t relayed = 0;
  uint64_t waiting = 0;  // held back until a key frame
  uint64_t refused = 0;  // payload type not agreed, or the peer did not take it
};

class FanoutSink {
 public:
  // A source that gives no recognisable key frame is relayed as it is after this time.
  static constexpr Duration kLongestWait = std::chrono::seconds(3);
  static constexpr Duration kAskAgain = std::chrono::milliseconds(500);

  FanoutSink(MediaContext& context, SinkSettings settings, SinkObserver observer = {});
  ~FanoutSink();
  FanoutSink(const FanoutSink&) = delete;
  FanoutSink& operator=(const FanoutSink&) = delete;

  // Shows this source from now on: the first one, or a switch (targets stay as they were set). An empty
  // id: none. `mode`: how the source is layered.
  void attach(StreamId source, LayerMode mode = LayerMode::none);
  StreamId source() const { return source_; }

  void set_relaying(bool relay);
  bool relaying() const { return settings_.relay; }
  void set_spatial(int layer);   // or substream; 0..2
  void set_temporal(int layer);  // 0..2
  void set_fallback(Duration fallback);
  void set_playout_delay(int16_t min, int16_t max);
  void set_payloads(std::vector<PayloadChoice> payloads) { settings_.payloads = std::move(payloads); }

  // Begins anew with a key frame.
  void restart();
  // What was kept of the source (from a key frame on), for a sink that has relayed nothing since it began: sent at
  // once. `whole`: what comes next goes on from there; else that waits for a key frame. What is in both is sent once.
  void replay(const std::vector<RtpPacket>& packets, bool whole);
  // What the peer says: PLI or FIR, REMB.
  void ask_keyframe();
  void set_estimate(uint64_t bps);

  Layers current() const { return selector_.current(); }
  Layers target() const { return selector_.target(); }
  const SinkCounters& counters() const { return counters_; }

 private:
  friend class FanoutList;
  friend class FanoutHub;
  // The shard forwards nothing above these, whatever was asked for.
  void limit(int spatial, int temporal);
  void on_packet(const RtpPacket& packet, uint32_t epoch, uint8_t padding, Instant now);
  void on_data(const DataMessage& message);
  SourceDemand demand() const;
  // The stream goes on after a hole; `other_source`: with a stream of its own numbering.
  void begin(bool other_source);
  bool was_replayed(const RtpPacket& packet);
  bool held_back(const RtpPacket& packet, Instant now);
  void relay(OutgoingRtp out);
  bool choose_payload(OutgoingRtp& out) const;
  void tell_layers();

  MediaContext& context_;
  FanoutHub& hub_;
  SinkSettings settings_;
  SinkObserver observer_;
  StreamId source_;
  LayerSelector selector_;
  int spatial_ = 2, temporal_ = 2;  // asked for
  int most_spatial_ = 2, most_temporal_ = 2;
  Duration fallback_ = SimulcastSelector::kDefaultFallback;
  Layers told_;
  bool fresh_ = true;      // nothing was relayed since begin()
  bool waiting_ = false;   // for a key frame
  bool replayed_ = false;  // and nothing newer has come yet
  uint32_t replayed_ssrc_ = 0;
  uint16_t replayed_to_ = 0;
  Instant waiting_since_{};
  Instant last_asked_{};
  uint32_t epoch_ = 0;
  bool epoch_known_ = false;
  uint64_t estimate_ = 0;
  SinkCounters counters_;
};

}  // namespace limen::media
