// An hour in which viewers come, watch, pause, switch and go, thousands of them, over four media loops: whatever
// stays in tables and pools is the same after every minute as after the first ones.
#include <gtest/gtest.h>

#include "media/fanout/fanout_hub.hpp"
#include "plugins/streaming/feed/feed_media.hpp"
#include "plugins/streaming/streaming_plugin.hpp"
#include "plugins/streaming/viewer_media.hpp"
#include "tests/support/plugin_rig.hpp"

namespace limen::streaming {
namespace {

using namespace std::chrono_literals;
using test::RigHandle;

const SocketAddress kEncoder{IpAddress::v4(0x7f000001), 7000};

// RTP of an encoder: VP8, 12 bytes of header in front.
std::vector<uint8_t> vp8(uint16_t sequence, uint32_t timestamp, bool key) {
  std::vector<uint8_t> out(12);
  out[0] = 0x80;
  out[1] = 0x80 | 100;
  store_u16(&out[2], sequence);
  store_u32(&out[4], timestamp);
  store_u32(&out[8], 4711);
  out.insert(out.end(), {0x10, static_cast<uint8_t>(key ? 0x00 : 0x01), 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0});
  return out;
}

class ViewersHour : public testing::TestWithParam<uint64_t> {
 protected:
  static constexpr uint32_t kShards = 4;
  static constexpr size_t kMostViewers = 25;

  ViewersHour() : rig_(make_streaming_plugin(), kShards, GetParam()), random_(GetParam()) {
    create(1);
    create(2);
  }
  uint32_t below(size_t bound) { return static_cast<uint32_t>(random_() % bound); }

  void create(int id) {
    auto made = rig_.admin(fmt::format(
        R"({{"request":"create","type":"rtp","id":{},"media":[{{"type":"video","mid":"v","codec":"vp8","pt":100,"port":0,
            "bufferkf":true}},{{"type":"data","mid":"d","port":0}}]}})",
        id));
    ASSERT_EQ(made.at("streaming").as_string(), "created");
  }
  // The video's port is each mountpoint's first.
  void frame() {
    ++frames_;
    for (uint32_t i = 0; i < kShards; ++i) {
      test::FakeShard& shard = rig_.shards[i];
      for (auto& [port, take] : shard.receivers) {
        bool video = port % 2 == 1;
        shard.receive_on(port, kEncoder,
                         video ? vp8(static_cast<uint16_t>(frames_), frames_ * 9000, frames_ % 20 == 1)
                               : std::vector<uint8_t>{'h', 'i'});
      }
      shard.datagrams.clear();
    }
    rig_.run();
    rig_.shards.now += 100ms;
    rig_.notified.clear();
    for (auto& viewer : viewers_) {
      sent_ += std::exchange(viewer->media().sent, {}).size();
      viewer->media().feedback.clear();
      viewer->media().data.clear();
      viewer->events.clear();
    }
  }

  void come() {
    if (viewers_.size() >= kMostViewers) return;
    auto viewer = std::make_unique<RigHandle>(rig_, below(kShards));
    viewer->ask(fmt::format(R"({{"request":"watch","id":{}}})", below(2) + 1));
    ++came_;
    // Some never answer, some never connect.
    if (viewer->description && below(10) != 0) {
      viewer->ask(R"({"request":"start"})", test::rig_answer(*viewer->description));
      if (below(10) != 0) viewer->connect();
    }
    viewers_.push_back(std::move(viewer));
  }
  void go(size_t index) {
    RigHandle& viewer = *viewers_[index];
    switch (below(3)) {
      case 0:
        viewer.ask(R"({"request":"stop"})");
        break;
      case 1:
        viewer.hang_up();
        break;
      default:;  // the browser's tab is closed
    }
    if (below(8) == 0) return;  // stays attached without watching
    viewers_.erase(viewers_.begin() + static_cast<ptrdiff_t>(index));
  }
  void change(RigHandle& viewer) {
    static constexpr const char* kRequests[] = {
        R"({"request":"pause"})",
        R"({"request":"start"})",
        R"({"request":"switch","id":1})",
        R"({"request":"switch","id":2})",
        R"({"request":"configure","mid":"v","send":false})",
        R"({"request":"configure","mid":"v","send":true})",
        R"({"request":"watch","id":1})",
    };
    viewer.ask(kRequests[below(std::size(kRequests))]);
  }
  void something_happens() {
    uint32_t what = below(100);
    if (what < 40 || viewers_.empty()) return come();
    if (what < 80) return go(below(viewers_.size()));
    if (what < 99) return change(*viewers_[below(viewers_.size())]);
    rig_.admin(R"({"request":"kick_all","id":1})");
    for (auto& viewer : viewers_) viewer->settle();
  }

  // What is left when nobody watches.
  struct Figures {
    size_t viewers = 0, sources = 0, lists = 0, ports = 0, timers = 0, held_packets = 0;
    std::vector<size_t> allocated;  // packets by shard
    friend bool operator==(const Figures&, const Figures&) = default;
  };
  Figures figures() {
    viewers_.clear();
    rig_.run();
    Figures out;
    out.timers = rig_.control.timers();
    for (uint32_t i = 0; i < kShards; ++i) {
      test::FakeShard& shard = rig_.shards[i];
      media::FanoutCounters fanout = media::FanoutHub::of(shard).counters();
      out.viewers += ViewerTable::of(shard).size();
      out.sources += fanout.sources;
      out.lists += fanout.lists;
      out.ports += shard.receivers.size();
      out.held_packets += shard.packets().allocated() - shard.packets().free_count();
      out.allocated.push_back(shard.packets().allocated());
    }
    return out;
  }

  test::PluginRig rig_;
  std::mt19937_64 random_;
  std::vector<std::unique_ptr<RigHandle>> viewers_;
  uint32_t frames_ = 0;
  uint64_t came_ = 0, sent_ = 0;
};

TEST_P(ViewersHour, of_coming_and_going_leaves_no_memory_behind) {
  std::vector<Figures> minutes;
  for (int minute = 0; minute < 60 && !HasFailure(); ++minute) {
    for (int i = 0; i < 600; ++i) {
      if (below(2) == 0) something_happens();
      frame();
    }
    minutes.push_back(figures());
  }
  EXPECT_GT(came_, 5'000U);
  EXPECT_GT(sent_, 100'000U);
  for (const Figures& now : minutes) {
    EXPECT_EQ(now.viewers, 0U);
    EXPECT_EQ(now.ports, 4U);
    EXPECT_EQ(now.sources, minutes[0].sources);
    EXPECT_EQ(now.lists, minutes[0].lists);
    EXPECT_EQ(now.timers, minutes[0].timers);
    EXPECT_EQ(now.held_packets, minutes[0].held_packets);  // the kept key frames, at the same place of their period
  }
  // Pools grow while the crowd gathers, not afterwards.
  for (size_t minute = 10; minute < minutes.size(); ++minute) {
    EXPECT_EQ(minutes[minute].allocated, minutes[9].allocated) << "minute " << minute;
  }
  for (int id : {1, 2}) rig_.admin(fmt::format(R"({{"request":"destroy","id":{}}})", id));
  Figures end = figures();
  EXPECT_EQ(end.sources + end.lists + end.ports + end.timers + end.held_packets, 0U);
}
INSTANTIATE_TEST_SUITE_P(Seeds, ViewersHour, testing::Values(1));

}  // namespace
}  // namespace limen::streaming
