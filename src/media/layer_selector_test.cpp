#include <gtest/gtest.h>

#include "media/layer_selector.hpp"
#include "media/layer_test_packets.hpp"

namespace limen::media {
namespace {

using test::at_ms;
using test::Encoder;

// A sender of three encodings; every step sends one frame of each that is on.
struct Sender {
  std::array<Encoder, 3> encoders{Encoder{.ssrc = 10, .substream = 0}, Encoder{.ssrc = 20, .substream = 1},
                                  Encoder{.ssrc = 30, .substream = 2}};
  std::array<bool, 3> on{true, true, true};
  bool keyframe_due = true;  // what a PLI makes of the next frames
  bool obeys = true;
  int64_t now = 0;
  int requests = 0;
  int relayed = 0;
  int last = -1;  // substream
  std::vector<uint16_t> sequences;

  void step(LayerSelector& selector) {
    now += 33;
    bool key = keyframe_due;
    keyframe_due = false;
    for (size_t i = 0; i < 3; ++i) {
      if (!on[i]) continue;
      RtpPacket packet = encoders[i].frame(key);
      LayerOutcome outcome = selector.on_packet(packet, at_ms(now));
      if (outcome.need_keyframe) {
        ++requests;
        keyframe_due = obeys;
      }
      if (!outcome.out) continue;
      ++relayed;
      last = packet.substream;
      sequences.push_back(outcome.out->sequence);
    }
  }
  void steps(LayerSelector& selector, int count) {
    for (int i = 0; i < count; ++i) step(selector);
  }
};

bool gapless(const std::vector<uint16_t>& numbers) {
  for (size_t i = 1; i < numbers.size(); ++i) {
    if (static_cast<uint16_t>(numbers[i - 1] + 1) != numbers[i]) return false;
  }
  return true;
}

TEST(SimulcastSelector, climbs_to_the_best_encoding_and_stays) {
  LayerSelector selector;
  selector.set_mode(LayerMode::simulcast);
  Sender sender;
  sender.steps(selector, 20);
  EXPECT_EQ(selector.current().spatial, 2);
  EXPECT_EQ(sender.last, 2);
  EXPECT_TRUE(gapless(sender.sequences));
}

TEST(SimulcastSelector, a_lower_target_waits_for_a_key_frame_of_it) {
  LayerSelector selector;
  selector.set_mode(LayerMode::simulcast);
  Sender sender;
  sender.steps(selector, 10);
  selector.set_spatial(0);
  sender.obeys = false;
  sender.steps(selector, 10);
  EXPECT_EQ(sender.last, 2);  // still the old one, without a break
  sender.keyframe_due = true;
  sender.steps(selector, 2);
  EXPECT_EQ(sender.last, 0);
  EXPECT_EQ(selector.current().spatial, 0);
  EXPECT_TRUE(gapless(sender.sequences));
}

TEST(SimulcastSelector, key_frames_are_asked_for_now_and_then_not_always) {
  LayerSelector selector;
  selector.set_mode(LayerMode::simulcast);
  Sender sender;
  sender.keyframe_due = false;
  sender.obeys = false;
  sender.steps(selector, 62);  // two seconds
  EXPECT_GE(sender.requests, 4);
  EXPECT_LE(sender.requests, 5);
  EXPECT_EQ(sender.relayed, 0);
}

TEST(SimulcastSelector, a_slow_source_is_not_taken_for_a_dead_one) {
  LayerSelector selector;
  selector.set_mode(LayerMode::simulcast);
  Sender sender;
  sender.steps(selector, 5);
  int before = sender.requests;
  for (int i = 0; i < 20; ++i) {
    sender.now += 467;  // two frames a second
    sender.step(selector);
    EXPECT_EQ(sender.last, 2);
  }
  EXPECT_EQ(sender.requests, before);
}

TEST(SimulcastSelector, falls_back_when_the_best_one_ends_and_returns_by_itself) {
  LayerSelector selector;
  selector.set_mode(LayerMode::simulcast);
  Sender sender;
  sender.steps(selector, 10);
  sender.on[2] = false;
  sender.steps(selector, 12);
  EXPECT_EQ(sender.last, 1);
  EXPECT_EQ(selector.target().spatial, 2);  // what was asked for stays
  sender.on[1] = false;
  sender.steps(selector, 12);
  EXPECT_EQ(sender.last, 0);
  sender.on[1] = sender.on[2] = true;
  sender.steps(selector, 12);
  EXPECT_EQ(sender.last, 2);
  EXPECT_TRUE(gapless(sender.sequences));
}

TEST(SimulcastSelector, the_fallback_time_is_kept) {
  LayerSelector selector;
  selector.set_mode(LayerMode::simulcast);
  selector.set_fallback(std::chrono::milliseconds(1000));
  Sender sender;
  sender.steps(selector, 10);
  sender.on[2] = false;
  sender.steps(selector, 25);  // 825 ms
  EXPECT_EQ(sender.last, 2);
  sender.steps(selector, 10);
  EXPECT_EQ(sender.last, 1);
}

TEST(SimulcastSelector, change_is_reported_once_per_switch) {
  LayerSelector selector;
  selector.set_mode(LayerMode::simulcast);
  Encoder low{.ssrc = 10, .substream = 0};
  EXPECT_TRUE(selector.on_packet(low.frame(true), at_ms(0)).changed);
  EXPECT_FALSE(selector.on_packet(low.frame(false), at_ms(33)).changed);
  EXPECT_FALSE(selector.on_packet(low.frame(true), at_ms(66)).changed);
  EXPECT_EQ(selector.current(), (Layers{0, -1}));
}

TEST(TemporalGate, down_at_once_up_at_a_sync_frame) {
  LayerSelector selector;
  selector.set_mode(LayerMode::simulcast);
  Encoder encoder{.ssrc = 10, .substream = 0};
  auto relayed = [&](int temporal, bool sync, bool key = false) {
    return selector.on_packet(encoder.frame(key, temporal, sync), at_ms(encoder.sequence)).out.has_value();
  };
  EXPECT_TRUE(relayed(0, true, true));
  EXPECT_TRUE(relayed(2, true));
  EXPECT_TRUE(relayed(1, false));  // after a key frame everything can be decoded
  EXPECT_EQ(selector.current().temporal, 2);
  selector.set_temporal(0);
  EXPECT_EQ(selector.current().temporal, 0);
  EXPECT_FALSE(relayed(1, true));
  EXPECT_TRUE(relayed(0, false));
  selector.set_temporal(2);
  EXPECT_FALSE(relayed(1, false));
  EXPECT_TRUE(relayed(1, true));
  EXPECT_FALSE(relayed(2, false));
  EXPECT_TRUE(relayed(2, true));
  EXPECT_TRUE(relayed(1, false));
}

TEST(TemporalGate, unwanted_layers_leave_no_gap) {
  LayerSelector selector;
  selector.set_mode(LayerMode::simulcast);
  selector.set_temporal(0);
  Encoder encoder{.ssrc = 10, .substream = 0};
  std::vector<uint16_t> sequences;
  for (int i = 0; i < 40; ++i) {
    auto outcome = selector.on_packet(encoder.frame(i == 0, i % 4 == 0 ? 0 : 2, true), at_ms(i * 33));
    if (outcome.out) sequences.push_back(outcome.out->sequence);
  }
  EXPECT_EQ(sequences.size(), 10U);
  EXPECT_TRUE(gapless(sequences));
}

// A VP9 picture of three spatial layers, one packet each.
struct SvcSender {
  uint16_t sequence = 7;
  uint32_t timestamp = 0;
  int64_t now = 0;
  int highest = -1;
  int marked = -1;
  int requests = 0;
  int changes = 0;
  std::vector<uint16_t> sequences;
  Codec codec = Codec::vp9;

