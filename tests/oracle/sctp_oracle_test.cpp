// Our SCTP against usrsctp, in one process, over a simulated network and on virtual time.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <tuple>

#include "rtc/sctp/sctp_association.hpp"
#include "tests/oracle/usrsctp_clock.hpp"
#include "tests/oracle/usrsctp_side.hpp"
#include "tests/support/seeded_random.hpp"
#include "tests/support/sim_network.hpp"

namespace limen::rtc {
namespace {

using namespace std::chrono_literals;
using limen::test::LinkProfile;
using limen::test::SeededRandom;
using limen::test::SimDatagram;
using limen::test::SimNetwork;
using limen::test::SimSocketId;
using limen::test::UsrsctpClock;
using limen::test::UsrsctpSide;
using limen::test::VirtualClock;

enum class Begins { ours, theirs, both };

// Ours at one end of a link, usrsctp at the other.
class SctpOracle {
 public:
  explicit SctpOracle(uint64_t seed, bool interleaving = false, const LinkProfile& link = {.latency = 5ms})
      : usrsctp_clock_(clock.now(), seed),
        network(clock, seed),
        theirs(interleaving),
        random_(seed + 1),
        ours({}, random_) {
    auto our_host = network.add_host("ours", {limen::test::ip("192.0.2.1")});
    auto their_host = network.add_host("theirs", {limen::test::ip("192.0.2.2")});
    network.set_link(our_host, link);
    our_socket_ = network.bind(our_host, kOurs(), [this](const SimDatagram& packet) {
      ours.handle(packet.bytes, clock.now());
      take();
    });
    their_socket_ =
        network.bind(their_host, kTheirs(), [this](const SimDatagram& packet) { theirs.handle(packet.bytes); });
  }

  [[nodiscard]] bool connect(Begins who) {
    if (who != Begins::theirs) ours.connect(clock.now());
    if (who == Begins::ours) theirs.listen();
    else theirs.connect();
    return run_until([this] { return ours.established() && theirs.send(299, 53, as_bytes("up")); }, 60s) &&
           run_until([this] { return !messages.empty(); }, 60s) && (messages.clear(), true);
  }
  SctpSendResult send(uint16_t stream, std::vector<uint8_t> bytes, const SctpSendOptions& options = {}) {
    return ours.send(stream, 53, std::move(bytes), options, clock.now());
  }
  bool run_until(const std::function<bool()>& done, Duration bound) {
    Instant end = clock.now() + bound;
    for (;;) {
      flush();
      if (done()) return true;
      if (clock.now() >= end) return false;
      clock.advance_to(std::min({network.next_event(), ours.next_deadline(), clock.now() + 5ms}));
      usrsctp_clock_.advance_to(clock.now());
      network.deliver_due();
      theirs.receive();
      if (ours.next_deadline() <= clock.now()) ours.handle_timeout(clock.now());
    }
  }
  void run_for(Duration duration) {
    run_until([] { return false; }, duration);
  }

  VirtualClock clock;

 private:
  UsrsctpClock usrsctp_clock_;

 public:
  SimNetwork network;
  UsrsctpSide theirs;

 private:
  SeededRandom random_;

 public:
  SctpAssociation ours;
  std::vector<SctpMessage> messages;
  std::vector<uint16_t> reset_by_peer, reset_done;
  std::optional<SctpCloseReason> closed;

 private:
  static SocketAddress kOurs() { return limen::test::endpoint("192.0.2.1:9000"); }
  static SocketAddress kTheirs() { return limen::test::endpoint("192.0.2.2:9000"); }

  void flush() {
    Bytes packet;
    while (ours.poll_transmit(packet)) network.send(our_socket_, kTheirs(), packet);
    for (; !theirs.out.empty(); theirs.out.pop_front()) network.send(their_socket_, kOurs(), theirs.out.front());
    take();
  }
  void take() {
    SctpEvent event;
    while (ours.poll_event(event)) {
      if (auto* message = std::get_if<SctpMessage>(&event)) messages.push_back(std::move(*message));
      if (auto* reset = std::get_if<SctpPeerResetStreams>(&event)) {
        reset_by_peer.insert(reset_by_peer.end(), reset->streams.begin(), reset->streams.end());
      }
      if (auto* done = std::get_if<SctpStreamReset>(&event)) reset_done.push_back(done->stream);
      if (auto* end = std::get_if<SctpClosed>(&event)) closed = end->reason;
    }
  }

