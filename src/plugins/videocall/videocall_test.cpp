#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "media/recording/fake_plugin_context.hpp"
#include "plugins/videocall/call_handle.hpp"

namespace limen::videocall {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Both sides' media halves; posts to the other shard wait for deliver().
class FakeShard final : public MediaShard {
 public:
  FakeShard(uint32_t index, std::map<PeerId, MediaContext*>& peers) : index_(index), peers_(peers) {}
  ~FakeShard() override { drop_locals(); }
  uint32_t index() const override { return index_; }
  uint32_t count() const override { return 2; }
  PacketPool& packets() override { std::abort(); }
  Instant now() const override { return {}; }
  MediaContext* find(PeerId peer) override {
    auto found = peers_.find(peer);
    return found == peers_.end() ? nullptr : found->second;
  }
  void post(uint32_t, std::move_only_function<void(MediaShard&)> task) override { posts.push_back(std::move(task)); }
  void deliver() {
    end_turn_of_locals({});
    for (auto& task : std::exchange(posts, {})) task(*this);
  }
  std::vector<std::move_only_function<void(MediaShard&)>> posts;

 private:
  uint32_t index_;
  std::map<PeerId, MediaContext*>& peers_;
};

class FakeMedia final : public MediaContext {
 public:
  FakeMedia(MediaShard& shard, PeerId id) : shard_(shard), id_(id) {}
  bool send(const OutgoingRtp& rtp) override {
    heard.push_back(fmt::format("rtp {}", rtp.source->sequence));
    return true;
  }
  void send(const RtcpFeedback& feedback) override {
    if (const auto* estimate = std::get_if<BitrateEstimate>(&feedback))
      heard.push_back(fmt::format("remb {}", estimate->bps));
    else heard.push_back(fmt::format("pli {}", std::get<KeyframeRequest>(feedback).mline));
  }
  bool send_data(const DataMessage& message) override {
    heard.push_back(fmt::format("data {}/{} {}", message.label, message.protocol, as_text(message.bytes)));
    return true;
  }
  Instant now() const override { return {}; }
  TimerId call_at(Instant, Task) override { return {}; }
  void cancel(TimerId) override {}
  void post_control(Task task) override { task(); }
  MediaShard& shard() override { return shard_; }
  MediaId id() const override { return {shard_.index(), id_}; }

  std::vector<std::string> heard;

 private:
  MediaShard& shard_;
  PeerId id_;
};

// One client: its handle, and what the core would do with it.
class Client final : public HandleContext {
 public:
  Client(FakeShard& shard, std::map<PeerId, MediaContext*>& peers, PluginContext& plugin, CallRegistry& registry,
         uint64_t id)
      : media(shard, PeerId(id)), id_(id) {
    peers[PeerId(id)] = &media;
    handle = std::make_unique<CallHandle>(*this, plugin, registry, true);
  }
  SessionId session_id() const override { return SessionId(id_); }
  HandleId handle_id() const override { return HandleId(id_); }
  std::string_view opaque_id() const override { return ""; }
  void push_event(std::string_view transaction, Json data, std::optional<LocalJsep> jsep) override {
    const Json* result = data.get_object().if_contains("result");
    std::string text = result != nullptr ? write_json(*result, JsonFormat::compact)
                                         : std::to_string(data.at("error_code").to_number<int>());
    events.push_back(transaction.empty() ? text : std::string(transaction) + " " + text);
    if (!jsep) return;
    connected = true;
    last_jsep = jsep->type;
  }
  void install_media(std::move_only_function<std::unique_ptr<MediaHandler>(MediaContext&)> factory) override {
    handler = factory(media);
  }
  void post_media(std::move_only_function<void(MediaHandler&)> task) override { task(*handler); }
  MediaId media_id() const override { return media.id(); }
  bool has_peer_connection() const override { return connected; }
  void close_peer_connection() override { ++closing; }
  void end_session() override {}
  void notify_event(Json data) override { notified.push_back(write_json(data, JsonFormat::compact)); }
  TimerId call_after(Duration, Task) override { return {}; }
  void cancel(TimerId) override {}

