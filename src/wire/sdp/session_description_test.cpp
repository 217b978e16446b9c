#include "wire/sdp/session_description.hpp"

#include <gtest/gtest.h>

#include "tests/support/sdp_fixtures.hpp"

namespace limen::sdp {
namespace {

using test::with;

std::string good() {
  return test::sdp_text(R"(v=0
o=- 4711 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
m=audio 9 UDP/TLS/RTP/SAVPF 111 0
c=IN IP4 0.0.0.0
b=AS:64
a=mid:0
a=rtpmap:111 opus/48000/2
a=fmtp:111 minptime=10;useinbandfec=1
a=sendrecv
)");
}

std::string error_of(const std::string& text) {
  auto parsed = parse_sdp(text);
  return parsed ? "accepted" : parsed.error().text;
}

TEST(ParseSdp, reads_what_browsers_write) {
  auto parsed = parse_sdp(test::chromium_offer());
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->origin.session_id, 4611731400430051336u);
  EXPECT_EQ(parsed->origin.version, 2u);
  ASSERT_EQ(parsed->media.size(), 3u);
  const MediaDescription& audio = parsed->media[0];
  EXPECT_EQ(audio.mid(), "0");
  EXPECT_EQ(audio.codec(111), Codec::opus);
  EXPECT_EQ(audio.codec(63), Codec::opus_red);
  EXPECT_EQ(audio.fmtp(111), "minptime=10;useinbandfec=1");
  EXPECT_EQ(audio.rtpmap(111)->parameters, "2");
  EXPECT_EQ(audio.rtpmap(111)->clock_rate, 48000u);
  EXPECT_EQ(parsed->media[1].codec(104), Codec::h264);
  EXPECT_EQ(parsed->media[1].codec(97), Codec::unknown);
  EXPECT_EQ(parsed->media[2].kind, MediaKind::data);
  EXPECT_EQ(parsed->media[2].formats, std::vector<std::string>{"webrtc-datachannel"});
}

TEST(ParseSdp, knows_static_payload_types_without_rtpmap) {
  auto parsed = parse_sdp(good());
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->media[0].codec(0), Codec::pcmu);
  EXPECT_EQ(parsed->media[0].codec(8), Codec::pcma);
  EXPECT_EQ(parsed->media[0].codec(96), Codec::unknown);
}

TEST(ParseSdp, refuses_malformed_descriptions_with_their_reason) {
  struct Case {
    std::string text, reason;
  };
  const std::string media = "m=audio 9 UDP/TLS/RTP/SAVPF 111 0";
  const std::string origin = "o=- 4711 2 IN IP4 127.0.0.1";
  std::string many = media;
  for (int i = 0; i < 60; ++i) many += " 111";
  const Case cases[] = {
      {"", "Invalid SDP (doesn't start with v=)"},
      {"hello", "Invalid SDP (doesn't start with v=)"},
      {with(good(), origin + "\r\n", ""), "Missing mandatory lines (o=, s= or m=)"},
      {with(good(), "s=-\r\n", ""), "Missing mandatory lines (o=, s= or m=)"},
      {"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n", "Missing mandatory lines (o=, s= or m=)"},
      {with(good(), "s=-", origin + "\r\ns=-"), "Multiple o= lines: " + origin},
      {with(good(), "s=-", "s=-\r\ns=x"), "Multiple s= lines: s=x"},
      {with(good(), origin, "o=foo"), "Invalid o= line: o=foo"},
      {with(good(), origin, "o=- abc 2 IN IP4 127.0.0.1"), "Invalid o= line: o=- abc 2 IN IP4 127.0.0.1"},
      {with(good(), origin, "o=- 1 2 XX IP7 1"), "Invalid o= line: o=- 1 2 XX IP7 1"},
      {with(good(), "s=-", "s=-\r\nhello"), "Invalid line (2nd char is not '='): hello"},
      {with(good(), "s=-", "s=-\r\ni="), "Invalid line (2 bytes): i="},
      {with(good(), "c=IN IP4 0.0.0.0", "c=foo"), "Invalid c= line: c=foo"},
      {with(good(), "b=AS:64", "b=foo"), "Invalid b= line: foo"},
      {with(good(), media, "m=audio"), "Invalid m= line: m=audio"},
      {with(good(), media, "m=audio x UDP/TLS/RTP/SAVPF 111"), "Invalid m= line: m=audio x UDP/TLS/RTP/SAVPF 111"},
      {with(good(), media, "m=text 9 RTP/AVP 1"), "Invalid m= line: m=text 9 RTP/AVP 1"},
      {with(good(), media, "m=audio 9 RTP/AVP"), "Invalid m= line (no payload types/formats): m=audio 9 RTP/AVP"},
      {with(good(), media, "m=audio 9 RTP/AVP x"), "Invalid m= line (no payload types/formats): m=audio 9 RTP/AVP x"},
      {with(good(), media, many), "Invalid m= line (too long): " + std::to_string(many.size())},
      {good() + std::string("a=x:a\0b\r\n", 10), "Invalid SDP (contains a zero byte)"},
      {good() + "a=tool:\r\n", "Invalid a= line: tool:"},
      {with(good(), "a=mid:0", "a=mid:12345678901234567"), ""},
  };
  for (const Case& c : cases) EXPECT_EQ(error_of(c.text), c.reason) << c.text;
}

