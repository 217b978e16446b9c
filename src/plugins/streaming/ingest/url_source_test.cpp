#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <thread>

#include "plugins/streaming/ingest/timeline.hpp"
#include "plugins/streaming/ingest/url_policy.hpp"
#include "tests/support/ingest_rig.hpp"
#include "wire/codec/opus.hpp"

namespace limen::streaming {
namespace {

using namespace std::chrono_literals;
using test::NotingSink;
using test::ScratchFolder;
using test::SimPluginContext;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

TEST(Timeline, pieces_follow_each_other_without_leaps) {
  Timeline timeline;
  EXPECT_EQ(timeline.map(5'000'000), 0);
  EXPECT_EQ(timeline.map(5'040'000), 40'000);
  EXPECT_EQ(timeline.map(5'030'000), 30'000) << "media are interleaved";
  EXPECT_EQ(timeline.map(90'000'000'000), 60'000) << "the encoder's clock leapt";
  EXPECT_EQ(timeline.map(90'000'020'000), 80'000);
  EXPECT_EQ(timeline.map(0), 100'000) << "it began anew";
  timeline.begin_again();
  EXPECT_EQ(timeline.map(77), 120'000);
}

TEST(AudioClock, counts_packets_and_is_set_right_when_it_is_far_off) {
  AudioClock clock(48000);
  bool resumed = false;
  EXPECT_EQ(clock.next(0, 960, resumed), 0U);
  EXPECT_TRUE(resumed);
  EXPECT_EQ(clock.next(21'000, 960, resumed), 960U) << "containers round";
  EXPECT_FALSE(resumed);
  EXPECT_EQ(clock.next(1'000'000, 960, resumed), 48000U);
  EXPECT_TRUE(resumed);
}

TEST(UrlPolicy, only_some_kinds_of_addresses_are_opened) {
  auto error = [](const std::string& url, bool listen = false) {
    auto policy = url_policy({.url = url, .listen = listen});
    return policy ? std::string("none") : policy.error().text;
  };
  EXPECT_THAT(error("concat:/etc/passwd|/etc/hosts"), HasSubstr("absolute path"));
  EXPECT_THAT(error("subfile://x"), HasSubstr("can't be opened"));
  EXPECT_THAT(error("relative.mp4"), HasSubstr("absolute path"));
  EXPECT_THAT(error("/tmp/../etc/passwd"), HasSubstr("relative"));
  EXPECT_THAT(error("file:///nowhere/x.mp4"), HasSubstr("no such file"));
  EXPECT_THAT(error("https://h/x", true), HasSubstr("waited for"));
  EXPECT_THAT(error("/etc/passwd", true), HasSubstr("waited for"));
  EXPECT_THAT(error(""), HasSubstr("empty"));
  EXPECT_EQ(error("SRT://127.0.0.1:1", true), "none");
}

TEST(UrlPolicy, secrets_are_not_shown_and_playlists_reach_no_files) {
  auto policy = url_policy({.url = "https://user:secret@h:8/a/b.m3u8?key=secret"});
  ASSERT_TRUE(policy);
  EXPECT_EQ(policy->shown, "https://h:8/a/b.m3u8");
  EXPECT_THAT(policy->protocols, Not(HasSubstr("file")));
  EXPECT_TRUE(policy->paced);
  EXPECT_FALSE(url_policy({.url = "rtmp://h/live"})->paced);
}

// A second of a tone, mono, 16 bits at 44.1 kHz.
std::vector<uint8_t> tone() {
  constexpr uint32_t kRate = 44100;
  std::vector<uint8_t> out = {'R', 'I', 'F', 'F', 0,  0, 0, 0, 'W', 'A', 'V', 'E',
                              'f', 'm', 't', ' ', 16, 0, 0, 0, 1,   0,   1,   0};
  auto little = [&out](uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) out.push_back(static_cast<uint8_t>(value >> (8 * i)));
  };
  little(kRate, 4);
  little(kRate * 2, 4);
  little(2, 2);
  little(16, 2);
  for (char c : {'d', 'a', 't', 'a'}) out.push_back(static_cast<uint8_t>(c));
  little(kRate * 2, 4);
  for (uint32_t i = 0; i < kRate; ++i) {
    little(static_cast<uint32_t>(static_cast<int>(8000 * std::sin(i * 0.06))), 2);
  }
  return out;
}

class UrlSource : public testing::Test {
 protected:
  ~UrlSource() override { context_.world.run_for(1s); }  // threads are waited for
  std::unique_ptr<Source> start(UrlSpec spec) {
    auto source = make_url_source(context_, std::move(spec));
    EXPECT_TRUE(source) << source.error().text;
    (*source)->start(sink_);
    return std::move(*source);
  }
  static bool within(Duration bound, const std::function<bool()>& done) {
    auto end = std::chrono::steady_clock::now() + bound;
    while (!done()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(1ms);
    }
    return true;
  }
  SimPluginContext context_;
  ScratchFolder folder_;
  std::shared_ptr<NotingSink> sink_ = std::make_shared<NotingSink>();
};

TEST_F(UrlSource, other_audio_becomes_opus_and_a_file_ends) {
  auto source = start({.url = folder_.write("tone.wav", tone())});
  ASSERT_TRUE(within(10s, [&] { return sink_->states().size() == 2; }));
  EXPECT_THAT(sink_->states(), ElementsAre(SourceState::connected, SourceState::ended));
  ASSERT_THAT(sink_->formats(), SizeIs(1));
  EXPECT_EQ(sink_->formats()[0].codec, Codec::opus);
  auto packets = sink_->packets();
  ASSERT_GE(packets.size(), 48U);
  for (size_t i = 0; i < packets.size(); ++i) {
    auto toc = opus::parse_toc(packets[i].bytes);
    ASSERT_TRUE(toc);
    EXPECT_EQ(toc->samples(), 960U);
    EXPECT_EQ(packets[i].timestamp, packets[0].timestamp + i * 960);
    EXPECT_EQ(packets[i].marker, i == 0);
  }
}

TEST_F(UrlSource, a_file_that_repeats_goes_on_until_it_is_stopped) {
  std::vector<uint8_t> file = tone();
  auto source = start({.url = folder_.write("tone.wav", file), .loop = true});
  ASSERT_TRUE(within(10s, [&] { return sink_->count() > 60; }));
  source->stop();
  context_.world.run_for(1s);
  size_t before = sink_->count();
  EXPECT_THAT(sink_->states(), ElementsAre(SourceState::connected));
  EXPECT_EQ(sink_->count(), before);
}

TEST_F(UrlSource, what_is_no_media_fails_and_says_so) {
  auto source = start({.url = folder_.write("x.mp4", std::vector<uint8_t>(3000, 'x'))});
  ASSERT_TRUE(within(10s, [&] { return !sink_->states().empty(); }));
  EXPECT_THAT(sink_->states(), ElementsAre(SourceState::failed));
  EXPECT_THAT(sink_->reason(), HasSubstr("can't be opened"));
}

TEST_F(UrlSource, a_listener_that_nobody_calls_ends_at_once_when_stopped) {
  auto source = start({.url = "tcp://127.0.0.1:0", .listen = true});
  auto began = std::chrono::steady_clock::now();
  source.reset();
  context_.world.run_for(1s);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 3s);
}

}  // namespace
}  // namespace limen::streaming
