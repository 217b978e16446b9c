// Hundreds of subscribers on four shards in shuffled order, and everything that may happen to them, drawn
// from a seed: each one's stream is checked packet by packet.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <random>

#include "media/fanout/fake_shards.hpp"
#include "media/fanout/fanout_hub.hpp"
#include "media/fanout/fanout_sink.hpp"
#include "media/fanout/fanout_source.hpp"
#include "media/layer_test_packets.hpp"

namespace limen::media {
namespace {

using std::chrono::milliseconds;

// What one subscriber is sent, as a decoder would look at it.
class StreamChecker {
 public:
  void take(const test::FakeHandle::Sent& sent) {
    ++packets;
    uint16_t sequence = sent.note.sequence;
    if (last_) {
      int step = sequence_distance(*last_, sequence);
      if (step < 1) ADD_FAILURE() << "#" << sequence << " after #" << *last_;
      if (step > 1) holes += step - 1;
      if (timestamp_newer(last_timestamp_, sent.note.timestamp)) ADD_FAILURE() << "time goes back at #" << sequence;
      if (sent.packet.ssrc != ssrc_ && !sent.packet.video.keyframe) ADD_FAILURE() << "no key frame at #" << sequence;
    } else if (!sent.packet.video.keyframe) {
      ADD_FAILURE() << "begins without a key frame";
    }
    last_ = sequence;
    last_timestamp_ = sent.note.timestamp;
    ssrc_ = sent.packet.ssrc;
  }
  uint64_t packets = 0;
  int holes = 0;

 private:
  std::optional<uint16_t> last_;
  uint32_t last_timestamp_ = 0;
  uint32_t ssrc_ = 0;
};

// A simulcast publisher that answers key frame requests with the next frame.
class Publisher {
 public:
  Publisher(test::FakeShard& shard, uint32_t base) : shard_(shard), base_(base) { start(); }
  void start() {
    for (uint8_t layer = 0; layer < 3; ++layer) {
      base_ += 10;
      layers_[layer] = {.ssrc = base_,
                        .substream = layer,
                        .codec = Codec::h264,
                        .sequence = uint16_t(base_ * 77),
                        .timestamp = base_ * 1000};
    }
    source_.emplace(shard_, id_, SourceSettings{}, SourceObserver{.ask_keyframe = [this] { keyframe_ = true; }});
  }
  void stop() { source_.reset(); }
  bool there() const { return source_.has_value(); }
  FanoutSource& source() { return *source_; }
  StreamId id() const { return id_; }
  // `lose`: this many of the frame's packets never arrive.
  void frame(unsigned lost_mask) {
    bool key = std::exchange(keyframe_, false);
    for (uint8_t layer = 0; layer < 3; ++layer) {
      for (int part = 0; part < 2; ++part) {
        RtpPacket packet = layers_[layer].frame(key && part == 0);
        if (part == 0) packet.marker = false;
        else packet.timestamp = layers_[layer].timestamp -= 3000;
        if ((lost_mask >> (layer * 2 + part) & 1) == 0) source_->push(packet);
      }
    }
  }

 private:
  test::FakeShard& shard_;
  uint32_t base_;
  StreamId id_ = StreamId::make(shard_.index());
  std::array<test::Encoder, 3> layers_;
  bool keyframe_ = true;
  std::optional<FanoutSource> source_;
};

class FanoutChaos : public testing::TestWithParam<uint64_t> {
 protected:
  static constexpr uint32_t kShards = 4, kSubscribers = 200;

  FanoutChaos() : world_(kShards, GetParam()), random_(GetParam()) {
    for (uint32_t i = 0; i < 3; ++i) publishers_.push_back(std::make_unique<Publisher>(world_[i], 1000 * (i + 1)));
    for (uint32_t i = 0; i < kSubscribers; ++i) {
      handles_.push_back(std::make_unique<test::FakeHandle>(world_[i % kShards]));
      sinks_.push_back(nullptr);
    }
    checkers_.resize(kSubscribers);
  }
  uint32_t below(uint32_t bound) { return static_cast<uint32_t>(random_() % bound); }

  void subscribe(uint32_t who) {
    sinks_[who] = std::make_unique<FanoutSink>(*handles_[who], SinkSettings{});
    sinks_[who]->attach(publishers_[below(3)]->id(), LayerMode::simulcast);
  }
  void something_happens() {
    uint32_t who = below(kSubscribers);
    Publisher& publisher = *publishers_[below(3)];
    if (!sinks_[who]) return subscribe(who);
    FanoutSink& sink = *sinks_[who];
    switch (below(8)) {
      case 0:
        return sink.set_relaying(!sink.relaying());
      case 1:
        return sink.attach(publisher.id(), LayerMode::simulcast);
      case 2:
        return sink.set_spatial(static_cast<int>(below(3)));
      case 3:
        return sink.ask_keyframe();
      case 4:
        return sink.set_estimate(100'000 + below(1'000'000));
      case 5:
        if (publisher.there()) publisher.source().set_active(!publisher.source().active());
        return;
      case 6:
        if (below(4) != 0) return;
        return publisher.there() ? publisher.stop() : publisher.start();
      default:
        if (below(4) == 0) sinks_[who].reset();  // and another stream begins, later
        if (!sinks_[who]) checkers_[who] = {};
    }
  }
  // One frame of every publisher; some of what is posted runs before, some after.
  void tick(bool lossy) {
    for (auto& publisher : publishers_) {
      if (publisher->there()) publisher->frame(lossy && below(50) == 0 ? below(64) : 0);
    }
    world_.run();
    world_.now += milliseconds(33);
    for (uint32_t i = 0; i < kSubscribers; ++i) {
      for (const auto& sent : std::exchange(handles_[i]->sent, {})) {
        checkers_[i].take(sent);
        ++total_;
      }
    }
  }
  void end() {
    sinks_.clear();
    for (auto& publisher : publishers_) publisher->stop();
    world_.run();
    for (uint32_t i = 0; i < kShards; ++i) {
      FanoutCounters counters = FanoutHub::of(world_[i]).counters();
      EXPECT_EQ(counters.lists + counters.sources, 0U);
      EXPECT_EQ(counters.dropped, 0U);
    }
  }

  test::FakeShards world_;
  std::mt19937_64 random_;
  std::vector<std::unique_ptr<test::FakeHandle>> handles_;
  std::vector<std::unique_ptr<Publisher>> publishers_;
  std::vector<std::unique_ptr<FanoutSink>> sinks_;
  std::vector<StreamChecker> checkers_;
  uint64_t total_ = 0;
};

TEST_P(FanoutChaos, streams_are_continuous_whatever_happens) {
  for (int i = 0; i < 1500; ++i) {
    for (uint32_t events = below(3); events > 0; --events) something_happens();
    tick(false);
  }
  for (const StreamChecker& checker : checkers_) EXPECT_EQ(checker.holes, 0);
  EXPECT_GT(total_, 50'000U);
  end();
}

TEST_P(FanoutChaos, loss_before_the_server_is_the_only_hole) {
  for (uint32_t i = 0; i < kSubscribers; ++i) subscribe(i);
  for (int i = 0; i < 600; ++i) tick(true);
  int holes = 0;
  for (const StreamChecker& checker : checkers_) {
    EXPECT_GT(checker.packets, 900U);
    EXPECT_LT(checker.holes, 60);
    holes += checker.holes;
  }
  EXPECT_GT(holes, 0);
  end();
}

INSTANTIATE_TEST_SUITE_P(seeds, FanoutChaos, testing::Values(1, 2, 3));

}  // namespace
}  // namespace limen::media
