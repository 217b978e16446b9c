#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "media/fanout/fake_shards.hpp"
#include "media/fanout/fanout_hub.hpp"
#include "media/fanout/fanout_sink.hpp"
#include "media/fanout/fanout_source.hpp"
#include "media/layer_test_packets.hpp"

namespace limen::media {
namespace {

using std::chrono::milliseconds;
using test::Encoder;
using test::FakeHandle;
using test::FakeShards;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class Fanout : public testing::Test {
 protected:
  explicit Fanout(uint32_t count = 3) : shards_(count), id_(StreamId::make(0)) { start_source(); }

  void start_source(SourceSettings settings = {}) {
    source_.emplace(shards_[0], id_, settings,
                    SourceObserver{.ask_keyframe = [this] { ++asked_; },
                                   .demand = [this](const SourceDemand& demand) { demands_.push_back(demand); }});
  }
  std::unique_ptr<FanoutSink> subscribe(FakeHandle& handle, SinkSettings settings = {}) {
    auto sink = std::make_unique<FanoutSink>(handle, std::move(settings));
    sink->attach(id_);
    shards_.run();
    return sink;
  }
  void push(const RtpPacket& packet) {
    source_->push(packet);
    shards_.run();
  }
  void pass(Duration time) { shards_.now += time; }
  static std::vector<int> sequences(const FakeHandle& handle) {
    std::vector<int> numbers;
    for (const FakeHandle::Sent& sent : handle.sent) numbers.push_back(sent.note.sequence);
    return numbers;
  }

  FakeShards shards_;
  StreamId id_;
  int asked_ = 0;
  std::vector<SourceDemand> demands_;
  std::optional<FanoutSource> source_;
  Encoder camera_;
};

TEST_F(Fanout, every_subscriber_on_every_shard_gets_every_packet) {
  std::vector<FakeHandle> handles;
  std::vector<std::unique_ptr<FanoutSink>> sinks;
  for (uint32_t i = 0; i < 9; ++i) handles.emplace_back(shards_[i % 3]);
  for (FakeHandle& handle : handles) sinks.push_back(subscribe(handle));
  push(camera_.frame(true));
  push(camera_.frame(false));
  for (FakeHandle& handle : handles) EXPECT_THAT(sequences(handle), ElementsAre(100, 101));
}

TEST_F(Fanout, one_post_per_shard_and_turn_however_many_subscribers_and_packets) {
  std::vector<FakeHandle> handles(20, FakeHandle(shards_[1]));
  std::vector<std::unique_ptr<FanoutSink>> sinks;
  for (FakeHandle& handle : handles) sinks.push_back(subscribe(handle));
  size_t before = shards_.posts;
  for (int i = 0; i < 4; ++i) source_->push(camera_.frame(i == 0));
  shards_.run();
  EXPECT_EQ(shards_.posts - before, 1U);
  for (FakeHandle& handle : handles) EXPECT_THAT(handle.sent, SizeIs(4));
  EXPECT_EQ(FanoutHub::of(shards_[0]).counters().relayed, 4U);
}

TEST_F(Fanout, a_turns_packets_go_to_one_subscriber_after_the_other) {
  std::vector<int> order;
  std::vector<FakeHandle> handles(2, FakeHandle(shards_[1]));
  for (int i = 0; i < 2; ++i) handles[static_cast<size_t>(i)].on_send = [&order, i] { order.push_back(i); };
  auto first = subscribe(handles[0]);
  auto second = subscribe(handles[1]);
  for (int i = 0; i < 3; ++i) source_->push(camera_.frame(i == 0));
  shards_.run();
  EXPECT_THAT(order, ElementsAre(0, 0, 0, 1, 1, 1));
}

TEST_F(Fanout, packets_of_a_frame_that_differ_by_a_few_bytes_are_padded_to_one_size) {
  FakeHandle handle(shards_[1]);
  auto sink = subscribe(handle, {.clean_start = false});
  auto send = [&, this](std::initializer_list<uint16_t> sizes, bool same_frame) {
    RtpPacket packet = camera_.frame(false);
    std::vector<uint8_t> bytes(2000, 7);
    for (uint16_t size : sizes) {
      packet.packet = shards_[0].packets().copy(bytes, Instant{});
      packet.payload_offset = 12;
      packet.payload_size = size;
      source_->push(packet);
      ++packet.sequence;
      if (!same_frame) packet.timestamp += 3000;
    }
    shards_.run();
    std::vector<int> paddings;
    for (const FakeHandle::Sent& sent : handle.sent) paddings.push_back(sent.note.padding);
    handle.sent.clear();
    return paddings;
  };
  EXPECT_THAT(send({1099, 1099, 1100, 1098, 1084}, true), ElementsAre(1, 1, 0, 2, 0)) << "16 bytes are too many";
  EXPECT_THAT(send({1099, 1100}, false), ElementsAre(0, 0)) << "two frames";
  EXPECT_THAT(send({1099}, true), ElementsAre(0));
}

TEST_F(Fanout, nothing_travels_to_a_shard_without_subscribers_that_relay) {
  FakeHandle handle(shards_[2]);
  auto sink = subscribe(handle);
  sink->set_relaying(false);
  shards_.run();
  size_t before = shards_.posts;
  push(camera_.frame(true));
  EXPECT_EQ(shards_.posts, before);
  EXPECT_EQ(source_->demand().subscribers, 0U);
}

TEST_F(Fanout, video_begins_with_a_key_frame_asked_for_once_for_all) {
  push(camera_.frame(true));
  pass(milliseconds(300));
  std::vector<FakeHandle> handles;
  std::vector<std::unique_ptr<FanoutSink>> sinks;
  for (uint32_t i = 0; i < 30; ++i) handles.emplace_back(shards_[i % 3]);
  for (FakeHandle& handle : handles) sinks.push_back(subscribe(handle));
  EXPECT_EQ(asked_, 1);
  push(camera_.frame(false));
  for (FakeHandle& handle : handles) EXPECT_THAT(handle.sent, IsEmpty());
  RtpPacket key = camera_.frame(true);
  push(key);
  push(camera_.frame(false));
  for (FakeHandle& handle : handles) {
    ASSERT_THAT(handle.sent, SizeIs(2));
    EXPECT_TRUE(handle.sent[0].packet.video.keyframe);
    EXPECT_THAT(sequences(handle), ElementsAre(key.sequence, key.sequence + 1));
  }
}

TEST_F(Fanout, a_wish_within_the_interval_waits_and_a_passing_key_frame_fulfils_it) {
  FakeHandle first(shards_[0]), second(shards_[1]), third(shards_[2]);
  auto a = subscribe(first);
  EXPECT_EQ(asked_, 1);
  push(camera_.frame(true));
  pass(milliseconds(400));
  auto b = subscribe(second);
  push(camera_.frame(false));
  EXPECT_EQ(asked_, 1);
  EXPECT_THAT(second.sent, IsEmpty());
  pass(milliseconds(700));
  push(camera_.frame(false));
  EXPECT_EQ(asked_, 2);
  pass(milliseconds(200));
  auto c = subscribe(third);
  push(camera_.frame(true));
  pass(milliseconds(2000));
  push(camera_.frame(false));
  EXPECT_EQ(asked_, 2);
  EXPECT_THAT(second.sent, SizeIs(2));
  EXPECT_THAT(third.sent, SizeIs(2));
}

TEST_F(Fanout, a_wish_right_after_the_key_frame_that_an_earlier_one_brought_is_not_lost) {
  FakeHandle handle(shards_[1]);
  auto sink = subscribe(handle, {.clean_start = false});
  EXPECT_EQ(asked_, 1);
  pass(milliseconds(50));
  push(camera_.frame(true));
  sink->restart();  // the peer is up only now and could not take that key frame
  shards_.run();
  for (int i = 0; i < 15; ++i) {
    pass(milliseconds(100));
    push(camera_.frame(false));
  }
  EXPECT_EQ(asked_, 2);
}

TEST_F(Fanout, a_wish_that_a_key_frame_overtakes_is_fulfilled) {
  FakeHandle first(shards_[1]), second(shards_[1]);
  auto a = subscribe(first, {.clean_start = false});
  pass(milliseconds(50));
  auto b = subscribe(second, {.clean_start = false});
  push(camera_.frame(true));
  for (int i = 0; i < 15; ++i) {
    pass(milliseconds(100));
    push(camera_.frame(false));
  }
  EXPECT_EQ(asked_, 1);
}

TEST_F(Fanout, a_key_frame_that_does_not_come_is_asked_for_again) {
  FakeHandle handle(shards_[1]);
  auto sink = subscribe(handle);
  for (int i = 0; i < 25; ++i) {
    pass(milliseconds(100));
    push(camera_.frame(false));
  }
  EXPECT_EQ(asked_, 3);
  EXPECT_THAT(handle.sent, IsEmpty());
}

TEST_F(Fanout, a_source_without_recognisable_key_frames_is_relayed_in_the_end) {
  FakeHandle handle(shards_[1]);
  auto sink = subscribe(handle);
  push(camera_.frame(false));
  EXPECT_THAT(handle.sent, IsEmpty());
  pass(FanoutSink::kLongestWait);
  push(camera_.frame(false));
  EXPECT_THAT(handle.sent, SizeIs(1));
}

TEST_F(Fanout, encrypted_video_is_not_held_back) {
  FakeHandle handle(shards_[1]);
  auto sink = subscribe(handle, {.clean_start = false});
  push(camera_.frame(false));
  EXPECT_THAT(handle.sent, SizeIs(1));
}

TEST_F(Fanout, a_pause_leaves_no_hole_and_ends_with_a_key_frame) {
  FakeHandle handle(shards_[1]);
  auto sink = subscribe(handle);
  push(camera_.frame(true));
  push(camera_.frame(false));
  sink->set_relaying(false);
  shards_.run();
  for (int i = 0; i < 5; ++i) push(camera_.frame(false));
  pass(milliseconds(2000));
  sink->set_relaying(true);
  shards_.run();
  EXPECT_EQ(asked_, 2);
  push(camera_.frame(false));
  push(camera_.frame(true));
  EXPECT_THAT(sequences(handle), ElementsAre(100, 101, 102));
  EXPECT_TRUE(handle.sent.back().packet.video.keyframe);
}

TEST_F(Fanout, a_muted_source_leaves_no_hole_and_asks_for_a_key_frame_when_it_is_back) {
  FakeHandle handle(shards_[2]);
  auto sink = subscribe(handle);
  push(camera_.frame(true));
  source_->set_active(false);
  for (int i = 0; i < 5; ++i) push(camera_.frame(false));
  pass(milliseconds(2000));
  source_->set_active(true);
  EXPECT_EQ(asked_, 2);
  push(camera_.frame(false));
  push(camera_.frame(true));
  EXPECT_THAT(sequences(handle), ElementsAre(100, 101));
}

TEST_F(Fanout, audio_is_never_held_back_and_advances_by_its_clock) {
  FakeHandle handle(shards_[1]);
  auto sink = subscribe(handle, {.kind = MediaKind::audio, .clock_rate = 48000});
  Encoder voice{.ssrc = 1, .codec = Codec::opus, .sequence = 7, .timestamp = 960};
  push(voice.frame(false));
  pass(milliseconds(100));
  StreamId other = StreamId::make(2);
  FanoutSource music(shards_[2], other, {}, {});
  sink->attach(other);
  shards_.run();
  Encoder second{.ssrc = 1, .codec = Codec::opus, .sequence = 900, .timestamp = 77};  // even with the same SSRC
  music.push(second.frame(false));
  shards_.run();
  ASSERT_THAT(sequences(handle), ElementsAre(7, 8));
  EXPECT_EQ(handle.sent[1].note.timestamp - handle.sent[0].note.timestamp, 4800U);
  EXPECT_EQ(asked_, 0);
}

TEST_F(Fanout, a_switch_continues_the_stream_with_the_other_sources_key_frame) {
  int other_asked = 0;
  StreamId other = StreamId::make(1);
  FanoutSource screen(shards_[1], other, {}, {.ask_keyframe = [&] { ++other_asked; }});
  FakeHandle handle(shards_[2]);
  auto sink = subscribe(handle);
  push(camera_.frame(true));
  sink->attach(other);
  shards_.run();
  EXPECT_EQ(other_asked, 1);
  Encoder encoder{.ssrc = 2000, .sequence = 5};
  screen.push(encoder.frame(false));
  screen.push(encoder.frame(true));
  screen.push(encoder.frame(false));
  push(camera_.frame(false));  // not wanted any more
  EXPECT_THAT(sequences(handle), ElementsAre(100, 101, 102));
  EXPECT_EQ(handle.sent[1].packet.ssrc, 2000U);
  EXPECT_EQ(source_->demand().subscribers, 0U);
}

TEST_F(Fanout, a_subscriber_may_be_there_before_the_source) {
  source_.reset();
  FakeHandle handle(shards_[1]);
  auto sink = subscribe(handle);
  start_source();
  EXPECT_EQ(source_->demand().subscribers, 1U);
  push(camera_.frame(false));
  EXPECT_EQ(asked_, 1);
  push(camera_.frame(true));
  EXPECT_THAT(handle.sent, SizeIs(1));
}

TEST_F(Fanout, nothing_is_left_when_all_have_gone_in_any_order) {
  FakeHandle handle(shards_[1]), near(shards_[0]);
  auto sink = subscribe(handle);
  auto neighbour = subscribe(near);
  push(camera_.frame(true));
  source_->push(camera_.frame(false));
  source_.reset();  // with a packet on its way
  shards_.run();
  EXPECT_THAT(handle.sent, SizeIs(2));
  sink->ask_keyframe();
  neighbour.reset();
  shards_.run();
  sink.reset();
  shards_.run();
  for (uint32_t i = 0; i < 3; ++i) {
    EXPECT_EQ(FanoutHub::of(shards_[i]).counters().lists, 0U);
    EXPECT_EQ(FanoutHub::of(shards_[i]).counters().sources, 0U);
  }
  EXPECT_EQ(shards_[0].packets().free_count(), shards_[0].packets().allocated());
}

TEST_F(Fanout, a_subscriber_that_leaves_while_packets_are_delivered_is_harmless) {
  FakeHandle first(shards_[1]), second(shards_[1]), third(shards_[1]);
  auto a = subscribe(first);
  auto b = subscribe(second);
  auto c = subscribe(third);
  first.on_send = [&] { b.reset(); };
  source_->push(camera_.frame(true));
  source_->push(camera_.frame(false));
  shards_.run();
  EXPECT_THAT(second.sent, IsEmpty());
  EXPECT_THAT(third.sent, SizeIs(2));
  EXPECT_EQ(source_->demand().subscribers, 2U);
}

TEST_F(Fanout, demand_is_merged_over_shards) {
  FakeHandle first(shards_[1]), second(shards_[2]), third(shards_[2]);
  auto a = std::make_unique<FanoutSink>(first, SinkSettings{});
  auto b = std::make_unique<FanoutSink>(second, SinkSettings{});
  auto c = std::make_unique<FanoutSink>(third, SinkSettings{});
  for (auto* sink : {a.get(), b.get(), c.get()}) sink->attach(id_, LayerMode::simulcast);
  a->set_spatial(0);
  b->set_spatial(1);
  c->set_spatial(1);
  c->set_temporal(0);
  b->set_estimate(300'000);
  c->set_estimate(200'000);
  shards_.run();
  SourceDemand demand = source_->demand();
  EXPECT_EQ(demand.subscribers, 3U);
  EXPECT_EQ(demand.lowest, (Layers{0, 0}));
  EXPECT_EQ(demand.highest, (Layers{1, 2}));
  EXPECT_EQ(demand.lowest_estimate, 200'000U);
  size_t told = demands_.size();
  c->set_estimate(205'000);  // hardly moved
  shards_.run();
  EXPECT_EQ(demands_.size(), told);
  c->set_estimate(150'000);
  shards_.run();
  EXPECT_EQ(source_->demand().lowest_estimate, 150'000U);
}

TEST_F(Fanout, layers_are_chosen_per_subscriber_and_told) {
  FakeHandle low(shards_[1]), high(shards_[1]);
  std::vector<Layers> told;
  FanoutSink small(low, {}), big(high, {}, {.layers = [&](Layers layers) { told.push_back(layers); }});
  small.set_spatial(0);
  for (FanoutSink* sink : {&small, &big}) sink->attach(id_, LayerMode::simulcast);
  shards_.run();
  Encoder half{.ssrc = 1, .substream = 0, .codec = Codec::h264}, full{.ssrc = 2, .substream = 1, .codec = Codec::h264};
  for (int i = 0; i < 3; ++i) {
    push(half.frame(i == 0));
    push(full.frame(i == 0));
    pass(milliseconds(33));
  }
  for (const FakeHandle::Sent& sent : low.sent) EXPECT_EQ(sent.packet.ssrc, 1U);
  EXPECT_THAT(low.sent, SizeIs(3));
  EXPECT_EQ(high.sent.back().packet.ssrc, 2U);
  EXPECT_THAT(told, ElementsAre(Layers{0, -1}, Layers{1, -1}));
  big.set_relaying(false);
  big.set_relaying(true);
  push(full.frame(true));
  EXPECT_THAT(told, SizeIs(2)) << "the same layers again are no news";
}

TEST_F(Fanout, a_shard_with_too_much_to_do_keeps_the_lowest_layers_for_all_its_subscribers) {
  FakeHandle here(shards_[1]), there(shards_[2]);
  auto mine = std::make_unique<FanoutSink>(here, SinkSettings{});
  auto others = std::make_unique<FanoutSink>(there, SinkSettings{});
  mine->attach(id_, LayerMode::simulcast);
  others->attach(id_, LayerMode::simulcast);
  shards_.run();
  auto temporal = [this](int layer) {
    RtpPacket packet = camera_.frame(layer == 0, layer, true);
    push(packet);
  };
  shards_[1].local<ShardLoad>().value = 1;
  for (int i = 0; i < 100; ++i) {
    pass(milliseconds(100));
    temporal(0);
  }
  here.sent.clear();
  there.sent.clear();
  for (int layer : {0, 1, 2, 1, 0}) temporal(layer);
  EXPECT_THAT(here.sent, SizeIs(2));   // what the lowest layer has
  EXPECT_THAT(there.sent, SizeIs(5));  // another shard's subscribers miss nothing
  EXPECT_EQ(FanoutHub::of(shards_[1]).counters().level, LoadShedding::kMost);
  EXPECT_EQ(FanoutHub::of(shards_[1]).counters().limits, 4U);
  shards_[1].local<ShardLoad>().value = 0.2;
  for (int i = 0; i < 300; ++i) {
    pass(milliseconds(100));
    temporal(0);
  }
  here.sent.clear();
  for (int layer : {0, 1, 2, 1, 0}) temporal(layer);
  EXPECT_THAT(here.sent, SizeIs(5));
}

TEST_F(Fanout, payload_types_are_the_subscribers_and_unknown_codecs_are_refused) {
  FakeHandle handle(shards_[1]);
  auto sink = subscribe(handle, {.mline = 4, .payloads = {{Codec::h264, 102}}});
  push(camera_.frame(true));
  RtpPacket odd = camera_.frame(true);
  odd.codec = Codec::vp9;
  push(odd);
  ASSERT_THAT(handle.sent, SizeIs(1));
  EXPECT_EQ(handle.sent[0].note.payload_type, 102);
  EXPECT_EQ(handle.sent[0].note.mline, 4);
  EXPECT_EQ(sink->counters().refused, 1U);
}

TEST_F(Fanout, playout_delays_are_the_sources_unless_the_subscriber_has_its_own) {
  FakeHandle plain(shards_[1]), own(shards_[2]);
  auto a = subscribe(plain);
  auto b = subscribe(own, {.min_playout_delay = 5, .max_playout_delay = 9});
  source_->set_playout_delay(1, 2);
  push(camera_.frame(true));
  EXPECT_EQ(plain.sent[0].packet.extensions.max_playout_delay, 2);
  EXPECT_EQ(plain.sent[0].note.max_playout_delay, -1);
  EXPECT_EQ(own.sent[0].note.min_playout_delay, 5);
  EXPECT_EQ(own.sent[0].note.max_playout_delay, 9);
}

TEST_F(Fanout, data_reaches_data_subscribers_on_all_shards) {
  FakeHandle near(shards_[0]), far(shards_[2]), paused(shards_[2]);
  auto a = subscribe(near, {.kind = MediaKind::data});
  auto b = subscribe(far, {.kind = MediaKind::data});
  auto c = subscribe(paused, {.kind = MediaKind::data, .relay = false});
  source_->push(DataMessage{.label = "l", .protocol = "", .binary = true, .bytes = {1, 2, 3}});
  shards_.run();
  ASSERT_THAT(near.data, SizeIs(1));
  ASSERT_THAT(far.data, SizeIs(1));
  EXPECT_THAT(far.data[0].bytes, ElementsAre(1, 2, 3));
  EXPECT_THAT(paused.data, IsEmpty());
}

TEST_F(Fanout, a_shard_that_stands_still_loses_packets_and_not_the_others) {
  FakeHandle slow(shards_[1]), near(shards_[0]);
  auto a = subscribe(slow);
  auto b = subscribe(near);
  push(camera_.frame(true));
  for (uint32_t i = 0; i < FanoutLane::kMaxPackets + 500; ++i) {
    source_->push(camera_.frame(false));
    shards_[0].end_turn();  // posts are not run: the other shard sleeps
  }
  EXPECT_THAT(near.sent, SizeIs(1 + FanoutLane::kMaxPackets + 500));
  EXPECT_EQ(FanoutHub::of(shards_[0]).counters().dropped, 500U);
  shards_.run();
  EXPECT_THAT(slow.sent, SizeIs(1 + FanoutLane::kMaxPackets));
  push(camera_.frame(false));
  EXPECT_THAT(slow.sent, SizeIs(2 + FanoutLane::kMaxPackets)) << "it goes on when it has caught up";
}

}  // namespace
}  // namespace limen::media
