#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "media/fanout/fake_shards.hpp"
#include "media/recording/fake_plugin_context.hpp"
#include "plugins/nosip/nosip_handle.hpp"

namespace limen::nosip {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kBrowser =
    "v=0\r\no=- 5 2 IN IP4 1.1.1.1\r\ns=-\r\nt=0 0\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVPF 111 0\r\nc=IN IP4 1.1.1.1\r\na=mid:0\r\na=sendrecv\r\na=msid:a b\r\n"
    "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\na=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"
    "a=rtpmap:111 opus/48000/2\r\na=rtpmap:0 PCMU/8000\r\n"
    "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 1.1.1.1\r\na=mid:1\r\na=sendrecv\r\n"
    "a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack pli\r\na=rtcp-fb:96 goog-remb\r\n";
constexpr std::string_view kPlainAnswer =
    R"(v=0\r\no=- 1 1 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\nm=audio 7000 RTP/AVP 0\r\n)";

class FakeMedia final : public MediaContext {
 public:
  explicit FakeMedia(MediaShard& shard) : shard_(shard) {}
  bool send(const OutgoingRtp&) override { return true; }
  void send(const RtcpFeedback&) override {}
  bool send_data(const DataMessage&) override { return false; }
  Instant now() const override { return {}; }
  TimerId call_at(Instant, Task) override { return {}; }
  void cancel(TimerId) override {}
  void post_control(Task task) override { control.push_back(std::move(task)); }
  MediaShard& shard() override { return shard_; }
  MediaId id() const override { return {}; }
  std::vector<Task> control;

 private:
  MediaShard& shard_;
};

class FakeHandle final : public HandleContext {
 public:
  explicit FakeHandle(MediaShard& shard) : media(shard) {}
  SessionId session_id() const override { return SessionId(1); }
  HandleId handle_id() const override { return HandleId(2); }
  std::string_view opaque_id() const override { return ""; }
  void push_event(std::string_view transaction, Json data, std::optional<LocalJsep> given) override {
    events.push_back(std::string(transaction) + " " + write_json(data, JsonFormat::compact));
    if (given) jsep = std::move(given);
  }
  void install_media(std::move_only_function<std::unique_ptr<MediaHandler>(MediaContext&)> factory) override {
    handler = factory(media);
  }
  void post_media(std::move_only_function<void(MediaHandler&)> task) override { task(*handler); }
  MediaId media_id() const override { return {}; }
  bool has_peer_connection() const override { return false; }
  void close_peer_connection() override {}
  void end_session() override {}
  void notify_event(Json) override {}
  TimerId call_after(Duration, Task) override { return {}; }
  void cancel(TimerId) override {}

  FakeMedia media;
  std::unique_ptr<MediaHandler> handler;
  std::vector<std::string> events;
  std::optional<LocalJsep> jsep;
};

class NoSip : public testing::Test {
 protected:
  NoSip() : shards_(1), context_(shards_[0]) {
    service_.context = &plugin_;
    service_.network.bind = IpAddress::v4(0x7f000001);
    service_.network.ports = std::make_shared<media::PortPairs>(uint16_t{21200}, uint16_t{21300});
    service_.advertised = "192.0.2.7";
    handle_ = std::make_unique<NoSipHandle>(service_, context_);
  }
  void send(std::string_view body, std::string_view type = {}, bool update = false) {
    std::optional<RemoteJsep> jsep;
    if (!type.empty()) {
      jsep.emplace();
      jsep->type = type;
      jsep->sdp = kBrowser;
      jsep->update = update;
    }
    handle_->on_message({.transaction = "t", .body = parse_json(body)->as_object(), .jsep = std::move(jsep)},
                        Reply([](Reply::Outcome) {}));
  }
  void settle() {
    plugin_.run();
    for (Task& task : std::exchange(context_.media.control, {})) task();
  }
  std::string ask(std::string_view body, std::string_view type = {}, bool update = false) {
    send(body, type, update);
    settle();
    std::string all;
    for (const std::string& event : std::exchange(context_.events, {})) all += event;
    return all;
  }
  static std::string process(std::string_view type, std::string_view lines, std::string_view more = "") {
    return fmt::format(R"({{"request":"process","type":"{}","sdp":"{}{}"{}}})", type, kPlainAnswer, lines, more);
  }

