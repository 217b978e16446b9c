// How associations begin and end, give up on messages, and reset streams, on virtual time.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <tuple>
#include <vector>

#include "tests/support/sctp_pair.hpp"
#include "wire/sctp/packet_reader.hpp"
#include "wire/sctp/packet_writer.hpp"

namespace limen::rtc {
namespace {

using namespace std::chrono_literals;
using limen::test::number_of;
using limen::test::numbered_message;
using limen::test::SctpPair;
using limen::test::SctpSide;
using sctp::ChunkType;

// The type of a packet's first chunk.
ChunkType first_chunk(Bytes packet) {
  auto reader = sctp::PacketReader::open(packet);
  auto chunk = reader ? reader->next() : std::nullopt;
  return chunk ? static_cast<ChunkType>(chunk->type) : ChunkType::error;
}

// Loses the first packet that begins with this chunk.
std::function<bool(Bytes)> losing_first(ChunkType type) {
  return [type, lost = false](Bytes packet) mutable {
    if (lost || first_chunk(packet) != type) return true;
    lost = true;
    return false;
  };
}

TEST(SctpHandshake, works_from_either_side_and_from_both_at_once) {
  for (int who : {1, 2, 3}) {
    SctpPair pair(static_cast<uint64_t>(who));
    if ((who & 1) != 0) pair.a.connect();
    if ((who & 2) != 0) pair.b.connect();
    auto up = [&] { return pair.a.association().established() && pair.b.association().established(); };
    ASSERT_TRUE(pair.run_until(up, 1s)) << who;
    pair.a.send(3, numbered_message(1, 10));
    pair.b.send(4, numbered_message(2, 10));
    ASSERT_TRUE(pair.run_until([&] { return pair.a.messages.size() + pair.b.messages.size() == 2; }, 1s));
    EXPECT_EQ(pair.a.ups, 1U);
    EXPECT_EQ(pair.b.ups, 1U);
    EXPECT_EQ(pair.a.restarts + pair.b.restarts, 0U);
  }
}

TEST(SctpHandshake, survives_the_loss_of_any_of_its_packets) {
  for (ChunkType type : {ChunkType::init, ChunkType::init_ack, ChunkType::cookie_echo, ChunkType::cookie_ack}) {
    for (bool both : {false, true}) {
      SctpPair pair;
      pair.a.outgoing = losing_first(type);
      pair.b.outgoing = losing_first(type);
      pair.a.connect();
      if (both) pair.b.connect();
      auto up = [&] { return pair.a.association().established() && pair.b.association().established(); };
      EXPECT_TRUE(pair.run_until(up, 10s)) << static_cast<int>(type) << both;
    }
  }
}

TEST(SctpHandshake, gives_up_when_nobody_answers) {
  SctpPair pair;
  pair.cut(true);
  pair.a.connect();
  ASSERT_TRUE(pair.run_until([&] { return pair.a.closed.has_value(); }, 300s));
  EXPECT_EQ(pair.a.closed, SctpCloseReason::no_answer);
  EXPECT_EQ(pair.a.packets, 9U);
  EXPECT_EQ(pair.a.association().next_deadline(), kNever);
}

TEST(SctpHandshake, an_old_or_forged_cookie_is_refused) {
  for (bool forged : {false, true}) {
    SctpPair pair;
    std::vector<uint8_t> echo;
    pair.a.outgoing = [&](Bytes packet) {
      if (first_chunk(packet) != ChunkType::cookie_echo) return true;
      echo.assign(packet.begin(), packet.end());
      return false;
    };
    pair.a.connect();
    ASSERT_TRUE(pair.run_until([&] { return !echo.empty(); }, 5s));
    if (forged) echo[40] ^= 1;
    else pair.clock.advance(100s);
    // The checksum would give the change away before the cookie does.
    std::vector<uint8_t> room(1500);
    sctp::PacketWriter writer(room, 5000, 5000, load_u32(&echo[4]));
    writer.add_raw(ChunkType::cookie_echo, 0, Bytes(echo).subspan(16));
    pair.b.handle(writer.finish(true));
    EXPECT_FALSE(pair.b.association().established());
    EXPECT_EQ(pair.b.association().stats().drops[static_cast<size_t>(SctpDrop::bad_cookie)], 1U);
  }
}

TEST(SctpHandshake, a_peer_that_begins_anew_gets_a_new_association) {
  SctpPair pair;
  ASSERT_TRUE(pair.connect());
  pair.a.send(1, numbered_message(1, 10));
  ASSERT_TRUE(pair.run_until([&] { return pair.b.messages.size() == 1; }, 5s));
  SctpSide again(pair.network, pair.clock, "192.0.2.3", {}, 99);
  // In the place of a.
  again.outgoing = [&](Bytes packet) {
    pair.b.handle(packet);
    return false;
  };
  pair.b.outgoing = [&](Bytes packet) {
    std::vector<uint8_t> copy(packet.begin(), packet.end());
    again.handle(copy);
    return false;
  };
  again.connect();
  EXPECT_TRUE(again.association().established());
  EXPECT_EQ(pair.b.restarts, 1U);
  EXPECT_EQ(again.send(1, numbered_message(2, 10)), SctpSendResult::sent);
  EXPECT_EQ(pair.b.messages.size(), 2U);
}

TEST(SctpEnding, a_graceful_end_delivers_everything_first) {
  SctpPair pair;
  ASSERT_TRUE(pair.connect());
  for (uint32_t i = 0; i < 20; ++i) pair.a.send(0, numbered_message(i, 20000));
  pair.a.shut_down();
  EXPECT_EQ(pair.a.send(0, numbered_message(99, 10)), SctpSendResult::not_connected);
  ASSERT_TRUE(pair.run_until([&] { return pair.a.closed && pair.b.closed; }, 30s));
  EXPECT_EQ(pair.b.messages.size(), 20U);
  EXPECT_EQ(pair.a.closed, SctpCloseReason::shut_down);
  EXPECT_EQ(pair.b.closed, SctpCloseReason::shut_down);
}

TEST(SctpEnding, both_may_end_at_once_and_packets_may_get_lost) {
  for (ChunkType type : {ChunkType::shutdown, ChunkType::shutdown_ack, ChunkType::data}) {
    SctpPair pair;
    ASSERT_TRUE(pair.connect());
    pair.a.outgoing = losing_first(type);
    pair.a.shut_down();
    pair.b.shut_down();
    ASSERT_TRUE(pair.run_until([&] { return pair.a.closed && pair.b.closed; }, 200s)) << static_cast<int>(type);
  }
}

TEST(SctpEnding, an_abort_ends_the_other_side_at_once) {
  SctpPair pair;
  ASSERT_TRUE(pair.connect());
  pair.a.abort();
  ASSERT_TRUE(pair.run_until([&] { return pair.b.closed.has_value(); }, 1s));
  EXPECT_EQ(pair.a.closed, SctpCloseReason::aborted);
  EXPECT_EQ(pair.b.closed, SctpCloseReason::aborted_by_peer);
}

TEST(SctpEnding, silence_is_noticed_with_and_without_traffic) {
  for (bool traffic : {true, false}) {
    SctpPair pair;
    ASSERT_TRUE(pair.connect());
    pair.cut(true);
    if (traffic) pair.a.send(0, numbered_message(0, 10));
    ASSERT_TRUE(pair.run_until([&] { return pair.a.closed.has_value(); }, traffic ? 120s : 600s)) << traffic;
    EXPECT_EQ(pair.a.closed, SctpCloseReason::no_answer);
  }
}

TEST(SctpEnding, heartbeats_keep_an_idle_association) {
  SctpPair pair;
  ASSERT_TRUE(pair.connect());
  pair.run_for(3600s);
  EXPECT_FALSE(pair.a.closed || pair.b.closed);
  EXPECT_LT(pair.a.packets, 1000U);
}

// The number of the message whose first fragment is in this packet.
std::optional<uint32_t> begun_in(Bytes packet) {
  auto reader = sctp::PacketReader::open(packet);
  while (auto chunk = reader ? reader->next() : std::nullopt) {
    auto type = static_cast<ChunkType>(chunk->type);
    auto data = type == ChunkType::data || type == ChunkType::i_data ? sctp::read_data(*chunk) : std::nullopt;
    if (data && data->begin && data->payload.size() >= 4) return load_u32(data->payload.data());
  }
  return std::nullopt;
}

// Interleaving or not, given up by time or by count.
class SctpGivingUp : public testing::TestWithParam<std::tuple<bool, bool>> {
 protected:
  SctpConfig config() const {
    SctpConfig out;
    out.interleaving = std::get<0>(GetParam());
    return out;
  }
  SctpSendOptions options(Duration lifetime) const {
    SctpSendOptions out;
    if (std::get<1>(GetParam())) out.lifetime = lifetime;
    else out.max_retransmissions = 0;
    return out;
  }
};

TEST_P(SctpGivingUp, exactly_what_never_passes_is_missing) {
  SctpPair pair(11, config(), config());
  ASSERT_TRUE(pair.connect());
  pair.a.outgoing = [](Bytes packet) { return begun_in(packet).value_or(0) % 10 != 3; };
  std::vector<uint32_t> expected;
  for (uint32_t i = 0; i < 200; ++i) {
    SctpSendOptions how = options(100ms);
    how.unordered = i % 2 == 0;
    ASSERT_EQ(pair.a.send(static_cast<uint16_t>(1 + i % 2), numbered_message(i, 3000), how), SctpSendResult::sent);
    if (i % 10 != 3) expected.push_back(i);
    // Slowly enough for a window of four packets: nothing waits so long that it is given up for that.
    pair.run_for(30ms);
  }
  ASSERT_TRUE(pair.run_until([&] { return pair.a.association().buffered() == 0; }, 60s));
  std::vector<uint32_t> came;
  for (const SctpMessage& message : pair.b.messages) came.push_back(number_of(message.bytes));
  std::ranges::sort(came);
  EXPECT_EQ(came, expected);
  EXPECT_EQ(pair.a.association().stats().abandoned_messages, 20U);
  EXPECT_TRUE(pair.run_until([&] { return pair.b.association().stats().held == 0; }, 60s));
}

TEST_P(SctpGivingUp, under_random_loss_each_message_arrives_or_is_given_up) {
  SctpPair pair(11, config(), config());
  pair.set_link({.latency = 10ms, .loss = 0.1, .queue_bytes = 1 << 24});
  ASSERT_TRUE(pair.connect());
  // Far more than the window lets through after losses: with a lifetime most wait too long.
  for (uint32_t i = 0; i < 200; ++i) {
    SctpSendOptions how = options(5ms);
    how.unordered = i % 2 == 0;
    pair.a.send(static_cast<uint16_t>(1 + i % 2), numbered_message(i, 3000), how);
    pair.run_for(2ms);
  }
  pair.a.send(1, numbered_message(1000, 10));
  pair.a.send(2, numbered_message(1001, 10));
  auto last = [](const SctpMessage& message) { return number_of(message.bytes) >= 1000; };
  ASSERT_TRUE(pair.run_until([&] { return std::ranges::count_if(pair.b.messages, last) == 2; }, 120s));
  ASSERT_TRUE(pair.run_until([&] { return pair.a.association().buffered() == 0; }, 60s));
  size_t given_up = pair.a.association().stats().abandoned_messages;
  EXPECT_GT(given_up, 0U);
  EXPECT_LT(pair.b.messages.size(), 202U);
  // One whose acknowledgement was late may be both.
  EXPECT_GE(pair.b.messages.size() + given_up, 202U);
  EXPECT_TRUE(pair.run_until([&] { return pair.b.association().stats().held == 0; }, 60s));
}

INSTANTIATE_TEST_SUITE_P(All, SctpGivingUp, testing::Combine(testing::Bool(), testing::Bool()));

TEST(SctpPartialReliability, what_waits_too_long_is_never_sent) {
  SctpPair pair;
  pair.set_link({.latency = 10ms, .bits_per_second = 1'000'000, .queue_bytes = 1 << 24});
  ASSERT_TRUE(pair.connect());
  SctpSendOptions options{.unordered = false, .max_retransmissions = {}, .lifetime = 50ms};
  for (uint32_t i = 0; i < 100; ++i) pair.a.send(0, numbered_message(i, 10000), options);
  pair.run_for(30s);
  EXPECT_GT(pair.a.association().stats().abandoned_messages, 50U);
  EXPECT_EQ(pair.a.association().buffered(), 0U);
  EXPECT_EQ(pair.b.association().stats().held, 0U);
}

TEST(SctpStreamResets, come_after_what_was_sent_and_start_the_numbers_again) {
  SctpPair pair;
  pair.set_link({.latency = 10ms, .loss = 0.1, .queue_bytes = 1 << 24});
  ASSERT_TRUE(pair.connect());
  for (uint32_t round = 0; round < 20; ++round) {
    for (uint32_t i = 0; i < 10; ++i) pair.a.send(7, numbered_message(i, 3000));
    pair.a.reset_stream(7);
    EXPECT_EQ(pair.a.send(7, numbered_message(0, 10)), SctpSendResult::bad_stream);
    ASSERT_TRUE(pair.run_until([&] { return pair.a.reset_done.size() == round + 1; }, 60s));
    EXPECT_EQ(pair.b.reset_by_peer.size(), round + 1);
    EXPECT_EQ(pair.b.messages.size(), (round + 1) * 10);
  }
}

TEST(SctpStreamResets, of_many_streams_both_ways_at_once) {
  SctpPair pair;
  pair.set_link({.latency = 10ms, .loss = 0.05, .queue_bytes = 1 << 24});
  ASSERT_TRUE(pair.connect());
  for (uint16_t stream = 0; stream < 300; ++stream) {
    pair.a.send(stream, numbered_message(stream, 100));
    pair.a.reset_stream(stream);
    pair.b.reset_stream(stream);
  }
  ASSERT_TRUE(pair.run_until([&] { return pair.a.reset_done.size() == 300 && pair.b.reset_done.size() == 300; }, 60s));
  EXPECT_EQ(pair.a.reset_by_peer.size(), 300U);
  EXPECT_EQ(pair.b.messages.size(), 300U);
}

}  // namespace
}  // namespace limen::rtc
