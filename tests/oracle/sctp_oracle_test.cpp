// Our SCTP against usrsctp, in one process and on virtual time.
#include <gtest/gtest.h>

#include <functional>
#include <tuple>

#include "rtc/sctp/sctp_association.hpp"
#include "tests/oracle/usrsctp_side.hpp"
#include "tests/support/seeded_random.hpp"

namespace limen::rtc {
namespace {

using namespace std::chrono_literals;
using limen::test::SeededRandom;
using limen::test::UsrsctpSide;

enum class Begins { ours, theirs, both };

class SctpOracle {
 public:
  explicit SctpOracle(bool interleaving = false, double loss = 0)
      : theirs(interleaving), ours({}, random_), loss_(loss) {}

  [[nodiscard]] bool connect(Begins who) {
    if (who != Begins::theirs) ours.connect(now);
    if (who != Begins::ours) theirs.connect();
    return run_until([this] { return ours.established() && theirs.send(299, 53, as_bytes("up")); }, 30s) &&
           run_until([this] { return !messages.empty(); }, 30s) && (messages.clear(), true);
  }
  SctpSendResult send(uint16_t stream, std::vector<uint8_t> bytes, const SctpSendOptions& options = {}) {
    return ours.send(stream, 53, std::move(bytes), options, now);
  }
  // Ten milliseconds a turn, which is also the round trip.
  bool run_until(const std::function<bool()>& done, Duration bound) {
    Instant end = now + bound;
    for (;;) {
      pass();
      if (done()) return true;
      if (now >= end) return false;
      now += 10ms;
      UsrsctpSide::tick(10);
      theirs.receive();
      if (ours.next_deadline() <= now) ours.handle_timeout(now);
    }
  }

  Instant now{1h};
  UsrsctpSide theirs;

 private:
  SeededRandom random_{5};

 public:
  SctpAssociation ours;
  std::vector<SctpMessage> messages;
  std::vector<uint16_t> reset_by_peer, reset_done;
  bool closed = false;

 private:
  void pass() {
    for (int turn = 0; turn < 20; ++turn) {
      bool any = false;
      Bytes packet;
      while (ours.poll_transmit(packet)) {
        any = true;
        if (!random_.chance(loss_)) theirs.handle(packet);
      }
      while (!theirs.out.empty()) {
        any = true;
        std::vector<uint8_t> theirs_packet = std::move(theirs.out.front());
        theirs.out.pop_front();
        if (!random_.chance(loss_)) ours.handle(theirs_packet, now);
      }
      take();
      if (!any) return;
    }
  }
  void take() {
    SctpEvent event;
    while (ours.poll_event(event)) {
      if (auto* message = std::get_if<SctpMessage>(&event)) messages.push_back(std::move(*message));
      if (auto* reset = std::get_if<SctpPeerResetStreams>(&event)) {
        reset_by_peer.insert(reset_by_peer.end(), reset->streams.begin(), reset->streams.end());
      }
      if (auto* done = std::get_if<SctpStreamReset>(&event)) reset_done.push_back(done->stream);
      if (std::holds_alternative<SctpClosed>(event)) closed = true;
    }
  }

  double loss_;
};

std::vector<uint8_t> pattern(uint32_t number, size_t size) {
  std::vector<uint8_t> bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(number * 7 + i);
  return bytes;
}

class SctpOracleCases : public testing::TestWithParam<std::tuple<Begins, bool, double>> {};

TEST_P(SctpOracleCases, messages_of_all_sizes_pass_both_ways_in_order) {
  auto [begins, interleaving, loss] = GetParam();
  SctpOracle pair(interleaving, loss);
  ASSERT_TRUE(pair.connect(begins));
  EXPECT_EQ(pair.ours.stats().interleaving, interleaving);
  const std::vector<size_t> sizes{1, 3, 100, 1172, 1173, 1200, 5000, 65536, 262144};
  uint32_t sent_ours = 0, sent_theirs = 0;
  const uint32_t count = 60;
  auto size_of = [&](uint32_t number) { return sizes[number % sizes.size()]; };
  ASSERT_TRUE(pair.run_until(
      [&] {
        while (sent_ours < count && pair.send(1, pattern(sent_ours, size_of(sent_ours))) == SctpSendResult::sent) {
          ++sent_ours;
        }
        while (sent_theirs < count && pair.theirs.send(2, 53, pattern(sent_theirs, size_of(sent_theirs)))) {
          ++sent_theirs;
        }
        return pair.messages.size() == count && pair.theirs.messages.size() == count;
      },
      600s))
      << pair.messages.size() << " " << pair.theirs.messages.size() << " " << pair.closed;
  for (uint32_t i = 0; i < count; ++i) {
    EXPECT_EQ(pair.messages[i].bytes, pattern(i, size_of(i)));
    EXPECT_EQ(pair.theirs.messages[i].bytes, pattern(i, size_of(i)));
    EXPECT_EQ(pair.messages[i].ppid, 53U);
    EXPECT_EQ(pair.theirs.messages[i].stream, 1);
  }
}

INSTANTIATE_TEST_SUITE_P(All, SctpOracleCases,
                         testing::Combine(testing::Values(Begins::theirs, Begins::both), testing::Bool(),
                                          testing::Values(0.0)));

TEST(SctpOracleResets, streams_are_reset_both_ways_and_used_again) {
  SctpOracle pair;
  ASSERT_TRUE(pair.connect(Begins::both));
  for (size_t round = 1; round <= 3; ++round) {
    pair.send(5, pattern(1, 3000));
    ASSERT_TRUE(pair.theirs.send(6, 53, pattern(2, 3000)));
    pair.ours.reset_stream(5, pair.now);
    ASSERT_TRUE(pair.run_until([&] { return pair.reset_done.size() == round; }, 30s));
    ASSERT_TRUE(pair.theirs.reset(6));
    ASSERT_TRUE(pair.run_until([&] { return pair.reset_by_peer.size() == round; }, 30s));
    ASSERT_TRUE(pair.run_until(
        [&] { return pair.theirs.reset_by_peer.size() == round && pair.theirs.reset_done.size() == round; }, 30s));
    EXPECT_EQ(pair.messages.size(), round);
    EXPECT_EQ(pair.theirs.messages.size(), round);
  }
  EXPECT_EQ(pair.theirs.reset_by_peer, (std::vector<uint16_t>{5, 5, 5}));
  EXPECT_EQ(pair.reset_by_peer, (std::vector<uint16_t>{6, 6, 6}));
}

}  // namespace
}  // namespace limen::rtc
