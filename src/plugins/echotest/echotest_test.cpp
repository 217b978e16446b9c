#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "media/recording/fake_plugin_context.hpp"
#include "plugins/echotest/echo_answer.hpp"
#include "plugins/echotest/echo_handle.hpp"

namespace limen::echotest {
namespace {

using testing::ElementsAre;

// What the media half sent; and what it posted to the control thread, run when the test says so.
class FakeMediaContext final : public MediaContext {
 public:
  bool send(const OutgoingRtp& rtp) override {
    sent.push_back(rtp);
    sent.back().source = nullptr;
    return true;
  }
  void send(const RtcpFeedback& feedback) override {
    if (const auto* estimate = std::get_if<BitrateEstimate>(&feedback))
      words.push_back(fmt::format("remb {}", estimate->bps));
    else words.push_back(fmt::format("pli {}", std::get<KeyframeRequest>(feedback).mline));
  }
  bool send_data(const DataMessage& message) override {
    words.push_back(fmt::format("data {}", as_text(message.bytes)));
    return true;
  }
  Instant now() const override { return clock; }
  TimerId call_at(Instant, Task) override { return {}; }
  void cancel(TimerId) override {}
  void post_control(Task task) override { task(); }
  MediaShard& shard() override { std::abort(); }  // EchoTest has no business there
  MediaId id() const override { return {}; }

  Instant clock{};
  std::vector<OutgoingRtp> sent;
  std::vector<std::string> words;
};

class FakeHandleContext final : public HandleContext {
 public:
  SessionId session_id() const override { return SessionId(1); }
  HandleId handle_id() const override { return HandleId(2); }
  std::string_view opaque_id() const override { return ""; }
  void push_event(std::string_view transaction, Json data, std::optional<LocalJsep> jsep) override {
    std::string text = write_json(data, JsonFormat::compact);
    events.push_back(transaction.empty() ? text : std::string(transaction) + " " + text);
    if (jsep) answer = std::move(jsep);
  }
  void install_media(std::move_only_function<std::unique_ptr<MediaHandler>(MediaContext&)> factory) override {
    handler = factory(media);
  }
  void post_media(std::move_only_function<void(MediaHandler&)> task) override { task(*handler); }
  MediaId media_id() const override { return {}; }
  bool has_peer_connection() const override { return true; }
  void close_peer_connection() override {}
  void end_session() override {}
  void notify_event(Json data) override { notified.push_back(write_json(data, JsonFormat::compact)); }
  TimerId call_after(Duration, Task) override { return {}; }
  void cancel(TimerId) override {}

  FakeMediaContext media;
  std::unique_ptr<MediaHandler> handler;
  std::vector<std::string> events, notified;
  std::optional<LocalJsep> answer;
};

constexpr std::string_view kOffer =
    "v=0\r\no=- 5 2 IN IP4 1.1.1.1\r\ns=-\r\nt=0 0\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVPF 111 0\r\nc=IN IP4 1.1.1.1\r\na=mid:0\r\na=sendrecv\r\n"
    "a=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\na=rtpmap:0 PCMU/8000\r\n"
    "m=video 9 UDP/TLS/RTP/SAVPF 96 98\r\nc=IN IP4 1.1.1.1\r\na=mid:1\r\na=sendrecv\r\n"
    "a=rtpmap:96 VP8/90000\r\na=rtpmap:98 VP9/90000\r\na=fmtp:98 profile-id=0\r\n";

class EchoTest : public testing::Test {
 protected:
  EchoTest() : echo_(plugin_, context_, true) {}

  void send(std::string_view body, std::optional<RemoteJsep> jsep = std::nullopt) {
    Message message{.transaction = "t", .body = parse_json(body)->as_object(), .jsep = std::move(jsep)};
    echo_.on_message(std::move(message), Reply([this](Reply::Outcome outcome) {
                       EXPECT_EQ(outcome.kind, Reply::Outcome::Kind::ack);
                       hint_ = outcome.text;
                     }));
  }
  static RemoteJsep offer(std::string_view sdp = kOffer) {
    RemoteJsep jsep;
    jsep.type = "offer";
    jsep.sdp = sdp;
    return jsep;
  }
  static RemoteJsep simulcast_offer() {
    RemoteJsep jsep = offer();
    SimulcastInfo info;
    info.mindex = 1;
    info.mid = "1";
    info.rids = {"h", "m", "l"};
    jsep.simulcast.push_back(info);
    return jsep;
  }
  // A frame of the video m-line; true if it was sent back.
  bool video(uint8_t substream, bool keyframe, Codec codec = Codec::h264) {
    RtpPacket packet;
    packet.mline = 1;
    packet.substream = substream;
    packet.ssrc = 100U + substream;
    packet.sequence = sequence_++;
    packet.timestamp = sequence_ * 3000U;
    packet.codec = codec;
    packet.marker = true;
    packet.video.keyframe = keyframe;
    return received(packet);
  }
  bool audio() {
    RtpPacket packet;
    packet.sequence = sequence_++;
    return received(packet);
  }
  bool received(const RtpPacket& packet) {
    size_t before = context_.media.sent.size();
    context_.media.clock += std::chrono::milliseconds(33);
    context_.handler->on_rtp(packet);
    return context_.media.sent.size() > before;
  }
  std::vector<std::string> events() { return std::exchange(context_.events, {}); }
  std::vector<std::string> words() { return std::exchange(context_.media.words, {}); }