  SimSocketId our_socket_, their_socket_;
};

constexpr size_t kNumber = 4;  // bytes at the front that say which message it is

std::vector<uint8_t> pattern(uint32_t number, size_t size) {
  std::vector<uint8_t> bytes(std::max(size, kNumber));
  store_u32(bytes.data(), number);
  for (size_t i = kNumber; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(number * 7 + i);
  return bytes;
}

enum class Reliability { full, by_retransmissions, by_time };
enum class Network { clean, lossy, reordering, duplicating, narrow };

LinkProfile link_of(Network network) {
  LinkProfile link{.latency = 5ms, .queue_bytes = 1 << 22};
  if (network == Network::lossy) link.loss = 0.2;
  if (network == Network::reordering) link.reorder = 0.3;
  if (network == Network::duplicating) link.duplicate = 0.3;
  // Drops what is larger and says nothing: the path's bytes for SCTP's header, UDP and IPv4 beside them.
  if (network == Network::narrow) link.mtu = UsrsctpSide::kPathMtu + 12 + 28;
  return link;
}

// Which messages of one direction came, and that each came whole and once.
class Arrivals {
 public:
  Arrivals(uint32_t count, bool ordered, const std::function<size_t(uint32_t)>& size_of)
      : ordered_(ordered), size_of_(size_of), seen_(count) {}

  void take(uint16_t stream, const std::vector<uint8_t>& bytes) {
    ASSERT_GE(bytes.size(), kNumber);
    uint32_t number = load_u32(bytes.data());
    ASSERT_LT(number, seen_.size());
    EXPECT_EQ(bytes, pattern(number, size_of_(number)));
    EXPECT_FALSE(seen_[number]) << "twice: " << number;
    seen_[number] = true;
    auto [last, first] = last_.try_emplace(stream, number);
    if (ordered_ && !first) {
      EXPECT_LT(last->second, number);
    }
    last->second = number;
    ++count_;
  }
  uint32_t count() const { return count_; }
  bool has(uint32_t number) const { return seen_[number]; }

 private:
  bool ordered_;
  std::function<size_t(uint32_t)> size_of_;
  std::vector<bool> seen_;
  std::map<uint16_t, uint32_t> last_;
  uint32_t count_ = 0;
};

using Case = std::tuple<Begins, bool, bool, Reliability, Network>;

class SctpOracleCases : public testing::TestWithParam<Case> {
 protected:
  static constexpr uint32_t kCount = 60;
  static uint64_t seed() {
    auto [begins, interleaving, unordered, reliability, network] = GetParam();
    uint64_t out = static_cast<uint64_t>(begins) * 2 + (interleaving ? 1 : 0);
    out = out * 2 + (unordered ? 1 : 0);
    return (out * 3 + static_cast<uint64_t>(reliability)) * 5 + static_cast<uint64_t>(network);
  }
  static size_t size_of(uint32_t number) {
    constexpr std::array<size_t, 8> kSizes{4, 100, 1100, 1172, 1173, 2500, 9000, 33};
    return kSizes[number % kSizes.size()];
  }
};

// usrsctp 0.9.5 ends the association when, on one stream without interleaving, an unordered message of one
// chunk follows right after numbers that were given up while it holds later fragments ("missing end").
// So whole messages and fragmented ones go on streams of their own.
uint16_t stream_of(size_t size) {
  return size > 1100 ? 1 : 3;
}

TEST_P(SctpOracleCases, messages_pass_both_ways) {
  auto [begins, interleaving, unordered, reliability, kind] = GetParam();
  SctpOracle pair(seed(), interleaving, link_of(kind));
  ASSERT_TRUE(pair.connect(begins));
  EXPECT_EQ(pair.ours.stats().interleaving, interleaving);
  SctpSendOptions options{.unordered = unordered, .max_retransmissions = {}, .lifetime = {}};
  uint16_t policy = SCTP_PR_SCTP_NONE;
  uint32_t value = 0;
  if (reliability == Reliability::by_retransmissions) {
    options.max_retransmissions = 0;
    policy = SCTP_PR_SCTP_RTX;
  } else if (reliability == Reliability::by_time) {
    options.lifetime = 50ms;
    policy = SCTP_PR_SCTP_TTL;
    value = 50;
  }
  Arrivals here(kCount, !unordered, size_of), there(kCount, !unordered, size_of);
  uint32_t sent = 0;
  auto step = [&] {
    if (sent < kCount) {
      EXPECT_EQ(pair.send(stream_of(size_of(sent)), pattern(sent, size_of(sent)), options), SctpSendResult::sent);
      uint16_t stream = stream_of(size_of(sent));
      EXPECT_TRUE(pair.theirs.send(stream, 53, pattern(sent, size_of(sent)), unordered, policy, value));
      // The last of each direction cannot be given up: nothing may hold it up.
      if (++sent == kCount - 1) {
        options.max_retransmissions.reset();
        options.lifetime.reset();
        policy = SCTP_PR_SCTP_NONE;
        value = 0;
      }
    }
    for (const SctpMessage& message : std::exchange(pair.messages, {})) {
      EXPECT_EQ(message.stream, stream_of(message.bytes.size()));
      EXPECT_EQ(message.ppid, 53U);
      here.take(message.stream, message.bytes);
    }
    for (const auto& message : std::exchange(pair.theirs.messages, {})) {
      EXPECT_EQ(message.stream, stream_of(message.bytes.size()));
      EXPECT_EQ(message.ppid, 53U);
      there.take(message.stream, message.bytes);
    }
    if (reliability == Reliability::full) return here.count() == kCount && there.count() == kCount;
    return here.has(kCount - 1) && there.has(kCount - 1);
  };
  ASSERT_TRUE(pair.run_until(step, 600s)) << here.count() << " " << there.count() << " closed "
                                          << (pair.closed ? sctp_close_reason_text(*pair.closed) : "no");
  auto settled = [&] { return step() && pair.ours.buffered() == 0 && pair.ours.stats().held == 0; };
  ASSERT_TRUE(pair.run_until(settled, 600s)) << pair.ours.buffered() << " " << pair.ours.stats().held;
  if (reliability != Reliability::full && kind == Network::lossy) {
    EXPECT_LT(here.count(), kCount);
    EXPECT_LT(there.count(), kCount);
    EXPECT_GT(pair.ours.stats().abandoned_messages, 0U);
  }
  // A lifetime is hard on what waits for a window that losses have closed.
  EXPECT_GE(here.count(), kCount / 10);
  EXPECT_GE(there.count(), kCount / 10);
  EXPECT_FALSE(pair.closed);
  EXPECT_FALSE(pair.theirs.lost);
  EXPECT_EQ(pair.network.stats().too_big, 0U);
}

std::string name_of(const testing::TestParamInfo<Case>& info) {
  auto [begins, interleaving, unordered, reliability, network] = info.param;
  constexpr std::array kBegins{"ours", "theirs", "both"};
  constexpr std::array kReliability{"reliable", "retransmissions", "lifetime"};
  constexpr std::array kNetwork{"clean", "lossy", "reordering", "duplicating", "narrow"};
  return fmt::format("{}_{}_{}_{}_{}", kBegins[static_cast<size_t>(begins)], interleaving ? "interleaved" : "data",
                     unordered ? "unordered" : "ordered", kReliability[static_cast<size_t>(reliability)],
                     kNetwork[static_cast<size_t>(network)]);
}

INSTANTIATE_TEST_SUITE_P(
    All, SctpOracleCases,
    testing::Combine(testing::Values(Begins::ours, Begins::theirs, Begins::both), testing::Bool(), testing::Bool(),
                     testing::Values(Reliability::full, Reliability::by_retransmissions, Reliability::by_time),
                     testing::Values(Network::clean, Network::lossy, Network::reordering, Network::duplicating,
                                     Network::narrow)),
    name_of);

class SctpOraclePaced : public testing::TestWithParam<std::tuple<bool, bool, bool>> {};

TEST_P(SctpOraclePaced, fragments_given_up_in_a_steady_flow_do_not_hold_up_the_rest) {
  auto [interleaving, unordered, by_time] = GetParam();
  constexpr uint32_t kCount = 150;
  uint64_t seed = 300 + (interleaving ? 1 : 0) + (unordered ? 2 : 0) + (by_time ? 4 : 0);
  SctpOracle pair(seed, interleaving, {.latency = 5ms, .loss = 0.1, .queue_bytes = 1 << 22});
  ASSERT_TRUE(pair.connect(Begins::both));
  SctpSendOptions options{.unordered = unordered, .max_retransmissions = 0, .lifetime = {}};
  if (by_time) {
    options.max_retransmissions.reset();
    options.lifetime = 8ms;
  }
  for (uint32_t i = 0; i < kCount; ++i) {
    EXPECT_EQ(pair.send(1, pattern(i, 2500), options), SctpSendResult::sent);
    EXPECT_TRUE(pair.theirs.send(2, 53, pattern(i, 2500), unordered, by_time ? SCTP_PR_SCTP_TTL : SCTP_PR_SCTP_RTX,
                                 by_time ? 8 : 0));
    pair.run_for(10ms);
  }
  // Unordered as those before: usrsctp 0.9.5 takes the number of a skipped unordered message for one of the
  // ordered ones, and then ends the association when an ordered one follows on that stream.
  pair.send(1, pattern(kCount, 2500), {.unordered = unordered, .max_retransmissions = {}, .lifetime = {}});
  pair.theirs.send(2, 53, pattern(kCount, 2500), unordered);
  Arrivals here(kCount + 1, !unordered, [](uint32_t) { return 2500; });
  Arrivals there(kCount + 1, !unordered, [](uint32_t) { return 2500; });
  ASSERT_TRUE(pair.run_until(
      [&] {
        for (const SctpMessage& message : std::exchange(pair.messages, {})) here.take(message.stream, message.bytes);
        for (const auto& message : std::exchange(pair.theirs.messages, {})) there.take(message.stream, message.bytes);
        return here.has(kCount) && there.has(kCount);
      },
      200s))
      << here.count() << " " << there.count() << " closed "
      << (pair.closed ? sctp_close_reason_text(*pair.closed) : "no");
  EXPECT_GT(here.count(), 20U);
  EXPECT_GT(there.count(), 20U);
  EXPECT_TRUE(pair.run_until([&] { return pair.ours.stats().held == 0 && pair.ours.buffered() == 0; }, 60s));
}

INSTANTIATE_TEST_SUITE_P(All, SctpOraclePaced, testing::Combine(testing::Bool(), testing::Bool(), testing::Bool()));

TEST(SctpOracleSizes, messages_up_to_256_kilobytes_pass_both_ways_with_loss) {
  for (bool interleaving : {false, true}) {
    SctpOracle pair(700 + (interleaving ? 1 : 0), interleaving, {.latency = 5ms, .loss = 0.02, .queue_bytes = 1 << 22});
    ASSERT_TRUE(pair.connect(Begins::both));
    constexpr std::array<size_t, 5> kSizes{4, 1200, 65536, 200000, 262144};
    auto size_of = [&](uint32_t number) { return kSizes[number % kSizes.size()]; };
    constexpr uint32_t kCount = 25;
    Arrivals here(kCount, true, size_of), there(kCount, true, size_of);
    uint32_t sent_ours = 0, sent_theirs = 0;
    EXPECT_TRUE(pair.run_until(
        [&] {
          while (sent_ours < kCount && pair.send(1, pattern(sent_ours, size_of(sent_ours))) == SctpSendResult::sent) {
            ++sent_ours;
          }
          while (sent_theirs < kCount && pair.theirs.send(2, 53, pattern(sent_theirs, size_of(sent_theirs)))) {
            ++sent_theirs;
          }
          for (const SctpMessage& message : std::exchange(pair.messages, {})) here.take(message.stream, message.bytes);
          for (const auto& message : std::exchange(pair.theirs.messages, {})) there.take(message.stream, message.bytes);
          return here.count() == kCount && there.count() == kCount;
        },
        3600s))
        << here.count() << " " << there.count();
  }
}

TEST(SctpOracleResets, streams_are_reset_both_ways_and_used_again) {
  for (Network kind : {Network::clean, Network::lossy, Network::reordering, Network::duplicating}) {
    for (bool interleaving : {false, true}) {
      SctpOracle pair(800 + 2 * static_cast<uint64_t>(kind) + (interleaving ? 1 : 0), interleaving, link_of(kind));
      ASSERT_TRUE(pair.connect(Begins::both));
      for (size_t round = 1; round <= 4; ++round) {
        EXPECT_EQ(pair.send(5, pattern(1, 3000)), SctpSendResult::sent);
        ASSERT_TRUE(pair.theirs.send(6, 53, pattern(2, 3000)));
        pair.ours.reset_stream(5, pair.clock.now());
        ASSERT_TRUE(pair.run_until([&] { return pair.reset_done.size() == round; }, 120s)) << round;
        // It refuses to reset what is not yet acknowledged.
        ASSERT_TRUE(pair.run_until([&] { return pair.messages.size() == round && pair.theirs.reset(6); }, 120s));
        ASSERT_TRUE(pair.run_until([&] { return pair.reset_by_peer.size() == round; }, 120s)) << round;
        ASSERT_TRUE(pair.run_until(
            [&] { return pair.theirs.reset_by_peer.size() >= round && pair.theirs.reset_done.size() == round; }, 120s));
        EXPECT_EQ(pair.theirs.messages.size(), round);
      }
      // A request that had to wait is asked again, and usrsctp tells both times.
      EXPECT_TRUE(std::ranges::all_of(pair.theirs.reset_by_peer, [](uint16_t stream) { return stream == 5; }));
      EXPECT_EQ(pair.reset_by_peer, (std::vector<uint16_t>{6, 6, 6, 6}));
    }
  }
}

TEST(SctpOracleResets, requests_that_cross_are_both_done) {
  SctpOracle pair(900, false, {.latency = 5ms, .loss = 0.1, .queue_bytes = 1 << 22});
  ASSERT_TRUE(pair.connect(Begins::both));
  for (uint16_t stream = 10; stream < 30; ++stream) {
    EXPECT_EQ(pair.send(stream, pattern(stream, 100)), SctpSendResult::sent);
    EXPECT_TRUE(pair.theirs.send(stream, 53, pattern(stream, 100)));
  }
  ASSERT_TRUE(pair.run_until([&] { return pair.messages.size() + pair.theirs.messages.size() == 40; }, 60s));
  for (uint16_t stream = 10; stream < 30; ++stream) pair.ours.reset_stream(stream, pair.clock.now());
  uint16_t next = 10;
  ASSERT_TRUE(pair.run_until(
      [&] {
        if (next < 30 && pair.theirs.reset(next)) ++next;
        return pair.reset_done.size() == 20 && pair.reset_by_peer.size() == 20;
      },
      120s))
      << pair.reset_done.size() << " " << pair.reset_by_peer.size();
}

TEST(SctpOracleEnding, either_side_may_end_it) {
  for (bool ours : {true, false}) {
    SctpOracle pair(950 + (ours ? 1 : 0));
    ASSERT_TRUE(pair.connect(Begins::both));
    for (uint32_t i = 0; i < 20; ++i) {
      if (ours) pair.send(1, pattern(i, 5000));
      else pair.theirs.send(2, 53, pattern(i, 5000));
    }
    if (ours) pair.ours.shut_down(pair.clock.now());
    else pair.theirs.shut_down();
    ASSERT_TRUE(pair.run_until([&] { return pair.closed.has_value() && pair.theirs.lost; }, 60s)) << ours;
    EXPECT_EQ(pair.closed, SctpCloseReason::shut_down);
    EXPECT_EQ(ours ? pair.theirs.messages.size() : pair.messages.size(), 20U);
  }
}

// It is older than RFC 9653: what we offer is passed over, and checksums stay.
TEST(SctpOracleChecksums, are_kept_for_a_peer_that_does_not_know_to_leave_them_out) {
  SctpOracle pair(960);
  ASSERT_TRUE(pair.connect(Begins::both));
  size_t without = 0;
  pair.network.set_tap([&](const SimDatagram& packet) { without += load_u32(&packet.bytes[8]) == 0 ? 1 : 0; });
  pair.send(1, pattern(1, 5000));
  pair.theirs.send(2, 53, pattern(1, 5000));
  ASSERT_TRUE(pair.run_until([&] { return pair.messages.size() + pair.theirs.messages.size() == 2; }, 10s));
  EXPECT_FALSE(pair.ours.stats().zero_checksum);
  EXPECT_EQ(without, 0U);
}

}  // namespace
}  // namespace limen::rtc
