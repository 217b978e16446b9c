// Ten minutes of rooms in which everything happens at random: who publishes and who watches comes and goes,
// restarts, switches, pauses, is moderated and kicked, over four media loops in shuffled order. Each
// subscriber's streams are checked packet by packet, and in the end nothing may be left.
#include <gmock/gmock.h>

#include "tests/support/room_rig.hpp"

namespace limen::videoroom {
namespace {

using namespace std::chrono_literals;

// One m-line as a decoder would look at it: without a hole, time goes on, another picture begins with a key frame.
class Checker {
 public:
  void take(const test::RigMedia::Sent& sent) {
    uint16_t sequence = sent.note.sequence;
    bool video = sent.packet.codec == Codec::h264;
    bool key = sent.packet.video.keyframe;
    if (last_) {
      EXPECT_EQ(sequence, static_cast<uint16_t>(*last_ + 1));
      EXPECT_TRUE(timestamp_newer(sent.note.timestamp, timestamp_)) << "#" << sequence;
      if (video && sent.packet.ssrc != ssrc_) {
        EXPECT_TRUE(key) << "#" << sequence << " of another encoder";
      }
    } else if (video) {
      EXPECT_TRUE(key) << "begins without a key frame";
    }
    last_ = sequence;
    timestamp_ = sent.note.timestamp;
    ssrc_ = sent.packet.ssrc;
  }

 private:
  std::optional<uint16_t> last_;
  uint32_t timestamp_ = 0, ssrc_ = 0;
};

struct Person {
  int id = 0;
  std::unique_ptr<test::RigHandle> handle;
  std::optional<test::RigCamera> camera;  // while publishing
};
struct Watcher {
  std::unique_ptr<test::RigHandle> handle;
  std::map<int, Checker> checkers;  // by m-line
};

class RoomChaos : public testing::TestWithParam<uint64_t> {
 protected:
  static constexpr uint32_t kShards = 4;
  static constexpr size_t kMostPeople = 8, kMostWatchers = 24;

  RoomChaos() : rig_(kShards, GetParam()), random_(GetParam()) { make_room(); }
  uint32_t below(size_t bound) { return static_cast<uint32_t>(random_() % bound); }
  template <typename T>
  T& any_of(std::vector<T>& list) {
    return list[below(list.size())];
  }
  void make_room() {
    rig_.admin(R"({"request":"create","room":1,"publishers":6,"videocodec":"h264","audiolevel_event":true})");
  }

  void come() {
    if (people_.size() >= kMostPeople) return;
    Person person{.id = ++last_id_, .handle = std::make_unique<test::RigHandle>(rig_, below(kShards)), .camera = {}};
    person.handle->ask(fmt::format(R"({{"request":"join","ptype":"publisher","room":1,"id":{}}})", person.id));
    people_.push_back(std::move(person));
  }
  // Also again, after a hangup: with another encoder.
  void publish(Person& person) {
    if (person.handle->connected) return;
    int layers = below(2) == 0 ? 3 : 1;
    auto reply = person.handle->ask(R"({"request":"publish"})", test::rig_offer(layers));
    if (!reply.contains("configured")) return;
    person.handle->connect();
    person.camera.emplace(ssrc_ += 10, static_cast<uint8_t>(layers));
    ++published_;
  }
  void stop(Person& person) {
    if (below(2) == 0) person.handle->ask(R"({"request":"unpublish"})");
    else person.handle->hang_up();
    if (!person.handle->connected) person.camera.reset();
  }
  void go(size_t index) {
    if (below(3) == 0) people_[index].handle->ask(R"({"request":"leave"})");
    people_.erase(people_.begin() + index);
  }