TEST(ParseSdp, tolerates_what_the_reference_tolerates) {
  const std::string texts[] = {
      with(good(), "t=0 0\r\n", ""),
      with(good(), "s=-", "s=-\r\nq=foo\r\ni=x"),
      with(good(), "s=-", "s= "),
      with(good(), "v=0", "v=1"),
      with(good(), "m=audio", "m=AUDIO"),
      with(good(), "a=mid:0", "a=mid:1234567890123456"),
      with(good(), " 4711 ", " 99999999999999999999999 "),
      with(good(), "b=AS:64", "b=RR:0\r\nb=TIAS:7"),
      test::with_all(good(), "\r\n", "\n"),
      with(good(), "m=audio 9 ", "m=audio 9/2 "),
      good() + "a=foo\r\na=:bar\r\n",
  };
  for (const std::string& text : texts) EXPECT_EQ(error_of(text), "accepted") << text;
}

TEST(ParseSdp, is_bounded) {
  std::string text = good();
  for (int i = 0; i < 3000; ++i) text += "a=x\r\n";
  EXPECT_EQ(error_of(text), "Invalid SDP (more than 2048 lines)");
  text = good();
  for (int i = 0; i < 128; ++i) text += "m=audio 9 RTP/AVP 0\r\n";
  EXPECT_EQ(error_of(text), "Invalid m= line (more than 128)");
  auto parsed = parse_sdp(good() + "a=long:" + std::string(5000, 'x') + "\r\n");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->media[0].find("long")->value.size(), 2047u);
}

TEST(ParseSdp, keeps_the_first_bandwidth_and_the_last_direction) {
  auto parsed = parse_sdp(with(good(), "b=AS:64", "b=TIAS:64000\r\nb=AS:1") + "a=recvonly\r\n");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->media[0].bandwidth_type, "TIAS");
  EXPECT_EQ(parsed->media[0].bandwidth, 64000u);
  EXPECT_EQ(parsed->media[0].direction, Direction::recvonly);
}

TEST(ParseSdp, port_zero_rejects_but_for_bundle_only_and_a_first_mline_in_use) {
  std::string two = with(good(), "audio 9", "audio 0") + "m=video 0 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\n";
  auto parsed = parse_sdp(two);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->media[0].port, 9);
  EXPECT_TRUE(parsed->media[1].rejected());
  EXPECT_FALSE(parse_sdp(two + "a=bundle-only\r\n")->media[1].rejected());
  EXPECT_TRUE(parse_sdp(with(two, "a=sendrecv", "a=inactive"))->media[0].rejected());
}

TEST(WriteSdp, returns_what_was_parsed) {
  for (const std::string& text : {test::chromium_offer(), test::firefox_offer(), test::aiortc_offer()}) {
    auto once = parse_sdp(text);
    ASSERT_TRUE(once);
    std::string written = write_sdp(*once);
    auto twice = parse_sdp(written);
    ASSERT_TRUE(twice);
    EXPECT_EQ(write_sdp(*twice), written);
    for (size_t i = 0; i < once->media.size(); ++i) EXPECT_EQ(once->media[i].attributes, twice->media[i].attributes);
  }
}

TEST(WriteSdp, puts_connection_bandwidth_and_direction_before_the_attributes) {
  EXPECT_EQ(write_sdp(*parse_sdp(good())), test::sdp_text(R"(v=0
o=- 4711 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
m=audio 9 UDP/TLS/RTP/SAVPF 111 0
c=IN IP4 0.0.0.0
b=AS:64
a=sendrecv
a=mid:0
a=rtpmap:111 opus/48000/2
a=fmtp:111 minptime=10;useinbandfec=1
)"));
}

TEST(WriteSdp, reduces_a_rejected_mline_to_direction_and_mid) {
  auto parsed = parse_sdp(good());
  parsed->media[0].port = 0;
  parsed->media[0].direction = Direction::inactive;
  EXPECT_EQ(write_sdp(*parsed), test::sdp_text(R"(v=0
o=- 4711 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
m=audio 0 UDP/TLS/RTP/SAVPF 0
c=IN IP4 0.0.0.0
a=inactive
a=mid:0
)"));
}

TEST(WriteSdp, never_lets_a_value_start_a_new_line) {
  auto parsed = parse_sdp(good());
  parsed->name = "room\r\na=evil";
  parsed->media[0].add("msid", "a\nb");
  std::string written = write_sdp(*parsed);
  EXPECT_NE(written.find("s=room  a=evil\r\n"), std::string::npos);
  EXPECT_NE(written.find("a=msid:a b\r\n"), std::string::npos);
}

TEST(Direction, mirrors_and_combines) {
  EXPECT_EQ(mirrored(Direction::sendonly), Direction::recvonly);
  EXPECT_EQ(mirrored(Direction::recvonly), Direction::sendonly);
  EXPECT_EQ(mirrored(Direction::sendrecv), Direction::sendrecv);
  EXPECT_EQ(mirrored(Direction::inactive), Direction::inactive);
  EXPECT_EQ(combined(true, true), Direction::sendrecv);
  EXPECT_EQ(combined(true, false), Direction::sendonly);
  EXPECT_EQ(combined(false, true), Direction::recvonly);
  EXPECT_EQ(combined(false, false), Direction::inactive);
}

}  // namespace
}  // namespace limen::sdp
