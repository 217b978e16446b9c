#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "media/fanout/fake_shards.hpp"
#include "media/recording/fake_plugin_context.hpp"
#include "media/recording/playback.hpp"
#include "wire/mjr/mjr_writer.hpp"

namespace limen::media {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

// A handle on a fake shard, with a clock and timers of its own.
class Viewer final : public MediaContext {
 public:
  explicit Viewer(MediaShard& shard) : shard_(shard) {}
  bool send(const OutgoingRtp& rtp) override {
    Bytes payload = rtp.source->payload();
    sent.emplace_back(ms(), rtp.sequence);
    types.push_back(rtp.payload_type);
    payloads.emplace_back(payload.begin(), payload.end());
    return true;
  }
  void send(const RtcpFeedback&) override {}
  bool send_data(const DataMessage& message) override {
    if (!writable) return false;
    messages.emplace_back(ms(), std::string(as_text(message.bytes)));
    return true;
  }
  Instant now() const override { return clock; }
  TimerId call_at(Instant when, Task task) override {
    timer_at = when;
    timer = std::move(task);
    return TimerId(1);
  }
  void cancel(TimerId) override { timer = nullptr; }
  void post_control(Task task) override { task(); }
  MediaShard& shard() override { return shard_; }
  MediaId id() const override { return {}; }
  int64_t ms() const { return to_ms(clock.time_since_epoch()); }

  Instant clock{};
  Instant timer_at{};
  Task timer;
  bool writable = true;
  std::vector<std::pair<int64_t, int>> sent;  // when, sequence number
  std::vector<int> types;
  std::vector<std::vector<uint8_t>> payloads;
  std::vector<std::pair<int64_t, std::string>> messages;

 private:
  MediaShard& shard_;
};

class Playing : public testing::Test {
 protected:
  Playing() : shards_(1), viewer_(shards_[0]) {
    folder_ = testing::TempDir() + "playback_" + testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::create_directories(folder_);
  }
  ~Playing() override { std::filesystem::remove_all(folder_); }

  void begin(MediaKind kind, std::string codec, uint8_t red = 0) {
    mjr::Header header;
    header.kind = kind;
    header.codec = std::move(codec);
    header.red_payload_type = red;
    header.first_frame = WallTime{1'000'000};
    bytes_.clear();
    mjr::append_magic(bytes_);
    mjr::append_header(header, bytes_);
  }
  void frame(uint16_t sequence, uint32_t timestamp, std::vector<uint8_t> payload = {1, 2, 3}, uint8_t type = 96) {
    std::vector<uint8_t> packet(12, 0);
    packet[0] = 0x80;
    packet[1] = type;
    store_u16(&packet[2], sequence);
    store_u32(&packet[4], timestamp);
    packet.insert(packet.end(), payload.begin(), payload.end());
    mjr::append_rtp_frame(0, packet, bytes_);
  }
  Result<std::shared_ptr<PlaybackFile>> end() {
    std::string path = folder_ + "/x" + std::to_string(++files_) + ".mjr";
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes_.data()), static_cast<std::streamsize>(bytes_.size()));
    return PlaybackFile::open(path, context_.pool, context_.control);
  }
  void play(std::vector<PlaybackTrack> tracks) {
    playback_ = std::make_unique<Playback>(viewer_, std::move(tracks), [this] { over_ = true; });
    playback_->start();
  }
  // Until nothing is to come or so many turns are over.
  void run(int turns = 10000) {
    while (viewer_.timer && !over_ && turns-- > 0) {
      context_.run();
      viewer_.clock = std::max(viewer_.clock, viewer_.timer_at);
      Task task = std::exchange(viewer_.timer, nullptr);
      task();
    }
  }

  std::string folder_;
  int files_ = 0;
  std::vector<uint8_t> bytes_;
  test::FakePluginContext context_;
  test::FakeShards shards_;
  Viewer viewer_;
  std::unique_ptr<Playback> playback_;
  bool over_ = false;
};

TEST_F(Playing, follows_the_timestamps_across_their_wrap_and_puts_packets_in_order) {
  begin(MediaKind::audio, "opus");
  frame(65535, 0xffffff00);
  frame(1, 0xffffff00 + 1920);
  frame(0, 0xffffff00 + 960);
  frame(0, 0xffffff00 + 960);
  frame(3, 0xffffff00 + 4 * 960);
  play({{.file = *end(), .payload_type = 111}});
  run();
  EXPECT_TRUE(over_);
  EXPECT_THAT(viewer_.sent, ElementsAre(Pair(0, 65535), Pair(20, 0), Pair(40, 1), Pair(80, 3)));
  EXPECT_THAT(viewer_.types, testing::Each(111));
}

