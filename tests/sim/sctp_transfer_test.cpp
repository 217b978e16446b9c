// Messages through two associations over good and bad networks, on virtual time.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>

#include "tests/support/sctp_pair.hpp"

namespace limen::rtc {
namespace {

using namespace std::chrono_literals;
using limen::test::LinkProfile;
using limen::test::number_of;
using limen::test::numbered_message;
using limen::test::SctpPair;
using limen::test::SctpSide;
using limen::test::SeededRandom;

// Sends `count` messages of varying size as room allows, and checks that each arrives whole and once.
class Traffic {
 public:
  Traffic(SctpSide& from, SctpSide& to, uint32_t count, size_t max_size, bool ordered, uint64_t seed)
      : from_(from), count_(count), max_size_(max_size), ordered_(ordered), random_(seed), seen_(count) {
    to.on_message = [this](const SctpMessage& message) { take(message); };
  }

  void pump() {
    if (refused_at_ == from_.writables) return;  // full, and nobody has said otherwise
    refused_at_.reset();
    while (next_ < count_) {
      if (size_ == 0) size_ = draw_size();
      SctpSendOptions options;
      options.unordered = !ordered_;
      if (from_.send(static_cast<uint16_t>(next_ % 5), numbered_message(next_, size_), options) !=
          SctpSendResult::sent) {
        refused_at_ = from_.writables;
        return;
      }
      ++next_;
      size_ = 0;
    }
  }
  bool done() {
    pump();
    return received_ == count_;
  }
  size_t out_of_order() const { return out_of_order_; }

 private:
  size_t draw_size() {
    if (max_size_ <= 16) return 1 + random_.below(max_size_);
    return random_.chance(0.02) ? 1 + random_.below(max_size_) : 1 + random_.below(200);
  }
  void take(const SctpMessage& message) {
    uint32_t number = number_of(message.bytes);
    ASSERT_LT(number, count_);
    EXPECT_FALSE(seen_[number]) << "twice: " << number;
    seen_[number] = true;
    EXPECT_EQ(message.bytes, numbered_message(number, message.bytes.size()));
    EXPECT_EQ(message.stream, number % 5);
    auto [last, first] = last_.try_emplace(message.stream, number);
    if (!first && number < last->second) ++out_of_order_;
    last->second = std::max(last->second, number);
    ++received_;
  }