  media::test::FakePluginContext plugin_;
  FakeHandleContext context_;
  EchoHandle echo_;
  std::string hint_;
  uint16_t sequence_ = 1;
};

TEST_F(EchoTest, answers_with_an_ack_and_an_event) {
  send(R"({"audio":true})");
  EXPECT_EQ(hint_, "I'm taking my time!");
  EXPECT_THAT(events(), ElementsAre(R"(t {"echotest":"event","result":"ok"})"));
  EXPECT_THAT(context_.notified, ElementsAre(R"({"audio_active":true,"video_active":true,"bitrate":0})"));
}

TEST_F(EchoTest, refuses_wrong_types_in_their_order) {
  for (auto [body, text] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {R"({"audio":1})", "Invalid element type (audio should be a boolean)"},
           {R"({"audio":"x","video":1})", "Invalid element type (audio should be a boolean)"},
           {R"({"bitrate":-1})", "Invalid element type (bitrate should be a positive integer)"},
           {R"({"substream":-3})", "Invalid element type (substream should be a positive integer)"},
           {R"({"substream":3})", "Invalid value (substream should be 0, 1 or 2)"},
           {R"({"temporal_layer":9,"temporal":7})", "Invalid value (temporal should be 0, 1 or 2)"},
           {R"({"record":"x"})", "Invalid element type (record should be a boolean)"},
           {R"({"filename":5,"record":true})", "Invalid element type (filename should be a string)"},
           {R"({"min_delay":"x"})", "Invalid element type (min_delay should be an integer)"},
           {R"({})", "Message error: no supported attributes found"},
           {R"({"audiocodec":"opus","filename":"x","svc":true})", "Message error: no supported attributes found"}}) {
    send(body);
    EXPECT_THAT(events(), ElementsAre(fmt::format(R"(t {{"echotest":"event","error_code":413,"error":"{}"}})", text)));
  }
  EXPECT_TRUE(context_.notified.empty());
}

TEST_F(EchoTest, a_range_error_changes_nothing_an_offer_error_leaves_settings) {
  send(R"({"audio":false,"substream":5})");
  EXPECT_TRUE(echo_.query().at("audio_active").as_bool());
  send(R"({"audio":false})", offer("nonsense"));
  EXPECT_THAT(events().back(), testing::HasSubstr(R"("error_code":414)"));
  EXPECT_FALSE(echo_.query().at("audio_active").as_bool());
}

TEST_F(EchoTest, media_comes_back_when_switched_on) {
  EXPECT_FALSE(audio());  // no description, no m-lines
  send("{}", offer());
  EXPECT_TRUE(audio());
  EXPECT_TRUE(video(0, false));
  send(R"({"audio":false,"video":false})");
  EXPECT_FALSE(audio());
  EXPECT_FALSE(video(0, false));
  words();
  send(R"({"audio":true,"video":true})");
  EXPECT_TRUE(audio());
  EXPECT_TRUE(video(0, false));
  EXPECT_THAT(words(), ElementsAre("pli 1"));
}

TEST_F(EchoTest, answers_the_offer) {
  send(R"({"audiocodec":"pcmu","videocodec":"vp9"})", offer());
  ASSERT_TRUE(context_.answer);
  EXPECT_EQ(context_.answer->type, "answer");
  EXPECT_THAT(context_.answer->sdp, testing::HasSubstr("m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n"));
  EXPECT_THAT(context_.answer->sdp, testing::HasSubstr("m=video 9 UDP/TLS/RTP/SAVPF 98\r\n"));
  EXPECT_EQ(context_.answer->sdp.find("useinbandfec"), std::string::npos);  // that is Opus's
  EXPECT_EQ(echo_.query().at("audio_codec"), "pcmu");
  EXPECT_EQ(echo_.query().at("video_codec"), "vp9");
}

TEST_F(EchoTest, a_codec_that_was_not_offered_rejects_the_mline) {
  send(R"({"audiocodec":"nothing","videocodec":"av1"})", offer());
  auto answer = sdp::parse_sdp(context_.answer->sdp);
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->media[0].rejected());
  EXPECT_TRUE(answer->media[1].rejected());
  EXPECT_FALSE(echo_.query().as_object().contains("video_codec"));
}

