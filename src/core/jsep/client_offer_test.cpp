// JsepNegotiator where the client offers.
#include <gmock/gmock.h>

#include "tests/support/negotiator_rig.hpp"

namespace limen::core {
namespace {

using test::with;
using test::with_all;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// Random texts and numbers replaced by names, so that whole descriptions can be compared.
std::string normal(std::string text, const JsepNegotiator& negotiator) {
  text = with_all(text, negotiator.local_credentials().ufrag, "<ufrag>");
  text = with_all(text, negotiator.local_credentials().pwd, "<pwd>");
  int index = 0;
  for (const rtc::MlineConfig& mline : negotiator.media().mlines) {
    if (mline.local_ssrc != 0)
      text = with_all(text, std::to_string(mline.local_ssrc), "<ssrc" + std::to_string(index) + ">");
    if (mline.local_rtx_ssrc != 0)
      text = with_all(text, std::to_string(mline.local_rtx_ssrc), "<rtx" + std::to_string(index) + ">");
    ++index;
  }
  return text;
}

TEST(ClientOffer, no_other_is_taken_before_it_is_answered) {
  NegotiatorRig rig;
  ClientStep step = rig.offer(test::chromium_offer());
  auto second = rig.negotiator.handle_client(rig.jsep(JsepType::offer, test::chromium_offer()));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ApiErrorCode::unknown);
  EXPECT_EQ(rig.negotiator.handle_client(rig.jsep(JsepType::offer, "v=0")).error().code,
            ApiErrorCode::jsep_invalid_sdp);
  rig.plugin("answer", sdp::make_answer(*sdp::parse_sdp(step.plugin.sdp), rig.options));
  EXPECT_TRUE(rig.negotiator.handle_client(rig.jsep(JsepType::offer, test::chromium_offer())));
}

TEST(ClientOffer, one_that_was_refused_is_in_the_way_too) {
  NegotiatorRig rig;
  EXPECT_FALSE(rig.negotiator.handle_client(rig.jsep(JsepType::offer, "v=0")));
  EXPECT_FALSE(rig.negotiator.occupied());  // not even a description
  std::string bare = with_all(test::chromium_offer(), "a=fingerprint", "a=x-fingerprint");
  EXPECT_EQ(rig.negotiator.handle_client(rig.jsep(JsepType::offer, bare)).error().code, ApiErrorCode::jsep_invalid_sdp);
  EXPECT_TRUE(rig.negotiator.occupied());
  EXPECT_EQ(rig.negotiator.handle_client(rig.jsep(JsepType::offer, test::chromium_offer())).error().code,
            ApiErrorCode::unknown);
}

TEST(ClientOffer, is_answered_with_every_line_in_its_place) {
  NegotiatorRig rig;
  std::string answer = rig.exchange(test::aiortc_offer());
  EXPECT_EQ(normal(answer, rig.negotiator), test::sdp_text(R"(v=0
o=- 3989012345 3989012345 IN IP4 192.0.2.2
s=-
t=0 0
a=group:BUNDLE 0 1 2
a=ice-options:trickle
a=fingerprint:sha-256 $FP
a=extmap-allow-mixed
a=msid-semantic: WMS *
m=audio 9 UDP/TLS/RTP/SAVPF 96
c=IN IP4 192.0.2.2
a=sendrecv
a=mid:0
a=rtcp-mux
a=ice-ufrag:<ufrag>
a=ice-pwd:<pwd>
a=ice-options:trickle
a=setup:active
a=rtpmap:96 opus/48000/2
a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid
a=extmap:2 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=msid:janus janus0
a=ssrc:<ssrc0> cname:janus
a=candidate:1 1 udp 2015363327 192.0.2.2 18558 typ host
a=end-of-candidates
m=video 9 UDP/TLS/RTP/SAVPF 97 98
c=IN IP4 192.0.2.2
a=sendrecv
a=mid:1
a=rtcp-mux
a=ice-ufrag:<ufrag>
a=ice-pwd:<pwd>
a=ice-options:trickle
a=setup:active
a=rtpmap:97 VP8/90000
a=rtcp-fb:97 ccm fir
a=rtcp-fb:97 nack
a=rtcp-fb:97 nack pli
a=rtcp-fb:97 goog-remb
a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid
a=rtpmap:98 rtx/90000
a=fmtp:98 apt=97
a=ssrc-group:FID <ssrc1> <rtx1>
a=msid:janus janus1
a=ssrc:<ssrc1> cname:janus
a=ssrc:<rtx1> cname:janus
a=candidate:1 1 udp 2015363327 192.0.2.2 18558 typ host
a=end-of-candidates
m=application 9 DTLS/SCTP 5000
c=IN IP4 192.0.2.2
a=sendrecv
a=mid:2
a=sctpmap:5000 webrtc-datachannel 16
a=ice-ufrag:<ufrag>
a=ice-pwd:<pwd>
a=ice-options:trickle
a=setup:active
a=candidate:1 1 udp 2015363327 192.0.2.2 18558 typ host
a=end-of-candidates
)"));
}

TEST(ClientOffer, tells_the_peer_what_was_agreed) {
  NegotiatorRig rig;
  NegotiationStep step;
  rig.exchange(test::chromium_offer(), &step);
  EXPECT_TRUE(step.complete);
  EXPECT_FALSE(step.ice_restart);
  EXPECT_FALSE(rig.negotiator.controlling());
  EXPECT_TRUE(rig.negotiator.has_data());
  EXPECT_EQ(rig.negotiator.first_mid(), "0");
  rtc::PeerMediaConfig media = rig.negotiator.media();
  ASSERT_EQ(media.mlines.size(), 3u);
  EXPECT_TRUE(media.transport_cc);
  const rtc::MlineConfig& audio = media.mlines[0];
  ASSERT_EQ(audio.payloads.size(), 1u);
  EXPECT_EQ(audio.payloads[0].codec, Codec::opus);
  EXPECT_EQ(audio.payloads[0].clock_rate, 48000u);
  EXPECT_FALSE(audio.nack);
  EXPECT_EQ(audio.extensions.id(ExtensionKind::audio_level), 1);
  EXPECT_EQ(audio.remote_ssrc[0], 3184534831u);
  EXPECT_EQ(audio.local_rtx_ssrc, 0u);
  const rtc::MlineConfig& video = media.mlines[1];
  EXPECT_TRUE(video.send && video.receive && video.nack);
  EXPECT_EQ(video.payloads[0].rtx_payload_type, 97);
  EXPECT_EQ(video.remote_ssrc[0], 2231627014u);
  EXPECT_EQ(video.remote_rtx_ssrc[0], 632943048u);
  EXPECT_NE(video.local_ssrc, 0u);
  EXPECT_NE(video.local_rtx_ssrc, 0u);
  EXPECT_NE(video.local_ssrc, audio.local_ssrc);
  EXPECT_EQ(video.extensions.id(ExtensionKind::transport_cc), 3);
  EXPECT_EQ(video.extensions.id(ExtensionKind::rid), 10);
  EXPECT_FALSE(video.simulcast());
}

TEST(ClientOffer, choice_of_dtls_role_follows_setup) {
  struct Case {
    std::string_view offered, answered;
    rtc::DtlsRole role;
  };
  const Case cases[] = {{"a=setup:actpass\r\n", "a=setup:passive\r\n", rtc::DtlsRole::server},
                        {"a=setup:active\r\n", "a=setup:passive\r\n", rtc::DtlsRole::server},
                        {"a=setup:passive\r\n", "a=setup:active\r\n", rtc::DtlsRole::client},
                        {"a=setup:holdconn\r\n", "a=setup:active\r\n", rtc::DtlsRole::client},
                        {"", "a=setup:active\r\n", rtc::DtlsRole::client}};
  for (const Case& c : cases) {
    NegotiatorRig rig;
    EXPECT_THAT(rig.exchange(with_all(test::chromium_offer(), "a=setup:actpass\r\n", c.offered)),
                HasSubstr(c.answered));
    EXPECT_EQ(rig.negotiator.remote().local_dtls_role, c.role) << c.offered;
  }
  NegotiatorRig no_browser;
  EXPECT_THAT(no_browser.exchange(with(test::chromium_offer(), "a=extmap-allow-mixed\r\n", "")),
              HasSubstr("a=setup:active\r\n"));
  NegotiatorRig plain({.prefer_dtls_server = false});
  EXPECT_THAT(plain.exchange(test::chromium_offer()), HasSubstr("a=setup:active\r\n"));
}

TEST(ClientOffer, simulcast_is_answered_in_the_offered_order) {
  NegotiatorRig rig;
  ClientStep step = rig.offer(with(test::chromium_simulcast_offer(), "send h;m;l", "send h;~m;l"));
  ASSERT_EQ(step.plugin.simulcast.size(), 1u);
  EXPECT_EQ(step.plugin.simulcast[0].mindex, 0);
  EXPECT_EQ(step.plugin.simulcast[0].mid, "0");
  EXPECT_THAT(step.plugin.simulcast[0].rids, ElementsAre("h", "m", "l"));
  EXPECT_EQ(step.plugin.simulcast[0].rid_extension, 10);
  EXPECT_THAT(step.plugin.sdp, Not(HasSubstr("a=rid")));
  rig.plugin("answer", sdp::make_answer(*sdp::parse_sdp(step.plugin.sdp), rig.options));
  std::string answer = rig.negotiator.write_local(rig.transport);
  EXPECT_THAT(answer, HasSubstr("m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\n"));
  EXPECT_THAT(answer, HasSubstr("cname:janus\r\na=rid:h recv\r\na=rid:m recv\r\na=rid:l recv\r\n"
                                "a=simulcast:recv h;~m;l\r\na=candidate:"));
  EXPECT_THAT(answer, Not(HasSubstr("FID"))) << "the peer showed no RTX SSRC of its own";
  EXPECT_THAT(rig.negotiator.media().mlines[0].rids, ElementsAre("l", "m", "h"));
  EXPECT_TRUE(rig.negotiator.media().mlines[0].simulcast());
}

TEST(ClientOffer, legacy_simulcast_is_answered_in_its_own_syntax) {
  NegotiatorRig rig;
  EXPECT_THAT(rig.exchange(with(test::chromium_simulcast_offer(), "simulcast:send h;m;l", "simulcast: send rid=h;m;l")),
              HasSubstr("a=simulcast: recv rid=h;m;l\r\n"));
}

TEST(ClientOffer, rtx_needs_nack_feedback) {
  NegotiatorRig rig;
  std::string answer = rig.exchange(
      with_all(with_all(test::aiortc_offer(), "a=rtcp-fb:97 nack pli\r\n", ""), "a=rtcp-fb:97 nack\r\n", ""));
  EXPECT_THAT(answer, HasSubstr("m=video 9 UDP/TLS/RTP/SAVPF 97\r\n"));
  EXPECT_THAT(answer, Not(HasSubstr("rtx")));
  EXPECT_THAT(answer, Not(HasSubstr("FID")));
  EXPECT_FALSE(rig.negotiator.media().mlines[1].nack);
}

TEST(ClientOffer, rejected_mlines_stay_out_of_the_bundle) {
  NegotiatorRig rig;
  rig.options.video.accept = false;
  std::string answer = rig.exchange(test::chromium_offer());
  EXPECT_THAT(answer, HasSubstr("a=group:BUNDLE 0 2\r\n"));
  EXPECT_THAT(answer,
              HasSubstr("m=video 0 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 192.0.2.2\r\na=inactive\r\na=mid:1\r\nm=app"));
  EXPECT_FALSE(rig.negotiator.media().mlines[1].send);
  EXPECT_FALSE(rig.negotiator.media().mlines[1].receive);
}

TEST(ClientOffer, what_the_client_rejected_stays_rejected_whatever_the_plugin_says) {
  NegotiatorRig rig;
  ClientStep step = rig.offer(with(test::chromium_offer(), "m=video 9", "m=video 0"));
  auto seen = sdp::parse_sdp(step.plugin.sdp);
  ASSERT_TRUE(seen);
  auto answer = sdp::make_answer(*seen, rig.options);
  answer.media[1].port = 9;
  rig.plugin("answer", answer);
  EXPECT_THAT(rig.negotiator.write_local(rig.transport), HasSubstr("m=video 0 "));
}

TEST(ClientOffer, an_answer_never_sends_more_than_the_offer_allows) {
  NegotiatorRig rig;
  ClientStep step = rig.offer(with(test::chromium_offer(), "a=sendrecv", "a=sendonly"));
  auto answer = sdp::make_answer(*sdp::parse_sdp(step.plugin.sdp), rig.options);
  answer.media[0].direction = sdp::Direction::sendrecv;
  rig.plugin("answer", answer);
  EXPECT_FALSE(rig.negotiator.media().mlines[0].send);
  EXPECT_TRUE(rig.negotiator.media().mlines[0].receive);
}

TEST(ClientOffer, msid_and_repair_lines_depend_on_the_direction) {
  NegotiatorRig rig;
  std::string receiving = rig.exchange(with_all(test::aiortc_offer(), "a=sendrecv", "a=sendonly"));
  EXPECT_THAT(receiving, HasSubstr("a=msid:janus janus1\r\na=ssrc:"));
  EXPECT_THAT(receiving, Not(HasSubstr("FID")));
  NegotiatorRig other;
  std::string inactive = other.exchange(with_all(test::aiortc_offer(), "a=sendrecv", "a=inactive"));
  EXPECT_THAT(inactive, Not(HasSubstr("a=msid:")));
  EXPECT_THAT(inactive, HasSubstr("cname:janus"));
}

TEST(ClientOffer, uses_the_profile_of_the_peer) {
  NegotiatorRig rig;
  EXPECT_THAT(rig.exchange(with_all(test::chromium_offer(), "UDP/TLS/RTP/SAVPF", "RTP/SAVPF")),
              HasSubstr("m=audio 9 RTP/SAVPF 111\r\n"));
}

TEST(ClientOffer, full_trickle_and_ice_lite_show_in_the_answer) {
  NegotiatorRig rig;
  rig.transport.candidates_in_sdp = false;
  rig.transport.ice_lite = true;
  std::string answer = rig.exchange(test::chromium_offer());
  EXPECT_THAT(answer, Not(HasSubstr("candidate")));
  EXPECT_THAT(answer, HasSubstr("a=msid-semantic: WMS *\r\na=ice-lite\r\nm="));
}

TEST(ClientOffer, without_encryption_nothing_of_dtls_is_written) {
  NegotiatorRig rig({.encrypt = false});
  std::string answer = rig.exchange(with_all(test::chromium_offer(), "UDP/TLS/RTP/SAVPF", "RTP/AVPF"));
  EXPECT_THAT(answer, Not(HasSubstr("fingerprint")));
  EXPECT_THAT(answer, Not(HasSubstr("setup")));
}

TEST(ClientOffer, without_data_channels_that_mline_is_rejected) {
  NegotiatorRig rig({.data_channels = false});
  EXPECT_THAT(rig.exchange(test::chromium_offer()), HasSubstr("m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n"));
  EXPECT_FALSE(rig.negotiator.has_data());
}

TEST(ClientOffer, a_peer_with_ice_lite_leaves_control_to_this_side) {
  NegotiatorRig rig;
  rig.exchange(with(test::chromium_offer(), "a=extmap-allow-mixed", "a=ice-lite"));
  EXPECT_TRUE(rig.negotiator.controlling());
  EXPECT_TRUE(rig.negotiator.remote().ice_lite);
}

TEST(ClientOffer, works_without_mids) {
  NegotiatorRig rig;
  std::string offer = with(with(with(test::chromium_offer(), "a=mid:0\r\n", ""), "a=mid:1\r\n", ""), "a=mid:2\r\n", "");
  std::string answer = rig.exchange(offer);
  EXPECT_THAT(answer, Not(HasSubstr("a=mid:")));
  EXPECT_THAT(answer, HasSubstr("a=group:BUNDLE (null) (null) (null)\r\n"));
}

TEST(ClientOffer, carries_e2ee_trickle_and_candidates) {
  NegotiatorRig rig;
  ClientJsep jsep = NegotiatorRig::jsep(JsepType::offer, test::aiortc_offer());
  jsep.trickle = false;
  jsep.e2ee = true;
  jsep.svc = boost::json::parse(R"([{"mid":"1","svc":"L3T3"}])");
  auto step = rig.negotiator.handle_client(jsep);
  ASSERT_TRUE(step);
  EXPECT_TRUE(step->first);
  EXPECT_FALSE(step->complete);
  EXPECT_TRUE(step->plugin.e2ee);
  EXPECT_FALSE(step->plugin.update);
  EXPECT_EQ(step->plugin.type, "offer");
  EXPECT_EQ(step->plugin.svc, jsep.svc);
  EXPECT_TRUE(rig.negotiator.e2ee());
  EXPECT_FALSE(rig.negotiator.peer_trickles());
  EXPECT_TRUE(rig.negotiator.awaiting_plugin());
  ASSERT_EQ(rig.negotiator.remote_candidates().size(), 1u);
  rig.negotiator.set_peer_trickles();
  EXPECT_TRUE(rig.negotiator.peer_trickles());
}

TEST(ClientOffer, is_refused_with_the_right_code) {
  auto refused = [&](const std::string& sdp) {
    NegotiatorRig rig;
    auto step = rig.negotiator.handle_client(NegotiatorRig::jsep(JsepType::offer, sdp));
    EXPECT_FALSE(step);
    EXPECT_EQ(rig.negotiator.mline_count(), 0u);
    EXPECT_FALSE(rig.negotiator.awaiting_plugin());
    return step ? ApiError{} : step.error();
  };
  EXPECT_EQ(refused("hello"), ApiError(ApiErrorCode::jsep_invalid_sdp, "Invalid SDP (doesn't start with v=)"));
  const ApiError broken(ApiErrorCode::jsep_invalid_sdp, "Error processing SDP");
  EXPECT_EQ(refused(with_all(test::chromium_offer(), "a=ice-pwd", "a=x-pwd")), broken);
  EXPECT_EQ(refused(with_all(test::chromium_offer(), "a=fingerprint", "a=x")), broken);
  EXPECT_EQ(refused(with(test::chromium_offer(), "a=msid:5b2d 1f30", "a=msid: ")), broken);
  EXPECT_EQ(refused(with(test::chromium_offer(), "a=mid:0", "a=mid:12345678901234567")),
            ApiError(ApiErrorCode::jsep_invalid_sdp, ""));
}

TEST(ClientOffer, an_unusable_answer_of_the_plugin_leaves_the_offer_open) {
  NegotiatorRig rig;
  ClientStep step = rig.offer(test::chromium_offer());
  auto answer = sdp::make_answer(*sdp::parse_sdp(step.plugin.sdp), rig.options);
  auto shorter = answer;
  shorter.media.pop_back();
  EXPECT_FALSE(rig.negotiator.handle_plugin({.type = "answer", .sdp = sdp::write_sdp(shorter)}));
  EXPECT_FALSE(rig.negotiator.handle_plugin({.type = "answer", .sdp = "x"}));
  EXPECT_FALSE(rig.negotiator.handle_plugin({.type = "pranswer", .sdp = sdp::write_sdp(answer)}));
  EXPECT_TRUE(rig.negotiator.awaiting_plugin());
  EXPECT_TRUE(rig.plugin("answer", answer).complete);
  EXPECT_FALSE(rig.negotiator.handle_plugin({.type = "answer", .sdp = sdp::write_sdp(answer)})) << "nothing to answer";
}

}  // namespace
}  // namespace limen::core
