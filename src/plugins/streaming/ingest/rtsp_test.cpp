#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crypto/base64.hpp"
#include "plugins/streaming/ingest/backoff.hpp"
#include "plugins/streaming/ingest/reception.hpp"
#include "plugins/streaming/ingest/rtsp_client.hpp"

namespace limen::streaming {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

Instant at(Duration d) {
  return Instant(1h) + d;
}

TEST(RtspReader, answers_requests_and_media_come_out_however_the_stream_is_cut) {
  std::string stream = "RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 4\r\n\r\nbody$\x01";
  stream += std::string(
      "\x00\x03"
      "abc",
      5);
  stream += "OPTIONS * RTSP/1.0\nCSeq: 9\n\n";
  for (size_t piece = 1; piece <= stream.size(); ++piece) {
    RtspReader reader;
    std::vector<std::string> seen;
    reader.on_message = [&](RtspMessage m) { seen.push_back(fmt::format("{}{}{}", m.status, m.method, m.body)); };
    reader.on_interleaved = [&](uint8_t channel, Bytes data) {
      seen.push_back(fmt::format("{}:{}", channel, as_text(data)));
    };
    for (size_t i = 0; i < stream.size(); i += piece) {
      ASSERT_TRUE(reader.feed(as_bytes(std::string_view(stream).substr(i, piece))));
    }
    ASSERT_THAT(seen, ElementsAre("200body", "1:abc", "0OPTIONS")) << piece;
  }
}

TEST(RtspReader, what_is_no_rtsp_or_too_long_is_refused) {
  auto refused = [](const std::string& text) { return !RtspReader().feed(as_bytes(text)); };
  EXPECT_TRUE(refused("HTTP/1.1 200 OK\r\n\r\n"));
  EXPECT_TRUE(refused("RTSP/1.0 abc\r\n\r\n"));
  EXPECT_TRUE(refused("RTSP/1.0 200 OK\r\nnonsense\r\n\r\n"));
  EXPECT_TRUE(refused("RTSP/1.0 200 OK\r\nContent-Length: -5\r\n\r\n"));
  EXPECT_TRUE(refused("RTSP/1.0 200 OK\r\nContent-Length: 99999999999\r\n\r\n"));
  EXPECT_TRUE(refused("RTSP/1.0 200 OK\r\n" + std::string(RtspReader::kMaxHead, 'x')));
  std::string many = "RTSP/1.0 200 OK\r\n";
  for (size_t i = 0; i <= RtspReader::kMaxHeaders; ++i) many += "A: b\r\n";
  EXPECT_TRUE(refused(many + "\r\n"));
  EXPECT_FALSE(refused("RTSP/1.0 200 OK\r\nA: b\r\n c\r\n\r\n"));
}

TEST(RtspAuth, digest_answers_as_in_the_rfcs) {
  // RFC 2069 (corrected) and RFC 2617 section 3.5, with this protocol's own client nonce left out of the comparison.
  RtspAuth plain("Mufasa", "CircleOfLife", "seed");
  ASSERT_TRUE(plain.challenge({R"(Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093",
      opaque="5ccc069c403ebaf9f0171e9517f40e41")"}));
  std::string header = plain.header("GET", "/dir/index.html");
  EXPECT_THAT(header, HasSubstr(R"(response="1949323746fe6a43ef61f9606e7febea")"));
  EXPECT_THAT(header, HasSubstr(R"(opaque="5ccc069c403ebaf9f0171e9517f40e41")"));
  EXPECT_THAT(header, Not(HasSubstr("cnonce")));
  EXPECT_THAT(header, Not(HasSubstr("CircleOfLife")));
}

TEST(RtspAuth, the_strongest_offer_is_taken_and_wrong_passwords_are_not_tried_again) {
  RtspAuth auth("user", "secret", "seed");
  EXPECT_EQ(auth.header("DESCRIBE", "rtsp://a/"), "");
  std::vector<std::string_view> offers = {R"(Basic realm="r")", R"(Digest realm="r", nonce="n", qop="auth,auth-int")",
                                          R"(Digest realm="r", nonce="n", algorithm=SHA-256, qop="auth")"};
  ASSERT_TRUE(auth.challenge(offers));
  std::string first = auth.header("DESCRIBE", "rtsp://a/");
  EXPECT_THAT(first, HasSubstr("algorithm=SHA-256"));
  EXPECT_THAT(first, HasSubstr("nc=00000001"));
  EXPECT_THAT(auth.header("SETUP", "rtsp://a/"), HasSubstr("nc=00000002"));
  EXPECT_FALSE(auth.challenge(offers));
  EXPECT_TRUE(auth.challenge({R"(Digest realm="r", nonce="m", algorithm=SHA-256, qop="auth", stale=TRUE)"}));
  EXPECT_THAT(auth.header("SETUP", "rtsp://a/"), HasSubstr(R"(nonce="m")"));

  RtspAuth basic("user", "secret", "seed");
  ASSERT_TRUE(basic.challenge({R"(Basic realm="r")"}));
  EXPECT_EQ(basic.header("X", "y"), "Basic " + crypto::base64_encode(as_bytes("user:secret")));
  EXPECT_FALSE(basic.challenge({R"(Basic realm="r")"}));
  EXPECT_FALSE(RtspAuth("", "", "s").challenge(offers));
  EXPECT_FALSE(
      RtspAuth("u", "p", "s").challenge({"NTLM", R"(Digest realm="r")", R"(Digest nonce="n", qop="auth-int")"}));
}

TEST(RtspUrl, parts_are_found_and_secrets_left_out_of_the_request_line) {
  auto url = parse_rtsp_url("RTSP://us%40er:p%3Aw@cam.example:8554/live/1?ch=2");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->user, "us@er");
  EXPECT_EQ(url->password, "p:w");
  EXPECT_EQ(url->host, "cam.example");
  EXPECT_EQ(url->port, 8554);
  EXPECT_EQ(url->text, "rtsp://cam.example:8554/live/1?ch=2");
  EXPECT_EQ(url->path, "/live/1?ch=2");
  EXPECT_EQ(url->query, "?ch=2");
  EXPECT_EQ(parse_rtsp_url("rtsp://[2001:db8::1]:5/x")->host, "2001:db8::1");
  EXPECT_EQ(parse_rtsp_url("rtsp://host")->path, "/");
  for (const char* bad : {"rtsps://h/", "http://h/", "rtsp:///x", "rtsp://h:0/", "rtsp://h:70000/", "rtsp://[::1/x",
                          "rtsp://h/a b", "rtsp://h/\r\nX: y"}) {
    EXPECT_FALSE(parse_rtsp_url(bad)) << bad;
  }
}

TEST(RtspUrl, controls_are_joined_as_the_contract_says) {
  RtspUrl url = *parse_rtsp_url("rtsp://h/live?x=1");
  EXPECT_EQ(control_url(url, "", "track1"), "rtsp://h/live/track1?x=1");
  EXPECT_EQ(control_url(url, "rtsp://h/base/", "track1"), "rtsp://h/base/track1?x=1");
  EXPECT_EQ(control_url(url, "rtsp://h/base/", "rtsp://h/base/track1?x=1"), "rtsp://h/base/track1?x=1");
  EXPECT_EQ(control_url(*parse_rtsp_url("rtsp://h/live"), "", "*"), "rtsp://h/live");
}

const std::string kCamera =
    "v=0\r\no=- 123 1 IN IP4 10.0.0.9 x\r\ns=\r\ni=\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\na=control:*\r\na=tool:\r\n"
    "m=text 0 RTP/AVP 99\r\na=control:texts\r\n"
    "m=video 0 RTP/AVP 96\r\nb=AS:0\r\na=rtpmap:96 H264/90000\r\n"
    "a=fmtp:96 packetization-mode=1;sprop-parameter-sets=Z0IAH5Y1QKALdNwEBAQI,aM48gA==\r\na=control:trackID=1\r\n"
    "m=audio 0 RTP/AVP 0\r\na=control:trackID=2\r\n"
    "m=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\na=control:trackID=3\r\n";

TEST(RtspDescription, sloppy_cameras_are_understood) {
  auto media = parse_rtsp_description(kCamera, true, true);
  ASSERT_TRUE(media) << media.error().text;
  ASSERT_THAT(*media, SizeIs(2));
  EXPECT_EQ(media->at(0).codec, Codec::pcmu);
  EXPECT_EQ(media->at(0).control, "trackID=2");
  EXPECT_EQ(media->at(1).codec, Codec::h264);
  EXPECT_THAT(media->at(1).fmtp, HasSubstr("sprop-parameter-sets=Z0IAH5Y1QKALdNwEBAQI,aM48gA=="));
  EXPECT_EQ(media->at(1).address, "");
}

TEST(RtspDescription, one_medium_may_be_missing_not_all) {
  EXPECT_THAT(*parse_rtsp_description(kCamera, false, true), SizeIs(1));
  std::string aac =
      "v=0\no=x\ns=y\nm=audio 0 RTP/AVP 97\na=rtpmap:97 mpeg4-generic/44100\na=control:1\n"
      "m=video 0 RTP/AVP 26\na=control:2\n";
  auto none = parse_rtsp_description(aac, true, true);
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().text, HasSubstr("mpeg4-generic"));
  EXPECT_FALSE(parse_rtsp_description("<html>", true, true));
  EXPECT_FALSE(parse_rtsp_description("", true, true));
}

TEST(Backoff, stays_with_the_configured_time_then_grows_to_a_minute) {
  Backoff backoff(5s);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(backoff.next(), 5s);
  EXPECT_EQ(backoff.next(), 10s);
  for (int i = 0; i < 10; ++i) backoff.next();
  EXPECT_EQ(backoff.next(), 60s);
  backoff.reset();
  EXPECT_EQ(backoff.next(), 5s);
  EXPECT_EQ(Backoff(2min).next(), 2min);
}

TEST(Reception, losses_and_wraps_are_counted_once) {
  Reception reception(8000);
  EXPECT_FALSE(reception.report(at(0s)));
  for (uint32_t i = 0; i < 20; ++i) {
    if (i % 4 == 3) continue;
    reception.on_rtp(7, static_cast<uint16_t>(65530 + i), i * 160, at(i * 20ms));
  }
  auto report = reception.report(at(1s));
  ASSERT_TRUE(report);
  EXPECT_EQ(report->ssrc, 7U);
  EXPECT_EQ(report->packets_lost, 4);
  EXPECT_EQ(report->fraction_lost, 4 * 256 / 19);
  EXPECT_EQ(report->highest_sequence, 65548U);
  EXPECT_EQ(report->jitter, 0U);
  EXPECT_EQ(reception.report(at(1s))->fraction_lost, 0);
  reception.on_sender_report({.ssrc = 7, .ntp = 0x1122334455667788, .blocks = {}}, at(1s));
  report = reception.report(at(3s));
  EXPECT_EQ(report->last_sr, 0x33445566U);
  EXPECT_EQ(report->delay_since_last_sr, 2U << 16);
}

class FakeOwner : public RtspClient::Owner {
 public:
  Result<uint16_t> open_ports(size_t medium) override {
    if (no_ports) return fail("no ports");
    return static_cast<uint16_t>(20000 + medium * 2);
  }
  Result<> on_setup(size_t medium, const RtspTransportAnswer& answer) override {
    setups.emplace_back(medium, answer);
    return {};
  }
  void on_playing() override { playing = true; }
  void on_interleaved(size_t medium, bool rtcp, Bytes data) override {
    media.push_back(fmt::format("{}{}{}", medium, rtcp ? "c" : "r", as_text(data)));
  }
  bool no_ports = false;
  bool playing = false;
  std::vector<std::pair<size_t, RtspTransportAnswer>> setups;
  std::vector<std::string> media;
};

class RtspDialogue : public testing::Test {
 protected:
  RtspDialogue() {
    spec_.audio = spec_.video = true;
    spec_.user = "user";
    spec_.password = "secret";
  }
  void begin(bool tcp = false) {
    client_.emplace(RtspClient::Setup{*parse_rtsp_url("rtsp://cam/live"), &spec_, tcp, "seed"}, owner_);
    client_->start(now_);
  }
  // What the client has sent.
  std::string sent() {
    std::string text(as_text(client_->output()));
    client_->output().clear();
    size_t at = text.find("CSeq: ");
    if (at != std::string::npos) sequence_ = text.substr(at + 6, text.find('\r', at) - at - 6);
    return text;
  }
  void answer(const std::string& status, const std::string& headers = "", const std::string& body = "") {
    std::string text = fmt::format("RTSP/1.0 {}\r\nCSeq: {}\r\n{}", status, sequence_, headers);
    if (!body.empty()) text += fmt::format("Content-Length: {}\r\n", body.size());
    client_->on_bytes(as_bytes(text + "\r\n" + body), now_);
  }
  void set_up() {
    sent();
    answer("200 OK", "", kCamera);
    sent();
    answer("200 OK",
           "Session: s1;timeout=20\r\nTransport: RTP/AVP;unicast;client_port=20002-20003;server_port=6000-6001;"
           "source=10.0.0.9;ssrc=AABBCCDD\r\n");
    sent();
    answer("200 OK", "Session: s1;timeout=20\r\nTransport: RTP/AVP;unicast;server_port=6002-6003\r\n");
    sent();
    answer("200 OK", "Session: s1;timeout=20\r\n");
  }

