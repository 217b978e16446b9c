// JsepNegotiator over several exchanges.
#include <gmock/gmock.h>

#include "tests/support/negotiator_rig.hpp"

namespace limen::core {
namespace {

using test::with;
using test::with_all;
using ::testing::HasSubstr;
using ::testing::Not;

std::string audio_only() {
  std::string text = with(test::chromium_offer(), "BUNDLE 0 1 2", "BUNDLE 0");
  return text.substr(0, text.find("m=video"));
}

TEST(Renegotiation, adding_video_keeps_credentials_and_ssrcs) {
  NegotiatorRig rig;
  rig.exchange(audio_only());
  auto local = rig.negotiator.local_credentials();
  uint32_t audio = rig.negotiator.media().mlines[0].local_ssrc;
  ClientStep step = rig.offer(test::chromium_offer());
  EXPECT_FALSE(step.first);
  EXPECT_TRUE(step.plugin.update);
  NegotiationStep done = rig.plugin("answer", sdp::make_answer(*sdp::parse_sdp(step.plugin.sdp), rig.options));
  EXPECT_TRUE(done.complete);
  EXPECT_FALSE(done.ice_restart);
  EXPECT_EQ(rig.negotiator.local_credentials(), local);
  ASSERT_EQ(rig.negotiator.media().mlines.size(), 3u);
  EXPECT_EQ(rig.negotiator.media().mlines[0].local_ssrc, audio);
  EXPECT_NE(rig.negotiator.media().mlines[1].local_ssrc, 0u);
}

TEST(Renegotiation, changed_credentials_restart_ice_when_it_is_answered) {
  NegotiatorRig rig;
  rig.exchange(test::chromium_offer());
  auto local = rig.negotiator.local_credentials();
  NegotiationStep step;
  std::string answer = rig.exchange(with_all(test::chromium_offer(), "7Zd2", "new1"), &step);
  EXPECT_TRUE(step.ice_restart);
  EXPECT_NE(rig.negotiator.local_credentials(), local);
  EXPECT_EQ(local.ufrag.size(), 8u);
  EXPECT_THAT(answer, HasSubstr("a=ice-ufrag:" + rig.negotiator.local_credentials().ufrag));
  EXPECT_EQ(rig.negotiator.remote().ice.ufrag, "new1");
  EXPECT_THAT(answer, HasSubstr("a=setup:passive"));
  rig.exchange(with_all(test::chromium_offer(), "7Zd2", "new1"), &step);
  EXPECT_FALSE(step.ice_restart);
}

TEST(Renegotiation, a_restart_the_plugin_never_answered_is_taken_back) {
  NegotiatorRig rig;
  rig.exchange(test::chromium_offer());
  auto local = rig.negotiator.local_credentials();
  rig.offer(with_all(test::chromium_offer(), "7Zd2", "new1"));
  EXPECT_NE(rig.negotiator.local_credentials(), local);
  NegotiationStep step;
  rig.exchange(test::chromium_offer(), &step);
  EXPECT_FALSE(step.ice_restart);
  EXPECT_EQ(rig.negotiator.local_credentials(), local);
}

TEST(Renegotiation, mids_and_dtls_stay_as_they_were_first) {
  NegotiatorRig rig;
  rig.exchange(test::chromium_offer());
  std::string changed =
      with(with_all(test::chromium_offer(), "setup:actpass", "setup:passive"), "a=mid:0", "a=mid:zero");
  changed = with_all(changed, "A1:B2", "00:B2");
  std::string answer = rig.exchange(changed);
  EXPECT_THAT(answer, HasSubstr("a=mid:0\r\n"));
  EXPECT_THAT(answer, HasSubstr("a=setup:passive\r\n"));
  EXPECT_EQ(rig.negotiator.remote().fingerprint, test::kFingerprint);
}

TEST(Renegotiation, errors_have_another_code_and_change_nothing) {
  NegotiatorRig rig;
  rig.exchange(test::chromium_offer());
  auto refused = [&](const std::string& sdp) {
    auto step = rig.negotiator.handle_client(NegotiatorRig::jsep(JsepType::offer, sdp));
    EXPECT_FALSE(step);
    return step ? ApiError{} : step.error();
  };
  const ApiError broken(ApiErrorCode::unexpected_answer, "Error processing SDP");
  EXPECT_EQ(refused(with_all(test::chromium_offer(), "a=ice-pwd", "a=x-pwd")), broken);
  EXPECT_EQ(refused(audio_only()), broken) << "m-lines are never taken away";
  EXPECT_EQ(refused(with(test::chromium_offer(), "m=audio 9 UDP/TLS/RTP/SAVPF 111", "m=video 9 UDP/TLS/RTP/SAVPF 96")),
            broken);
  EXPECT_EQ(refused("v=1"), ApiError(ApiErrorCode::jsep_invalid_sdp, "Missing mandatory lines (o=, s= or m=)"));
  EXPECT_EQ(rig.negotiator.media().mlines.size(), 3u);
  EXPECT_FALSE(rig.negotiator.awaiting_plugin());
}

TEST(Renegotiation, a_rejected_mline_comes_back_with_new_ssrcs) {
  NegotiatorRig rig;
  rig.exchange(test::chromium_offer());
  uint32_t before = rig.negotiator.media().mlines[1].local_ssrc;
  rig.exchange(with(test::chromium_offer(), "m=video 9", "m=video 0"));
  EXPECT_EQ(rig.negotiator.media().mlines[1].local_ssrc, 0u);
  rig.exchange(test::chromium_offer());
  EXPECT_NE(rig.negotiator.media().mlines[1].local_ssrc, 0u);
  EXPECT_NE(rig.negotiator.media().mlines[1].local_ssrc, before);
}

TEST(Renegotiation, a_stopped_first_mline_moves_the_transport_to_the_next) {
  NegotiatorRig rig;
  rig.exchange(test::firefox_offer());
  std::string stopped = with(test::firefox_offer(), "m=audio 9", "m=audio 0");
  stopped = with(stopped, "c=IN IP4 0.0.0.0\r\na=sendrecv", "c=IN IP4 0.0.0.0\r\na=inactive");
  std::string answer = rig.exchange(stopped);
  EXPECT_THAT(answer, HasSubstr("a=group:BUNDLE 1\r\n"));
  EXPECT_EQ(rig.negotiator.first_mid(), "1");
}

TEST(Renegotiation, e2ee_is_sticky) {
  NegotiatorRig rig;
  ClientJsep jsep = NegotiatorRig::jsep(JsepType::offer, test::chromium_offer());
  jsep.e2ee = true;
  auto step = rig.negotiator.handle_client(jsep);
  ASSERT_TRUE(step);
  rig.plugin("answer", sdp::make_answer(*sdp::parse_sdp(step->plugin.sdp), rig.options));
  EXPECT_TRUE(rig.offer(test::chromium_offer()).plugin.e2ee);
}

}  // namespace
}  // namespace limen::core