  void send(std::string_view body, std::string_view jsep_type = {}, bool simulcast = false, bool update = false) {
    Message message{.transaction = "t", .body = parse_json(body)->as_object(), .jsep = std::nullopt};
    if (!jsep_type.empty()) {
      RemoteJsep jsep;
      jsep.type = jsep_type;
      jsep.sdp =
          "v=0\r\no=- 5 2 IN IP4 1.1.1.1\r\ns=-\r\nt=0 0\r\n"
          "m=audio 9 UDP/TLS/RTP/SAVPF 63 111\r\nc=IN IP4 1.1.1.1\r\na=mid:0\r\na=sendrecv\r\n"
          "a=rtpmap:63 red/48000/2\r\na=rtpmap:111 opus/48000/2\r\n"
          "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 1.1.1.1\r\na=mid:1\r\na=sendrecv\r\n"
          "a=rtpmap:96 VP8/90000\r\n";
      jsep.update = update;
      if (simulcast) jsep.simulcast.emplace_back().mindex = 1;
      message.jsep = std::move(jsep);
      connected = true;
    }
    handle->on_message(std::move(message), Reply([](Reply::Outcome) {}));
  }
  // What close_peer_connection() asked for happens.
  void close() {
    if (std::exchange(closing, 0) == 0 || !std::exchange(connected, false)) return;
    handler->on_disconnected();
    handle->on_hangup("Close PC");
  }
  void packet(uint8_t mline, uint16_t sequence, uint8_t substream = 0, bool keyframe = false) {
    RtpPacket packet;
    packet.mline = mline;
    packet.sequence = sequence;
    packet.substream = substream;
    packet.ssrc = 100U * mline + substream;
    packet.codec = mline == 0 ? Codec::opus : Codec::h264;
    packet.video.keyframe = keyframe;
    handler->on_rtp(packet);
  }
  std::vector<std::string> take_events() { return std::exchange(events, {}); }
  std::vector<std::string> take_heard() { return std::exchange(media.heard, {}); }

  FakeMedia media;
  std::unique_ptr<MediaHandler> handler;
  std::vector<std::string> events, notified;
  std::string last_jsep;
  bool connected = false;
  int closing = 0;
  std::unique_ptr<CallHandle> handle;

 private:
  uint64_t id_;
};

class VideoCall : public testing::Test {
 protected:
  void SetUp() override {
    a.send(R"({"request":"register","username":"alice"})");
    b.send(R"({"request":"register","username":"bob"})");
    c.send(R"({"request":"REGISTER","username":"carol"})");
    forget();
  }
  void connect(bool simulcast = false) {
    a.send(R"({"request":"call","username":"bob"})", "offer", simulcast);
    b.send(R"({"request":"accept"})", "answer");
    forget();
  }
  void forget() {
    for (Client* client : {&a, &b, &c}) client->take_events(), client->take_heard(), client->notified.clear();
  }
  void close_all() {
    for (int i = 0; i < 3; ++i) {
      for (Client* client : {&a, &b, &c}) {
        if (client->handle) client->close();
      }
    }
  }