  RtspSpec spec_;
  FakeOwner owner_;
  Instant now_ = at(0s);
  std::string sequence_;
  std::optional<RtspClient> client_;
};

TEST_F(RtspDialogue, describe_setup_play_with_video_first) {
  begin();
  EXPECT_THAT(sent(), StartsWith("DESCRIBE rtsp://cam/live RTSP/1.0\r\n"));
  answer("200 OK", "Content-Base: rtsp://cam/live/\r\n", kCamera);
  std::string setup = sent();
  EXPECT_THAT(setup, StartsWith("SETUP rtsp://cam/live/trackID=1 RTSP/1.0\r\n"));
  EXPECT_THAT(setup, HasSubstr("Transport: RTP/AVP/UDP;unicast;client_port=20002-20003\r\n"));
  answer("200 OK", "Session: s1;timeout=20\r\nTransport: RTP/AVP;unicast;server_port=6000-6001;source=10.0.0.9\r\n");
  EXPECT_EQ(owner_.setups.at(0).first, 1U);
  EXPECT_EQ(owner_.setups.at(0).second.server_rtcp, 6001);
  EXPECT_EQ(owner_.setups.at(0).second.source, "10.0.0.9");
  EXPECT_THAT(sent(), StartsWith("SETUP rtsp://cam/live/trackID=2"));
  answer("200 OK", "Session: s1\r\nTransport: RTP/AVP;unicast;server_port=6002-6003\r\n");
  std::string play = sent();
  EXPECT_THAT(play, StartsWith("PLAY rtsp://cam/live RTSP/1.0\r\n"));
  EXPECT_THAT(play, HasSubstr("Session: s1\r\n"));
  EXPECT_THAT(play, HasSubstr("Range: npt=0.000-\r\n"));
  answer("200 OK");
  EXPECT_TRUE(owner_.playing);
  client_->tear_down(now_);
  EXPECT_THAT(sent(), StartsWith("TEARDOWN rtsp://cam/live RTSP/1.0\r\n"));
  EXPECT_FALSE(client_->torn_down());
  answer("200 OK");
  EXPECT_TRUE(client_->torn_down());
}

TEST_F(RtspDialogue, the_session_is_kept_alive_at_half_its_timeout) {
  begin();
  set_up();
  EXPECT_EQ(client_->next_deadline(), at(10s));
  now_ = at(10s);
  client_->on_timer(now_);
  EXPECT_THAT(sent(), StartsWith("OPTIONS rtsp://cam/live"));
  answer("200 OK", "Public: OPTIONS, GET_PARAMETER\r\n");
  now_ = at(20s);
  client_->on_timer(now_);
  EXPECT_THAT(sent(), StartsWith("GET_PARAMETER rtsp://cam/live"));
  answer("551 Option not supported");
  EXPECT_FALSE(client_->ended());
  now_ = at(30s);
  client_->on_timer(now_);
  sent();
  client_->on_timer(at(41s));
  ASSERT_TRUE(client_->ended());
  EXPECT_THAT(client_->ended()->text, HasSubstr("did not answer"));
}

TEST_F(RtspDialogue, an_upper_bound_shortens_the_keep_alive) {
  spec_.session_timeout = 3s;
  begin();
  set_up();
  EXPECT_EQ(client_->next_deadline(), at(3s));
}

TEST_F(RtspDialogue, a_password_is_tried_once) {
  begin();
  EXPECT_THAT(sent(), Not(HasSubstr("Authorization")));
  answer("401 Unauthorized", "WWW-Authenticate: Digest realm=\"r\", nonce=\"1\"\r\n");
  EXPECT_THAT(sent(), HasSubstr("Authorization: Digest username=\"user\""));
  answer("401 Unauthorized", "WWW-Authenticate: Digest realm=\"r\", nonce=\"2\"\r\n");
  ASSERT_TRUE(client_->ended());
  EXPECT_THAT(client_->ended()->text, HasSubstr("password"));
  EXPECT_THAT(client_->ended()->text, Not(HasSubstr("secret")));
}

TEST_F(RtspDialogue, interleaved_media_reach_their_medium) {
  begin(true);
  sent();
  answer("200 OK", "", kCamera);
  EXPECT_THAT(sent(), HasSubstr("RTP/AVP/TCP;unicast;interleaved=2-3"));
  answer("200 OK", "Session: s\r\nTransport: RTP/AVP/TCP;unicast;interleaved=4-5\r\n");
  EXPECT_THAT(sent(), HasSubstr("interleaved=0-1"));
  answer("200 OK", "Session: s\r\nTransport: RTP/AVP/TCP;unicast\r\n");
  sent();
  answer("200 OK");
  uint8_t media[] = {'$', 4, 0, 1, 'v', '$', 1, 0, 1, 'a', '$', 77, 0, 1, 'x'};
  client_->on_bytes(media, now_);
  EXPECT_THAT(owner_.media, ElementsAre("1rv", "0ca"));
  client_->send_interleaved(1, true, as_bytes("rr"));
  EXPECT_THAT(client_->output(), ElementsAre('$', 5, 0, 2, 'r', 'r'));
}

TEST_F(RtspDialogue, a_server_without_udp_is_asked_for_tcp) {
  begin();
  sent();
  answer("200 OK", "", kCamera);
  sent();
  answer("461 Unsupported Transport");
  EXPECT_EQ(client_->ended()->kind, RtspEnd::Kind::tcp_wanted);
  spec_.transport = RtspTransport::udp;
  begin();
  sent();
  answer("200 OK", "", kCamera);
  sent();
  answer("461 Unsupported Transport");
  EXPECT_EQ(client_->ended()->kind, RtspEnd::Kind::failed);
}

TEST_F(RtspDialogue, the_quirk_asks_again_with_the_path_alone) {
  spec_.quirk = true;
  begin();
  sent();
  answer("404 Not Found");
  EXPECT_THAT(sent(), StartsWith("DESCRIBE /live RTSP/1.0"));
  answer("404 Not Found");
  EXPECT_THAT(client_->ended()->text, HasSubstr("404 Not Found to DESCRIBE"));
}

TEST_F(RtspDialogue, redirects_go_to_rtsp_only) {
  begin();
  sent();
  answer("302 Moved", "Location: rtsp://other/x\r\n");
  EXPECT_EQ(client_->ended()->kind, RtspEnd::Kind::moved);
  EXPECT_EQ(client_->ended()->text, "rtsp://other/x");
  begin();
  sent();
  answer("302 Moved", "Location: file:///etc/passwd\r\n");
  EXPECT_EQ(client_->ended()->kind, RtspEnd::Kind::failed);
}

TEST_F(RtspDialogue, hostile_answers_end_the_session) {
  for (const char* transport : {"Transport: RTP/AVP;server_port=70000-1\r\n",
                                "Transport: RTP/AVP/TCP;interleaved=0-1\r\n", "Transport: RTP/AVP;server_port=x\r\n"}) {
    begin();
    sent();
    answer("200 OK", "", kCamera);
    sent();
    answer("200 OK", std::string("Session: s\r\n") + transport);
    EXPECT_TRUE(client_->ended()) << transport;
  }
  begin();
  sent();
  answer("200 OK", "", kCamera);
  sent();
  answer("200 OK", "Transport: RTP/AVP;server_port=1-2\r\n");
  EXPECT_THAT(client_->ended()->text, HasSubstr("session"));
  begin();
  client_->on_bytes(as_bytes("GET / HTTP/1.1\r\n\r\n"), now_);
  EXPECT_TRUE(client_->ended());
  owner_.no_ports = true;
  begin();
  sent();
  answer("200 OK", "", kCamera);
  EXPECT_EQ(client_->ended()->text, "no ports");
}

TEST_F(RtspDialogue, a_server_may_ask_and_may_end_it) {
  begin();
  set_up();
  client_->on_bytes(as_bytes("OPTIONS * RTSP/1.0\r\nCSeq: 5\r\n\r\n"), now_);
  EXPECT_THAT(sent(), HasSubstr("RTSP/1.0 200 OK\r\nCSeq: 5\r\n"));
  client_->on_bytes(as_bytes("TEARDOWN * RTSP/1.0\r\nCSeq: 6\r\n\r\n"), now_);
  EXPECT_TRUE(client_->ended());
}

}  // namespace
}  // namespace limen::streaming
