#include "wire/sdp/offer_answer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/sdp_fixtures.hpp"

namespace limen::sdp {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

SessionDescription parsed(const std::string& text) {
  auto out = parse_sdp(text);
  EXPECT_TRUE(out) << out.error().text;
  return *out;
}

std::string attributes(const MediaDescription& media) {
  std::string out;
  for (const Attribute& a : media.attributes) out += a.name + (a.value.empty() ? "" : ":" + a.value) + "\n";
  return out;
}

const std::vector<ExtensionKind> kExtensions{ExtensionKind::mid, ExtensionKind::audio_level,
                                             ExtensionKind::transport_cc, ExtensionKind::dependency_descriptor};

AnswerOptions echo_options(const SessionDescription& offer) {
  AnswerOptions out;
  out.audio.fmtp = opus_fmtp(offer);
  out.audio.extensions = out.video.extensions = kExtensions;
  return out;
}

TEST(MakeAnswer, prefers_opus_and_vp8_whatever_the_offered_order) {
  auto offer = parsed(test::chromium_offer());
  std::swap(offer.media[0].payload_types.front(), offer.media[0].payload_types.back());
  std::swap(offer.media[1].payload_types.front(), offer.media[1].payload_types[2]);
  auto answer = make_answer(offer, echo_options(offer));
  EXPECT_THAT(answer.media[0].payload_types, ElementsAre(111));
  EXPECT_THAT(answer.media[1].payload_types, ElementsAre(96));
  EXPECT_EQ(answer.origin.session_id, offer.origin.session_id);
}

TEST(MakeAnswer, writes_rtpmap_fmtp_feedback_and_extensions_in_this_order) {
  auto offer = parsed(test::chromium_offer());
  auto answer = make_answer(offer, echo_options(offer));
  EXPECT_EQ(attributes(answer.media[0]), R"(mid:0
rtpmap:111 opus/48000/2
fmtp:111 useinbandfec=1
rtcp-fb:111 transport-cc
extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
)");
  EXPECT_EQ(attributes(answer.media[1]), R"(mid:1
rtpmap:96 VP8/90000
rtcp-fb:96 ccm fir
rtcp-fb:96 nack
rtcp-fb:96 nack pli
rtcp-fb:96 goog-remb
rtcp-fb:96 transport-cc
extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
)");
  EXPECT_EQ(answer.media[2].formats, std::vector<std::string>{"webrtc-datachannel"});
  EXPECT_EQ(answer.media[2].direction, Direction::sendrecv);
}

TEST(MakeAnswer, mirrors_directions_and_takes_away_what_is_not_wanted) {
  struct Case {
    Direction offered;
    bool send, receive, forbid_sendonly;
    Direction answered;
  };
  using enum Direction;
  const Case cases[] = {
      {sendrecv, true, true, false, sendrecv},  {sendonly, true, true, false, recvonly},
      {recvonly, true, true, false, sendonly},  {inactive, true, true, false, inactive},
      {recvonly, true, true, true, inactive},   {sendrecv, true, true, true, sendrecv},
      {sendrecv, false, true, false, recvonly}, {recvonly, false, true, false, inactive},
      {sendrecv, true, false, false, sendonly}, {sendonly, true, false, false, inactive},
  };
  for (const Case& c : cases) {
    auto offer = parsed(test::chromium_offer());
    offer.media[0].direction = c.offered;
    AnswerOptions options;
    options.audio.send = c.send;
    options.audio.receive = c.receive;
    options.audio.forbid_sendonly = c.forbid_sendonly;
    EXPECT_EQ(make_answer(offer, options).media[0].direction, c.answered) << direction_name(c.offered);
  }
}

TEST(MakeAnswer, rejects_a_forced_codec_that_was_not_offered) {
  auto offer = parsed(test::chromium_offer());
  AnswerOptions options;
  options.video.codec = Codec::h265;
  options.audio.codec = Codec::unknown;
  auto answer = make_answer(offer, options);
  EXPECT_TRUE(answer.media[0].rejected());
  EXPECT_TRUE(answer.media[1].rejected());
  EXPECT_EQ(answer.media[1].direction, Direction::inactive);
  EXPECT_FALSE(answer.media[2].rejected());
}

TEST(MakeAnswer, an_option_of_one_mline_replaces_that_of_its_kind) {
  auto offer = parsed(test::chromium_offer());
  AnswerOptions options;
  options.mlines[1].accept = false;
  options.data.accept = false;
  auto answer = make_answer(offer, options);
  EXPECT_FALSE(answer.media[0].rejected());
  EXPECT_TRUE(answer.media[1].rejected());
  EXPECT_TRUE(answer.media[2].rejected());
  EXPECT_THAT(write_sdp(answer), HasSubstr("m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n"));
}

TEST(MakeAnswer, finds_a_profile_in_any_case_but_not_in_single_nal_mode) {
  auto offer = parsed(test::chromium_offer());
  AnswerOptions options;
  options.video.codec = Codec::h264;
  options.video.h264_profile = "42e01f";
  auto answer = make_answer(offer, options);
  EXPECT_THAT(answer.media[1].payload_types, ElementsAre(104));
  EXPECT_EQ(answer.media[1].fmtp(104), "profile-level-id=42e01f;packetization-mode=1");
  options.video.h264_profile = "640032";
  answer = make_answer(offer, options);
  EXPECT_THAT(answer.media[1].payload_types, ElementsAre(102));
  EXPECT_EQ(answer.media[1].fmtp(102), "level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42e01f");
  options.video.profile_mandatory = true;
  EXPECT_TRUE(make_answer(offer, options).media[1].rejected());
}

TEST(MakeAnswer, follows_the_order_of_codecs_that_the_caller_prefers) {
  auto offer = parsed(test::chromium_offer());
  AnswerOptions options;
  options.video.codecs = {Codec::h265, Codec::av1, Codec::vp8};
  options.audio.codecs = {Codec::multiopus};
  auto answer = make_answer(offer, options);
  EXPECT_THAT(answer.media[1].payload_types, ElementsAre(45));
  EXPECT_EQ(answer.media[1].fmtp(45), "") << "AV1's parameters are not copied";
  EXPECT_TRUE(answer.media[0].rejected());
}

TEST(MakeAnswer, multiopus_keeps_its_mapping_of_channels) {
  std::string text = test::chromium_offer();
  std::string opus = "a=rtpmap:111 opus/48000/2";
  text.replace(text.find(opus), opus.size(), "a=rtpmap:111 multiopus/48000/6");
  std::string fmtp = "a=fmtp:111 ";
  size_t at = text.find(fmtp);
  text.replace(at, text.find('\r', at) - at, fmtp + "channel_mapping=0,4,1,2,3,5;coupled_streams=2;num_streams=4");
  auto offer = parsed(text);
  auto options = echo_options(offer);
  options.audio.codec = Codec::multiopus;
  options.audio.fmtp = "useinbandfec=1";
  auto answer = make_answer(offer, options);
  EXPECT_EQ(answer.media[0].fmtp(111), "channel_mapping=0,4,1,2,3,5;coupled_streams=2;num_streams=4");
}

TEST(MakeAnswer, lists_red_before_opus) {
  auto offer = parsed(test::chromium_offer());
  AnswerOptions options;
  options.audio.opus_red = true;
  options.audio.fmtp = "useinbandfec=1";
  auto answer = make_answer(offer, options);
  EXPECT_THAT(answer.media[0].payload_types, ElementsAre(63, 111));
  EXPECT_EQ(attributes(answer.media[0]), R"(mid:0
rtpmap:63 red/48000/2
rtpmap:111 opus/48000/2
fmtp:63 111/111
fmtp:111 useinbandfec=1
)");
}

TEST(MakeAnswer, takes_the_dependency_descriptor_only_with_av1_and_vp9) {
  auto offer = parsed(test::chromium_offer());
  offer.media[1].add("extmap",
                     "12 https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension");
  AnswerOptions options;
  options.video.extensions = kExtensions;
  EXPECT_FALSE(offers_extension(make_answer(offer, options).media[1], ExtensionKind::dependency_descriptor));
  options.video.codec = Codec::av1;
  EXPECT_TRUE(offers_extension(make_answer(offer, options).media[1], ExtensionKind::dependency_descriptor));
}

TEST(MakeAnswer, an_extension_id_keeps_one_meaning_over_all_mlines) {
  auto offer = parsed(test::chromium_offer());
  for (auto& media : offer.media) media.remove("extmap");
  offer.media[0].add("extmap", "2 urn:ietf:params:rtp-hdrext:ssrc-audio-level");
  offer.media[1].add("extmap", "2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time");
  offer.media[1].add("extmap", "1 urn:ietf:params:rtp-hdrext:sdes:mid");
  AnswerOptions options;
  options.audio.extensions =
      options.video.extensions = {ExtensionKind::mid, ExtensionKind::audio_level, ExtensionKind::abs_send_time};
  auto answer = make_answer(offer, options);
  EXPECT_TRUE(offers_extension(answer.media[0], ExtensionKind::audio_level));
  EXPECT_FALSE(offers_extension(answer.media[1], ExtensionKind::abs_send_time));
  EXPECT_TRUE(offers_extension(answer.media[1], ExtensionKind::mid));
}

TEST(MakeAnswer, mirrors_the_direction_of_an_extension) {
  auto offer = parsed(test::firefox_offer());
  AnswerOptions options;
  options.video.extensions = {ExtensionKind::rid};
  EXPECT_THAT(attributes(make_answer(offer, options).media[1]),
              HasSubstr("extmap:8/recvonly urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\n"));
}

TEST(OpusFmtp, is_collected_over_all_audio_lines_or_once_per_mline) {
  auto offer = parsed(test::chromium_offer());
  offer.media.push_back(offer.media[0]);
  offer.media[3].add("fmtp", "110 usedtx=1;stereo=1");
  EXPECT_EQ(opus_fmtp(offer), "useinbandfec=1;useinbandfec=1;usedtx=1;stereo=1");
  EXPECT_EQ(opus_fmtp(offer.media[3]), "useinbandfec=1;usedtx=1;stereo=1");
  EXPECT_EQ(opus_fmtp(offer.media[3], {.fec = false, .dtx = true, .stereo = false}), "usedtx=1");
  EXPECT_EQ(opus_fmtp(offer.media[1]), "");
}

TEST(FmtpValue, matches_whole_keys_only) {
  EXPECT_EQ(fmtp_value("xa=1; a=2 ;ab=3", "a"), "2");
  EXPECT_EQ(fmtp_value("ab=3", "a"), "");
  EXPECT_EQ(fmtp_value("", "a"), "");
}

TEST(MakeOffer, describes_a_subscription_as_the_videoroom_does) {
  OfferOptions options;
  options.session_name = "VideoRoom 1234";
  MediaOffer audio;
  audio.direction = Direction::sendonly;
  audio.fmtp = "useinbandfec=1";
  audio.extensions = {{4, ExtensionKind::mid}, {1, ExtensionKind::audio_level}};
  MediaOffer video;
  video.kind = MediaKind::video;
  video.direction = Direction::inactive;
  video.codec = Codec::h264;
  video.profile = "42e01f";
  video.extensions = {{4, ExtensionKind::mid}, {3, ExtensionKind::transport_cc}};
  video.msid = "feed 1";
  MediaOffer data;
  data.kind = MediaKind::data;
  options.media = {audio, video, data};
  auto offer = make_offer(options);
  EXPECT_EQ(write_sdp(offer), test::sdp_text(R"(v=0
o=- 0 0 IN IP4 127.0.0.1
s=VideoRoom 1234
t=0 0
m=audio 9 UDP/TLS/RTP/SAVPF 111
a=sendonly
a=mid:0
a=rtpmap:111 opus/48000/2
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=fmtp:111 useinbandfec=1
m=video 9 UDP/TLS/RTP/SAVPF 107
a=inactive
a=mid:1
a=rtpmap:107 H264/90000
a=rtcp-fb:107 ccm fir
a=rtcp-fb:107 nack
a=rtcp-fb:107 nack pli
a=rtcp-fb:107 goog-remb
a=rtcp-fb:107 transport-cc
a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=fmtp:107 profile-level-id=42e01f;packetization-mode=1
a=msid:feed 1
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
a=sendrecv
a=mid:2
)"));
}

TEST(MakeOffer, knows_every_default_payload_type) {
  const std::pair<Codec, int> defaults[] = {
      {Codec::opus, 111},   {Codec::multiopus, 111}, {Codec::opus_red, 120}, {Codec::isac32, 104},
      {Codec::isac16, 103}, {Codec::pcmu, 0},        {Codec::pcma, 8},       {Codec::g722, 9},
      {Codec::l16_48, 105}, {Codec::l16_16, 106},    {Codec::vp8, 96},       {Codec::vp9, 101},
      {Codec::h264, 107},   {Codec::av1, 98},        {Codec::h265, 100},     {Codec::telephone_event, 126}};
  for (auto [codec, payload_type] : defaults) {
    EXPECT_EQ(default_payload_type(codec), payload_type) << codec_name(codec);
    EXPECT_NE(default_rtpmap(codec), "");
  }
}

}  // namespace
}  // namespace limen::sdp
