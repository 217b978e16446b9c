#include "core/jsep/strip.hpp"

#include <gtest/gtest.h>

#include "tests/support/sdp_fixtures.hpp"

namespace limen::core {
namespace {

std::string stripped(const std::string& text) {
  auto description = sdp::parse_sdp(text);
  EXPECT_TRUE(description) << description.error().text;
  strip_for_plugin(*description);
  return sdp::write_sdp(*description);
}

TEST(StripForPlugin, leaves_codecs_extensions_and_unknown_attributes) {
  EXPECT_EQ(stripped(test::sdp_text(R"(v=0
o=- 4711 2 IN IP6 2001:db8::1
s=-
t=0 0
c=IN IP4 192.0.2.1
a=group:BUNDLE 0 1
a=ice-lite
a=ice-options:trickle
a=fingerprint:sha-256 $FP
a=extmap-allow-mixed
a=foo:bar
a=msid-semantic: WMS *
m=video 50000 UDP/TLS/RTP/SAVPF 96 97 116 49
c=IN IP4 192.0.2.1
b=AS:500
a=sendonly
a=candidate:1 1 udp 2130706431 192.0.2.7 50000 typ host
a=end-of-candidates
a=ice-ufrag:x
a=ice-pwd:y
a=setup:actpass
a=mid:0
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=extmap:5 urn:ietf:params:rtp-hdrext:encrypt urn:ietf:params:rtp-hdrext:sdes:mid
a=msid:a b
a=rtcp:9 IN IP4 0.0.0.0
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:96 VP8/90000
a=rtcp-fb:96 nack
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
a=rtpmap:116 RED/90000
a=rtcp-fb:116 nack
a=rtpmap:49 flexfec-03/90000
a=fmtp:49 repair-window=10000000
a=rid:h send
a=simulcast:send h
a=bundle-only
a=x-own:1
a=ssrc-group:FID 1 2
a=ssrc:1 cname:c
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
a=mid:1
a=sctp-port:5000
a=max-message-size:262144
)")),
            test::sdp_text(R"(v=0
o=- 4711 2 IN IP4 1.1.1.1
s=-
t=0 0
c=IN IP4 1.1.1.1
a=foo:bar
m=video 9 UDP/TLS/RTP/SAVPF 96
c=IN IP4 1.1.1.1
b=AS:500
a=sendonly
a=mid:0
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=msid:a b
a=rtpmap:96 VP8/90000
a=rtcp-fb:96 nack
a=x-own:1
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 1.1.1.1
a=sendrecv
a=mid:1
)"));
}

TEST(StripForPlugin, keeps_red_of_opus) {
  EXPECT_NE(stripped(test::chromium_offer()).find("a=rtpmap:63 red/48000/2"), std::string::npos);
}

TEST(StripForPlugin, tells_nothing_about_where_the_client_is) {
  for (const std::string& text : {test::chromium_offer(), test::firefox_offer(), test::aiortc_offer()}) {
    std::string out = stripped(text);
    for (std::string_view secret : {"192.0.2.7", "127.0.0.1", "candidate", "ice-", "fingerprint", "a=ssrc"}) {
      EXPECT_EQ(out.find(secret), std::string::npos) << secret;
    }
  }
}

TEST(StripForPlugin, rejects_further_data_mlines_and_lines_with_nothing_but_repair) {
  auto description = sdp::parse_sdp(test::sdp_text(R"(v=0
o=- 1 1 IN IP4 127.0.0.1
s=-
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
a=mid:0
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
a=mid:1
m=video 9 UDP/TLS/RTP/SAVPF 97
a=rtpmap:97 rtx/90000
a=mid:2
)"));
  ASSERT_TRUE(description);
  strip_for_plugin(*description);
  EXPECT_FALSE(description->media[0].rejected());
  EXPECT_TRUE(description->media[1].rejected());
  EXPECT_TRUE(description->media[2].rejected());
  EXPECT_EQ(description->media[2].direction, sdp::Direction::inactive);
}

}  // namespace
}  // namespace limen::core
