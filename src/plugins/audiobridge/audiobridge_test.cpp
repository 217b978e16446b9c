// AudioBridge's requests and events, with the media half on virtual time below them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "media/recording/fake_plugin_context.hpp"
#include "plugins/audiobridge/audiobridge_plugin.hpp"
#include "plugins/audiobridge/bridge_handle.hpp"
#include "plugins/audiobridge/room.hpp"
#include "plugins/audiobridge/rooms.hpp"
#include "plugins/audiobridge/test_world.hpp"

namespace limen::audiobridge {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class Dice final : public Random {
 public:
  void fill(MutableBytes out) override {
    for (uint8_t& byte : out) byte = static_cast<uint8_t>(engine_());
  }

 private:
  std::mt19937 engine_{1};
};

RemoteJsep description_of(std::string type, std::string_view sdp) {
  RemoteJsep out;
  out.type = std::move(type);
  out.sdp = sdp;
  return out;
}

class Context final : public media::test::FakePluginContext {
 public:
  explicit Context(test::World& world) : world_(world) {
    folder = std::filesystem::temp_directory_path() / fmt::format("limen-bridge-{}", ::getpid());
    std::filesystem::create_directories(folder);
  }
  ~Context() override { std::filesystem::remove_all(folder); }
  Random& random() override { return dice_; }
  std::string configs_folder() const override { return folder; }
  bool events_enabled() const override { return true; }
  void notify_event(Json data) override { notified.push_back(write_json(data, JsonFormat::compact)); }
  uint32_t shard_count() const override { return 2; }
  void post_shard(uint32_t shard, std::move_only_function<void(MediaShard&)> task) override {
    world_.posts.emplace_back(shard, std::move(task));
  }
  bool signed_tokens() const override { return tokens; }
  bool token_allows(std::string_view token, std::string_view descriptor) const override {
    return token == "good" && descriptor == "room=1";
  }
  std::string folder;
  std::vector<std::string> notified;
  bool tokens = false;

 private:
  test::World& world_;
  Dice dice_;
};

constexpr std::string_view kOffer =
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVPF 111 0 8\r\nc=IN IP4 0.0.0.0\r\na=mid:a\r\na=sendonly\r\n"
    "a=extmap:3 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\na=rtpmap:111 opus/48000/2\r\n"
    "a=fmtp:111 minptime=10;useinbandfec=1\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:b\r\na=rtpmap:111 opus/48000/2\r\n";
constexpr std::string_view kAnswer =
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVPF 100\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendrecv\r\n"
    "a=extmap:2 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\na=rtpmap:100 opus/48000/2\r\n"
    "a=fmtp:100 useinbandfec=1\r\n";

class Client final : public HandleContext, private MediaContext {
 public:
  Client(Rooms& rooms, test::World& world, uint64_t id) : world_(world), id_(id) {
    handle = std::make_unique<BridgeHandle>(rooms, *this);
  }
  ~Client() override { handle.reset(); }  // before the media half, as in the core
  SessionId session_id() const override { return SessionId(1); }
  HandleId handle_id() const override { return HandleId(id_); }
  std::string_view opaque_id() const override { return ""; }
  void push_event(std::string_view transaction, Json data, std::optional<LocalJsep> jsep) override {
    events.push_back(std::string(transaction) + write_json(data, JsonFormat::compact));
    if (jsep) description = *jsep;
  }
  void install_media(std::move_only_function<std::unique_ptr<MediaHandler>(MediaContext&)> factory) override {
    media_ = factory(*this);
  }
  void post_media(std::move_only_function<void(MediaHandler&)> task) override {
    std::weak_ptr<MediaHandler> media = media_;  // gone with this client, as in the core
    world_.posts.emplace_back(1, [media, task = std::move(task)](MediaShard&) mutable {
      if (auto there = media.lock()) task(*there);
    });
  }
  MediaId media_id() const override { return {1, PeerId(id_)}; }
  bool has_peer_connection() const override { return connected; }
  void close_peer_connection() override {
    connected = false;
    ++closed;
    handle->on_hangup("Close PC");
  }
  void end_session() override {}
  void notify_event(Json data) override { notified.push_back(write_json(data, JsonFormat::compact)); }
  TimerId call_after(Duration, Task) override { return {}; }
  void cancel(TimerId) override {}