  media::test::FakePluginContext plugin_;
  CallRegistry registry_;
  std::map<PeerId, MediaContext*> peers_;
  FakeShard first_{0, peers_}, second_{1, peers_};
  Client a{first_, peers_, plugin_, registry_, 1}, b{second_, peers_, plugin_, registry_, 2},
      c{first_, peers_, plugin_, registry_, 3};
};

constexpr std::string_view kLost = R"("reason":"Remote WebRTC hangup"})";

TEST_F(VideoCall, the_callee_hears_first_then_the_caller) {
  a.send(R"({"request":"call","username":"bob"})", "offer");
  EXPECT_THAT(b.take_events(), ElementsAre(R"({"event":"incomingcall","username":"alice"})"));
  EXPECT_EQ(b.last_jsep, "offer");
  EXPECT_THAT(a.take_events(), ElementsAre(R"(t {"event":"calling"})"));
  b.send(R"({"request":"accept"})", "answer");
  EXPECT_THAT(a.take_events(), ElementsAre(R"({"event":"accepted","username":"bob"})"));
  EXPECT_EQ(a.last_jsep, "answer");
  EXPECT_THAT(b.take_events(), ElementsAre(R"(t {"event":"accepted"})"));
  EXPECT_EQ(a.handle->query().at("audio_codec"), "opus");  // not its redundant form
  EXPECT_EQ(b.handle->query().at("peer"), "alice");
}

TEST_F(VideoCall, refusals_close_the_callers_connection_but_not_for_a_missing_offer) {
  a.send(R"({"request":"call","username":"nobody"})", "offer");
  EXPECT_THAT(a.take_events(), ElementsAre("t 478"));
  EXPECT_EQ(a.closing, 1);
  a.close();
  a.send(R"({"request":"call","username":"bob"})");
  EXPECT_THAT(a.take_events(), ElementsAre("t 482"));
  EXPECT_EQ(a.closing, 0);
  connect();
  c.send(R"({"request":"call","username":"bob"})", "offer");
  EXPECT_THAT(c.take_events(), ElementsAre(R"(t {"event":"hangup","username":"carol","reason":"User busy"})"));
  EXPECT_EQ(c.closing, 1);
}

TEST_F(VideoCall, one_name_per_handle_whatever_the_second_request_says) {
  for (const char* body : {R"({"request":"register","username":"other"})", R"({"request":"register"})",
                           R"({"request":"register","username":5})"}) {
    a.send(body);
    EXPECT_THAT(a.take_events(), ElementsAre("t 477")) << body;
  }
}

TEST_F(VideoCall, a_hangup_reaches_both_sides_twice) {
  connect();
  a.send(R"({"request":"hangup","reason":"bye"})");
  EXPECT_THAT(b.take_events(), ElementsAre(R"({"event":"hangup","username":"alice","reason":"bye"})"));
  EXPECT_THAT(a.take_events(), ElementsAre(R"(t {"event":"hangup","username":"alice","reason":"Explicit hangup"})"));
  close_all();
  EXPECT_THAT(b.take_events(), ElementsAre(fmt::format(R"({{"event":"hangup","username":"alice",{})", kLost)));
  EXPECT_THAT(a.take_events(), ElementsAre(fmt::format(R"({{"event":"hangup","username":"bob",{})", kLost)));
  EXPECT_EQ(a.closing + b.closing, 0);  // nothing that could hit a later call
  a.send(R"({"request":"call","username":"bob"})", "offer");
  EXPECT_THAT(a.take_events(), ElementsAre(R"(t {"event":"calling"})"));
}

TEST_F(VideoCall, the_late_end_of_an_old_call_does_not_touch_a_new_one) {
  connect();
  a.send(R"({"request":"hangup"})");
  a.close();  // Bob's connection takes longer
  forget();
  a.send(R"({"request":"call","username":"carol"})", "offer");
  c.send(R"({"request":"accept"})", "answer");
  forget();
  b.close();
  EXPECT_THAT(a.take_events(), IsEmpty());
  EXPECT_EQ(a.closing, 0);
  EXPECT_EQ(a.handle->query().at("peer"), "carol");
}

TEST_F(VideoCall, a_detached_callee_ends_the_call_and_frees_the_name) {
  a.send(R"({"request":"call","username":"bob"})", "offer");
  forget();
  b.handle.reset();
  EXPECT_THAT(a.take_events(), ElementsAre(fmt::format(R"({{"event":"hangup","username":"bob",{})", kLost)));
  EXPECT_EQ(a.closing, 1);
  a.close();
  EXPECT_THAT(a.take_events(), IsEmpty());
  c.send(R"({"request":"list"})");
  EXPECT_THAT(c.take_events(), ElementsAre(R"(t {"list":["alice","carol"]})"));
}

TEST_F(VideoCall, media_crosses_shards_and_obeys_its_sender) {
  a.packet(0, 1);
  connect();
  a.packet(0, 2);
  a.packet(1, 3);
  EXPECT_THAT(b.take_heard(), IsEmpty());
  first_.deliver();
  EXPECT_THAT(b.take_heard(), ElementsAre("rtp 2", "rtp 3"));
  a.send(R"({"request":"set","audio":false})");
  a.packet(0, 4);
  a.packet(1, 5);
  first_.deliver();
  EXPECT_THAT(b.take_heard(), ElementsAre("rtp 5"));
  b.handler->on_feedback(KeyframeRequest{.mline = 1});
  second_.deliver();
  EXPECT_THAT(a.take_heard(), ElementsAre("pli 1"));
  b.handler->on_feedback(BitrateEstimate{300000});
  EXPECT_THAT(b.take_heard(), ElementsAre("remb 10000000"));
  b.handler->on_data({.label = "chat", .protocol = "p", .binary = false, .bytes = {'h', 'i'}});
  b.handler->on_data({.label = "chat", .protocol = "", .binary = true, .bytes = {}});
  second_.deliver();
  EXPECT_THAT(a.take_heard(), ElementsAre("data chat/ hi"));
}

TEST_F(VideoCall, a_shard_that_does_not_keep_up_loses_packets) {
  connect();
  for (uint16_t i = 0; i < 2 * CallRelay::kMaxOnTheWay; ++i) a.packet(0, i);
  EXPECT_EQ(first_.local<CallRelay>().dropped(), CallRelay::kMaxOnTheWay);
  first_.deliver();
  EXPECT_EQ(b.take_heard().size(), CallRelay::kMaxOnTheWay);
  a.packet(0, 1);
  first_.deliver();
  EXPECT_EQ(b.take_heard().size(), 1U);
}

TEST_F(VideoCall, the_receiver_chooses_the_layers) {
  connect(true);
  a.packet(1, 1, 2, true);
  EXPECT_THAT(b.take_events(), ElementsAre(R"({"event":"simulcast","videocodec":"vp8","substream":2})"));
  b.send(R"({"request":"set","substream":2})");
  EXPECT_THAT(b.take_events(),
              ElementsAre(R"({"event":"simulcast","videocodec":"vp8","substream":2})", R"(t {"event":"set"})"));
  b.send(R"({"request":"set","substream":0})");
  EXPECT_THAT(a.take_heard(), testing::Contains("pli 1"));
  a.packet(1, 9, 0, true);
  EXPECT_THAT(b.take_events(), testing::Contains(R"({"event":"simulcast","videocodec":"vp8","substream":0})"));
  EXPECT_EQ(b.handle->query().at("substream-target"), 0);
  b.send(R"({"request":"set","substream":3})");
  EXPECT_THAT(b.take_events(), ElementsAre("t 474"));
}

TEST_F(VideoCall, renegotiation_goes_from_end_to_end) {
  connect();
  b.send(R"({"request":"set"})", "offer", false, true);
  EXPECT_THAT(a.take_events(), ElementsAre(R"({"event":"update"})"));
  EXPECT_EQ(a.last_jsep, "offer");
  a.send(R"({"request":"set","audio":true})", "answer", false, true);
  EXPECT_EQ(b.last_jsep, "answer");
  c.send(R"({"request":"set"})", "offer", false, true);
  EXPECT_THAT(c.take_events(), ElementsAre(R"(t {"event":"set"})"));
}

TEST_F(VideoCall, recordings_are_of_what_one_sends_and_end_with_the_call) {
  connect();
  std::string base = testing::TempDir() + "limen-videocall";
  a.send(fmt::format(R"({{"request":"set","record":true,"filename":"{}"}})", base));
  EXPECT_EQ(a.handle->query().at("recording").at("audio").as_string(), "limen-videocall-audio.mjr");
  EXPECT_EQ(a.handle->query().at("recording").at("video").as_string(), "limen-videocall-video.mjr");
  EXPECT_THAT(a.take_heard(), ElementsAre("pli 1"));
  EXPECT_THAT(a.notified.back(), testing::HasSubstr(R"("recording":{"audio":)"));
  EXPECT_FALSE(b.handle->query().as_object().contains("recording"));
  a.send(fmt::format(R"({{"request":"set","record":true,"filename":"{}-2"}})", base));  // goes on in other files
  EXPECT_EQ(a.handle->query().at("recording").at("audio").as_string(), "limen-videocall-2-audio.mjr");
  b.send(R"({"request":"hangup"})");
  close_all();
  EXPECT_FALSE(a.handle->query().as_object().contains("recording"));
  plugin_.run();
  for (const char* kind : {"-audio.mjr", "-video.mjr", "-2-audio.mjr", "-2-video.mjr"}) {
    EXPECT_TRUE(std::filesystem::remove(base + kind)) << kind;
  }
}

}  // namespace
}  // namespace limen::videocall
