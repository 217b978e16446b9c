#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "base/bytes.hpp"
#include "media/fanout/fake_shards.hpp"
#include "media/fanout/fanout_hub.hpp"
#include "media/layer_test_packets.hpp"
#include "plugins/streaming/feed/feed_media.hpp"
#include "plugins/streaming/viewer_media.hpp"
#include "wire/codec/h264.hpp"

namespace limen::streaming {
namespace {

using media::test::at_ms;
using media::test::Encoder;
using media::test::FakeHandle;
using media::test::FakeShards;
using testing::ElementsAre;

std::vector<uint16_t> sequences(const std::vector<RtpPacket>& packets) {
  std::vector<uint16_t> out;
  for (const RtpPacket& packet : packets) out.push_back(packet.sequence);
  return out;
}

class KeyframeBufferTest : public testing::Test {
 protected:
  void frame(KeyframeBuffer& buffer, bool key, int64_t ms, size_t size = 100) {
    RtpPacket packet = encoder_.frame(key);
    packet.packet = pool_.copy(std::vector<uint8_t>(size), at_ms(ms));
    buffer.add(packet, at_ms(ms));
  }
  PacketPool pool_;
  Encoder encoder_;
};

TEST_F(KeyframeBufferTest, keeps_the_last_key_frame_and_what_followed) {
  KeyframeBuffer buffer({.ms = 1000, .bytes = 0});
  frame(buffer, false, 0);
  EXPECT_EQ(buffer.packets(), 0U);
  for (bool key : {true, false, true, false, false}) frame(buffer, key, 10);
  KeyframeBurst burst = buffer.burst(pool_, at_ms(20));
  EXPECT_TRUE(burst.whole);
  EXPECT_THAT(sequences(burst.packets), ElementsAre(103, 104, 105));
  // The frames follow each other at once, so that the viewer shows the last one.
  EXPECT_EQ(burst.packets[2].timestamp - burst.packets[0].timestamp, 2 * KeyframeBuffer::kFrameTicks);
  EXPECT_EQ(burst.packets[2].timestamp, encoder_.timestamp);
}

TEST_F(KeyframeBufferTest, limits_cut_what_follows_but_never_the_key_frame) {
  KeyframeBuffer by_time({.ms = 100, .bytes = 0});
  frame(by_time, true, 0);
  frame(by_time, false, 100);
  frame(by_time, false, 101);
  EXPECT_EQ(by_time.packets(), 2U);
  EXPECT_FALSE(by_time.burst(pool_, at_ms(200)).whole);
  KeyframeBuffer by_size({.ms = 0, .bytes = 250});
  frame(by_size, true, 0, 400);
  frame(by_size, false, 1, 10);
  EXPECT_EQ(by_size.packets(), 1U);
  frame(by_size, true, 2);
  frame(by_size, false, 3);
  frame(by_size, false, 4);
  EXPECT_EQ(by_size.packets(), 2U);
  EXPECT_EQ(by_size.bytes(), 200U);
}

TEST_F(KeyframeBufferTest, another_sender_begins_anew) {
  KeyframeBuffer buffer({.ms = 1000, .bytes = 0});
  frame(buffer, true, 0);
  encoder_.ssrc = 77;
  frame(buffer, false, 1);
  EXPECT_EQ(buffer.packets(), 1U);
  frame(buffer, true, 2);
  KeyframeBurst burst = buffer.burst(pool_, at_ms(3));
  ASSERT_EQ(burst.packets.size(), 1U);
  EXPECT_EQ(burst.packets[0].ssrc, 77U);
}

// A sender whose packets of 20 ms come every `real_us`.
struct Clock {
  SkewCompensation skew{48000};
  int dropped = 0;
  int64_t drift_ms = 0;  // of what goes out against real time, at the end