  void picture(LayerSelector& selector, bool key, int temporal = 0, bool sync = false) {
    timestamp += 3000;
    now += 33;
    highest = marked = -1;
    for (int spatial = 0; spatial < 3; ++spatial) {
      RtpPacket packet;
      packet.ssrc = 5;
      packet.codec = codec;
      packet.sequence = sequence++;
      packet.timestamp = timestamp;
      packet.marker = spatial == 2;
      packet.video = {
          .keyframe = key && spatial == 0, .start_of_frame = true, .end_of_frame = true, .layer_sync = sync};
      packet.video.spatial = static_cast<int8_t>(spatial);
      packet.video.temporal = static_cast<int8_t>(temporal);
      LayerOutcome outcome = selector.on_packet(packet, at_ms(now));
      requests += outcome.need_keyframe ? 1 : 0;
      changes += outcome.changed ? 1 : 0;
      if (!outcome.out) continue;
      highest = spatial;
      sequences.push_back(outcome.out->sequence);
      if (outcome.out->marker) marked = spatial;
    }
  }
};

TEST(SvcSelector, nothing_before_a_key_frame) {
  LayerSelector selector;
  selector.set_mode(LayerMode::svc);
  SvcSender sender;
  sender.picture(selector, false);
  EXPECT_EQ(sender.highest, -1);
  EXPECT_EQ(sender.requests, 1);
  sender.picture(selector, true);
  EXPECT_EQ(sender.highest, 2);
  EXPECT_EQ(selector.current(), (Layers{2, 0}));
}

TEST(SvcSelector, down_at_the_next_picture_with_marker_and_without_gap) {
  LayerSelector selector;
  selector.set_mode(LayerMode::svc);
  SvcSender sender;
  sender.picture(selector, true);
  selector.set_spatial(1);
  for (int i = 0; i < 5; ++i) {
    sender.picture(selector, false);
    EXPECT_EQ(sender.highest, 1);
    EXPECT_EQ(sender.marked, 1);
  }
  EXPECT_EQ(selector.current().spatial, 1);
  EXPECT_TRUE(gapless(sender.sequences));
}

TEST(SvcSelector, up_needs_a_key_frame_and_asks_for_it) {
  LayerSelector selector;
  selector.set_mode(LayerMode::svc);
  selector.set_spatial(0);
  SvcSender sender;
  sender.picture(selector, true);
  EXPECT_EQ(sender.highest, 0);
  selector.set_spatial(2);
  sender.picture(selector, false, 0, true);  // VP9's U bit is about temporal layers only
  EXPECT_EQ(sender.highest, 0);
  EXPECT_EQ(sender.requests, 1);
  sender.picture(selector, true);
  EXPECT_EQ(sender.highest, 2);
  EXPECT_TRUE(gapless(sender.sequences));
}

TEST(SvcSelector, av1_goes_up_at_a_switching_point) {
  LayerSelector selector;
  selector.set_mode(LayerMode::svc);
  selector.set_spatial(0);
  SvcSender sender;
  sender.codec = Codec::av1;
  sender.picture(selector, true);
  selector.set_spatial(2);
  sender.picture(selector, false, 0, true);
  EXPECT_EQ(sender.highest, 2);
}

TEST(SvcSelector, temporal_layers_are_chosen_as_well) {
  LayerSelector selector;
  selector.set_mode(LayerMode::svc);
  selector.set_temporal(1);
  SvcSender sender;
  sender.picture(selector, true);
  sender.picture(selector, false, 2, true);
  EXPECT_EQ(sender.highest, -1);
  sender.picture(selector, false, 1, true);
  EXPECT_EQ(sender.highest, 2);
  EXPECT_TRUE(gapless(sender.sequences));
}

TEST(LayerSelector, without_layers_everything_passes) {
  LayerSelector selector;
  Encoder camera;
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(selector.on_packet(camera.frame(false), at_ms(i)).out);
  EXPECT_EQ(selector.current(), Layers{});
}

}  // namespace
}  // namespace limen::media