  // The answer of a synchronous request; of others the events since.
  std::string ask(std::string_view body, std::optional<RemoteJsep> jsep = std::nullopt) {
    Message message{.transaction = "t", .body = parse_json(body)->as_object(), .jsep = std::move(jsep)};
    auto answer = std::make_shared<std::string>();
    size_t before = events.size();
    handle->on_message(std::move(message), Reply([answer](Reply::Outcome outcome) {
                         if (outcome.kind == Reply::Outcome::Kind::success) {
                           *answer = write_json(outcome.data, JsonFormat::compact);
                         }
                       }));
    settle();
    if (answer->empty() && events.size() > before) *answer = events[before];
    return *answer;
  }
  std::vector<std::string> heard() { return std::exchange(events, {}); }
  void come_up() {
    connected = true;
    handle->on_media_up();
    settle();
  }
  std::function<void()> settle;

  std::vector<std::string> events, notified;
  std::optional<LocalJsep> description;
  bool connected = false;
  int closed = 0;
  std::unique_ptr<BridgeHandle> handle;

 private:
  bool send(const OutgoingRtp&) override { return false; }
  void send(const RtcpFeedback&) override {}
  bool send_data(const DataMessage&) override { return false; }
  Instant now() const override { return world_.now; }
  TimerId call_at(Instant, Task) override { return {}; }
  void post_control(Task task) override { task(); }
  MediaShard& shard() override { return *world_.shards[1]; }
  MediaId id() const override { return media_id(); }