  void run(int64_t real_us, int packets) {
    RtpPacket packet;
    packet.ssrc = 5;
    uint32_t first = 1000;
    uint16_t expected = 0;
    for (int i = 0; i < packets; ++i) {
      packet.sequence = static_cast<uint16_t>(i + 1);
      packet.timestamp = first + static_cast<uint32_t>(i) * 960;
      RtpPacket out = packet;
      Instant now(std::chrono::microseconds(real_us * i));
      if (!skew.apply(out, now)) {
        ++dropped;
        continue;
      }
      EXPECT_TRUE(expected == 0 || out.sequence == expected || sequence_newer(out.sequence, expected));
      expected = static_cast<uint16_t>(out.sequence + 1);
      drift_ms = static_cast<int64_t>(static_cast<int32_t>(out.timestamp - first)) / 48 - real_us * i / 1000;
    }
  }
};

TEST(Skew, a_steady_sender_is_left_alone) {
  Clock clock;
  clock.run(20000, 5000);
  EXPECT_EQ(clock.dropped, 0);
  EXPECT_EQ(clock.drift_ms, 0);
}

TEST(Skew, a_slow_sender_is_moved_forward) {
  Clock clock;
  clock.run(20100, 12000);  // 1.2 s behind after 4 minutes
  EXPECT_EQ(clock.dropped, 0);
  EXPECT_LT(std::abs(clock.drift_ms), 250);
}

TEST(Skew, a_fast_sender_loses_packets) {
  Clock clock;
  clock.run(19900, 12000);
  EXPECT_NEAR(clock.dropped, 1200 / 20, 12);
  EXPECT_LT(std::abs(clock.drift_ms), 250);
}

constexpr std::string_view kSprop = "Z0LAH9kA8BEAAAMAAQAAAwAyDxgxkg==,aMuDyyA=";

TEST(ParameterSets, are_one_stap_before_each_i_frame_and_shift_what_follows) {
  std::vector<uint8_t> stap = stap_of_parameter_sets(kSprop);
  ASSERT_GT(stap.size(), 20U);
  EXPECT_EQ(stap[0] & 0x1f, 24);
  EXPECT_TRUE(h264::parse(stap).keyframe);
  PacketPool pool;
  ParameterSets sets(stap);
  std::vector<uint16_t> out;
  auto pass = [&](uint16_t sequence, uint32_t timestamp, uint8_t nal) {
    RtpPacket packet;
    std::vector<uint8_t> bytes(12 + 4, nal);
    packet.packet = pool.copy(bytes, {});
    packet.payload_offset = 12;
    packet.payload_size = 4;
    packet.ssrc = 9;
    packet.sequence = sequence;
    packet.timestamp = timestamp;
    if (auto before = sets.apply(packet, pool)) {
      EXPECT_EQ(before->timestamp, timestamp);
      EXPECT_EQ(before->payload().size(), stap.size());
      out.push_back(before->sequence);
    }
    out.push_back(packet.sequence);
  };
  pass(10, 100, 0x61);
  pass(11, 200, 0x65);
  pass(12, 200, 0x65);  // the second slice of the same frame
  pass(14, 300, 0x61);
  pass(15, 400, 0x65);
  pass(13, 250, 0x61);  // late: before the second I frame
  pass(16, 500, 0x61);
  EXPECT_THAT(out, ElementsAre(10, 11, 12, 13, 15, 16, 17, 14, 18));
}

TEST(ParameterSets, nonsense_is_no_parameter_set) {
  EXPECT_TRUE(stap_of_parameter_sets("").empty());
  EXPECT_TRUE(stap_of_parameter_sets("%%").empty());
  EXPECT_TRUE(stap_of_parameter_sets(std::string(4000, 'A')).empty());
  EXPECT_EQ(sprop_of_fmtp("packetization-mode=1;sprop-parameter-sets=AA==,BB==;x=y"), "AA==,BB==");
}

TEST(PortRange, goes_round_and_mends_its_ends) {
  PortRange range(10003, 10001);
  EXPECT_EQ(range.next(), 10002);
  EXPECT_EQ(range.next(), 10002);
  PortRange wider(10002, 10004);
  EXPECT_EQ(wider.next(), 10002);
  EXPECT_EQ(wider.next(), 10004) << "the odd one is for RTCP";
  EXPECT_EQ(wider.next(), 10002);
  EXPECT_EQ(PortRange::parse("1-2"), std::pair(uint16_t{1}, uint16_t{2}));
  for (const char* bad : {"", "5", "-", "1-70000", "a-b", "1-2-3"}) EXPECT_FALSE(PortRange::parse(bad)) << bad;
}

// VP8 payloads: a key frame has bit 0 of its first byte clear.
std::vector<uint8_t> vp8_packet(uint16_t sequence, uint32_t timestamp, bool key, uint32_t ssrc = 1) {
  std::vector<uint8_t> out(12);
  out[0] = 0x80;
  out[1] = 0x80 | 50;
  store_u16(&out[2], sequence);
  store_u32(&out[4], timestamp);
  store_u32(&out[8], ssrc);
  out.insert(out.end(), {0x10, static_cast<uint8_t>(key ? 0x00 : 0x01), 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0});
  return out;
}

const SocketAddress kSender{IpAddress::v4(0x7f000001), 7000};

class FeedTest : public testing::Test {
 protected:
  FeedPlan plan(std::optional<KeyframeLimits> keyframes = std::nullopt) {
    FeedPlan out;
    out.number = 7;
    MediumPlan& video = out.media.emplace_back();
    video.kind = MediaKind::video;
    video.stream = stream_;
    video.codec = Codec::vp8;
    video.payload_type = 100;
    video.keyframes = keyframes;
    video.facts = facts_;
    video.sockets = SocketPlan{.local = {}, .interface = {}, .multicast = {}, .ports = {0}, .rtcp = uint16_t{0}};
    MediumPlan& data = out.media.emplace_back();
    data.kind = MediaKind::data;
    data.stream = messages_;
    data.buffer_message = true;
    data.sockets = SocketPlan{.local = {}, .interface = {}, .multicast = {}, .ports = {0}, .rtcp = {}};
    return out;
  }
  void open(FeedPlan plan) {
    auto feed = FeedMedia::open(world_[0], std::move(plan), {}, range_);
    ASSERT_TRUE(feed) << feed.error().text;
    FeedTable::of(world_[0]).add(7, std::move(*feed));
  }
  void video(uint16_t sequence, uint32_t timestamp, bool key, uint32_t ssrc = 1) {
    // The video's port is the first one that is open.
    world_[0].receive_on(world_[0].receivers.begin()->first, kSender, vp8_packet(sequence, timestamp, key, ssrc));
  }
  ViewPlan view(MediaKind kind) {
    ViewPlan out;
    out.kind = kind;
    out.codec = Codec::vp8;
    out.payload_type = 100;
    out.source = kind == MediaKind::data ? messages_ : stream_;
    out.feed = 7;
    out.medium = kind == MediaKind::data ? 1 : 0;
    out.buffered = true;
    return out;
  }
  MediumFeed& medium() { return *FeedTable::of(world_[0]).find(7)->medium(0); }

