#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "media/recording/fake_plugin_context.hpp"
#include "plugins/textroom/text_handle.hpp"

namespace limen::textroom {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class FolderContext final : public media::test::FakePluginContext {
 public:
  std::string configs_folder() const override { return folder; }
  bool events_enabled() const override { return true; }
  void notify_event(Json data) override { notified.push_back(write_json(data, JsonFormat::compact)); }
  std::string folder = "/nowhere";
  std::vector<std::string> notified;
};

// One client: texts go straight to its handle and what it is sent is kept; `date` is cut out.
class Client final : public HandleContext {
 public:
  explicit Client(TextService& service) { handle = std::make_unique<TextHandle>(*this, service); }
  SessionId session_id() const override { return SessionId(1); }
  HandleId handle_id() const override { return HandleId(2); }
  std::string_view opaque_id() const override { return ""; }
  void push_event(std::string_view transaction, Json data, std::optional<LocalJsep> jsep) override {
    events.push_back(std::string(transaction) + " " + write_json(data, JsonFormat::compact));
    offer = std::move(jsep);
  }
  void install_media(std::move_only_function<std::unique_ptr<MediaHandler>(MediaContext&)>) override {}
  void post_media(std::move_only_function<void(MediaHandler&)> task) override {
    TextMedia handler(media, [](DataMessage) {});
    task(handler);
  }
  MediaId media_id() const override { return {}; }
  bool has_peer_connection() const override { return true; }
  void close_peer_connection() override {}
  void end_session() override {}
  void notify_event(Json data) override { notified.push_back(write_json(data, JsonFormat::compact)); }
  TimerId call_after(Duration, Task) override { return {}; }
  void cancel(TimerId) override {}
  bool permits(const NeededRights& needed) const override {
    return (needed.rights.empty() && !needed.any) || !granted ||
           (needed.object == "70" && granted->contains(needed.rights));
  }
  std::optional<Rights> granted;  // by a token, in room 70

  std::vector<std::string> say(std::string_view text) {
    handle->on_data({.label = "x", .protocol = "", .binary = false, .bytes = {text.begin(), text.end()}});
    return heard();
  }
  std::string ask(std::string_view body) {
    Message message{.transaction = "t", .body = parse_json(body)->as_object(), .jsep = std::nullopt};
    std::string answer;
    handle->on_message(std::move(message), Reply([&answer](Reply::Outcome outcome) {
                         answer = write_json(outcome.data, JsonFormat::compact);
                       }));
    return answer;
  }
  std::vector<std::string> heard() { return std::exchange(media.texts, {}); }

