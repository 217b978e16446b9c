#include "core/limits/address_limiter.hpp"

#include <gtest/gtest.h>

#include "base/net_address.hpp"
#include "tests/support/sim_executor.hpp"

namespace limen::core {
namespace {

class Limiter : public testing::Test {
 protected:
  Limiter() : world_(clock_, 1), control_(world_.add_executor("control")) {}
  AddressLimiter make(LimitSettings settings) { return {std::move(settings), control_}; }
  void wait(Duration time) { world_.run_for(time); }

  limen::test::VirtualClock clock_;
  limen::test::SimScheduler world_;
  limen::test::SimExecutor& control_;
};

TEST_F(Limiter, requests_come_in_bursts_and_then_at_their_rate) {
  AddressLimiter limiter = make({.requests_per_second = 2, .request_burst = 5, .exempt = ""});
  for (int i = 0; i < 5; ++i) EXPECT_EQ(limiter.count_request("192.0.2.1"), std::nullopt) << i;
  EXPECT_EQ(limiter.count_request("192.0.2.1"), 1);
  EXPECT_EQ(limiter.count_request("192.0.2.2"), std::nullopt);  // somebody else
  wait(std::chrono::milliseconds(600));
  EXPECT_EQ(limiter.count_request("192.0.2.1"), std::nullopt);
  EXPECT_EQ(limiter.count_request("192.0.2.1"), 1);
  wait(std::chrono::hours(1));  // no more than a burst was saved
  for (int i = 0; i < 5; ++i) EXPECT_EQ(limiter.count_request("192.0.2.1"), std::nullopt) << i;
  EXPECT_NE(limiter.count_request("192.0.2.1"), std::nullopt);
}

TEST_F(Limiter, the_wait_is_told_in_whole_seconds) {
  AddressLimiter limiter = make({.requests_per_second = 1, .request_burst = 1, .exempt = ""});
  EXPECT_EQ(limiter.count_request("192.0.2.1"), std::nullopt);
  EXPECT_EQ(limiter.count_request("192.0.2.1"), 1);
}

TEST_F(Limiter, zero_exempt_and_unknown_addresses_are_not_limited) {
  AddressLimiter off = make({.connections_per_address = 0, .requests_per_second = 0, .request_burst = 1, .exempt = ""});
  AddressLimiter standard = make({.connections_per_address = 1, .requests_per_second = 1, .request_burst = 1});
  std::vector<AddressLimits::Seat> seats;
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(off.count_request("192.0.2.1"), std::nullopt);
    seats.push_back(off.take_connection("192.0.2.1"));
    for (std::string_view address : {"127.0.0.1", "::1", "::ffff:127.0.0.5", "unix", ""}) {
      EXPECT_EQ(standard.count_request(address), std::nullopt) << address;
      seats.push_back(standard.take_connection(address));
    }
  }
  for (const auto& seat : seats) EXPECT_TRUE(seat);
  EXPECT_EQ(standard.count_request("10.0.0.1"), std::nullopt);
  EXPECT_NE(standard.count_request("10.0.0.1"), std::nullopt);
}

TEST_F(Limiter, seats_are_given_back_also_after_the_limiter_has_gone) {
  AddressLimits::Seat kept;
  {
    AddressLimiter limiter = make({.connections_per_address = 2, .exempt = ""});
    kept = limiter.take_connection("192.0.2.1");
    AddressLimits::Seat second = limiter.take_connection("::ffff:192.0.2.1");
    EXPECT_TRUE(kept && second);
    EXPECT_FALSE(limiter.take_connection("192.0.2.1"));
    second.reset();
    EXPECT_TRUE(limiter.take_connection("192.0.2.1"));
  }
  kept.reset();
}

TEST_F(Limiter, addresses_of_one_network_of_ipv6_count_together) {
  AddressLimiter limiter = make({.connections_per_address = 1, .exempt = ""});
  AddressLimits::Seat one = limiter.take_connection("2001:db8:1:2:aaaa::1");
  EXPECT_FALSE(limiter.take_connection("2001:db8:1:2:bbbb::2"));
  EXPECT_TRUE(limiter.take_connection("2001:db8:1:3::1"));
}

TEST_F(Limiter, sessions_count_by_address_and_by_holder) {
  AddressLimiter limiter = make({.sessions_per_address = 3, .sessions_per_token = 2, .exempt = ""});
  std::vector<AddressLimits::Seat> seats;
  for (int i = 0; i < 2; ++i) seats.push_back(limiter.take_session("192.0.2.1", "sub:alice"));
  EXPECT_FALSE(limiter.take_session("192.0.2.1", "sub:alice"));
  // What was refused for the holder has not been counted for the address.
  seats.push_back(limiter.take_session("192.0.2.1", ""));
  EXPECT_TRUE(seats[0] && seats[1] && seats[2]);
  EXPECT_FALSE(limiter.take_session("192.0.2.1", "sub:bob"));
  EXPECT_FALSE(limiter.take_session("198.51.100.1", "sub:alice"));
  EXPECT_EQ(limiter.refusals().sessions_of_address, 1u);
  EXPECT_EQ(limiter.refusals().sessions_of_token, 2u);
  seats.clear();
  EXPECT_TRUE(limiter.take_session("192.0.2.1", "sub:alice"));
}

TEST_F(Limiter, forwarded_addresses_count_behind_proxies_of_ours_only) {
  AddressLimiter limiter = make({.exempt = "", .proxies = "10.0.0., 192.0.2.9"});
  EXPECT_EQ(limiter.client_address("203.0.113.1", "198.51.100.1"), "203.0.113.1");
  EXPECT_EQ(limiter.client_address("10.0.0.1", ""), "10.0.0.1");
  EXPECT_EQ(limiter.client_address("10.0.0.1", "198.51.100.1"), "198.51.100.1");
  EXPECT_EQ(limiter.client_address("10.0.0.1", "1.2.3.4, 198.51.100.1 , 192.0.2.9"), "198.51.100.1");
  EXPECT_EQ(limiter.client_address("::ffff:10.0.0.1", "198.51.100.1"), "198.51.100.1");
  EXPECT_EQ(limiter.client_address("10.0.0.1", "1.2.3.4, nonsense"), "10.0.0.1");
}

TEST_F(Limiter, memory_is_bounded) {
  AddressLimiter limiter = make({.requests_per_second = 1, .request_burst = 2, .exempt = ""});
  for (uint32_t i = 0; i < AddressLimiter::kMostAddresses + 1000; ++i) {
    static_cast<void>(limiter.count_request(IpAddress::v4(0x0a000000 + i).to_string()));
  }
  // Past the bound newcomers share one allowance ...
  EXPECT_NE(limiter.count_request("203.0.113.1"), std::nullopt);
  // ... until those that are quiet are forgotten.
  wait(std::chrono::seconds(10));
  EXPECT_EQ(limiter.count_request("203.0.113.1"), std::nullopt);
}

}  // namespace
}  // namespace limen::core