  media::test::FakePluginContext plugin_;
  media::test::FakeShards shards_;
  NoSipService service_;
  FakeHandle context_;
  std::unique_ptr<NoSipHandle> handle_;
};

TEST_F(NoSip, a_browsers_offer_becomes_a_plain_one) {
  std::string text = ask(R"({"request":"Generate"})", "offer");
  EXPECT_THAT(text, HasSubstr(R"("event":"generated","type":"offer")"));
  EXPECT_THAT(text, HasSubstr(R"(m=audio 21200 RTP/AVP 111 0\r\nc=IN IP4 192.0.2.7)"));
  EXPECT_THAT(text, HasSubstr("m=video 21202 RTP/AVP 96"));
  EXPECT_THAT(text, HasSubstr("nack pli"));
  for (std::string_view gone : {"a=mid", "a=msid", "goog-remb", "sdes:mid", "a=crypto"})
    EXPECT_THAT(text, Not(HasSubstr(gone)));
  // The ports stay in renegotiations.
  EXPECT_THAT(ask(R"({"request":"generate"})", "offer", true), HasSubstr("m=audio 21200 "));
}

TEST_F(NoSip, keys_are_offered_answered_and_asked_for_again) {
  std::string text =
      ask(R"({"request":"generate","srtp":"sdes_mandatory","srtp_profile":"AEAD_AES_128_GCM"})", "offer");
  EXPECT_THAT(text, HasSubstr("m=audio 21200 RTP/SAVP"));
  EXPECT_THAT(text, HasSubstr("a=crypto:1 AEAD_AES_128_GCM inline:"));
  EXPECT_THAT(ask(process("answer", "", R"(,"srtp":"sdes_mandatory")")), HasSubstr("450"));
  constexpr std::string_view kOther =
      R"(a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj\r\n)";
  EXPECT_THAT(ask(process("answer", kOther)), Not(HasSubstr("sdes_")));  // not the offered tag
  EXPECT_EQ(handle_->query().at("sdes-remote"), Json("no"));
}

TEST_F(NoSip, an_offer_with_keys_is_answered_with_its_profile_and_tag) {
  constexpr std::string_view kLine =
      R"(a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj\r\n)";
  EXPECT_THAT(ask(process("offer", kLine)), HasSubstr(R"("srtp":"sdes_optional")"));
  EXPECT_EQ(context_.jsep->type, "offer");
  EXPECT_THAT(ask(R"({"request":"generate"})", "answer"), HasSubstr("a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:"));
  EXPECT_EQ(handle_->query().at("sdes-local"), Json("yes"));
}

TEST_F(NoSip, refuses_what_the_contract_refuses) {
  EXPECT_THAT(ask(R"({"request":"fly"})"), HasSubstr("442"));
  EXPECT_THAT(ask(R"({"request":"generate"})"), HasSubstr("446"));
  EXPECT_THAT(ask(R"({"request":"generate","srtp":"perhaps"})", "offer"), HasSubstr("444"));
  EXPECT_THAT(ask(R"({"request":"generate","srtp":"sdes_mandatory"})", "answer"), HasSubstr("450"));
  EXPECT_THAT(ask(R"({"request":"generate","srtp_profile":"NONE"})", "offer"), HasSubstr("444"));
  EXPECT_THAT(ask(R"({"request":"process","type":"offer","sdp":"v=0\r\nm=application 9 x y\r\n"})"),
              HasSubstr("DataChannels"));
  EXPECT_THAT(
      ask(R"({"request":"process","type":"offer","sdp":"v=0\r\no=- 1 1 IN IP4 1.1.1.1\r\ns=-\r\nt=0 0\r\nm=audio 0 RTP/AVP 0\r\n"})"),
      HasSubstr("447"));
  EXPECT_THAT(
      ask(R"({"request":"process","type":"offer","sdp":"v=0\r\no=- 1 1 IN IP4 1.1.1.1\r\ns=-\r\nt=0 0\r\nm=audio 5 RTP/AVP 0\r\n"})"),
      HasSubstr("No remote IP"));
  EXPECT_THAT(
      ask(R"({"request":"process","type":"offer","sdp":"v=0\r\no=- 1 1 IN IP4 1.1.1.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 5 RTP/SAVP 0\r\n"})"),
      HasSubstr("450"));
  EXPECT_THAT(ask(R"({"request":"recording","action":"pause","audio":true})"), HasSubstr("444"));
  EXPECT_THAT(ask(R"({"request":"recording","action":"STOP","audio":true})"), HasSubstr("recordingupdated"));
  EXPECT_THAT(ask(R"({"request":"stop_rtp_forward","stream_id":5})"), HasSubstr("451"));
  shards_[0].refuse_ports = true;
  EXPECT_THAT(ask(R"({"request":"generate"})", "offer"), HasSubstr("448"));
}

TEST_F(NoSip, requests_wait_for_each_other) {
  send(R"({"request":"generate"})", "offer");
  send(R"({"request":"keyframe","user":true})");
  EXPECT_TRUE(context_.events.empty());
  settle();
  ASSERT_EQ(context_.events.size(), 2U);
  EXPECT_THAT(context_.events[0], HasSubstr("generated"));
  EXPECT_THAT(context_.events[1], HasSubstr("keyframesent"));
}

TEST_F(NoSip, forwarders_are_made_listed_and_stopped) {
  std::string made =
      ask(R"({"request":"rtp_forward","streams":[{"type":"peer_audio","host":"127.0.0.1","port":5000,"pt":8}]})");
  EXPECT_THAT(made, HasSubstr(R"("type":"peer_audio","host":"127.0.0.1","port":5000,"media":"audio","pt":8)"));
  EXPECT_THAT(ask(R"({"request":"listforwarders"})"), HasSubstr(R"("rtp_forwarders":[{"stream_id":)"));
  EXPECT_THAT(ask(R"({"request":"rtp_forward","streams":[]})"), HasSubstr("443"));
  EXPECT_THAT(ask(R"({"request":"rtp_forward","streams":[{"type":"data","host":"127.0.0.1","port":5000}]})"),
              HasSubstr("Invalid element (type)"));
  ask(R"({"request":"hangup"})");
  EXPECT_THAT(ask(R"({"request":"listforwarders"})"), HasSubstr(R"("rtp_forwarders":[])"));
}

}  // namespace
}  // namespace limen::nosip