  SctpSide& from_;
  uint32_t count_, next_ = 0, received_ = 0;
  size_t max_size_, size_ = 0, out_of_order_ = 0;
  bool ordered_;
  SeededRandom random_;
  std::optional<size_t> refused_at_;
  std::vector<bool> seen_;
  std::map<uint16_t, uint32_t> last_;
};

void exchange(const LinkProfile& link, uint32_t count, size_t max_size, bool ordered, Duration bound,
              const SctpConfig& config = {}) {
  SctpPair pair(7, config, config);
  pair.set_link(link);
  ASSERT_TRUE(pair.connect());
  Traffic up(pair.a, pair.b, count, max_size, ordered, 1);
  Traffic down(pair.b, pair.a, count, max_size, ordered, 2);
  EXPECT_TRUE(pair.run_until([&] { return up.done() && down.done(); }, bound));
  // The last acknowledgements are still on their way.
  EXPECT_TRUE(
      pair.run_until([&] { return pair.a.association().buffered() + pair.b.association().buffered() == 0; }, 60s));
  if (ordered) {
    EXPECT_EQ(up.out_of_order(), 0U);
    EXPECT_EQ(down.out_of_order(), 0U);
  }
  EXPECT_EQ(pair.a.association().stats().held, 0U);
  EXPECT_EQ(pair.b.association().stats().held, 0U);
  EXPECT_FALSE(pair.a.closed || pair.b.closed);
}

constexpr size_t kLargest = 256 * 1024;

TEST(SctpTransfer, ten_thousand_messages_of_all_sizes_arrive_once_and_in_order_both_ways) {
  exchange({.latency = 5ms, .queue_bytes = 1 << 24}, 10000, kLargest, true, 600s);
}

TEST(SctpTransfer, loss_reordering_and_duplication_are_repaired) {
  exchange({.latency = 10ms, .jitter = 5ms, .loss = 0.05, .duplicate = 0.05, .reorder = 0.1, .queue_bytes = 1 << 24},
           1500, kLargest, true, 3600s);
}

TEST(SctpTransfer, ten_thousand_messages_pass_although_one_packet_in_five_is_lost_each_way) {
  exchange({.latency = 10ms, .loss = 0.2, .queue_bytes = 1 << 24}, 10000, kLargest, true, 24h);
}

TEST(SctpTransfer, ten_thousand_unordered_messages_without_interleaving_likewise) {
  SctpConfig config;
  config.interleaving = false;
  exchange({.latency = 10ms, .loss = 0.2, .queue_bytes = 1 << 24}, 10000, 20000, false, 24h, config);
}

TEST(SctpTransfer, unordered_messages_overtake_and_arrive_once) {
  exchange({.latency = 10ms, .loss = 0.05, .reorder = 0.1, .queue_bytes = 1 << 24}, 1500, 50000, false, 3600s);
}

TEST(SctpTransfer, without_interleaving_as_with_it) {
  SctpConfig config;
  config.interleaving = false;
  exchange({.latency = 10ms, .loss = 0.05, .duplicate = 0.02, .reorder = 0.05, .queue_bytes = 1 << 24}, 1000, kLargest,
           true, 3600s, config);
  exchange({.latency = 10ms, .loss = 0.05, .reorder = 0.05, .queue_bytes = 1 << 24}, 500, kLargest, false, 3600s,
           config);
}

TEST(SctpTransfer, message_numbers_of_16_bits_wrap) {
  SctpConfig config;
  config.zero_checksum = false;
  config.interleaving = false;
  SctpPair pair(1, config, config);
  ASSERT_TRUE(pair.connect());
  uint32_t received = 0;
  pair.b.on_message = [&received](const SctpMessage& message) { EXPECT_EQ(number_of(message.bytes), received++); };
  uint32_t sent = 0;
  ASSERT_TRUE(pair.run_until(
      [&] {
        while (sent < 70000 && sent < received + 2000) pair.a.send(1, numbered_message(sent++, 4));
        return received == 70000;
      },
      600s));
}

TEST(SctpTransfer, a_burst_fills_a_narrow_queue_and_gets_through) {
  exchange({.latency = 20ms, .bits_per_second = 5'000'000, .queue_bytes = 32 * 1024}, 400, 60000, true, 3600s);
}

TEST(SctpTransfer, every_packet_fits_the_smallest_path_of_ipv6) {
  // What DTLS and UDP add is at most 41 + 48.
  exchange({.latency = 5ms, .queue_bytes = 1 << 24, .mtu = 1280 - 41 - 20}, 200, kLargest, true, 600s);
}

TEST(SctpTransfer, an_outage_of_some_seconds_is_survived) {
  SctpPair pair;
  ASSERT_TRUE(pair.connect());
  Traffic up(pair.a, pair.b, 2000, 2000, true, 3);
  pair.run_until([&] { return up.done(); }, 15ms);
  pair.cut(true);
  pair.run_until([&] { return up.done(); }, 8s);
  pair.cut(false);
  EXPECT_TRUE(pair.run_until([&] { return up.done(); }, 60s));
}

TEST(SctpTransfer, interleaving_lets_a_short_message_pass_a_long_one) {
  for (bool interleaving : {true, false}) {
    SctpConfig config;
    config.interleaving = interleaving;
    SctpPair pair(3, config, config);
    pair.set_link({.latency = 10ms, .bits_per_second = 10'000'000, .queue_bytes = 1 << 20});
    ASSERT_TRUE(pair.connect());
    pair.a.send(1, numbered_message(1, 200000));
    pair.a.send(2, numbered_message(2, 10));
    ASSERT_TRUE(pair.run_until([&] { return pair.b.messages.size() == 2; }, 60s));
    EXPECT_EQ(pair.b.messages[0].stream, interleaving ? 2 : 1);
    EXPECT_EQ(pair.a.association().stats().interleaving, interleaving);
  }
}

TEST(SctpTransfer, the_sender_is_told_when_there_is_room_again) {
  SctpPair pair;
  ASSERT_TRUE(pair.connect());
  size_t sent = 0;
  while (pair.a.send(0, numbered_message(0, 200000)) == SctpSendResult::sent) ++sent;
  EXPECT_GE(sent, 10U);
  EXPECT_LE(pair.a.association().buffered(), SctpConfig{}.send_buffer);
  EXPECT_EQ(pair.a.writables, 0U);
  ASSERT_TRUE(pair.run_until([&] { return pair.a.writables == 1; }, 60s));
  EXPECT_LT(pair.a.association().buffered(), SctpConfig{}.writable_below);
  EXPECT_EQ(pair.a.send(0, numbered_message(0, 200000)), SctpSendResult::sent);
}

TEST(SctpTransfer, checksums_are_left_out_only_if_both_agree) {
  for (bool both : {true, false}) {
    SctpConfig with, without;
    without.zero_checksum = both;
    SctpPair pair(5, with, without);
    size_t zero = 0;
    pair.a.outgoing = [&zero](Bytes packet) {
      zero += load_u32(&packet[8]) == 0 ? 1 : 0;
      return true;
    };
    ASSERT_TRUE(pair.connect());
    size_t handshake = zero;
    pair.a.send(0, numbered_message(0, 5000));
    ASSERT_TRUE(pair.run_until([&] { return pair.b.messages.size() == 1; }, 10s));
    EXPECT_EQ(zero > handshake, both);
  }
}

}  // namespace
}  // namespace limen::rtc
