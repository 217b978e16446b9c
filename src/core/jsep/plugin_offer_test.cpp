// JsepNegotiator where the plugin offers.
#include <gmock/gmock.h>

#include "tests/support/negotiator_rig.hpp"

namespace limen::core {
namespace {

using test::with;
using test::with_all;
using ::testing::HasSubstr;
using ::testing::Not;

sdp::SessionDescription mountpoint() {
  sdp::OfferOptions options;
  sdp::MediaOffer audio;
  audio.mid = "a";
  audio.direction = sdp::Direction::sendonly;
  audio.extensions = {{4, ExtensionKind::mid}};
  sdp::MediaOffer video;
  video.kind = MediaKind::video;
  video.mid = "v";
  video.direction = sdp::Direction::sendonly;
  video.codec = Codec::h264;
  video.payload_type = 96;
  video.profile = "42e01f";
  video.extensions = {{2, ExtensionKind::abs_send_time}, {4, ExtensionKind::mid}, {10, ExtensionKind::rid}};
  sdp::MediaOffer data;
  data.kind = MediaKind::data;
  data.mid = "d";
  options.media = {audio, video, data};
  return sdp::make_offer(options);
}

TEST(PluginOffer, is_completed_with_transport_sources_and_rtx) {
  NegotiatorRig rig;
  NegotiationStep step = rig.plugin("offer", mountpoint());
  EXPECT_TRUE(step.first);
  EXPECT_FALSE(step.complete);
  EXPECT_TRUE(rig.negotiator.controlling());
  EXPECT_TRUE(rig.negotiator.awaiting_answer());
  std::string offer = rig.negotiator.write_local(rig.transport);
  EXPECT_THAT(offer, HasSubstr("o=- 1234567 1 IN IP4 192.0.2.2\r\n"));
  EXPECT_THAT(offer, HasSubstr("a=group:BUNDLE a v d\r\n"));
  EXPECT_THAT(offer, HasSubstr("a=setup:actpass\r\n"));
  EXPECT_THAT(offer, HasSubstr("a=rtpmap:111 opus/48000/2\r\na=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"
                               "a=msid:janus janusa\r\na=ssrc:"));
  EXPECT_THAT(offer, HasSubstr("m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\n"));
  EXPECT_THAT(offer, HasSubstr("a=fmtp:96 profile-level-id=42e01f;packetization-mode=1\r\na=rtpmap:97 rtx/90000\r\n"
                               "a=fmtp:97 apt=96\r\na=ssrc-group:FID "));
  EXPECT_THAT(offer, Not(HasSubstr("rtp-stream-id")));
  EXPECT_THAT(offer,
              HasSubstr("m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 192.0.2.2\r\na=sendrecv\r\n"
                        "a=mid:d\r\na=sctp-port:5000\r\n"));
}

TEST(PluginOffer, the_answer_settles_role_payloads_and_directions) {
  NegotiatorRig rig;
  rig.plugin("offer", mountpoint());
  std::string answer = accepting_answer(rig.negotiator.write_local(rig.transport));
  ClientStep step = rig.answer(answer);
  EXPECT_TRUE(step.complete);
  EXPECT_FALSE(step.first);
  EXPECT_EQ(step.plugin.type, "answer");
  EXPECT_FALSE(step.plugin.update);
  EXPECT_TRUE(rig.negotiator.established());
  EXPECT_EQ(rig.negotiator.remote().local_dtls_role, rtc::DtlsRole::server);
  rtc::PeerMediaConfig media = rig.negotiator.media();
  EXPECT_TRUE(media.mlines[1].send);
  EXPECT_FALSE(media.mlines[1].receive);
  EXPECT_TRUE(media.mlines[1].nack);
  EXPECT_FALSE(media.mlines[0].nack);
  EXPECT_FALSE(media.transport_cc);
  ASSERT_EQ(media.mlines[1].payloads.size(), 1u);
  EXPECT_EQ(media.mlines[1].payloads[0].rtx_payload_type, 97);
  EXPECT_EQ(media.mlines[1].extensions.id(ExtensionKind::abs_send_time), 2);
  EXPECT_NE(media.mlines[1].local_rtx_ssrc, 0u);
}

TEST(PluginOffer, roles_follow_the_answer) {
  for (auto [setup, role] : {std::pair{"passive", rtc::DtlsRole::client}, std::pair{"actpass", rtc::DtlsRole::client},
                             std::pair{"active", rtc::DtlsRole::server}}) {
    NegotiatorRig rig;
    rig.plugin("offer", mountpoint());
    rig.answer(accepting_answer(rig.negotiator.write_local(rig.transport), "clnt", setup));
    EXPECT_EQ(rig.negotiator.remote().local_dtls_role, role) << setup;
  }
}

TEST(PluginOffer, without_rtx_in_the_answer_there_is_no_rtx_source) {
  NegotiatorRig rig;
  rig.plugin("offer", mountpoint());
  std::string answer = accepting_answer(rig.negotiator.write_local(rig.transport));
  answer =
      with(with(with(answer, " 96 97\r\n", " 96\r\n"), "a=rtpmap:97 rtx/90000\r\n", ""), "a=fmtp:97 apt=96\r\n", "");
  rig.answer(answer);
  EXPECT_EQ(rig.negotiator.media().mlines[1].local_rtx_ssrc, 0u);
  EXPECT_FALSE(rig.negotiator.media().mlines[1].payloads[0].rtx_payload_type);
  EXPECT_NE(rig.negotiator.media().mlines[1].local_ssrc, 0u);
}

TEST(PluginOffer, what_the_client_rejects_or_drops_is_not_used) {
  NegotiatorRig rig;
  rig.plugin("offer", mountpoint());
  std::string answer = accepting_answer(rig.negotiator.write_local(rig.transport));
  answer = with(answer, "m=video 9", "m=video 0");
  answer = with(answer, "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n", "");
  rig.answer(answer);
  EXPECT_FALSE(rig.negotiator.media().mlines[1].send);
  EXPECT_EQ(rig.negotiator.media().mlines[1].local_ssrc, 0u);
  EXPECT_FALSE(rig.negotiator.media().mlines[0].extensions.has(ExtensionKind::mid));
}

TEST(PluginOffer, a_later_offer_keeps_sources_and_payload_types) {
  NegotiatorRig rig;
  rig.plugin("offer", mountpoint());
  std::string first = rig.negotiator.write_local(rig.transport);
  rig.answer(accepting_answer(first));
  rig.plugin("offer", mountpoint());
  std::string second = rig.negotiator.write_local(rig.transport);
  EXPECT_EQ(first, second);
  ClientStep step = rig.answer(accepting_answer(second));
  EXPECT_TRUE(step.plugin.update);
  EXPECT_FALSE(step.ice_restart);
}

TEST(PluginOffer, inactive_mlines_lose_their_sources_and_get_new_ones) {
  NegotiatorRig rig;
  rig.plugin("offer", mountpoint());
  rig.answer(accepting_answer(rig.negotiator.write_local(rig.transport)));
  uint32_t before = rig.negotiator.media().mlines[1].local_ssrc;
  auto paused = mountpoint();
  paused.media[1].direction = sdp::Direction::inactive;
  rig.plugin("offer", paused);
  std::string offer = rig.negotiator.write_local(rig.transport);
  EXPECT_THAT(offer.substr(offer.find("m=video")), Not(HasSubstr("a=ssrc:")));
  EXPECT_THAT(offer.substr(offer.find("m=video")), Not(HasSubstr("a=msid:")));
  EXPECT_THAT(offer, HasSubstr("a=fmtp:97 apt=96\r\n"));
  rig.answer(accepting_answer(offer));
  rig.plugin("offer", mountpoint());
  rig.answer(accepting_answer(rig.negotiator.write_local(rig.transport)));
  EXPECT_NE(rig.negotiator.media().mlines[1].local_ssrc, before);
}

TEST(PluginOffer, a_restart_changes_the_credentials_until_it_is_answered_or_replaced) {
  NegotiatorRig rig;
  rig.plugin("offer", mountpoint());
  rig.answer(accepting_answer(rig.negotiator.write_local(rig.transport)));
  auto before = rig.negotiator.local_credentials();
  rig.plugin("offer", mountpoint(), true);
  auto renewed = rig.negotiator.local_credentials();
  EXPECT_NE(renewed, before);
  rig.plugin("offer", mountpoint(), false);
  EXPECT_EQ(rig.negotiator.local_credentials(), before);
  rig.plugin("offer", mountpoint(), true);
  ClientStep step = rig.answer(accepting_answer(rig.negotiator.write_local(rig.transport), "new2"));
  EXPECT_TRUE(step.ice_restart);
  EXPECT_EQ(rig.negotiator.remote().ice.ufrag, "new2");
}

TEST(PluginOffer, rtx_numbers_are_free_in_the_whole_bundle) {
  NegotiatorRig rig;
  auto offer = mountpoint();
  sdp::OfferOptions more;
  for (auto [codec, payload_type] : {std::pair{Codec::vp8, 97}, {Codec::vp9, 127}, {Codec::h264, 96}}) {
    sdp::MediaOffer video;
    video.kind = MediaKind::video;
    video.mid = codec_name(codec);
    video.codec = codec;
    video.payload_type = static_cast<uint8_t>(payload_type);
    more.media.push_back(video);
  }
  for (auto& media : sdp::make_offer(more).media) offer.media.push_back(media);
  rig.plugin("offer", offer);
  std::string text = rig.negotiator.write_local(rig.transport);
  EXPECT_THAT(text, HasSubstr("UDP/TLS/RTP/SAVPF 96 98\r\n"));
  EXPECT_THAT(text, HasSubstr("UDP/TLS/RTP/SAVPF 97 99\r\n"));
  EXPECT_THAT(text, HasSubstr("UDP/TLS/RTP/SAVPF 127 100\r\n"));
  EXPECT_NE(text.find("SAVPF 96 98"), text.rfind("SAVPF 96 98")) << "the same codec number has the same RTX number";
}

TEST(PluginOffer, keeps_the_plugins_msid_and_session_attributes) {
  NegotiatorRig rig;
  auto offer = mountpoint();
  offer.name = "VideoRoom 1";
  offer.origin.session_id = 5;
  offer.origin.version = 3;
  offer.add("x-room", "1");
  offer.media[0].add("msid", "feed 7");
  rig.plugin("offer", offer);
  std::string text = rig.negotiator.write_local(rig.transport);
  EXPECT_THAT(text, HasSubstr("o=- 5 3 IN IP4 192.0.2.2\r\ns=VideoRoom 1\r\n"));
  EXPECT_THAT(text, HasSubstr("a=x-room:1\r\n"));
  EXPECT_THAT(text, HasSubstr("a=msid:feed 7\r\n"));
  EXPECT_THAT(text, Not(HasSubstr("janusa")));
}

TEST(PluginOffer, an_answer_that_nobody_asked_for_is_refused) {
  NegotiatorRig rig;
  auto step = rig.negotiator.handle_client(NegotiatorRig::jsep(JsepType::answer, test::chromium_offer()));
  ASSERT_FALSE(step);
  EXPECT_EQ(step.error(), ApiError(ApiErrorCode::unexpected_answer, "Unexpected ANSWER (did we offer?)"));
  step = rig.negotiator.handle_client(NegotiatorRig::jsep(JsepType::answer, "x"));
  ASSERT_FALSE(step);
  EXPECT_EQ(step.error().number(), 465);
}

TEST(PluginOffer, a_second_answer_takes_the_place_of_the_first) {
  NegotiatorRig rig;
  rig.plugin("offer", mountpoint());
  std::string answer = accepting_answer(rig.negotiator.write_local(rig.transport));
  EXPECT_TRUE(rig.answer(answer).complete);
  ClientStep again = rig.answer(answer);
  EXPECT_TRUE(again.complete);
  EXPECT_TRUE(again.plugin.update);
  EXPECT_FALSE(again.ice_restart);
  // After an offer of the client's own there is nothing to answer.
  rig.exchange(test::chromium_offer());
  auto step = rig.negotiator.handle_client(NegotiatorRig::jsep(JsepType::answer, answer));
  ASSERT_FALSE(step);
  EXPECT_EQ(step.error().number(), 469);
}

TEST(PluginOffer, an_answer_with_other_mlines_is_refused) {
  NegotiatorRig rig;
  rig.plugin("offer", mountpoint());
  std::string answer = accepting_answer(rig.negotiator.write_local(rig.transport));
  auto refused = [&](const std::string& sdp) {
    auto step = rig.negotiator.handle_client(NegotiatorRig::jsep(JsepType::answer, sdp));
    return step ? 0 : step.error().number();
  };
  EXPECT_EQ(refused(answer.substr(0, answer.find("m=application"))), 465);
  EXPECT_EQ(refused(answer + "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:x\r\n"), 465);
  EXPECT_TRUE(rig.negotiator.awaiting_answer());
  EXPECT_EQ(refused(answer), 0);
}

TEST(PluginOffer, does_not_give_way_to_an_offer_of_the_client) {
  NegotiatorRig rig;
  rig.plugin("offer", mountpoint());
  auto refused = rig.negotiator.handle_client(NegotiatorRig::jsep(JsepType::offer, test::chromium_offer()));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ApiErrorCode::unknown);
  EXPECT_TRUE(rig.negotiator.awaiting_answer());
}

TEST(PluginOffer, rejected_mlines_are_reduced) {
  NegotiatorRig rig;
  auto offer = mountpoint();
  offer.media[1].port = 0;
  rig.plugin("offer", offer);
  std::string text = rig.negotiator.write_local(rig.transport);
  EXPECT_THAT(text, HasSubstr("a=group:BUNDLE a d\r\n"));
  EXPECT_THAT(text, HasSubstr("m=video 0 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 192.0.2.2\r\na=inactive\r\na=mid:v\r\nm=app"));
}

}  // namespace
}  // namespace limen::core
