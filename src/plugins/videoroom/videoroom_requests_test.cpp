// What requests of VideoRoom may say, where it is less strict than their tables.
#include <gmock/gmock.h>

#include "tests/support/room_rig.hpp"

namespace limen::videoroom {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

int code(const JsonObject& reply) {
  return reply.contains("error_code") ? static_cast<int>(reply.at("error_code").as_int64()) : 0;
}

class RoomRequests : public testing::Test {
 protected:
  RoomRequests() {
    rig_.admin(R"({"request":"create","room":1,"publishers":9,"videocodec":"h264,vp8","notify_joining":true})");
  }
  std::unique_ptr<test::RigHandle> attach() { return std::make_unique<test::RigHandle>(rig_, 0); }
  // A feed without a peer connection; nobody has to send.
  void add_feed(int id, std::string_view streams = R"([{"mid":"0","mindex":0,"type":"audio","codec":"opus"},
      {"mid":"1","mindex":1,"type":"video","codec":"vp8"},{"mid":"2","mindex":2,"type":"data"}])") {
    auto made =
        rig_.admin(fmt::format(R"({{"request":"add_remote_publisher","room":1,"id":{},"streams":{}}})", id, streams));
    ASSERT_EQ(made.at("videoroom"), "success") << write_json(made, JsonFormat::compact);
  }
  std::unique_ptr<test::RigHandle> subscriber(int feed) {
    auto handle = attach();
    auto reply = handle->ask(
        fmt::format(R"({{"request":"join","ptype":"subscriber","room":1,"streams":[{{"feed":{}}}]}})", feed));
    EXPECT_EQ(reply.at("videoroom"), "attached");
    start(*handle);
    return handle;
  }
  static void start(test::RigHandle& handle) {
    LocalJsep offer = *std::exchange(handle.description, std::nullopt);
    EXPECT_EQ(handle.ask(R"({"request":"start"})", test::rig_answer(offer)).at("started"), "ok");
  }

  test::RoomRig rig_;
};

TEST_F(RoomRequests, own_rules_of_talking_and_descriptions_of_other_types_do_not_stop_a_join) {
  auto anna = attach();
  auto joined = anna->ask(
      R"({"request":"join","ptype":"publisher","room":1,"audio_active_packets":"x","audio_level_average":-1,"descriptions":5})");
  EXPECT_EQ(joined.at("videoroom"), "joined");
  EXPECT_FALSE(joined.contains("audio_active_packets"));
  EXPECT_EQ(joined.at("audio_level_average"), -1) << "told as it was said";
  auto bert = attach();
  EXPECT_EQ(code(bert->ask(R"({"request":"join","ptype":"publisher","room":1,"descriptions":[5]})")), 429);
}

TEST_F(RoomRequests, a_publishers_settings_at_top_level_are_not_checked) {
  auto anna = attach();
  anna->ask(R"({"request":"join","ptype":"publisher","room":1})");
  for (const char* extra :
       {R"("mid":5)", R"("send":"x")", R"("min_delay":true)", R"("max_delay":1.5)", R"("streams":[5])"}) {
    EXPECT_EQ(anna->ask(fmt::format(R"({{"request":"configure",{}}})", extra)).at("configured"), "ok") << extra;
  }
  EXPECT_EQ(code(anna->ask(R"({"request":"configure","keyframe":"x"})")), 430);
  EXPECT_EQ(code(anna->ask(R"({"request":"configure","descriptions":[5]})")), 429);
}

TEST_F(RoomRequests, a_subscribers_settings_at_top_level_are_passed_over_but_not_layers_below_zero) {
  add_feed(7);
  auto bert = subscriber(7);
  for (const char* extra : {R"("mid":5)", R"("send":"x")", R"("substream":"x")", R"("fallback":true)",
                            R"("min_delay":"x")", R"("streams":[5])"}) {
    EXPECT_EQ(bert->ask(fmt::format(R"({{"request":"configure",{}}})", extra)).at("configured"), "ok") << extra;
  }
  for (const char* extra :
       {R"("substream":-1)", R"("fallback":-1)", R"("temporal":3)", R"("streams":[{"send":"x"}])"}) {
    EXPECT_EQ(code(bert->ask(fmt::format(R"({{"request":"configure",{}}})", extra))), 430) << extra;
  }
}

TEST_F(RoomRequests, entries_that_are_no_objects_lack_what_is_mandatory) {
  add_feed(7);
  auto bert = attach();
  EXPECT_EQ(code(bert->ask(R"({"request":"join","ptype":"subscriber","room":1,"streams":[5]})")), 429);
  auto eve = subscriber(7);
  EXPECT_EQ(code(eve->ask(R"({"request":"subscribe","streams":[5]})")), 429);
  EXPECT_EQ(code(eve->ask(R"({"request":"switch","streams":[5]})")), 429);
  EXPECT_EQ(code(eve->ask(R"({"request":"switch"})")), 428);
  EXPECT_EQ(code(eve->ask(R"({"request":"switch","streams":[]})")), 430);
}

TEST_F(RoomRequests, unsubscribing_from_nothing_changes_nothing) {
  add_feed(7);
  auto bert = subscriber(7);
  for (const char* entry : {"{}", "5", R"({"feed":99})"}) {
    auto reply = bert->ask(fmt::format(R"({{"request":"unsubscribe","streams":[{}]}})", entry));
    EXPECT_EQ(reply.at("videoroom"), "updated") << entry;
    EXPECT_FALSE(reply.contains("streams")) << entry;
  }
}