TEST_F(EchoTest, bitrate_caps_by_remb) {
  send("{}", offer());
  send(R"({"bitrate":64000})");
  send(R"({"bitrate":0})");
  EXPECT_THAT(words(), ElementsAre("remb 64000", "remb 10000000"));
  context_.handler->on_feedback(BitrateEstimate{300000});
  EXPECT_THAT(words(), ElementsAre("remb 10000000"));
  EXPECT_EQ(echo_.query().at("peer-bitrate"), 300000);
  context_.handler->on_feedback(KeyframeRequest{.mline = 1});
  EXPECT_THAT(words(), ElementsAre("pli 1"));
}

TEST_F(EchoTest, a_cap_from_before_the_call_is_told_when_it_is_up) {
  send(R"({"bitrate":128000})", offer());
  words();
  context_.handler->on_connected();
  EXPECT_THAT(words(), ElementsAre("remb 128000"));
}

TEST_F(EchoTest, simulcast_layers_are_chosen_and_told) {
  send("{}", simulcast_offer());
  events();
  EXPECT_TRUE(video(0, true));
  EXPECT_TRUE(video(2, true));
  EXPECT_FALSE(video(0, false));
  EXPECT_THAT(events(), ElementsAre(R"({"echotest":"event","videocodec":"vp8","substream":0,"temporal":-1})",
                                    R"({"echotest":"event","videocodec":"vp8","substream":2,"temporal":-1})"));
  words();
  send(R"({"substream":2})");  // that is what is relayed
  EXPECT_THAT(events(), ElementsAre(R"({"echotest":"event","videocodec":"vp8","substream":2})",
                                    R"(t {"echotest":"event","result":"ok"})"));
  EXPECT_THAT(words(), ElementsAre());
  send(R"({"substream":0})");
  EXPECT_THAT(words(), ElementsAre("pli 1"));
  EXPECT_TRUE(video(0, true));
  EXPECT_EQ(echo_.query().at("substream"), 0);
  EXPECT_EQ(echo_.query().at("substream-target"), 0);
}

TEST_F(EchoTest, svc_layers_use_other_names) {
  RemoteJsep jsep = offer();
  jsep.svc = *parse_json(R"([{"mid":"1","svc":"L3T3"}])");
  send(R"({"videocodec":"vp9"})", jsep);
  events();
  EXPECT_TRUE(video(0, true, Codec::vp9));
  EXPECT_THAT(events(),
              ElementsAre(R"({"echotest":"event","videocodec":"vp9","spatial_layer":0,"temporal_layer":-1})"));
  EXPECT_EQ(echo_.query().at("spatial-layer-target"), 2);
}

TEST_F(EchoTest, playout_delays_are_written_back) {
  send(R"({"min_delay":50})", offer());
  audio();
  EXPECT_EQ(context_.media.sent.back().min_playout_delay, 50);
  EXPECT_EQ(context_.media.sent.back().max_playout_delay, 50);
  send(R"({"max_delay":20})");
  audio();
  EXPECT_EQ(context_.media.sent.back().min_playout_delay, 20);
  EXPECT_EQ(context_.media.sent.back().max_playout_delay, 20);
  send(R"({"min_delay":-1})");
  audio();
  EXPECT_EQ(context_.media.sent.back().min_playout_delay, -1);
}

TEST_F(EchoTest, hangup_says_done_and_forgets) {
  send(R"({"audio":false,"bitrate":5})", simulcast_offer());
  events();
  echo_.on_hangup("Janus API");
  EXPECT_THAT(events(), ElementsAre(R"({"echotest":"event","result":"done"})"));
  EXPECT_EQ(
      write_json(echo_.query(), JsonFormat::compact),
      R"({"audio_active":true,"video_active":true,"bitrate":0,"peer-bitrate":0,"slowlink_count":0,"hangingup":0,"destroyed":0})");
  EXPECT_FALSE(audio());
}

TEST_F(EchoTest, slow_links_are_told_for_what_arrives) {
  SlowLink slow;
  slow.kind = MediaKind::video;
  slow.uplink = false;
  echo_.on_slow_link(slow);
  EXPECT_THAT(events(), ElementsAre(R"({"echotest":"event","event":"slow_link","media":"video","current-bitrate":0})"));
  slow.uplink = true;
  echo_.on_slow_link(slow);
  EXPECT_TRUE(events().empty());
  EXPECT_EQ(echo_.query().at("slowlink_count"), 2);
}

