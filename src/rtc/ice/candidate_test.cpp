#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <tuple>

#include "rtc/ice/ice_types.hpp"

namespace limen::rtc {
namespace {

TEST(CandidateText, is_written_as_it_was_read) {
  for (const char* text : {
           "1 1 udp 2015363327 192.0.2.2 18558 typ host",
           "4 1 udp 1694498815 203.0.113.7 54400 typ srflx raddr 10.0.0.2 rport 40000",
           "9 1 udp 41885439 198.51.100.3 61000 typ relay raddr 203.0.113.7 rport 54400",
           "5 1 udp 1845501695 203.0.113.7 54401 typ prflx raddr 10.0.0.2 rport 40000",
           "2 1 udp 2122262783 2001:db8::7 9000 typ host",
           "3 1 tcp 1518280447 192.0.2.2 9 typ host tcptype active",
           "3 1 tcp 1518280447 192.0.2.2 4443 typ host tcptype passive",
           "3 1 tcp 1518280447 192.0.2.2 4443 typ host tcptype so",
           "8 1 udp 2113937151 3b1a0c6e-6f5b-4a39-8a65-3a6f57a6a4a5.local 51472 typ host",
       }) {
    auto candidate = parse_candidate(text);
    ASSERT_TRUE(candidate) << text;
    EXPECT_EQ(write_candidate(*candidate), text);
  }
}

TEST(CandidateText, prefix_case_extensions_and_spaces_do_not_matter) {
  auto plain = parse_candidate("842163049 1 udp 1677729535 203.0.113.7 54400 typ srflx raddr 0.0.0.0 rport 0");
  ASSERT_TRUE(plain);
  for (const char* text : {
           "candidate:842163049 1 udp 1677729535 203.0.113.7 54400 typ srflx raddr 0.0.0.0 rport 0",
           "a=candidate:842163049 1 UDP 1677729535 203.0.113.7 54400 typ srflx raddr 0.0.0.0 rport 0\r\n",
           "candidate:842163049 1 udp 1677729535 203.0.113.7 54400 typ srflx raddr 0.0.0.0 rport 0 generation 0 "
           "ufrag EEtu network-id 3 network-cost 10",
           "  842163049  1 udp   1677729535 203.0.113.7 54400 typ srflx raddr 0.0.0.0 rport 0 ",
       }) {
    EXPECT_EQ(parse_candidate(text), plain) << text;
  }
}

TEST(CandidateText, local_names_are_kept_for_resolution) {
  auto candidate = parse_candidate("candidate:1 1 udp 2113937151 abc-DEF.local 51472 typ host");
  ASSERT_TRUE(candidate);
  EXPECT_EQ(candidate->host_name, "abc-DEF.local");
  EXPECT_TRUE(candidate->address.ip.is_unspecified());
  EXPECT_EQ(candidate->address.port, 51472);
}

TEST(CandidateText, a_relay_over_tls_is_read) {
  EXPECT_TRUE(parse_candidate("1 1 tls 1 192.0.2.1 443 typ relay raddr 192.0.2.2 rport 1"));
  EXPECT_FALSE(parse_candidate("1 1 tls 1 192.0.2.1 443 typ host"));
}

TEST(CandidateText, what_is_out_of_shape_is_refused) {
  const std::string tail = " 1 udp 1 192.0.2.1 1 typ host";
  for (const std::string& text : {
           std::string(),
           std::string("candidate:"),
           std::string("candidate:1"),
           std::string(33, 'a') + tail,                    // foundation too long
           "\"" + tail,                                    // not an ice-char
           std::string("1 0 udp 1 192.0.2.1 1 typ host"),  // component 0
           std::string("1 256 udp 1 192.0.2.1 1 typ host"),
           std::string("1 x udp 1 192.0.2.1 1 typ host"),
           std::string("1 1 sctp 1 192.0.2.1 1 typ host"),
           std::string("1 1 udp 0 192.0.2.1 1 typ host"),  // priority 0
           std::string("1 1 udp 4294967296 192.0.2.1 1 typ host"),
           std::string("1 1 udp -1 192.0.2.1 1 typ host"),
           std::string("1 1 udp 1 192.0.2 1 typ host"),
           std::string("1 1 udp 1 example.org 1 typ host"),
           std::string("1 1 udp 1 .local 1 typ host"),
           std::string("1 1 udp 1 a/b.local 1 typ host"),
           "1 1 udp 1 " + std::string(260, 'a') + ".local 1 typ host",
           std::string("1 1 udp 1 192.0.2.1 65536 typ host"),
           std::string("1 1 udp 1 192.0.2.1 1 type host"),
           std::string("1 1 udp 1 192.0.2.1 1 typ upnp"),
           std::string("1 1 udp 1 192.0.2.1 1 typ"),
           std::string("1 1 udp 1 192.0.2.1 1 typ srflx"),  // no raddr, rport
           std::string("1 1 udp 1 192.0.2.1 1 typ srflx raddr 10.0.0.1"),
           std::string("1 1 udp 1 192.0.2.1 1 typ srflx raddr example.org rport 1"),
           std::string("1 1 udp 1 192.0.2.1 1 typ srflx raddr 10.0.0.1 rport 65536"),
           std::string("1 1 tcp 1 192.0.2.1 1 typ host tcptype sideways"),
           "1" + tail + std::string(2000, ' '),
       }) {
    EXPECT_FALSE(parse_candidate(text)) << text;
  }
  EXPECT_TRUE(parse_candidate(std::string(32, 'a') + tail));
}

TEST(CandidatePriority, follows_the_formula_of_rfc_8445) {
  EXPECT_EQ(candidate_priority(CandidateType::host, 65535, 1), 2130706431u);
  EXPECT_EQ(candidate_priority(CandidateType::srflx, 65535, 1), 1694498815u);
  EXPECT_EQ(candidate_priority(CandidateType::prflx, 65535, 1), 1862270975u);
  EXPECT_EQ(candidate_priority(CandidateType::relay, 0, 1), 255u);
}

}  // namespace
}  // namespace limen::rtc