  class Media final : public MediaContext {
   public:
    bool send(const OutgoingRtp&) override { return false; }
    void send(const RtcpFeedback&) override {}
    bool send_data(const DataMessage& message) override {
      EXPECT_EQ(message.label, "JanusDataChannel");
      JsonObject json = parse_json(as_text(message.bytes))->as_object();
      if (Json* date = json.if_contains("date")) *date = "D";
      texts.push_back(write_json(json, JsonFormat::compact));
      return true;
    }
    Instant now() const override { return {}; }
    TimerId call_at(Instant, Task) override { return {}; }
    void cancel(TimerId) override {}
    void post_control(Task) override {}
    MediaShard& shard() override { std::abort(); }
    MediaId id() const override { return {}; }
    std::vector<std::string> texts;
  };
  Media media;
  std::vector<std::string> events, notified;
  std::optional<LocalJsep> offer;
  std::unique_ptr<TextHandle> handle;
};

class TextRoom : public testing::Test {
 protected:
  TextRoom()
      : posts_(std::make_shared<HttpPosts>(plugin_.pool, plugin_.control,
                                           [this](const std::string& url, const std::string& body) -> Result<> {
                                             posted_.push_back(url + " " + body);
                                             return {};
                                           })),
        service_(plugin_, TextSettings{}, RoomTable{}, posts_),
        ann(service_),
        bob(service_) {
    ann.ask(R"({"request":"create","room":70,"history":2,"secret":"s","post":"http://x"})");
  }
  void both_join() {
    ann.say(R"({"textroom":"join","room":70,"username":"ann","display":"Ann","transaction":"1"})");
    bob.say(R"({"textroom":"join","room":70,"username":"bob","transaction":"1"})");
    ann.heard();
  }

  FolderContext plugin_;
  std::vector<std::string> posted_;
  std::shared_ptr<HttpPosts> posts_;
  TextService service_;
  Client ann, bob;
};

TEST_F(TextRoom, who_joins_gets_history_then_the_own_join_then_the_answer) {
  EXPECT_THAT(ann.say(R"({"textroom":"join","room":70,"username":"ann","display":"Ann","transaction":"1"})"),
              ElementsAre(R"({"textroom":"join","room":70,"username":"ann","display":"Ann"})",
                          R"({"textroom":"success","participants":[],"transaction":"1"})"));
  for (const char* text : {"one", "two", "three"}) {
    ann.say(fmt::format(R"({{"textroom":"message","room":70,"text":"{}","transaction":"2"}})", text));
  }
  EXPECT_THAT(
      bob.say(R"({"textroom":"join","room":70,"username":"bob","transaction":"3"})"),
      ElementsAre(R"({"textroom":"message","room":70,"from":"ann","date":"D","text":"two","display":"Ann"})",
                  R"({"textroom":"message","room":70,"from":"ann","date":"D","text":"three","display":"Ann"})",
                  R"({"textroom":"join","room":70,"username":"bob"})",
                  R"({"textroom":"success","participants":[{"username":"ann","display":"Ann"}],"transaction":"3"})"));
  EXPECT_THAT(ann.heard(), ElementsAre(R"({"textroom":"join","room":70,"username":"bob"})"));
}

TEST_F(TextRoom, a_message_comes_back_to_its_sender_before_the_answer_and_is_posted) {
  both_join();
  EXPECT_THAT(bob.say(R"({"textroom":"message","room":70,"text":"hi","transaction":"5"})"),
              ElementsAre(R"({"textroom":"message","room":70,"from":"bob","date":"D","text":"hi"})",
                          R"({"textroom":"success","transaction":"5"})"));
  EXPECT_THAT(bob.say(R"({"textroom":"message","room":70,"text":"hi","ack":false,"transaction":"6"})"),
              ElementsAre(HasSubstr("hi")));
  EXPECT_EQ(plugin_.pool.jobs.size(), 1U);  // one after the other
  plugin_.run();
  plugin_.run();
  EXPECT_THAT(posted_, ElementsAre(HasSubstr("http://x {\"textroom\":\"message\""), HasSubstr("hi")));
}

TEST_F(TextRoom, a_token_s_rights_hold_on_the_data_channel_too) {
  bob.granted = Rights(Right::join);
  bob.say(R"({"textroom":"join","room":70,"username":"bob","transaction":"1"})");
  EXPECT_THAT(bob.say(R"({"textroom":"message","room":70,"text":"hi","transaction":"2"})"),
              ElementsAre(AllOf(HasSubstr("419"), HasSubstr("publish in 70"), HasSubstr(R"("transaction":"2")"))));
  EXPECT_THAT(bob.say(R"({"textroom":"destroy","room":70,"secret":"s","transaction":"3"})"),
              ElementsAre(HasSubstr("419")));
  EXPECT_THAT(bob.say(R"({"textroom":"leave","room":70,"transaction":"4"})"), testing::Contains(HasSubstr("success")));
  bob.granted = Rights(Right::publish);
  bob.say(R"({"textroom":"join","room":70,"username":"bob","transaction":"5"})");
  EXPECT_THAT(bob.say(R"({"textroom":"message","room":70,"text":"hi","transaction":"6"})"),
              testing::Contains(HasSubstr("success")));
}

TEST_F(TextRoom, whispers_reach_only_whom_they_name) {
  both_join();
  EXPECT_THAT(ann.say(R"({"textroom":"message","room":70,"tos":["bob","zz"],"text":"psst","transaction":"7"})"),
              ElementsAre(R"({"textroom":"success","sent":{"bob":true,"zz":false},"transaction":"7"})"));
  EXPECT_THAT(bob.heard(),
              ElementsAre(R"({"textroom":"message","room":70,"from":"ann","date":"D","text":"psst","whisper":true})"));
  EXPECT_THAT(ann.say(R"({"textroom":"message","room":70,"to":"bob","tos":[],"text":"x","transaction":"8"})"),
              ElementsAre(HasSubstr("\"error_code\":414")));
  EXPECT_TRUE(plugin_.pool.jobs.empty());
}

TEST_F(TextRoom, texts_that_are_not_requests) {
  EXPECT_THAT(ann.say("{not json"), IsEmpty());
  EXPECT_THAT(ann.say("5"), IsEmpty());
  EXPECT_THAT(ann.say("[1]"), ElementsAre(HasSubstr("\"error_code\":413")));
  EXPECT_THAT(ann.say(R"({"textroom":"list"})"), ElementsAre(testing::Not(HasSubstr("\"transaction\":"))));
  EXPECT_THAT(ann.say(R"({"transaction":"15"})"), ElementsAre(testing::Not(HasSubstr("\"transaction\":"))));
  EXPECT_THAT(ann.say(R"({"textroom":5,"transaction":"15"})"),
              ElementsAre(testing::Not(HasSubstr("\"transaction\":"))));
  EXPECT_THAT(
      ann.say(R"({"textroom":"foo","transaction":"16"})"),
      ElementsAre(R"({"textroom":"error","error_code":415,"error":"Unsupported request foo","transaction":"16"})"));
  EXPECT_THAT(ann.say(R"({"textroom":"leave","room":70,"transaction":"1"})"),
              ElementsAre(HasSubstr("\"error_code\":422")));
}

TEST_F(TextRoom, joining_is_checked_in_order) {
  both_join();
  ann.ask(R"({"request":"edit","room":70,"secret":"s","new_pin":"1"})");
  Client eve(service_);
  auto join = [&eve](std::string_view more) {
    return eve.say(fmt::format(R"({{"textroom":"join","room":70,"transaction":"1"{}}})", more)).back();
  };
  EXPECT_THAT(join(""), HasSubstr("413"));
  EXPECT_THAT(join(R"(,"username":"bob")"), HasSubstr("413"));
  EXPECT_THAT(join(R"(,"username":"bob","pin":"2")"), HasSubstr("419"));
  EXPECT_THAT(join(R"(,"username":"bob","pin":"1")"), HasSubstr("420"));
  ann.ask(R"({"request":"allowed","room":70,"secret":"s","action":"enable","allowed":["tok"]})");
  ann.ask(R"({"request":"allowed","room":70,"secret":"s","action":"add","allowed":["tok"]})");
  EXPECT_THAT(join(R"(,"username":"eve","pin":"1")"), HasSubstr("419"));
  EXPECT_THAT(join(R"(,"username":"eve","pin":"1","token":"tok")"), HasSubstr("success"));
  EXPECT_THAT(join(R"(,"username":"eva","pin":"1","token":"tok")"), HasSubstr("421"));
}

TEST_F(TextRoom, leaving_by_word_by_kick_and_by_hangup) {
  both_join();
  EXPECT_THAT(
      bob.say(R"({"textroom":"leave","room":70,"transaction":"1"})"),
      ElementsAre(R"({"textroom":"leave","room":70,"username":"bob"})", R"({"textroom":"success","transaction":"1"})"));
  EXPECT_THAT(ann.heard(), ElementsAre(R"({"textroom":"leave","room":70,"username":"bob"})"));
  both_join();
  bob.heard();
  EXPECT_EQ(ann.ask(R"({"request":"kick","room":70,"secret":"s","username":"bob"})"), R"({"textroom":"success"})");
  EXPECT_THAT(bob.heard(), ElementsAre(R"({"textroom":"kicked","room":70,"username":"bob"})"));
  EXPECT_THAT(ann.notified.back(), HasSubstr(R"("textroom":"kicked")"));
  both_join();
  bob.handle.reset();
  EXPECT_THAT(ann.heard(), ElementsAre(R"({"textroom":"leave","room":70,"username":"bob"})"));
  ann.handle->on_hangup("Close PC");
  EXPECT_THAT(ann.ask(R"({"request":"listparticipants","room":70})"), HasSubstr("\"participants\":[]"));
}

TEST_F(TextRoom, a_destroyed_room_says_so_to_who_asked_and_to_all) {
  both_join();
  EXPECT_THAT(ann.say(R"({"textroom":"destroy","room":70,"secret":"s","transaction":"1"})"),
              ElementsAre(R"({"textroom":"destroyed","room":70})", R"({"textroom":"destroyed","room":70})",
                          R"({"textroom":"success","room":70,"permanent":false,"transaction":"1"})"));
  EXPECT_THAT(bob.heard().back(), HasSubstr("destroyed"));
  bob.handle.reset();  // no longer in any room
  EXPECT_THAT(ann.heard(), IsEmpty());
}

TEST_F(TextRoom, history_is_bounded_in_bytes) {
  Room room(RoomId(uint64_t{1}), RoomSettings{});
  room.settings.history = 65535;
  SharedText text = make_text(Json(std::string(1024 * 1024 - 2, 'x')), JsonFormat::compact);
  for (int i = 0; i < 20; ++i) room.remember(text);
  EXPECT_EQ(room.history().size(), Room::kMaxHistoryBytes / (1024 * 1024));
}

TEST_F(TextRoom, permanent_rooms_are_saved_and_read_again) {
  EXPECT_THAT(ann.ask(R"({"request":"create","room":5,"permanent":true})"), HasSubstr("\"error_code\":499"));
  plugin_.folder = testing::TempDir() + "limen-textroom";
  std::filesystem::create_directories(plugin_.folder);
  std::string path = plugin_.folder + "/janus.plugin.textroom.jcfg";
  std::ofstream(path) << "# mine\ngeneral: { }\nroom-0: { }\nroom-07: { }\nroom-8: { history = 70000 }\n";
  EXPECT_EQ(ann.ask(R"({"request":"create","room":5,"permanent":true,"pin":"a\"b","history":3})"),
            R"({"textroom":"created","room":5,"permanent":true})");
  RoomTable rooms;
  config::Findings findings;
  rooms.read(*config::read_file(path), false, findings);
  EXPECT_EQ(findings.warnings.size(), 3U);
  ASSERT_EQ(rooms.rooms().size(), 2U);
  EXPECT_EQ(rooms.find(RoomId(uint64_t{5}))->settings.pin, "a\"b");
  EXPECT_EQ(rooms.find(RoomId(uint64_t{5}))->settings.history, 3);
  EXPECT_EQ(rooms.find(RoomId(uint64_t{8}))->settings.history, 0);
  EXPECT_THAT(ann.ask(R"({"request":"destroy","room":5,"permanent":true})"), HasSubstr("\"permanent\":true"));
  EXPECT_EQ(config::read_file(path)->find("room-5"), nullptr);
  std::filesystem::remove_all(plugin_.folder);
}

TEST_F(TextRoom, one_setup_per_handle) {
  ann.ask(R"({"request":"restart"})");
  ann.ask(R"({"request":"setup"})");
  ASSERT_TRUE(ann.offer);
  EXPECT_THAT(ann.offer->sdp, HasSubstr("UDP/DTLS/SCTP webrtc-datachannel"));
  ann.ask(R"({"request":"setup"})");
  EXPECT_FALSE(ann.offer);
  EXPECT_THAT(ann.events, ElementsAre(HasSubstr("416"), R"(t {"textroom":"event","result":"ok"})", HasSubstr("416")));
  EXPECT_THAT(ann.ask(R"({"request":"join","room":70})"), HasSubstr(R"({"textroom":"event","error_code":415)"));
  EXPECT_THAT(ann.ask(R"({"request":"list","textroom":"join","room":70,"username":"ann"})"), HasSubstr("participants"));
}

TEST(HttpPosts, a_slow_room_does_not_delay_others_and_a_flood_is_bounded) {
  media::test::FakePluginContext plugin;
  std::vector<std::string> sent;
  auto posts = std::make_shared<HttpPosts>(plugin.pool, plugin.control,
                                           [&sent](const std::string& url, const std::string& body) -> Result<> {
                                             sent.push_back(url + body);
                                             return fail("refused");
                                           });
  for (const char* body : {"1", "2"}) posts->post("a", "a", body);
  posts->post("b", "b", "1");
  EXPECT_EQ(plugin.pool.jobs.size(), 2U);
  plugin.run();
  plugin.run();
  EXPECT_THAT(sent, ElementsAre("a1", "b1", "a2"));
  for (size_t i = 0; i < HttpPosts::kMaxWaiting + 11; ++i) posts->post("a", "a", "x");
  EXPECT_EQ(posts->lost(), 10U);
  posts.reset();
  plugin.run();  // what comes back finds nothing
}

}  // namespace
}  // namespace limen::textroom
