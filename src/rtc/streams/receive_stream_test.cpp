#include "rtc/streams/receive_stream.hpp"

#include <gtest/gtest.h>

namespace limen::rtc {
namespace {

using namespace std::chrono_literals;
using Verdict = ReceiveStream::Verdict;

class ReceiveStreamTest : public testing::Test {
 protected:
  Verdict receive(uint16_t sequence, bool recovered = false) {
    return stream.on_packet({sequence, timestamp, 100, recovered}, true, now);
  }
  ReceiveStream stream{1234, 90000};
  uint32_t timestamp = 5000;
  Instant now{1h};
};

TEST_F(ReceiveStreamTest, tells_duplicates_from_late_packets) {
  EXPECT_EQ(receive(10), Verdict::fresh);
  EXPECT_EQ(receive(12), Verdict::fresh);
  EXPECT_EQ(receive(12), Verdict::duplicate);
  EXPECT_EQ(receive(11), Verdict::fresh);
  EXPECT_EQ(receive(11), Verdict::duplicate);
  EXPECT_EQ(receive(9), Verdict::fresh);
  EXPECT_EQ(stream.packets, 4u);
}

TEST_F(ReceiveStreamTest, numbers_wrap_without_loss) {
  for (int i = 65500; i < 65536 + 50; ++i) EXPECT_EQ(receive(static_cast<uint16_t>(i)), Verdict::fresh);
  EXPECT_EQ(stream.lost(), 0);
  EXPECT_EQ(stream.report(now).highest, 65536u + 49);
  EXPECT_EQ(receive(65530), Verdict::duplicate);
}

TEST_F(ReceiveStreamTest, the_window_forgets_what_it_passes) {
  receive(0);
  receive(static_cast<uint16_t>(ReceiveStream::kWindow + 500));
  EXPECT_EQ(receive(600), Verdict::fresh);
  EXPECT_EQ(receive(600), Verdict::duplicate);
  EXPECT_EQ(receive(100), Verdict::too_old);
}

TEST_F(ReceiveStreamTest, a_sender_that_starts_anew_is_believed_at_the_second_packet) {
  receive(30000);
  EXPECT_EQ(receive(5), Verdict::too_old);
  EXPECT_EQ(receive(6), Verdict::fresh);
  EXPECT_EQ(receive(7), Verdict::fresh);
  EXPECT_EQ(stream.lost(), 0);
}

TEST_F(ReceiveStreamTest, reports_the_loss_of_the_last_interval_and_of_all) {
  for (uint16_t i = 0; i < 100; ++i) {
    if (i % 4 != 1) receive(i);
  }
  stream.end_interval();
  EXPECT_EQ(stream.report(now).fraction_lost, 64);
  EXPECT_EQ(stream.lost(), 25);
  EXPECT_EQ(stream.lost_in_interval(), 25u);
  for (uint16_t i = 100; i < 200; ++i) receive(i);
  stream.end_interval();
  EXPECT_EQ(stream.report(now).fraction_lost, 0);
  EXPECT_EQ(stream.lost(), 25);
}

TEST_F(ReceiveStreamTest, recovered_packets_mend_the_media_but_not_the_link) {
  for (uint16_t i = 0; i < 100; ++i) {
    if (i % 2 == 0) receive(i);
  }
  for (uint16_t i = 1; i < 98; i += 2) receive(i, true);
  stream.end_interval();
  EXPECT_LT(stream.link_quality().value(), 90);
  EXPECT_EQ(stream.media_quality().value(), 100);
  EXPECT_EQ(stream.lost(), 49);
  EXPECT_EQ(stream.retransmissions, 49u);
}

TEST_F(ReceiveStreamTest, jitter_follows_uneven_arrival) {
  for (uint16_t i = 0; i < 200; ++i) {
    receive(i);
    timestamp += 1800;
    now += 20ms;
  }
  EXPECT_EQ(stream.jitter_ms(), 0);
  for (uint16_t i = 200; i < 400; ++i) {
    receive(i);
    timestamp += 1800;
    now += i % 2 == 0 ? 10ms : 30ms;
  }
  EXPECT_NEAR(stream.jitter_ms(), 10, 2);
}

TEST_F(ReceiveStreamTest, quotes_the_last_sender_report) {
  receive(1);
  EXPECT_EQ(stream.report(now).last_sr, 0u);
  stream.on_sender_report(0x12345678, now);
  now += 500ms;
  EXPECT_EQ(stream.report(now).last_sr, 0x12345678u);
  EXPECT_NEAR(stream.report(now).delay_since_sr, 32768, 2);
}

TEST_F(ReceiveStreamTest, stops_reporting_when_silent) {
  receive(1);
  stream.end_interval();
  EXPECT_TRUE(stream.reporting());
  EXPECT_EQ(stream.bytes_last_second, 100u);
  stream.end_interval();
  EXPECT_EQ(stream.bytes_last_second, 0u);
  stream.end_interval();
  EXPECT_FALSE(stream.reporting());
  receive(2);
  stream.end_interval();
  EXPECT_TRUE(stream.reporting());
}

}  // namespace
}  // namespace limen::rtc