TEST_F(Playing, packets_of_a_picture_leave_together_on_the_clock_of_the_kind) {
  begin(MediaKind::video, "vp8");
  for (uint16_t i = 0; i < 6; ++i) frame(i, i / 3 * 3000U);
  play({{.file = *end(), .payload_type = 100}});
  run();
  EXPECT_THAT(viewer_.sent, ElementsAre(Pair(0, 0), Pair(0, 1), Pair(0, 2), Pair(33, 3), Pair(33, 4), Pair(33, 5)));
}

TEST_F(Playing, long_recordings_are_read_in_blocks) {
  begin(MediaKind::audio, "pcmu");
  for (uint32_t i = 0; i < 5000; ++i) frame(static_cast<uint16_t>(i), i * 160, std::vector<uint8_t>(160, 0));
  auto file = *end();
  auto first = file->take();
  ASSERT_TRUE(first);
  EXPECT_LT(first->bytes.size(), PlaybackFile::kBlockBytes + 2000);
  EXPECT_FALSE(first->last);
  EXPECT_FALSE(file->take());  // the disk has not delivered yet
  size_t frames = first->frames.size();
  for (bool last = false; !last;) {
    context_.run();
    auto block = file->take();
    ASSERT_TRUE(block);
    frames += block->frames.size();
    last = block->last;
  }
  EXPECT_EQ(frames, 5000U);
  EXPECT_EQ(file->dropped(), 0U);
}

TEST_F(Playing, viewers_without_red_get_the_primary_block) {
  // One redundant block of two bytes, then the primary.
  std::vector<uint8_t> redundant{0x80 | 111, 0x0f, 0x00, 0x02, 111, 7, 7, 9, 9, 9};
  for (std::optional<uint8_t> offered : {std::optional<uint8_t>(63), std::optional<uint8_t>()}) {
    begin(MediaKind::audio, "opus", 63);
    frame(1, 0, redundant, 63);
    frame(2, 960, {5}, 111);
    over_ = false;
    play({{.file = *end(), .payload_type = 111, .recorded_red = 63, .offered_red = offered}});
    run();
  }
  EXPECT_THAT(viewer_.types, ElementsAre(63, 111, 111, 111));
  EXPECT_THAT(viewer_.payloads,
              ElementsAre(redundant, std::vector<uint8_t>{5}, std::vector<uint8_t>{9, 9, 9}, std::vector<uint8_t>{5}));
}

TEST_F(Playing, messages_come_at_their_time_and_wait_for_room) {
  begin(MediaKind::audio, "opus");
  for (uint16_t i = 0; i < 20; ++i) frame(i, i * 960U);
  PlaybackTrack audio{.file = *end(), .payload_type = 111};
  begin(MediaKind::data, "text");
  mjr::append_data_frame(0, WallTime{1'100'000}, as_bytes("early"), bytes_);
  mjr::append_data_frame(0, WallTime{1'200'000}, as_bytes("late"), bytes_);
  mjr::append_data_frame(0, WallTime{9'000'000}, as_bytes("behind the end"), bytes_);
  viewer_.writable = false;
  play({std::move(audio), {.file = *end(), .mline = 1}});
  run(12);
  EXPECT_THAT(viewer_.messages, IsEmpty());
  viewer_.writable = true;
  playback_->on_data_writable();
  run();
  ASSERT_EQ(viewer_.messages.size(), 2U);
  EXPECT_EQ(viewer_.messages[0].second, "early");
  EXPECT_EQ(viewer_.messages[1].second, "late");
  EXPECT_GE(viewer_.messages[1].first, 195);
  EXPECT_TRUE(over_);
}

TEST_F(Playing, files_without_frames_and_things_that_are_no_files_are_refused) {
  begin(MediaKind::audio, "opus");
  EXPECT_FALSE(end());
  bytes_ = {'M', 'J', 'R', '0', '0', '0', '0', '2'};
  EXPECT_FALSE(end());
  bytes_ = {1, 2, 3};
  EXPECT_FALSE(end());
  EXPECT_FALSE(PlaybackFile::open(folder_, context_.pool, context_.control));
  EXPECT_FALSE(PlaybackFile::open(folder_ + "/none.mjr", context_.pool, context_.control));
  EXPECT_FALSE(read_recording_header(folder_ + "/none.mjr"));
}

}  // namespace
}  // namespace limen::media