TEST_F(RoomRequests, a_data_line_without_sources_is_not_ready) {
  add_feed(7);
  auto bert = subscriber(7);
  auto updated = bert->ask(R"({"request":"unsubscribe","streams":[{"sub_mid":"2"}]})");
  const Json& data = updated.at("streams").at(2);
  EXPECT_EQ(data.at("active"), true);
  EXPECT_EQ(data.at("ready"), false);
}

TEST_F(RoomRequests, a_subscriber_outlives_its_room) {
  add_feed(7);
  auto bert = subscriber(7);
  rig_.admin(R"({"request":"destroy","room":1})");
  EXPECT_EQ(bert->ask(R"({"request":"pause"})").at("paused"), "ok");
  EXPECT_EQ(bert->ask(R"({"request":"start"})").at("room"), 1);
  EXPECT_EQ(bert->ask(R"({"request":"configure","send":false})").at("configured"), "ok");
  EXPECT_EQ(code(bert->ask(R"({"request":"subscribe","streams":[{"feed":7}]})")), 428);
  EXPECT_EQ(code(bert->ask(R"({"request":"switch","streams":[{"feed":7,"mid":"0","sub_mid":"0"}]})")), 428);
  EXPECT_EQ(bert->ask(R"({"request":"unsubscribe","streams":[{"feed":7}]})").at("videoroom"), "updated");
  EXPECT_EQ(bert->ask(R"({"request":"leave"})").at("left"), "ok");
}

TEST_F(RoomRequests, a_room_of_the_wrong_type_is_no_room_where_nobody_checks) {
  auto anna = attach();
  for (const char* rest :
       {R"("kick","id":1)", R"("moderate","id":1,"mid":"0","mute":true)", R"("enable_recording","record":true)"}) {
    EXPECT_EQ(code(anna->ask(fmt::format(R"({{"request":{},"room":"x"}})", rest))), 426) << rest;
  }
  EXPECT_EQ(code(anna->ask(R"({"request":"edit","room":"x"})")), 430);
}

TEST_F(RoomRequests, inactive_lines_of_a_publisher_are_refused) {
  auto anna = attach();
  anna->ask(R"({"request":"join","ptype":"publisher","room":1,"id":1})");
  RemoteJsep offer = test::rig_offer(1, false);
  offer.sdp.replace(offer.sdp.find("a=sendonly"), 10, "a=inactive");
  auto done = anna->ask(R"({"request":"publish"})", offer);
  EXPECT_EQ(done.at("audio_codec"), "none");
  EXPECT_EQ(done.at("streams").at(0).at("disabled"), true);
  EXPECT_NE(anna->description->sdp.find("m=audio 0 "), std::string::npos);
  EXPECT_EQ(anna->query().at("streams").at(0).at("codec"), "none");
}

TEST_F(RoomRequests, dummy_streams_that_the_room_cannot_have_leave_none) {
  rig_.admin(R"({"request":"create","room":2,"dummy_publisher":true,"dummy_streams":[{"codec":"av1"}],
                 "notify_joining":true})");
  auto anna = attach();
  auto joined = anna->ask(R"({"request":"join","ptype":"publisher","room":2})");
  EXPECT_THAT(joined.at("publishers").as_array(), IsEmpty());
  EXPECT_THAT(joined.at("attendees").as_array(), SizeIs(1));
  rig_.admin(R"({"request":"create","room":3,"dummy_publisher":true,"dummy_streams":[]})");
  auto bert = attach();
  joined = bert->ask(R"({"request":"join","ptype":"publisher","room":3})");
  ASSERT_THAT(joined.at("publishers").as_array(), SizeIs(1));
  EXPECT_THAT(joined.at("publishers").at(0).at("streams").as_array(), SizeIs(2)) << "of every codec of the room";
}

TEST_F(RoomRequests, what_belongs_to_publishing_is_not_read_by_joinandconfigure_without_an_offer) {
  auto anna = attach();
  auto joined = anna->ask(R"({"request":"joinandconfigure","ptype":"publisher","room":1,"secret":5,"audiocodec":5,
      "keyframe":"x","update":"x","restart":1,"audio_active_packets":-1})");
  EXPECT_EQ(joined.at("videoroom"), "joined");
  auto bert = attach();
  EXPECT_EQ(code(bert->ask(R"({"request":"joinandconfigure","ptype":"publisher","room":1,"bitrate":"x"})")), 430);
  EXPECT_EQ(code(bert->ask(R"({"request":"joinandconfigure","ptype":"publisher","room":1,"videocodec":5})",
                           test::rig_offer())),
            430);
}

TEST_F(RoomRequests, a_host_of_the_other_family_is_not_found) {
  add_feed(7);
  EXPECT_EQ(
      code(rig_.admin(R"({"request":"rtp_forward","room":1,"publisher_id":7,"host":"127.0.0.1","host_family":"ipv6",
                                "streams":[{"mid":"0","port":9}]})")),
      430);
}

TEST_F(RoomRequests, types_of_remote_streams_are_of_any_case_and_empty_codec_lists_are_none) {
  add_feed(8, R"([{"mid":"0","mindex":0,"type":"Video","codec":"VP8"}])");
  EXPECT_EQ(rig_.admin(R"({"request":"create","room":4,"audiocodec":"","videocodec":""})").at("videoroom"), "created");
  EXPECT_EQ(code(rig_.admin(R"({"request":"create","room":5,"audiocodec":"opus,"})")), 430);
}

}  // namespace
}  // namespace limen::videoroom