  FakeShards world_{2};
  media::StreamId stream_ = media::StreamId::make(0), messages_ = media::StreamId::make(0);
  std::shared_ptr<MediumFacts> facts_ = std::make_shared<MediumFacts>();
  PortRange range_{20000, 20100};
};

std::vector<uint16_t> sent_sequences(const FakeHandle& handle) {
  std::vector<uint16_t> out;
  for (const auto& sent : handle.sent) out.push_back(sent.note.sequence);
  return out;
}

TEST_F(FeedTest, a_late_viewer_on_another_shard_starts_with_the_key_frame_and_goes_on_without_a_hole) {
  open(plan(KeyframeLimits{.ms = 1000, .bytes = 0}));
  video(10, 1000, true);
  video(11, 4000, false);
  video(12, 7000, false);
  FakeHandle handle(world_[1]);
  ViewerMedia viewer(handle, {});
  viewer.set_plan({view(MediaKind::video)});
  world_.run();
  EXPECT_TRUE(handle.sent.empty());  // not connected
  viewer.on_connected();
  world_.run();
  ASSERT_EQ(handle.sent.size(), 3U);
  EXPECT_TRUE(handle.sent[0].packet.video.keyframe);
  EXPECT_EQ(handle.sent[0].note.payload_type, 100);
  video(13, 10000, false);
  world_.run();
  ASSERT_EQ(handle.sent.size(), 4U);
  uint16_t first = handle.sent[0].note.sequence;
  EXPECT_THAT(sent_sequences(handle), ElementsAre(first, first + 1, first + 2, first + 3));
  EXPECT_EQ(handle.sent[3].note.timestamp - handle.sent[2].note.timestamp, 3000U);
}

TEST_F(FeedTest, what_is_in_the_burst_and_comes_live_is_sent_once) {
  open(plan(KeyframeLimits{.ms = 1000, .bytes = 0}));
  video(10, 1000, true);
  FakeHandle handle(world_[1]);
  ViewerMedia viewer(handle, {});
  viewer.set_plan({view(MediaKind::video)});
  world_.run();
  viewer.on_connected();
  // Comes while the wish is on its way; relayed at the end of the turn, and part of the burst.
  video(11, 4000, false);
  world_.run();
  video(12, 7000, false);
  world_.run();
  uint16_t first = handle.sent.at(0).note.sequence;
  EXPECT_THAT(sent_sequences(handle), ElementsAre(first, first + 1, first + 2));
}

TEST_F(FeedTest, without_a_buffer_a_viewer_waits_and_the_sender_is_asked_on_its_rtcp_port) {
  open(plan());
  FakeHandle handle(world_[1]);
  ViewerMedia viewer(handle, {});
  viewer.set_plan({view(MediaKind::video)});
  world_[0].receive_on(2, {kSender.ip, 7001}, {0x80, 0xc8, 0, 0});
  viewer.on_connected();
  world_.run();
  ASSERT_EQ(world_[0].datagrams.size(), 1U);
  EXPECT_EQ(world_[0].datagrams[0].to.port, 7001);
  EXPECT_EQ(world_[0].datagrams[0].bytes.size(), 12U);
  EXPECT_EQ(world_[0].datagrams[0].bytes[1], 206);
  video(10, 1000, false);
  world_.run();
  EXPECT_TRUE(handle.sent.empty());
  video(11, 4000, true);
  world_.run();
  EXPECT_EQ(handle.sent.size(), 1U);
}

TEST_F(FeedTest, another_sender_is_not_taken_before_the_collision_time) {
  FeedPlan made = plan();
  made.collision_ms = 100;
  open(std::move(made));
  video(10, 1000, true, 1);
  world_.now += std::chrono::milliseconds(60);
  video(50, 1000, true, 2);
  EXPECT_EQ(medium().counters().collided, 1U);
  world_.now += std::chrono::milliseconds(60);
  video(51, 4000, true, 2);  // the intruder did not prolong the first one's time
  EXPECT_EQ(medium().counters().collided, 1U);
  EXPECT_EQ(medium().counters().relayed, 2U);
  EXPECT_EQ(Instant(Duration(facts_->last_packet_ns.load())), world_.now);
}

TEST_F(FeedTest, nothing_is_relayed_while_disabled) {
  open(plan());
  FeedTable::of(world_[0]).find(7)->set_enabled(false);
  video(10, 1000, true);
  EXPECT_EQ(medium().counters().relayed, 0U);
  FeedTable::of(world_[0]).find(7)->set_enabled(true);
  video(11, 4000, true);
  EXPECT_EQ(medium().counters().relayed, 1U);
}

TEST_F(FeedTest, hostile_datagrams_are_dropped) {
  open(plan(KeyframeLimits{.ms = 1000, .bytes = 0}));
  std::mt19937 random(3);
  for (int i = 0; i < 3000; ++i) {
    std::vector<uint8_t> bytes(random() % 120);
    for (uint8_t& b : bytes) b = static_cast<uint8_t>(random());
    if (i % 2 == 0 && !bytes.empty()) bytes[0] = 0x80 | (bytes[0] & 0x3f);
    world_[0].receive_on(1, kSender, bytes);
    world_[0].receive_on(2, kSender, bytes);
  }
  video(10, 1000, true);
  EXPECT_GT(medium().counters().relayed, 0U);
}

TEST_F(FeedTest, the_last_message_is_for_new_viewers_when_their_channel_opens) {
  open(plan());
  world_[0].receive_on(3, kSender, {'o', 'l', 'd'});
  world_[0].receive_on(3, kSender, {'n', 'e', 'w'});
  FakeHandle handle(world_[1]);
  ViewerMedia viewer(handle, {});
  viewer.set_plan({view(MediaKind::data)});
  viewer.on_connected();
  world_.run();
  EXPECT_TRUE(handle.data.empty());
  viewer.on_data_writable();
  viewer.on_data_writable();
  world_.run();
  ASSERT_EQ(handle.data.size(), 1U);
  EXPECT_EQ(as_text(handle.data[0].bytes), "new");
  world_[0].receive_on(3, kSender, {'x'});
  world_.run();
  ASSERT_EQ(handle.data.size(), 2U);
}

TEST_F(FeedTest, a_port_that_cannot_be_opened_fails_the_feed_and_leaves_nothing_open) {
  world_[0].refuse_ports = true;
  EXPECT_FALSE(FeedMedia::open(world_[0], plan(), {}, range_));
  EXPECT_TRUE(world_[0].receivers.empty());
}

TEST_F(FeedTest, only_rtcp_stands_above_a_port_for_rtp) {
  FeedPlan made = plan();
  made.media[0].sockets->ports = {0, 0};
  FeedPlan silent = plan();
  silent.media[0].sockets->rtcp.reset();
  world_[0].open_ports[99] = 20001;  // somebody else's
  auto one = FeedMedia::open(world_[0], std::move(made), {}, range_);
  auto two = FeedMedia::open(world_[0], std::move(silent), {}, range_);
  ASSERT_TRUE(one && two);
  std::vector<OpenedPorts> ports = (*one)->ports();
  EXPECT_EQ(ports[0].ports, (std::vector<uint16_t>{20000, 20004}));
  EXPECT_EQ(ports[0].rtcp, 20003) << "20001 was taken";
  EXPECT_EQ(ports[1].ports, std::vector<uint16_t>{20006});
  ports = (*two)->ports();
  EXPECT_EQ(ports[0].ports, std::vector<uint16_t>{20008});
  EXPECT_EQ(ports[1].ports, std::vector<uint16_t>{20010}) << "what an encoder sends to 20009 is nobody's message";
}

TEST_F(FeedTest, payloads_of_a_source_become_a_stream_and_go_on_after_a_reconnection) {
  FeedPlan made = plan();
  made.media.resize(1);
  made.media[0].sockets.reset();
  made.source_media = {-1, 0};
  open(std::move(made));
  FakeHandle handle(world_[0]);
  ViewerMedia viewer(handle, {});
  viewer.set_plan({view(MediaKind::video)});
  viewer.on_connected();
  world_.run();
  auto packet = [](uint32_t timestamp) {
    auto whole = vp8_packet(0, 0, true);
    return SourcePacket{
        .medium = 1, .bytes = {whole.begin() + 12, whole.end()}, .timestamp = timestamp, .marker = true};
  };
  FeedMedia& feed = *FeedTable::of(world_[0]).find(7);
  feed.on_packet(packet(0));
  feed.on_packet(packet(3000));
  SourcePacket foreign = packet(1);
  foreign.medium = 0;
  feed.on_packet(foreign);
  foreign.medium = 9;
  feed.on_packet(foreign);
  feed.begin_connection({0, 0});
  feed.on_packet(packet(777777));
  world_.run();
  ASSERT_EQ(handle.sent.size(), 3U);
  uint16_t first = handle.sent[0].note.sequence;
  EXPECT_THAT(sent_sequences(handle), ElementsAre(first, first + 1, first + 2));
  EXPECT_LT(handle.sent[2].note.timestamp - handle.sent[1].note.timestamp, 90000U);
}

// Viewers come and go in any order, some while things for them are under way; mountpoints, too.
class Coming : public FeedTest, public testing::WithParamInterface<int> {};

TEST_P(Coming, and_going_leaves_nothing) {
  std::mt19937 random(static_cast<uint32_t>(GetParam()));
  struct Seat {
    std::unique_ptr<FakeHandle> handle;
    std::unique_ptr<ViewerMedia> viewer;
  };
  std::vector<Seat> seats(8);
  open(plan(KeyframeLimits{.ms = 1000, .bytes = 100000}));
  uint16_t sequence = 1;
  size_t sent = 0;
  for (int step = 0; step < 3000; ++step) {
    Seat& seat = seats[random() % seats.size()];
    switch (random() % 8) {
      case 0:
        seat.viewer.reset();
        if (seat.handle) sent += seat.handle->sent.size();
        seat.handle.reset();
        break;
      case 1:
        if (seat.viewer) break;
        seat.handle = std::make_unique<FakeHandle>(world_[random() % 2], PeerId(static_cast<uint64_t>(step) + 2));
        seat.viewer = std::make_unique<ViewerMedia>(*seat.handle, ViewerObserver{});
        seat.viewer->set_plan({view(MediaKind::video)});
        break;
      case 2:
        if (seat.viewer) seat.viewer->on_connected();
        break;
      case 3:
        if (seat.viewer) seat.viewer->on_disconnected();
        break;
      case 4:
        world_.run();
        break;
      default:
        if (FeedTable::of(world_[0]).find(7) != nullptr) {
          ++sequence;
          video(sequence, sequence * 3000U, sequence % 30 == 0);
        }
    }
    if (step % 1000 == 999) FeedTable::of(world_[0]).remove(7);
    if (step % 1000 == 999 && step < 2500) {
      FeedPlan again = plan(KeyframeLimits{.ms = 1000, .bytes = 100000});
      again.media.resize(1);
      auto feed = FeedMedia::open(world_[0], std::move(again), {}, range_);
      ASSERT_TRUE(feed);
      FeedTable::of(world_[0]).add(7, std::move(*feed));
    }
  }
  for (Seat& seat : seats) {
    if (seat.handle) sent += seat.handle->sent.size();
    seat.viewer.reset();
    seat.handle.reset();
  }
  FeedTable::of(world_[0]).remove(7);
  world_.run();
  EXPECT_GT(sent, 100U);
  for (uint32_t shard : {0U, 1U}) {
    EXPECT_EQ(ViewerTable::of(world_[shard]).size(), 0U);
    EXPECT_EQ(FeedTable::of(world_[shard]).size(), 0U);
    media::FanoutCounters left = media::FanoutHub::of(world_[shard]).counters();
    EXPECT_EQ(left.sources, 0U);
    EXPECT_EQ(left.lists, 0U);
    EXPECT_EQ(world_[shard].packets().free_count(), world_[shard].packets().allocated());
  }
  EXPECT_TRUE(world_[0].receivers.empty());
}
INSTANTIATE_TEST_SUITE_P(Seeds, Coming, testing::Range(1, 9));

}  // namespace
}  // namespace limen::streaming