  std::string streams(std::string_view more = "") {
    std::string list;
    for (uint32_t i = below(3) + 1; i > 0; --i) {
      list += fmt::format(R"({}{{"feed":{}{}}})", list.empty() ? "" : ",", any_of(people_).id, more);
    }
    return list;
  }
  void watch() {
    if (watchers_.size() >= kMostWatchers || people_.empty()) return;
    Watcher watcher{.handle = std::make_unique<test::RigHandle>(rig_, below(kShards)), .checkers = {}};
    auto reply = watcher.handle->ask(
        fmt::format(R"({{"request":"join","ptype":"subscriber","room":1,"streams":[{}]}})", streams()));
    if (!reply.contains("streams")) return;
    answer(watcher);
    watcher.handle->connect();
    watchers_.push_back(std::move(watcher));
    ++watched_;
  }
  // Offers wait for their answers for a while.
  void answer(Watcher& watcher) {
    if (!watcher.handle->description) return;
    LocalJsep offer = *std::exchange(watcher.handle->description, std::nullopt);
    watcher.handle->ask(R"({"request":"start"})", test::rig_answer(offer));
  }
  void change(Watcher& watcher) {
    test::RigHandle& handle = *watcher.handle;
    if (people_.empty()) return;
    switch (below(7)) {
      case 0:
        handle.ask(fmt::format(R"({{"request":"subscribe","streams":[{}]}})", streams()));
        return;
      case 1:
        handle.ask(fmt::format(R"({{"request":"unsubscribe","streams":[{}]}})", streams()));
        return;
      case 2:
        handle.ask(fmt::format(R"({{"request":"switch","streams":[{{"feed":{},"mid":"1","sub_mid":"1"}}]}})",
                               any_of(people_).id));
        return;
      case 3:
        handle.ask(R"({"request":"pause"})");
        return;
      case 4:
        handle.ask(R"({"request":"start"})");
        return;
      case 5:
        handle.ask(
            fmt::format(R"({{"request":"configure","mid":"1","substream":{},"send":{}}})", below(3), below(4) != 0));
        return;
      default:
        handle.ask(fmt::format(R"({{"request":"configure","mid":"0","send":{}}})", below(2) == 0));
    }
  }
  void manage() {
    if (people_.empty()) return;
    Person& person = any_of(people_);
    switch (below(60)) {
      case 0:
        rig_.admin(R"({"request":"destroy","room":1})");
        make_room();
        break;
      case 1:
      case 2:
        rig_.admin(fmt::format(R"({{"request":"kick","room":1,"id":{}}})", person.id));
        break;
      case 3:
        rig_.admin(fmt::format(
            R"({{"request":"publish_remotely","room":1,"publisher_id":{},"remote_id":"r","host":"192.0.2.1","port":9,"rtcp_port":8}})",
            person.id));
        break;
      case 4:
        rig_.admin(fmt::format(
            R"({{"request":"add_remote_publisher","room":1,"id":{},"streams":[{{"mid":"0","mindex":0,"type":"audio","codec":"opus"}}]}})",
            1'000'000 + below(3)));
        break;
      case 5:
        rig_.admin(fmt::format(R"({{"request":"remove_remote_publisher","room":1,"id":{}}})", 1'000'000 + below(3)));
        break;
      default:
        rig_.admin(fmt::format(R"({{"request":"moderate","room":1,"id":{},"mid":"{}","mute":{}}})", person.id, below(2),
                               below(2) == 0));
    }
    for (Person& each : people_) {
      each.handle->settle();
      if (!each.handle->connected) each.camera.reset();
    }
    // Most of those whose room has gone, or who were kicked, see that there is nothing more to do here.
    auto done = [this](auto& one) { return !one.handle->query().get_object().contains("room") && below(4) != 0; };
    std::erase_if(people_, done);
    std::erase_if(watchers_, done);
  }
  void something_happens() {
    uint32_t what = below(100);
    if (what < 15) return come();
    if (people_.empty()) return;
    if (what < 45) return publish(any_of(people_));
    if (what < 49) return stop(any_of(people_));
    if (what < 51) return go(below(people_.size()));
    if (what < 70) return watch();
    if (watchers_.empty()) return;
    if (what < 73) watchers_.erase(watchers_.begin() + below(watchers_.size()));
    else if (what < 77) manage();
    else change(any_of(watchers_));
  }

  void frame() {
    for (Person& person : people_) {
      if (person.camera) person.camera->send(*person.handle);
    }
    rig_.run();
    rig_.shards.now += 100ms;
    for (Watcher& watcher : watchers_) {
      for (const auto& sent : std::exchange(watcher.handle->media().sent, {})) {
        watcher.checkers[sent.note.mline].take(sent);
        ++relayed_;
      }
      if (below(3) == 0) answer(watcher);
    }
  }

  test::RoomRig rig_;
  std::mt19937_64 random_;
  std::vector<Person> people_;
  std::vector<Watcher> watchers_;
  int last_id_ = 0;
  uint32_t ssrc_ = 0;
  uint64_t relayed_ = 0, published_ = 0, watched_ = 0;
};

TEST_P(RoomChaos, ten_minutes_leave_whole_streams_and_nothing_else) {
  for (int i = 0; i < 6000 && !HasFailure(); ++i) {
    if (below(3) == 0) something_happens();
    frame();
  }
  EXPECT_GT(relayed_, 50'000U);
  EXPECT_GT(published_, 50U);
  EXPECT_GT(watched_, 50U);
  watchers_.clear();
  people_.clear();
  rig_.admin(R"({"request":"destroy","room":1})");
  rig_.shards.now += 10s;
  rig_.run();
  EXPECT_EQ(rig_.control.timers(), 0U);
  for (uint32_t i = 0; i < kShards; ++i) {
    media::FanoutCounters counters = media::FanoutHub::of(rig_.shards[i]).counters();
    EXPECT_EQ(counters.lists + counters.sources, 0U) << "shard " << i;
    EXPECT_EQ(rig_.shards[i].local<RemoteFeeds>().size(), 0U);
    EXPECT_THAT(rig_.shards[i].receivers, testing::IsEmpty()) << "open ports";
  }
}

INSTANTIATE_TEST_SUITE_P(seeds, RoomChaos, testing::Values(1, 2));

}  // namespace
}  // namespace limen::videoroom
