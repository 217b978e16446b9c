#include "media/mixing/jitter_buffer.hpp"

#include <gtest/gtest.h>

#include <random>

#include "media/mixing/talk_meter.hpp"

namespace limen::media {
namespace {

using Kind = JitterBuffer::Kind;

class Stream {
 public:
  RtpPacket packet(uint16_t sequence, uint32_t ssrc = 7) {
    std::array<uint8_t, 16> bytes{0x80, 111};
    store_u16(&bytes[12], sequence);
    RtpPacket out;
    out.packet = pool_.copy(bytes, {});
    out.payload_offset = 12;
    out.payload_size = 4;
    out.sequence = sequence;
    out.ssrc = ssrc;
    return out;
  }

 private:
  PacketPool pool_;
};

void expect_packet(JitterBuffer& buffer, uint16_t sequence) {
  auto take = buffer.take();
  ASSERT_EQ(take.kind, Kind::packet) << sequence;
  EXPECT_EQ(take.packet.sequence, sequence);
}

TEST(JitterBuffer, waits_for_its_margin_and_then_gives_in_order) {
  Stream stream;
  JitterBuffer buffer;
  EXPECT_EQ(buffer.take().kind, Kind::nothing);
  buffer.put(stream.packet(65535), false);
  EXPECT_EQ(buffer.take().kind, Kind::nothing);
  buffer.put(stream.packet(1), false);
  buffer.put(stream.packet(0), false);
  expect_packet(buffer, 65535);
  expect_packet(buffer, 0);
  expect_packet(buffer, 1);
}

TEST(JitterBuffer, a_lost_packet_is_told_with_the_one_after_it) {
  Stream stream;
  JitterBuffer buffer;
  for (uint16_t sequence : {10, 11, 13}) buffer.put(stream.packet(sequence), false);
  expect_packet(buffer, 10);
  expect_packet(buffer, 11);
  auto take = buffer.take();
  EXPECT_EQ(take.kind, Kind::lost);
  ASSERT_EQ(take.next.size(), 4u);
  EXPECT_EQ(load_u16(take.next.data()), 13);
  expect_packet(buffer, 13);
  EXPECT_EQ(buffer.counters().lost, 1u);
}

TEST(JitterBuffer, late_and_repeated_packets_are_dropped) {
  Stream stream;
  JitterBuffer buffer;
  for (uint16_t sequence : {10, 11, 11, 12}) buffer.put(stream.packet(sequence), false);
  expect_packet(buffer, 10);
  buffer.put(stream.packet(10), false);
  buffer.put(stream.packet(9), false);
  EXPECT_EQ(buffer.counters().late, 2u);
  EXPECT_EQ(buffer.counters().duplicate, 1u);
  expect_packet(buffer, 11);
}

TEST(JitterBuffer, a_stream_that_ran_dry_goes_on_where_it_was) {
  Stream stream;
  JitterBuffer buffer;
  buffer.put(stream.packet(1), false);
  buffer.put(stream.packet(2), false);
  expect_packet(buffer, 1);
  expect_packet(buffer, 2);
  EXPECT_EQ(buffer.take().kind, Kind::lost);
  EXPECT_EQ(buffer.take().kind, Kind::lost);
  // They were late, not lost: the delay grows by as much.
  buffer.put(stream.packet(3), false);
  expect_packet(buffer, 3);
}

TEST(JitterBuffer, time_that_was_filled_already_is_not_filled_again) {
  Stream stream;
  JitterBuffer buffer;
  buffer.put(stream.packet(1), false);
  buffer.put(stream.packet(2), false);
  expect_packet(buffer, 1);
  expect_packet(buffer, 2);
  EXPECT_EQ(buffer.take().kind, Kind::lost);
  EXPECT_EQ(buffer.take().kind, Kind::lost);
  buffer.put(stream.packet(5), false);  // 3 and 4 never came
  expect_packet(buffer, 5);
}

TEST(JitterBuffer, silence_follows_when_nothing_comes_for_long) {
  Stream stream;
  JitterBuffer buffer;
  buffer.put(stream.packet(1), false);
  buffer.put(stream.packet(2), false);
  expect_packet(buffer, 1);
  expect_packet(buffer, 2);
  for (int i = 0; i < JitterBuffer::kMaxConcealed; ++i) EXPECT_EQ(buffer.take().kind, Kind::lost);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(buffer.take().kind, Kind::nothing);
  EXPECT_FALSE(buffer.running());
  buffer.put(stream.packet(300), false);
  buffer.put(stream.packet(301), false);
  expect_packet(buffer, 300);
}

TEST(JitterBuffer, another_source_and_a_jump_begin_anew) {
  Stream stream;
  JitterBuffer buffer;
  for (uint16_t sequence : {10, 11, 12}) buffer.put(stream.packet(sequence), false);
  expect_packet(buffer, 10);
  buffer.put(stream.packet(40000, 8), false);
  buffer.put(stream.packet(40001, 8), false);
  expect_packet(buffer, 40000);
  buffer.put(stream.packet(10, 8), false);
  buffer.put(stream.packet(11, 8), false);
  expect_packet(buffer, 10);
  EXPECT_EQ(buffer.counters().restarts, 2u);
}

TEST(JitterBuffer, never_holds_more_than_it_may) {
  Stream stream;
  JitterBuffer buffer;
  for (uint16_t sequence = 0; sequence < 5000; ++sequence) buffer.put(stream.packet(sequence), false);
  EXPECT_LE(buffer.waiting(), JitterBuffer::kCapacity);
  auto take = buffer.take();
  ASSERT_EQ(take.kind, Kind::packet);
  EXPECT_GE(take.packet.sequence, 5000 - JitterBuffer::kCapacity);
}

TEST(JitterBuffer, a_burst_is_caught_up_with) {
  Stream stream;
  JitterBuffer buffer;
  uint16_t sequence = 0;
  for (; sequence < 40; ++sequence) buffer.put(stream.packet(sequence), false);
  for (int i = 0; i < 400; ++i) {
    buffer.take();
    buffer.put(stream.packet(sequence++), false);
  }
  EXPECT_LE(buffer.waiting(), 6u);
  EXPECT_GT(buffer.counters().skipped, 30u);
}

TEST(JitterBuffer, the_packet_that_is_left_out_is_a_quiet_one) {
  Stream stream;
  JitterBuffer buffer;
  uint16_t sequence = 0;
  for (; sequence < 6; ++sequence) buffer.put(stream.packet(sequence), false);
  uint64_t skipped_loud = 0;
  for (int i = 0; i < 300; ++i) {
    uint64_t before = buffer.counters().skipped;
    auto take = buffer.take();
    // Every tenth packet is silent.
    if (buffer.counters().skipped != before && (take.packet.sequence - 1) % 10 != 0) ++skipped_loud;
    buffer.put(stream.packet(sequence), sequence % 10 == 0);
    ++sequence;
  }
  EXPECT_GT(buffer.counters().skipped, 1u);
  EXPECT_EQ(skipped_loud, 0u);
}

TEST(JitterBuffer, jitter_is_learned_until_hardly_anything_is_late) {
  Stream stream;
  JitterBuffer buffer;
  std::mt19937 random(5);
  std::multimap<int, uint16_t> arriving;  // by tick
  uint64_t lost_before = 0;
  for (int tick = 0; tick < 3000; ++tick) {
    arriving.emplace(tick + static_cast<int>(random() % 5), static_cast<uint16_t>(tick));
    for (auto it = arriving.begin(); it != arriving.end() && it->first <= tick; it = arriving.erase(it)) {
      buffer.put(stream.packet(it->second), false);
    }
    buffer.take();
    if (tick == 1000) lost_before = buffer.counters().lost;
  }
  EXPECT_LT(buffer.counters().lost - lost_before, 60u);  // of 2000
  EXPECT_LE(buffer.waiting(), 12u);
}

TEST(TalkMeter, average_decides_and_only_changes_are_told) {
  TalkMeter meter;
  meter.set_rule({.packets = 4, .average = 30});
  uint16_t sequence = 0;
  auto feed = [&](uint8_t level) {
    std::optional<TalkMeter::Reading> last;
    for (int i = 0; i < 4; ++i) last = meter.on_packet(sequence++, level);
    return last;
  };
  auto reading = feed(20);
  ASSERT_TRUE(reading);
  EXPECT_TRUE(reading->changed && reading->talking);
  EXPECT_EQ(reading->average, 20u);
  EXPECT_FALSE(feed(20)->changed);
  reading = feed(90);
  EXPECT_TRUE(reading->changed);
  EXPECT_FALSE(reading->talking);
}

TEST(TalkMeter, missing_packets_count_as_silence) {
  TalkMeter meter;
  meter.set_rule({.packets = 10, .average = 60});
  EXPECT_FALSE(meter.on_packet(1, 10));
  auto reading = meter.on_packet(11, 10);  // nine are missing
  ASSERT_TRUE(reading);
  EXPECT_FALSE(reading->talking);
  EXPECT_EQ(reading->average, (2 * 10 + 9 * 127) / 11u);
}

}  // namespace
}  // namespace limen::media
