#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "media/recording/fake_plugin_context.hpp"
#include "plugins/recordplay/descriptions.hpp"
#include "plugins/recordplay/recordplay_handle.hpp"
#include "wire/mjr/mjr_writer.hpp"

namespace limen::recordplay {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr std::string_view kOffer =
    "v=0\r\no=- 5 2 IN IP4 1.1.1.1\r\ns=-\r\nt=0 0\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVPF 111 63 0\r\nc=IN IP4 1.1.1.1\r\na=mid:0\r\na=sendonly\r\n"
    "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\na=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"
    "a=rtpmap:111 opus/48000/2\r\na=rtpmap:63 red/48000/2\r\na=rtpmap:0 PCMU/8000\r\n"
    "m=video 9 UDP/TLS/RTP/SAVPF 96 98\r\nc=IN IP4 1.1.1.1\r\na=mid:1\r\na=sendonly\r\n"
    "a=rtpmap:96 VP8/90000\r\na=rtpmap:98 VP9/90000\r\na=fmtp:98 profile-id=0\r\n"
    "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 1.1.1.1\r\na=mid:2\r\na=sendonly\r\na=rtpmap:96 VP8/90000\r\n"
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 1.1.1.1\r\na=mid:3\r\n";

sdp::Origin origin(uint64_t version) {
  sdp::Origin out;
  out.session_id = 1;
  out.version = version;
  return out;
}

RecordAnswer answer_to(const RecordRequest& request) {
  return make_record_answer(*sdp::parse_sdp(kOffer), request, 77, origin(3));
}

TEST(RecordAnswer, takes_the_first_of_each_kind_and_one_codec) {
  RecordAnswer answer = answer_to({});
  std::string text = sdp::write_sdp(answer.description);
  EXPECT_THAT(text, HasSubstr("s=Recording 77"));
  EXPECT_THAT(text, HasSubstr("o=- 1 3 IN IP4 127.0.0.1"));
  ASSERT_THAT(answer.description.media, SizeIs(4));
  EXPECT_EQ(answer.description.media[0].direction, sdp::Direction::recvonly);
  EXPECT_THAT(answer.description.media[0].payload_types, ElementsAre(111));
  EXPECT_THAT(answer.description.media[1].payload_types, ElementsAre(96));
  EXPECT_TRUE(answer.description.media[2].rejected());
  EXPECT_FALSE(answer.description.media[3].rejected());
  ASSERT_THAT(answer.tracks, SizeIs(3));
  EXPECT_THAT(answer.tracks[0].header.extensions,
              ElementsAre(std::pair<uint8_t, std::string>{1, "urn:ietf:params:rtp-hdrext:ssrc-audio-level"}));
  EXPECT_EQ(answer.tracks[1].header.codec, "vp8");
  EXPECT_EQ(answer.tracks[2].header.codec, "text");
}

TEST(RecordAnswer, takes_red_and_wanted_codecs) {
  RecordRequest request;
  request.videocodec = "vp9";
  request.opusred = true;
  request.textdata = false;
  RecordAnswer answer = answer_to(request);
  EXPECT_THAT(answer.description.media[0].payload_types, ElementsAre(63, 111));
  EXPECT_EQ(answer.tracks[0].header.red_payload_type, 63);
  EXPECT_EQ(answer.tracks[0].header.codec, "opus");
  EXPECT_EQ(answer.tracks[1].header.codec, "vp9");
  EXPECT_EQ(answer.tracks[1].header.fmtp, "profile-id=0");
  EXPECT_EQ(answer.tracks[2].header.codec, "binary");
}

TEST(RecordAnswer, a_codec_that_is_not_offered_leaves_an_empty_file) {
  RecordRequest request;
  request.videocodec = "h264";
  RecordAnswer answer = answer_to(request);
  EXPECT_TRUE(answer.description.media[1].rejected());
  EXPECT_EQ(answer.tracks[1].header.codec, "h264");
  EXPECT_FALSE(answer.tracks[1].mline);
}

TEST(PlayOffer, numbers_of_red_and_extensions_are_the_recordings_own) {
  mjr::Header audio, video;
  audio.codec = "opus";
  audio.extensions = {{1, "urn:ietf:params:rtp-hdrext:ssrc-audio-level"}};
  audio.red_payload_type = 111;
  video.kind = MediaKind::video;
  video.codec = "h264";
  video.fmtp = "profile-level-id=42e01f";
  PlayOffer offer = make_play_offer({audio, video}, 5, origin(1));
  std::string text = sdp::write_sdp(offer.description);
  EXPECT_THAT(offer.description.media[0].payload_types, ElementsAre(111, 112));
  EXPECT_THAT(text, HasSubstr("a=rtpmap:112 opus/48000/2"));
  EXPECT_THAT(text, HasSubstr("a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level"));
  EXPECT_THAT(text, HasSubstr("a=extmap:2 urn:ietf:params:rtp-hdrext:sdes:mid"));
  EXPECT_THAT(text, HasSubstr("a=fmtp:100 profile-level-id=42e01f;packetization-mode=1"));
  EXPECT_EQ(offer.tracks[0].payload_type, 112);
  EXPECT_EQ(offer.tracks[0].red, 111);
}

TEST(Nfo, is_written_and_read) {
  Nfo nfo{.id = 4343,
          .name = "my; rec\r\n[1]",
          .is_private = true,
          .date = "2026-11-22 11:34:57",
          .audio = "a.mjr",
          .video = {},
          .data = "d.mjr"};
  std::string text = write_nfo(nfo);
  EXPECT_EQ(text,
            "[4343]\r\nname = my\\; rec__[1]\r\nprivate = true\r\ndate = 2026-11-22 11:34:57\r\naudio = a.mjr\r\n"
            "data = d.mjr\r\n");
  nfo.name = "my; rec__[1]";
  EXPECT_EQ(*parse_nfo(text), nfo);
}

TEST(Nfo, by_hand_is_read_and_what_is_missing_refused) {
  auto nfo = parse_nfo("[ 12 ]\nName=Old\ndate=then\nvideo=clip\n");
  ASSERT_TRUE(nfo) << nfo.error().text;
  EXPECT_EQ(nfo->video, "clip.mjr");
  EXPECT_FALSE(nfo->is_private);
  for (std::string_view bad :
       {"", "[0]\nname=a\ndate=b\naudio=c\n", "[x]\nname=a\ndate=b\naudio=c\n", "[1]\ndate=b\naudio=c\n",
        "[1]\nname=a\naudio=c\n", "[1]\nname=a\ndate=b\ndata=c\n", "name=a\ndate=b\naudio=c\n"}) {
    EXPECT_FALSE(parse_nfo(bad)) << bad;
  }
}

// ---- a handle ----------------------------------------------------------------------------------------

class FakeMedia final : public MediaContext {
 public:
  bool send(const OutgoingRtp&) override { return true; }
  void send(const RtcpFeedback& feedback) override {
    if (const auto* estimate = std::get_if<BitrateEstimate>(&feedback))
      words.push_back(fmt::format("remb {}", estimate->bps));
    else words.push_back(fmt::format("pli {}", std::get<KeyframeRequest>(feedback).mline));
  }
  bool send_data(const DataMessage&) override { return true; }
  Instant now() const override { return clock; }
  TimerId call_at(Instant, Task) override { return {}; }
  void cancel(TimerId) override {}
  void post_control(Task task) override { task(); }
  MediaShard& shard() override { std::abort(); }  // nothing is played in these tests
  MediaId id() const override { return {}; }
  Instant clock{std::chrono::hours(1)};
  std::vector<std::string> words;
};

class FakeHandle final : public HandleContext {
 public:
  SessionId session_id() const override { return SessionId(1); }
  HandleId handle_id() const override { return HandleId(2); }
  std::string_view opaque_id() const override { return ""; }
  void push_event(std::string_view, Json data, std::optional<LocalJsep> given) override {
    events.push_back(write_json(data, JsonFormat::compact));
    if (given) jsep = std::move(given);
  }
  void install_media(std::move_only_function<std::unique_ptr<MediaHandler>(MediaContext&)> factory) override {
    handler = factory(media);
  }
  void post_media(std::move_only_function<void(MediaHandler&)> task) override { task(*handler); }
  MediaId media_id() const override { return {}; }
  bool has_peer_connection() const override { return connected; }
  void close_peer_connection() override { closed = true; }
  void end_session() override {}
  void notify_event(Json) override {}
  TimerId call_after(Duration, Task) override { return {}; }
  void cancel(TimerId) override {}