TEST_F(EchoTest, text_is_answered_and_binary_comes_back) {
  context_.handler->on_data({.label = "l", .protocol = "", .binary = false, .bytes = {'h', 'i', 0, 'x'}});
  context_.handler->on_data({.label = "l", .protocol = "", .binary = true, .bytes = {'b'}});
  context_.handler->on_data({.label = "l", .protocol = "", .binary = true, .bytes = {}});
  EXPECT_THAT(words(), ElementsAre("data Janus EchoTest here! You wrote: hi", "data b"));
}

class EchoTestRecording : public EchoTest {
 protected:
  EchoTestRecording() {
    std::string name = (std::filesystem::temp_directory_path() / "limen-echo-XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~EchoTestRecording() override { std::filesystem::remove_all(folder_); }
  std::string record(std::string_view name = "echo") {
    return fmt::format(R"({{"record":true,"filename":"{}/{}"}})", folder_, name);
  }
  size_t size_of(const std::string& name) {
    plugin_.run();
    std::error_code none;
    auto size = std::filesystem::file_size(folder_ + "/" + name, none);
    return none ? 0 : size;
  }
  bool spoken(bool video_line) {
    std::vector<uint8_t> bytes(40, 0);
    bytes[0] = 0x80;
    RtpPacket packet;
    packet.packet = pool_.copy(bytes, {});
    packet.payload_offset = 12;
    packet.payload_size = 28;
    packet.mline = video_line ? 1 : 0;
    return received(packet);
  }

  std::string folder_;
  PacketPool pool_;
};

TEST_F(EchoTestRecording, what_is_sent_back_is_recorded_until_it_is_stopped) {
  send("{}", offer());
  words();
  send(record());
  EXPECT_THAT(words(), ElementsAre("pli 1"));
  EXPECT_EQ(write_json(echo_.query().at("recording"), JsonFormat::compact),
            R"({"audio":"echo-audio.mjr","video":"echo-video.mjr"})");
  EXPECT_THAT(context_.notified.back(), testing::HasSubstr(R"("recording":{"audio":"echo-audio.mjr")"));
  send(R"({"video":false})");
  spoken(false);
  spoken(true);  // muted: not recorded
  send(R"({"record":false})");
  EXPECT_FALSE(echo_.query().as_object().contains("recording"));
  EXPECT_GT(size_of("echo-audio.mjr"), 50U);
  EXPECT_EQ(size_of("echo-video.mjr"), 8U);
}

TEST_F(EchoTestRecording, a_second_start_goes_on_in_new_files) {
  send("{}", offer());
  send(record());
  spoken(false);
  send(record("second"));
  size_t first = size_of("echo-audio.mjr");
  spoken(false);
  EXPECT_EQ(write_json(echo_.query().at("recording"), JsonFormat::compact),
            R"({"audio":"second-audio.mjr","video":"second-video.mjr"})");
  send(R"({"record":false})");
  EXPECT_EQ(size_of("echo-audio.mjr"), first);
  EXPECT_GT(size_of("second-audio.mjr"), 50U);
}

TEST_F(EchoTestRecording, a_hangup_ends_the_files) {
  send(record(), offer());
  spoken(true);
  echo_.on_hangup("Close PC");
  EXPECT_GT(size_of("echo-video.mjr"), 50U);
}

TEST_F(EchoTestRecording, nothing_in_use_makes_no_files) {
  send(record());
  EXPECT_FALSE(echo_.query().as_object().contains("recording"));
  plugin_.run();
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(EchoTestRecording, protected_folders_are_left_alone) {
  send(record("protected/echo"), offer());
  EXPECT_THAT(events().back(), testing::HasSubstr(R"("result":"ok")"));
  EXPECT_FALSE(echo_.query().as_object().contains("recording"));
}

TEST_F(EchoTestRecording, data_is_recorded_without_the_answers_prefix) {
  std::string sdp(kOffer);
  sdp += "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 1.1.1.1\r\na=mid:2\r\na=sctp-port:5000\r\n";
  send("{}", offer(sdp));
  send(record());
  context_.handler->on_data({.label = "l", .protocol = "", .binary = false, .bytes = {'h', 'i'}});
  send(R"({"record":false})");
  plugin_.run();
  std::ifstream in(folder_ + "/echo-data.mjr", std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  EXPECT_THAT(text, testing::EndsWith("hi"));
  EXPECT_EQ(text.find("You wrote"), std::string::npos);
}

}  // namespace
}  // namespace limen::echotest