  test::World& world_;
  uint64_t id_;
  std::shared_ptr<MediaHandler> media_;
};

class Bridge : public ::testing::Test {
 protected:
  void start(std::string_view configuration = "") {
    std::ofstream(context.folder + "/janus.plugin.audiobridge.jcfg") << configuration;
    ASSERT_TRUE(rooms.start(context));
    for (int i = 0; i < 3; ++i) {
      clients.push_back(std::make_unique<Client>(rooms, world, static_cast<uint64_t>(i + 1)));
      clients.back()->settle = [this] { settle(); };
    }
    ann().ask(R"({"request":"create","room":1,"secret":"s"})");
  }
  void settle() {
    for (int i = 0; i < 4; ++i) {
      world.run_until(world.now);
      context.run();
    }
  }
  void pass(Duration time) {
    world.run_until(world.now + time);
    settle();
  }
  void all_join() {
    for (int i = 0; i < 3; ++i) {
      clients[static_cast<size_t>(i)]->ask(fmt::format(R"({{"request":"join","room":1,"id":{}}})", i + 1));
    }
    for (auto& client : clients) client->heard();
  }
  Client& ann() { return *clients[0]; }
  Client& bob() { return *clients[1]; }
  Client& eve() { return *clients[2]; }
  std::string saved() const {
    std::ifstream file(context.folder + "/janus.plugin.audiobridge.jcfg");
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  void TearDown() override {
    clients.clear();
    settle();
  }

  test::World world{2};
  Context context{world};
  Rooms rooms;
  std::vector<std::unique_ptr<Client>> clients;
};

TEST_F(Bridge, joining_leaving_and_who_hears_of_it) {
  start();
  EXPECT_EQ(ann().ask(R"({"request":"join","room":1,"id":7,"display":"Ann"})"),
            R"(t{"audiobridge":"joined","room":1,"id":7,"participants":[]})");
  EXPECT_EQ(
      bob().ask(R"({"request":"join","room":1,"id":8,"muted":true})"),
      R"(t{"audiobridge":"joined","room":1,"id":8,"participants":[{"id":7,"display":"Ann","setup":false,"muted":false}]})");
  ann().heard();
  bob().come_up();
  EXPECT_THAT(ann().heard(),
              ElementsAre(R"({"audiobridge":"event","room":1,"participants":[{"id":8,"setup":true,"muted":true}]})"));
  EXPECT_EQ(bob().ask(R"({"request":"leave"})"), R"(t{"audiobridge":"left","room":1,"id":8})");
  EXPECT_THAT(ann().heard(), ElementsAre(R"({"audiobridge":"event","room":1,"leaving":8})"));
  EXPECT_EQ(bob().closed, 0);  // its media stay
  EXPECT_THAT(bob().ask(R"({"request":"leave"})"), HasSubstr("487"));
}

TEST_F(Bridge, who_comes_back_with_a_peer_connection_is_set_up_from_the_next_event_on) {
  start();
  ann().ask(R"({"request":"join","room":1,"id":7})");
  bob().ask(R"({"request":"join","room":1,"id":8})");
  bob().come_up();
  bob().ask(R"({"request":"leave"})");
  ann().heard();
  bob().ask(R"({"request":"join","room":1,"id":9})");
  EXPECT_THAT(ann().heard(), ElementsAre(HasSubstr(R"("participants":[{"id":9,"setup":false,"muted":false}])")));
  bob().ask(R"({"request":"configure","muted":true})");
  EXPECT_THAT(ann().heard(), ElementsAre(HasSubstr(R"({"id":9,"setup":true,"muted":true})")));
}

TEST_F(Bridge, recording_of_a_room_without_a_good_name_is_of_no_room) {
  start();
  for (const char* request : {R"("enable_recording","record":true)", R"("enable_mjrs","mjrs":true)"}) {
    EXPECT_THAT(ann().ask(fmt::format(R"({{"request":{}}})", request)), HasSubstr("485"));
    EXPECT_THAT(ann().ask(fmt::format(R"({{"request":{},"room":"x"}})", request)), HasSubstr("485"));
  }
  EXPECT_THAT(ann().ask(R"({"request":"mute_room"})"), HasSubstr("483"));
}

TEST_F(Bridge, a_hangup_leaves_the_room) {
  start();
  all_join();
  bob().come_up();
  ann().heard();
  EXPECT_EQ(bob().ask(R"({"request":"hangup"})"), R"(t{"audiobridge":"hangingup"})");
  EXPECT_EQ(bob().closed, 1);
  EXPECT_THAT(ann().heard(), ElementsAre(R"({"audiobridge":"event","room":1,"leaving":2})"));
  eve().come_up();
  ann().heard();
  eve().handle->on_hangup("ICE failed");
  EXPECT_THAT(ann().heard(), ElementsAre(R"({"audiobridge":"event","room":1,"leaving":3})"));
}

TEST_F(Bridge, the_order_of_refusals_when_joining) {
  context.tokens = true;
  start(R"(room-1: { sampling_rate = 16000; secret = "s"; pin = "p"; signed_tokens = true; groups = ["a"]; })");
  struct {
    const char* extra;
    int code;
  } steps[] = {{R"("muted":1)", 484},
               {R"("rtp":{})", 489},
               {R"("quality":11)", 489},  // the token comes first
               {R"("token":"good")", 483},
               {R"("token":"good","pin":"x")", 489},
               {R"("token":"good","pin":"p","secret":"x","group":"a")", 489},
               {R"("token":"good","pin":"p","quality":11)", 483},  // the group does, too
               {R"("token":"good","pin":"p","group":"b")", 494},
               {R"("token":"good","pin":"p","group":"a","quality":11,"codec":"g722")", 484},
               {R"("token":"good","pin":"p","group":"a","expected_loss":21)", 484},
               {R"("token":"good","pin":"p","group":"a","codec":"g722")", 484}};
  for (auto& step : steps) {
    std::string answer = ann().ask(fmt::format(R"({{"request":"join","room":1,{}}})", step.extra));
    EXPECT_THAT(answer, HasSubstr(fmt::format(R"("error_code":{})", step.code))) << step.extra;
  }
  EXPECT_THAT(ann().ask(R"({"request":"join","room":1,"token":"good","pin":"p","group":"a"})"), HasSubstr("joined"));
}

TEST_F(Bridge, suspended_participants_and_what_they_miss) {
  start();
  all_join();
  EXPECT_THAT(bob().ask(R"({"request":"suspend","room":1,"id":1})"), HasSubstr("483"));  // not oneself
  EXPECT_THAT(bob().ask(R"({"request":"suspend","room":1,"id":9})"), HasSubstr("492"));  // before the secret
  EXPECT_EQ(bob().ask(R"({"request":"suspend","room":1,"id":2,"pause_events":true})"), R"({"audiobridge":"success"})");
  for (Client* who : {&ann(), &bob(), &eve()}) {
    EXPECT_THAT(who->heard(), ElementsAre(R"({"audiobridge":"event","room":1,"suspended":2})"));
  }
  EXPECT_EQ(ann().ask(R"({"request":"suspend","room":1,"id":2,"secret":"s"})"), R"({"audiobridge":"success"})");
  EXPECT_THAT(eve().heard(), IsEmpty());  // it was already
  eve().ask(R"({"request":"configure","display":"Eve"})");
  EXPECT_THAT(bob().heard(), IsEmpty());
  EXPECT_THAT(ann().ask(R"({"request":"listparticipants","room":1})"),
              HasSubstr(R"({"id":2,"setup":false,"muted":false,"suspended":true})"));
  ann().heard();
  EXPECT_EQ(bob().ask(R"({"request":"resume","room":1,"id":2})"), R"({"audiobridge":"success"})");
  EXPECT_THAT(ann().heard(), ElementsAre(R"({"audiobridge":"event","room":1,"resumed":2})"));
  EXPECT_THAT(
      bob().heard(),
      ElementsAre(
          R"({"audiobridge":"event","room":1,"resumed":2,"participants":[{"id":1,"setup":false,"muted":false},{"id":3,"display":"Eve","setup":false,"muted":false}]})"));
}

TEST_F(Bridge, moderation) {
  start();
  all_join();
  EXPECT_THAT(ann().ask(R"({"request":"mute","room":1,"id":2,"secret":"no"})"), HasSubstr("489"));
  EXPECT_EQ(ann().ask(R"({"request":"mute","room":1,"id":2,"secret":"s"})"), R"({"audiobridge":"success","room":1})");
  EXPECT_EQ(ann().ask(R"({"request":"mute","room":1,"id":2,"secret":"s"})"), R"({"audiobridge":"success"})");
  EXPECT_THAT(bob().heard(), ElementsAre(HasSubstr(R"("id":2,"setup":false,"muted":true)")));
  bob().come_up();
  eve().heard();
  EXPECT_EQ(ann().ask(R"({"request":"kick","room":1,"id":2,"secret":"s"})"), R"({"audiobridge":"success"})");
  EXPECT_EQ(bob().closed, 1);
  EXPECT_THAT(eve().heard(), ElementsAre(R"({"audiobridge":"event","room":1,"kicked":2})",
                                         R"({"audiobridge":"event","room":1,"leaving":2})"));
  EXPECT_EQ(ann().ask(R"({"request":"kick_all","room":1,"secret":"s"})"), R"({"audiobridge":"success"})");
  EXPECT_THAT(eve().heard(), ElementsAre(R"({"audiobridge":"event","room":1,"kicked_all":3})"));
  EXPECT_THAT(bob().ask(R"({"request":"join","room":1,"id":2})"), HasSubstr(R"("participants":[])"));
}

TEST_F(Bridge, another_room_means_another_id_and_defaults) {
  start();
  ann().ask(R"({"request":"create","room":2})");
  all_join();
  ann().ask(
      R"({"request":"configure","display":"Ann","quality":9,"expected_loss":7,"volume":30,"muted":true,"bitrate":32000})");
  EXPECT_THAT(ann().ask(R"({"request":"changeroom","room":1})"), HasSubstr("491"));
  EXPECT_THAT(ann().ask(R"({"request":"changeroom","room":3})"), HasSubstr("485"));
  bob().heard();
  std::string answer = ann().ask(R"({"request":"changeroom","room":2})");
  EXPECT_THAT(answer, HasSubstr("roomchanged"));
  EXPECT_THAT(answer, Not(HasSubstr(R"("id":1,)")));
  EXPECT_THAT(bob().heard(), ElementsAre(R"({"audiobridge":"event","room":1,"leaving":1})"));
  Json query = ann().handle->query();
  EXPECT_EQ(query.at("room").to_number<int>(), 2);
  EXPECT_EQ(query.at("muted").as_bool(), false);
  EXPECT_EQ(query.at("expected-loss").to_number<int>(), 7);
  EXPECT_FALSE(query.as_object().contains("display"));
  EXPECT_FALSE(query.as_object().contains("opus-bitrate"));
}

TEST_F(Bridge, an_offer_is_answered_for_its_first_audio) {
  start();
  RemoteJsep offer = description_of("offer", kOffer);
  EXPECT_THAT(ann().ask(R"({"request":"join","room":1,"id":1})", offer), HasSubstr("joined"));
  ASSERT_TRUE(ann().description);
  const std::string& sdp = ann().description->sdp;
  EXPECT_EQ(ann().description->type, "answer");
  EXPECT_THAT(sdp, HasSubstr("s=AudioBridge 1"));
  EXPECT_THAT(sdp, HasSubstr("a=recvonly"));
  EXPECT_THAT(sdp, HasSubstr("a=fmtp:111 maxplaybackrate=16000; stereo=0; sprop-stereo=0; useinbandfec=1"));
  EXPECT_THAT(sdp, HasSubstr("a=extmap:3 urn:ietf:params:rtp-hdrext:ssrc-audio-level"));
  EXPECT_THAT(sdp, HasSubstr("m=audio 0 "));
  EXPECT_THAT(ann().handle->query().at("fec").as_bool(), true);
  RemoteJsep answer = description_of("answer", kAnswer);
  EXPECT_THAT(ann().ask(R"({"request":"configure"})", answer), HasSubstr("493"));
  offer.e2ee = true;
  EXPECT_THAT(ann().ask(R"({"request":"configure"})", offer), HasSubstr("484"));
  EXPECT_THAT(bob().ask(R"({"request":"hangup"})", offer), HasSubstr("487"));
}

TEST_F(Bridge, the_plugin_offers_if_asked) {
  start();
  ann().ask(R"({"request":"create","room":2,"spatial_audio":true,"sampling_rate":48000})");
  EXPECT_THAT(ann().ask(R"({"request":"join","room":2,"generate_offer":true})"), HasSubstr("joined"));
  ASSERT_TRUE(ann().description);
  EXPECT_EQ(ann().description->type, "offer");
  EXPECT_THAT(ann().description->sdp,
              HasSubstr("a=fmtp:100 maxplaybackrate=48000; stereo=1; sprop-stereo=1; useinbandfec=0"));
  RemoteJsep offer = description_of("offer", kOffer);
  EXPECT_THAT(ann().ask(R"({"request":"configure"})", offer), HasSubstr("493"));
  RemoteJsep answer = description_of("answer", kAnswer);
  EXPECT_EQ(ann().ask(R"({"request":"configure"})", answer), R"(t{"audiobridge":"event","result":"ok"})");
  ann().description.reset();
  ann().ask(R"({"request":"configure","update":true})");
  ASSERT_TRUE(ann().description);  // again, with the correction that the client wants
  EXPECT_THAT(ann().description->sdp, HasSubstr("useinbandfec=1"));
}

TEST_F(Bridge, rooms_are_saved_changed_and_forgotten) {
  start("general: { admin_key = \"k\" }\n# a remark\n");
  EXPECT_THAT(ann().ask(R"({"request":"create","room":5})"), HasSubstr("483"));
  EXPECT_THAT(ann().ask(R"({"request":"create","room":5,"admin_key":"x"})"), HasSubstr("489"));
  EXPECT_EQ(ann().ask(R"({"request":"create","room":5,"admin_key":"k","permanent":true,"pin":"7","is_private":true,
                          "groups":["a","b"],"allowed":["t"],"default_bitrate":20000,"sampling":24000})"),
            R"({"audiobridge":"created","room":5,"permanent":true})");
  EXPECT_THAT(saved(), HasSubstr("a remark"));
  EXPECT_THAT(saved(), HasSubstr("room-5"));
  EXPECT_THAT(saved(), HasSubstr(R"(groups = ["a", "b"])"));
  EXPECT_THAT(saved(), Not(HasSubstr("default_bitrate")));
  EXPECT_EQ(ann().ask(R"({"request":"list"})"), R"({"audiobridge":"success","list":[]})");
  EXPECT_THAT(ann().ask(R"({"request":"list","admin_key":"k"})"), HasSubstr(R"("sampling_rate":24000)"));
  Rooms again;
  ASSERT_TRUE(again.start(context));
  ASSERT_NE(again.find(Id(5)), nullptr);
  EXPECT_THAT(again.find(Id(5))->settings().groups, ElementsAre("a", "b"));
  ann().ask(R"({"request":"edit","room":5,"new_pin":"","new_description":"D","permanent":true})");
  EXPECT_THAT(saved(), Not(HasSubstr("pin")));
  ann().ask(R"({"request":"destroy","room":5,"permanent":true})");
  EXPECT_THAT(saved(), Not(HasSubstr("room-5")));
}

TEST_F(Bridge, a_destroyed_room_sends_everybody_away) {
  start();
  all_join();
  bob().come_up();
  bob().heard();
  EXPECT_EQ(eve().ask(R"({"request":"destroy","room":1,"secret":"s"})"),
            R"({"audiobridge":"destroyed","room":1,"permanent":false})");
  EXPECT_THAT(bob().heard(), ElementsAre(R"({"audiobridge":"destroyed","room":1})"));
  EXPECT_EQ(bob().closed, 1);
  EXPECT_THAT(ann().ask(R"({"request":"configure"})"), HasSubstr("487"));
  EXPECT_TRUE(world.shards[0]->timers.empty() && world.shards[1]->timers.empty());
}

TEST_F(Bridge, names_may_be_texts) {
  start("general: { string_ids = true }\nroom-alpha: { sampling_rate = 16000 }\nroom-x: { sampling_rate = 44100 }");
  EXPECT_THAT(ann().ask(R"({"request":"join","room":"alpha","id":"ann"})"), HasSubstr(R"("room":"alpha","id":"ann")"));
  EXPECT_THAT(ann().ask(R"({"request":"exists","room":1})"), HasSubstr("484"));
  EXPECT_EQ(rooms.find(Id(std::string("x"))), nullptr);  // no such rate
}

TEST_F(Bridge, forwarders_of_requests_and_of_the_configuration) {
  start(R"(general: { admin_key = "k"; lock_rtp_forward = true; }
           room-4: { sampling_rate = 16000; rtp_forward_id = 9; rtp_forward_host = "127.0.0.1"; rtp_forward_port = 7000;
                     rtp_forward_codec = "pcma"; rtp_forward_always_on = true; })");
  pass(std::chrono::seconds(1));
  auto& sent =
      world.shards[0]->datagrams[7000].empty() ? world.shards[1]->datagrams[7000] : world.shards[0]->datagrams[7000];
  EXPECT_GT(sent.size(), 40u);
  EXPECT_EQ(sent.at(0)[1], 8);
  EXPECT_THAT(ann().ask(R"({"request":"listforwarders","room":4})"), HasSubstr("483"));
  EXPECT_THAT(
      ann().ask(R"({"request":"listforwarders","room":4,"admin_key":"k"})"),
      HasSubstr(
          R"([{"stream_id":9,"ip":"127.0.0.1","port":7000,"ssrc":9,"codec":"pcma","ptype":8,"always_on":true}])"));
  EXPECT_THAT(
      ann().ask(
          R"({"request":"rtp_forward","room":4,"admin_key":"k","host":"127.0.0.1","port":1,"host_family":"ipv6"})"),
      HasSubstr("Could not resolve"));
  EXPECT_EQ(ann().ask(R"({"request":"stop_rtp_forward","room":4,"stream_id":9,"admin_key":"k"})"),
            R"({"audiobridge":"success","room":4,"stream_id":9})");
  size_t before = sent.size();
  pass(std::chrono::seconds(1));
  EXPECT_LE(sent.size(), before + 1);
}

TEST_F(Bridge, files_that_are_played) {
  start();
  EXPECT_THAT(ann().ask(R"({"request":"play_file","room":1,"secret":"s","filename":"/no/such"})"), HasSubstr("499"));
  EXPECT_EQ(ann().ask(R"({"request":"stop_all_files","room":1,"secret":"s"})"),
            R"({"audiobridge":"success","room":1,"file_id_list":[]})");
  EXPECT_EQ(ann().ask(R"({"request":"listannouncements","room":1,"secret":"s"})"),
            R"({"audiobridge":"announcements","room":1,"announcements":[]})");
}

TEST_F(Bridge, plain_participants_get_a_port_and_later_requests_wait_for_it) {
  start(
      "general: { rtp_port_range = \"20000-20010\"; local_ip = \"127.0.0.9\" }\n"
      "room-4: { sampling_rate = 16000; allow_rtp_participants = true }");
  EXPECT_THAT(ann().ask(R"({"request":"join","room":1,"rtp":{}})"), HasSubstr("489"));
  ann().heard();
  std::function<void()> settle_all = ann().settle;
  ann().settle = [] {};
  ann().ask(R"({"request":"join","room":4,"id":1,"rtp":{"ip":"10.0.0.1","port":9000,"payload_type":99,"junk":[]}})");
  ann().ask(R"({"request":"configure","display":"Ann"})");
  EXPECT_THAT(ann().events, IsEmpty());
  settle_all();
  ASSERT_EQ(ann().events.size(), 2u);
  EXPECT_THAT(ann().events[0], HasSubstr(R"("rtp":{"ip":"127.0.0.9","port":200)"));
  EXPECT_THAT(ann().events[0], HasSubstr(R"("payload_type":99)"));
  EXPECT_THAT(ann().events[1], HasSubstr("ok"));
  ann().settle = settle_all;
  EXPECT_EQ(world.shards[1]->receivers.size(), 1u);
  EXPECT_EQ(ann().handle->query().at("plain-rtp").at("remote-port").to_number<int>(), 9000);
  EXPECT_THAT(ann().ask(R"({"request":"listparticipants","room":4})"), HasSubstr(R"("setup":true)"));
  pass(std::chrono::milliseconds(200));
  EXPECT_GE(world.shards[1]->datagrams[9000].size(), 8u);
  ann().ask(R"({"request":"leave"})");
  EXPECT_TRUE(world.shards[1]->receivers.empty());
  world.shards[1]->refuse_ports = true;
  EXPECT_THAT(ann().ask(R"({"request":"join","room":4,"rtp":{}})"), HasSubstr("499"));
}

TEST_F(Bridge, event_handlers_are_told) {
  start();
  EXPECT_THAT(ann().notified, ElementsAre(R"({"event":"created","room":1})"));
  ann().ask(R"({"request":"join","room":1,"id":1,"display":"Ann"})");
  ann().ask(R"({"request":"configure","muted":true})");
  ann().ask(R"({"request":"leave"})");
  EXPECT_THAT(ann().notified,
              ElementsAre(HasSubstr("created"),
                          R"({"event":"joined","room":1,"id":1,"display":"Ann","setup":false,"muted":false})",
                          R"({"event":"configured","room":1,"id":1,"muted":true,"quality":4,"display":"Ann"})",
                          R"({"event":"left","room":1,"id":1,"display":"Ann"})"));
  ann().notified.clear();
  ann().ask(R"({"request":"join","room":1,"id":1})");
  ann().ask(R"({"request":"hangup"})");
  EXPECT_THAT(ann().notified, ElementsAre(HasSubstr("joined")));
  EXPECT_THAT(context.notified, Contains(R"({"event":"left","room":1,"id":1})"));
  bob().ask(R"({"request":"join","room":1,"id":2,"display":"Bob"})");
  ann().ask(R"({"request":"kick_all","room":1,"secret":"s"})");
  EXPECT_THAT(ann().notified, Contains(R"({"event":"kicked_all","room":1,"id":2})"));
  EXPECT_THAT(context.notified, Contains(R"({"event":"left","room":1,"id":2,"display":"Bob"})"));
}

TEST_F(Bridge, recordings_of_the_mix_and_of_participants) {
  start();
  ann().ask(R"({"request":"join","room":1,"id":1})");
  std::string folder = context.folder + "/rec";
  EXPECT_EQ(
      ann().ask(fmt::format(
          R"({{"request":"enable_recording","room":1,"secret":"s","record":true,"record_file":"m.wav","record_dir":"{}"}})",
          folder)),
      R"({"audiobridge":"success","record":true})");
  EXPECT_THAT(ann().ask(R"({"request":"list"})"), HasSubstr(R"("record":true)"));
  ann().come_up();
  ann().ask(fmt::format(R"({{"request":"enable_mjrs","room":1,"secret":"s","mjrs":true,"mjrs_dir":"{}"}})", folder));
  EXPECT_TRUE(ann().handle->query().as_object().contains("audio-recording"));
  pass(std::chrono::seconds(1));
  ann().ask(R"({"request":"enable_recording","room":1,"secret":"s","record":false})");
  ann().ask(R"({"request":"enable_mjrs","room":1,"secret":"s","mjrs":false})");
  pass(std::chrono::milliseconds(100));
  EXPECT_NEAR(static_cast<double>(std::filesystem::file_size(folder + "/m.wav")), 44 + 32000, 2000);
  EXPECT_THAT(context.notified, Contains(R"({"event":"recordingdone","room":1,"record_file":"m.wav"})"));
  EXPECT_FALSE(ann().handle->query().as_object().contains("audio-recording"));
  EXPECT_THAT(
      ann().ask(R"({"request":"enable_recording","room":1,"secret":"s","record":true,"record_dir":"/protected/"})"),
      HasSubstr("499"));
}

TEST(BridgePlugin, admin_requests_and_configuration_findings) {
  test::World world{1};
  Context context(world);
  std::ofstream(context.folder + "/janus.plugin.audiobridge.jcfg")
      << "general: { local_ip = \"here\"; rtp_port_range = \"9-\"; nonsense = 1 }\n"
         "room-1: { sampling_rate = 16000; denoise = true; default_expectedloss = 90 }\nroom-abc: { sampling_rate = "
         "16000 }\n";
  auto plugin = make_audiobridge_plugin();
  config::Findings findings;
  ASSERT_TRUE(plugin->check_config(context.folder, findings));
  EXPECT_THAT(findings.warnings, testing::UnorderedElementsAre(
                                     HasSubstr("nonsense"), HasSubstr("local_ip"), HasSubstr("rtp_port_range"),
                                     HasSubstr("noise suppression"), HasSubstr("expectedloss"), HasSubstr("room-abc")));
  ASSERT_TRUE(plugin->start(context));
  auto ask = [&plugin](std::string_view body) {
    std::string out;
    plugin->take_admin_message(*parse_json(body), [&out](std::optional<Json> answer) {
      out = answer ? write_json(*answer, JsonFormat::compact) : "nothing";
    });
    return out;
  };
  EXPECT_THAT(ask(R"({"request":"exists","room":1})"), HasSubstr(R"("exists":true)"));
  EXPECT_THAT(ask(R"({"request":"join","room":1})"), HasSubstr("482"));
  EXPECT_THAT(ask(R"({"request":"resetdecoder"})"), HasSubstr("487"));
  EXPECT_THAT(ask(R"({"request":"rtp_forward","room":1,"host":"127.0.0.1","port":7000})"), HasSubstr("stream_id"));
  EXPECT_THAT(ask(R"([])"), HasSubstr("481"));
  EXPECT_THAT(ask(R"({})"), HasSubstr("483"));
}

}  // namespace
}  // namespace limen::audiobridge