  FakeMedia media;
  std::unique_ptr<MediaHandler> handler;
  std::vector<std::string> events;
  std::optional<LocalJsep> jsep;
  bool connected = false, closed = false;
};

class RecordPlay : public testing::Test {
 protected:
  RecordPlay() {
    folder_ = testing::TempDir() + "recordplay_" + testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::create_directories(folder_);
    settings_.path = folder_;
    catalog_ = std::make_shared<Catalog>(plugin_, folder_, false);
    handle_ = std::make_unique<RecordPlayHandle>(plugin_, context_, catalog_, settings_);
  }
  ~RecordPlay() override {
    handle_.reset();
    context_.handler.reset();
    catalog_.reset();
    plugin_.run();
    std::filesystem::remove_all(folder_);
  }
  // The synchronous answer, or the events until everything has settled.
  std::string ask(std::string_view body, std::optional<RemoteJsep> jsep = std::nullopt) {
    std::string answer;
    handle_->on_message(
        {.transaction = "t", .body = parse_json(body)->as_object(), .jsep = std::move(jsep)},
        Reply([&answer](Reply::Outcome outcome) { answer = write_json(outcome.data, JsonFormat::compact); }));
    settle();
    for (const std::string& event : std::exchange(context_.events, {})) answer = event;
    return answer;
  }
  // Background work may post what leads to more of it.
  void settle() {
    for (int round = 0; round < 4; ++round) plugin_.run();
  }
  static RemoteJsep offer(bool update = false) {
    RemoteJsep jsep;
    jsep.type = "offer";
    jsep.sdp = kOffer;
    jsep.update = update;
    return jsep;
  }
  std::string read_file(const std::string& name) {
    std::ifstream file(folder_ + "/" + name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void video(int count, Duration apart) {
    static uint16_t sequence = 0;
    PacketPool pool;
    for (int i = 0; i < count; ++i) {
      std::vector<uint8_t> bytes(20, 0);
      bytes[0] = 0x80;
      RtpPacket packet;
      packet.packet = pool.copy(bytes, {});
      packet.payload_offset = 12;
      packet.payload_size = 8;
      packet.mline = 1;
      packet.ssrc = 5;
      packet.sequence = sequence++;
      packet.timestamp = sequence * 3000U;
      context_.handler->on_rtp(packet);
      context_.media.clock += apart;
    }
  }

  std::string folder_;
  media::test::FakePluginContext plugin_;
  FakeHandle context_;
  RecordPlaySettings settings_;
  std::shared_ptr<Catalog> catalog_;
  std::unique_ptr<RecordPlayHandle> handle_;
};

TEST_F(RecordPlay, refuses_what_the_contract_refuses) {
  EXPECT_THAT(ask(R"({})"), HasSubstr("415"));
  EXPECT_THAT(ask(R"({"request":"fly"})"), HasSubstr("413"));
  EXPECT_THAT(ask(R"({"request":"record","name":5})"), HasSubstr("Missing SDP offer"));
  EXPECT_THAT(ask(R"({"request":"record","name":""})", offer()), HasSubstr("414"));
  EXPECT_THAT(ask(R"({"request":"record","name":"x","filename":"../x"})", offer()), HasSubstr("414"));
  EXPECT_THAT(ask(R"({"request":"record","name":"x"})", offer(true)), HasSubstr("418"));
  EXPECT_THAT(ask(R"({"request":"play","id":1})", offer()), HasSubstr("414"));
  EXPECT_THAT(ask(R"({"request":"play","id":1})"), HasSubstr("416"));
  EXPECT_THAT(ask(R"({"request":"play","id":1,"restart":true})"), HasSubstr("418"));
  EXPECT_THAT(ask(R"({"request":"start"})"), HasSubstr("418"));
  EXPECT_EQ(ask(R"({"request":"pause"})"), R"({"recordplay":"event"})");
  EXPECT_EQ(handle_->query(), Json(JsonObject{{"type", "none"}, {"hangingup", 0}, {"destroyed", 0}}));
}

TEST_F(RecordPlay, a_recording_is_listed_when_it_is_complete) {
  EXPECT_EQ(ask(R"({"request":"Record","name":"one","id":9})", offer()),
            R"({"recordplay":"event","result":{"status":"recording","id":9,"is_private":false}})");
  EXPECT_EQ(ask(R"({"request":"list"})"), R"({"recordplay":"list","list":[]})");
  EXPECT_THAT(ask(R"({"request":"play","id":9})"), HasSubstr("416"));
  video(3, std::chrono::milliseconds(33));
  ask(R"({"request":"stop"})");
  EXPECT_THAT(ask(R"({"request":"list"})"), HasSubstr(R"("id":9,"is_private":false,"name":"one")"));
  EXPECT_THAT(read_file("9.nfo"), HasSubstr("[9]\r\nname = one\r\nprivate = false\r\ndate = "));
  EXPECT_THAT(read_file("9.nfo"), HasSubstr("video = rec-9-video.mjr\r\n"));
  EXPECT_THAT(read_file("rec-9-video.mjr"), SizeIs(testing::Gt(100)));
  EXPECT_THAT(ask(R"({"request":"record","name":"again","id":9})", offer()), HasSubstr("420"));
}

TEST_F(RecordPlay, a_stop_that_comes_after_the_hangup_still_names_the_recording) {
  ask(R"({"request":"record","name":"one","id":9})", offer());
  context_.connected = true;
  handle_->on_hangup("DTLS alert");
  EXPECT_EQ(ask(R"({"request":"stop"})"),
            R"({"recordplay":"event","result":{"status":"stopped","id":9,"is_private":0}})");
  EXPECT_THAT(ask(R"({"request":"stop"})"), Not(HasSubstr(R"("id")")));
}

TEST_F(RecordPlay, a_recording_of_a_handle_that_vanishes_is_completed_too) {
  ask(R"({"request":"record","name":"one","id":9})", offer());
  handle_.reset();
  context_.handler.reset();
  settle();
  EXPECT_TRUE(catalog_->find(9));
  EXPECT_THAT(read_file("9.nfo"), HasSubstr("[9]"));
}

TEST_F(RecordPlay, renegotiation_goes_on_with_the_same_recording) {
  ask(R"({"request":"record","name":"one","id":9,"videocodec":"vp9"})", offer());
  EXPECT_THAT(ask(R"({"request":"record","name":"two","id":10})", offer(true)), HasSubstr(R"("id":9)"));
  EXPECT_THAT(context_.jsep->sdp, HasSubstr(" 2 IN IP4 127.0.0.1"));
  EXPECT_THAT(context_.jsep->sdp, HasSubstr("VP9"));
  EXPECT_FALSE(context_.jsep->restart);
  ask(R"({"request":"record","name":"two","update":true})", offer(true));
  EXPECT_TRUE(context_.jsep->restart);
  EXPECT_EQ(catalog_->recordings().size(), 1U);
}

TEST_F(RecordPlay, the_sender_is_told_a_bitrate_and_asked_for_pictures) {
  ask(R"({"request":"configure","video-bitrate-max":120000,"video-keyframe-interval":2000})");
  ask(R"({"request":"record","name":"one"})", offer());
  video(5, std::chrono::milliseconds(100));
  EXPECT_THAT(std::exchange(context_.media.words, {}),
              ElementsAre("remb 30000", "pli 1", "remb 40000", "remb 60000", "remb 120000"));
  video(3, std::chrono::milliseconds(2500));
  EXPECT_THAT(context_.media.words, ElementsAre("pli 1", "remb 120000", "pli 1"));
}

TEST_F(RecordPlay, a_key_that_nobody_asks_for_may_be_anything) {
  EXPECT_THAT(ask(R"({"request":"list","admin_key":5})"), HasSubstr(R"("recordplay":"list")"));
  EXPECT_EQ(ask(R"({"request":"update","admin_key":5})"), R"({"recordplay":"ok"})");
}

TEST_F(RecordPlay, what_is_private_needs_the_key) {
  settings_.admin_key = "key";
  ask(R"({"request":"record","name":"one","id":9,"is_private":true})", offer());
  EXPECT_THAT(ask(R"({"request":"stop"})"), HasSubstr(R"("is_private":1)"));
  EXPECT_THAT(ask(R"({"request":"list"})"), Not(HasSubstr("one")));
  EXPECT_THAT(ask(R"({"request":"list","admin_key":"no"})"), HasSubstr("440"));
  EXPECT_THAT(ask(R"({"request":"list","admin_key":"key"})"), HasSubstr("one"));
  EXPECT_THAT(ask(R"({"request":"update"})"), HasSubstr("415"));
  EXPECT_EQ(ask(R"({"request":"update","admin_key":"key"})"), R"({"recordplay":"ok"})");
}

TEST_F(RecordPlay, updates_find_new_descriptions_and_forget_vanished_ones) {
  std::ofstream(folder_ + "/Hand.NFO") << "[3]\nname=by hand\ndate=then\naudio=none\n";
  ask(R"({"request":"update"})");
  EXPECT_THAT(
      ask(R"({"request":"list"})"),
      HasSubstr(
          R"({"id":3,"is_private":false,"name":"by hand","date":"then","audio":true,"video":false,"data":false})"));
  EXPECT_THAT(ask(R"({"request":"play","id":3})"), HasSubstr("417"));
  std::filesystem::remove(folder_ + "/Hand.NFO");
  ask(R"({"request":"update"})");
  EXPECT_EQ(ask(R"({"request":"list"})"), R"({"recordplay":"list","list":[]})");
}

TEST_F(RecordPlay, broken_files_are_named_and_the_rest_is_offered) {
  ask(R"({"request":"record","name":"one","id":9})", offer());
  video(3, std::chrono::milliseconds(33));
  ask(R"({"request":"stop"})");
  EXPECT_THAT(ask(R"({"request":"play","id":9})"),
              HasSubstr(R"("status":"preparing","id":9,"warning":"Broken data file, playing audio/video only")"));
  EXPECT_EQ(context_.jsep->type, "offer");
  EXPECT_THAT(context_.jsep->sdp, HasSubstr("m=video"));
  EXPECT_THAT(context_.jsep->sdp, Not(HasSubstr("m=audio")));
  EXPECT_THAT(ask(R"({"request":"play","id":0,"restart":true})"), HasSubstr(R"("status":"restarting","id":9)"));
  EXPECT_TRUE(context_.jsep->restart);
  EXPECT_THAT(ask(R"({"request":"start"})"), HasSubstr("Missing SDP answer"));
}

}  // namespace
}  // namespace limen::recordplay
