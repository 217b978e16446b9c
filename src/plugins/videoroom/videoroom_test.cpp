// The plugin as a whole: rooms, members, subscriptions, moderation, forwarders, remote publishers.
#include <gmock/gmock.h>

#include "media/bitrate_ramp.hpp"
#include "plugins/videoroom/cascade_ssrc.hpp"
#include "plugins/videoroom/talk_detector.hpp"
#include "tests/support/room_rig.hpp"
#include "wire/rtp/rtp_parser.hpp"

namespace limen::videoroom {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

int code(const JsonObject& reply) {
  return reply.contains("error_code") ? static_cast<int>(reply.at("error_code").as_int64()) : 0;
}
std::string text(const Json& json) {
  return write_json(json, JsonFormat::compact);
}

class VideoRoom : public testing::Test {
 protected:
  VideoRoom() {
    rig_.admin(R"({"request":"create","room":1,"publishers":3,"videocodec":"h264","notify_joining":true})");
  }
  std::unique_ptr<test::RigHandle> attach(uint32_t shard = 0) { return std::make_unique<test::RigHandle>(rig_, shard); }
  std::unique_ptr<test::RigHandle> member(int id, uint32_t shard = 0) {
    auto handle = attach(shard);
    auto joined = handle->ask(
        fmt::format(R"({{"request":"join","ptype":"publisher","room":1,"id":{},"display":"m{}"}})", id, id));
    EXPECT_EQ(joined.at("videoroom"), "joined");
    return handle;
  }
  std::unique_ptr<test::RigHandle> publisher(int id, uint32_t shard = 0, int layers = 1) {
    auto handle = member(id, shard);
    EXPECT_EQ(handle->ask(R"({"request":"publish"})", test::rig_offer(layers)).at("configured"), "ok");
    handle->connect();
    return handle;
  }
  std::unique_ptr<test::RigHandle> subscriber(int feed, uint32_t shard = 1) {
    auto handle = attach(shard);
    auto reply = handle->ask(
        fmt::format(R"({{"request":"join","ptype":"subscriber","room":1,"streams":[{{"feed":{}}}]}})", feed));
    EXPECT_EQ(reply.at("videoroom"), "attached") << text(reply);
    answer(*handle);
    handle->connect();
    return handle;
  }
  static void answer(test::RigHandle& handle) {
    LocalJsep offer = *std::exchange(handle.description, std::nullopt);
    EXPECT_EQ(handle.ask(R"({"request":"start"})", test::rig_answer(offer)).at("started"), "ok");
  }
  // Frames of one publisher; how many packets of an m-line reached the subscriber.
  int frames(test::RigHandle& publisher, test::RigCamera& camera, test::RigHandle& subscriber, uint8_t mline,
             int count = 10) {
    subscriber.media().sent.clear();
    for (int i = 0; i < count; ++i) {
      camera.send(publisher);
      rig_.run();
      rig_.shards.now += 33ms;
    }
    return static_cast<int>(
        std::ranges::count_if(subscriber.media().sent, [mline](const auto& sent) { return sent.note.mline == mline; }));
  }

  test::RoomRig rig_;
};

TEST_F(VideoRoom, rooms_are_made_listed_and_ended) {
  auto handle = attach();
  EXPECT_EQ(text(handle->ask(R"({"request":"create","room":7,"secret":"s","is_private":true})")),
            R"({"videoroom":"created","room":7,"permanent":false})");
  EXPECT_EQ(code(handle->ask(R"({"request":"create","room":7})")), 427);
  EXPECT_EQ(code(handle->ask(R"({"request":"create","videocodec":"divx"})")), 430);
  EXPECT_EQ(code(handle->ask(R"({"request":"create","permanent":true})")), 499) << "there is no file";
  EXPECT_THAT(handle->ask(R"({"request":"LIST"})").at("list").as_array(), SizeIs(1)) << "one is private";
  EXPECT_EQ(code(handle->ask(R"({"request":"destroy","room":7})")), 429);
  EXPECT_EQ(code(handle->ask(R"({"request":"destroy","room":7,"secret":"x"})")), 433);
  EXPECT_EQ(handle->ask(R"({"request":"destroy","room":7,"secret":"s"})").at("videoroom"), "destroyed");
  EXPECT_EQ(handle->ask(R"({"request":"exists","room":7})").at("exists"), false);
}

TEST_F(VideoRoom, members_hear_of_who_comes_publishes_and_goes) {
  auto anna = member(1);
  auto bert = member(2);
  EXPECT_EQ(text(*anna->last("joining")), R"({"videoroom":"event","room":1,"joining":{"id":2,"display":"m2"}})");
  auto again = attach();
  EXPECT_EQ(code(again->ask(R"({"request":"join","ptype":"publisher","room":1,"id":2})")), 436);
  EXPECT_EQ(code(again->ask(R"({"request":"configure"})")), 424);
  bert->ask(R"({"request":"publish"})", test::rig_offer());
  EXPECT_FALSE(anna->events.back().contains("publishers")) << "not before there is a peer connection";
  bert->connect();
  const Json& told = anna->last("publishers")->at("publishers").at(0);
  EXPECT_EQ(told.at("id"), 2);
  EXPECT_THAT(told.at("streams").as_array(), SizeIs(3));
  bert->hang_up();
  EXPECT_EQ(anna->last("unpublished")->at("unpublished"), 2);
  anna->events.clear();
  bert.reset();
  rig_.run();
  ASSERT_EQ(anna->events.size(), 3u);
  EXPECT_EQ(anna->events[0].at("unpublished"), 2);
  EXPECT_EQ(anna->events[1].at("unpublished"), 2);
  EXPECT_EQ(anna->events[2].at("leaving"), 2);
}

TEST_F(VideoRoom, a_full_room_takes_no_more_publishers) {
  std::vector<std::unique_ptr<test::RigHandle>> all;
  for (int id = 1; id <= 3; ++id) all.push_back(publisher(id));
  auto late = member(4);
  EXPECT_EQ(code(late->ask(R"({"request":"publish"})", test::rig_offer())), 432);
  all.pop_back();
  rig_.run();
  EXPECT_EQ(late->ask(R"({"request":"publish"})", test::rig_offer()).at("configured"), "ok");
}

TEST_F(VideoRoom, media_reach_subscribers_on_other_loops_until_they_are_moderated) {
  auto anna = publisher(1);
  auto bert = subscriber(1);
  test::RigCamera camera(100);
  EXPECT_EQ(frames(*anna, camera, *bert, 1), 10);
  EXPECT_TRUE(bert->media().sent.front().packet.video.keyframe);
  rig_.admin(R"({"request":"moderate","room":1,"id":1,"mid":"1","mute":true})");
  EXPECT_EQ(anna->last("moderation")->at("moderation"), "muted");
  EXPECT_EQ(frames(*anna, camera, *bert, 1), 0);
  EXPECT_EQ(frames(*anna, camera, *bert, 0), 10) << "sound is another stream";
  rig_.shards.now += 2s;  // or the wish for a key frame would have to wait
  rig_.admin(R"({"request":"moderate","room":1,"id":1,"mid":"1","mute":false})");
  EXPECT_GE(frames(*anna, camera, *bert, 1), 9);
  bert->ask(R"({"request":"pause"})");
  EXPECT_EQ(frames(*anna, camera, *bert, 0), 0);
  bert->ask(R"({"request":"start"})");
  EXPECT_EQ(frames(*anna, camera, *bert, 0), 10);
}

TEST_F(VideoRoom, offers_are_serialised) {
  auto anna = publisher(1);
  auto bert = publisher(2);
  auto carl = attach(1);
  carl->ask(R"({"request":"join","ptype":"subscriber","room":1,"streams":[{"feed":1,"mid":"1"}]})");
  EXPECT_EQ(carl->ask(R"({"request":"subscribe","streams":[{"feed":2,"mid":"1"}]})").at("videoroom"), "updating");
  answer(*carl);
  ASSERT_TRUE(carl->description) << "what was held back is offered after the answer";
  EXPECT_THAT(carl->last("streams")->at("streams").as_array(), SizeIs(2));
  answer(*carl);
  EXPECT_EQ(text(carl->ask(R"({"request":"unsubscribe","streams":[{"feed":99}]})")),
            R"({"videoroom":"updated","room":1})");
  EXPECT_EQ(code(carl->ask(R"({"request":"subscribe","streams":[{"feed":99}]})")), 428);
}

TEST_F(VideoRoom, a_switch_goes_on_with_the_numbering) {
  auto anna = publisher(1);
  auto bert = publisher(2, 1);
  auto carl = subscriber(1);
  test::RigCamera first(100), second(200);
  frames(*anna, first, *carl, 1);
  uint16_t last = 0;
  for (const auto& sent : carl->media().sent) {
    if (sent.note.mline == 1) last = sent.note.sequence;
  }
  auto switched = carl->ask(R"({"request":"switch","streams":[{"feed":2,"mid":"1","sub_mid":"1"}]})");
  EXPECT_EQ(switched.at("changes"), 1);
  EXPECT_EQ(frames(*bert, second, *carl, 1), 10);
  EXPECT_EQ(carl->media().sent.front().note.sequence, static_cast<uint16_t>(last + 1));
  EXPECT_TRUE(carl->media().sent.front().packet.video.keyframe);
}

TEST_F(VideoRoom, who_is_kicked_is_out_for_good) {
  auto anna = publisher(1);
  auto bert = member(2);
  auto carl = subscriber(1);
  EXPECT_EQ(code(rig_.admin(R"({"request":"kick","room":1,"id":9})")), 428);
  rig_.admin(R"({"request":"kick","room":1,"id":1})");
  anna->settle();
  EXPECT_EQ(anna->last("reason")->at("reason"), "kicked");
  EXPECT_FALSE(anna->connected);
  EXPECT_EQ(bert->last("kicked")->at("kicked"), 1);
  EXPECT_EQ(code(anna->ask(R"({"request":"publish"})", test::rig_offer())), 426);
  EXPECT_EQ(code(anna->ask(R"({"request":"join","ptype":"publisher","room":1})")), 425);
}

TEST_F(VideoRoom, forwarders_are_opened_on_the_publishers_loop_and_die_with_it) {
  auto anna = publisher(1, 1);
  auto reply = rig_.admin(R"({"request":"rtp_forward","room":1,"publisher_id":1,"host":"192.0.2.9",
      "streams":[{"mid":"1","port":5002,"rtcp_port":5003,"pt":96,"ssrc":7},{"mid":"2","port":5004},{"mid":"x","port":1}]})");
  ASSERT_THAT(reply.at("forwarders").as_array(), SizeIs(2)) << text(reply);
  EXPECT_EQ(rig_.notified.back().at("event"), "rtp_forward");
  DataMessage message{.label = "l", .protocol = "", .binary = false, .bytes = {65}};
  anna->receive(message);
  auto& datagrams = rig_.shards[1].datagrams;
  EXPECT_EQ(datagrams.back().to.port, 5004);
  EXPECT_THAT(datagrams.back().bytes, ElementsAre(65));
  EXPECT_THAT(rig_.admin(R"({"request":"listforwarders","room":1})").at("publishers").as_array(), SizeIs(1));
  EXPECT_EQ(code(rig_.admin(R"({"request":"stop_rtp_forward","room":1,"publisher_id":1,"stream_id":1})")), 428);
  anna->hang_up();
  EXPECT_THAT(rig_.shards[1].receivers, IsEmpty());
  EXPECT_THAT(rig_.admin(R"({"request":"listforwarders","room":1})").at("publishers").as_array(), IsEmpty());
}

TEST_F(VideoRoom, a_remote_publisher_is_received_shown_and_removed) {
  auto anna = member(1);
  auto added = rig_.admin(R"({"request":"add_remote_publisher","room":1,"id":5,"display":"far","streams":[
      {"mid":"0","mindex":0,"type":"audio","codec":"opus"},{"mid":"1","mindex":1,"type":"data"}]})");
  ASSERT_EQ(added.at("videoroom"), "success") << text(added);
  EXPECT_EQ(anna->last("publishers")->at("publishers").at(0).at("id"), 5);
  auto bert = subscriber(5, 0);
  for (uint32_t shard = 0; shard < 2; ++shard) {
    auto& ports = rig_.shards[shard].receivers;
    if (ports.empty()) continue;
    std::vector<uint8_t> sound = {0x80, 111, 0, 1, 0, 0, 0, 0, 0, 0, 3, 0xe8, 1, 2, 3};  // SSRC 1000
    std::vector<uint8_t> words = {0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3, 0xf2, 'h', 'i'};   // 1010
    std::vector<uint8_t> nothing = {0x80, 111, 0, 1, 0, 0, 0, 0, 0, 0, 3, 0xe9, 1};      // 1001: no such layer
    for (const auto& bytes : {sound, words, nothing}) {
      rig_.shards[shard].receive_on(ports.begin()->first, {IpAddress::v4(0x0a000001), 5}, bytes);
    }
  }
  rig_.run();
  ASSERT_THAT(bert->media().sent, SizeIs(1));
  ASSERT_THAT(bert->media().data, SizeIs(1));
  EXPECT_EQ(bert->media().data[0].label, "5");
  EXPECT_FALSE(bert->media().data[0].binary);
  EXPECT_EQ(
      code(rig_.admin(
          R"({"request":"publish_remotely","room":1,"publisher_id":5,"remote_id":"r","host":"192.0.2.1","port":9})")),
      430);
  EXPECT_EQ(rig_.admin(R"({"request":"update_remote_publisher","room":1,"id":5,"streams":[
      {"mid":"0","mindex":0,"type":"audio","codec":"opus","description":"d"},{"mid":"9","mindex":9,"type":"data"}]})")
                .at("videoroom"),
            "success");
  EXPECT_THAT(anna->last("publishers")->at("publishers").at(0).at("streams").as_array(), SizeIs(2));
  rig_.admin(R"({"request":"remove_remote_publisher","room":1,"id":5})");
  EXPECT_EQ(anna->last("leaving")->at("leaving"), 5);
  EXPECT_EQ(bert->last("streams")->at("videoroom"), "updated");
  for (uint32_t shard = 0; shard < 2; ++shard) EXPECT_THAT(rig_.shards[shard].receivers, IsEmpty());
}

TEST_F(VideoRoom, another_server_gets_every_stream_also_later_ones) {
  auto anna = member(1);
  anna->ask(R"({"request":"publish"})", test::rig_offer(3, false));
  anna->connect();
  auto begun = rig_.admin(
      R"({"request":"publish_remotely","room":1,"publisher_id":1,"remote_id":"r","host":"192.0.2.1","port":9,"rtcp_port":10})");
  ASSERT_EQ(begun.at("videoroom"), "success") << text(begun);
  auto& datagrams = rig_.shards[0].datagrams;
  EXPECT_THAT(datagrams, SizeIs(2)) << "one socket for RTCP tells where it is";
  EXPECT_THAT(rig_.shards[0].receivers, SizeIs(5)) << "sound, three layers, RTCP";
  // A key frame for the whole stream, asked for by its first SSRC.
  anna->media().feedback.clear();
  rig_.shards.now += 2s;
  rig_.shards[0].receive_on(datagrams[0].port.value(), {IpAddress::v4(0xc0000201), 10},
                            {0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 3, 0xf2});
  ASSERT_THAT(anna->media().feedback, SizeIs(1));
  EXPECT_EQ(std::get<KeyframeRequest>(anna->media().feedback[0]).mline, 1);
  RemoteJsep more = test::rig_offer(3, true);
  more.update = true;
  EXPECT_EQ(anna->ask(R"({"request":"configure"})", more).at("configured"), "ok");
  anna->receive(DataMessage{.label = "l", .protocol = "", .binary = true, .bytes = {65}});
  EXPECT_THAT(datagrams.back().bytes, ElementsAre(0x80, 1, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0xfc, 65));
  EXPECT_THAT(rig_.admin(R"({"request":"listremotes","room":1,"publisher_id":1})").at("list").as_array(), SizeIs(1));
  rig_.admin(R"({"request":"unpublish_remotely","room":1,"publisher_id":1,"remote_id":"r"})");
  EXPECT_THAT(rig_.shards[0].receivers, IsEmpty());
}

TEST_F(VideoRoom, talking_is_told_when_it_changes) {
  rig_.admin(
      R"({"request":"create","room":2,"audiolevel_event":true,"audio_active_packets":5,"audio_level_average":40})");
  auto anna = attach();
  anna->ask(R"({"request":"join","ptype":"publisher","room":2,"id":1})");
  anna->ask(R"({"request":"publish"})", test::rig_offer());
  anna->connect();
  RtpPacket packet;
  packet.codec = Codec::opus;
  packet.extensions.audio_level = 20;
  for (int i = 0; i < 10; ++i) anna->receive(packet);
  rig_.run();
  EXPECT_EQ(std::ranges::count_if(anna->events, [](const auto& e) { return e.at("videoroom") == "talking"; }), 1);
  packet.extensions.audio_level = 90;
  for (int i = 0; i < 5; ++i) anna->receive(packet);
  rig_.run();
  EXPECT_EQ(anna->events.back().at("videoroom"), "stopped-talking");
}

TEST(BitrateRamp, four_steps_then_every_five_seconds) {
  media::BitrateRamp ramp;
  Instant now{1h};
  EXPECT_FALSE(ramp.on_packet(now)) << "no cap, nothing to tell";
  ramp.set_cap(1200);
  std::vector<uint64_t> told;
  for (int i = 0; i < 1200; ++i, now += 10ms) {
    if (auto bps = ramp.on_packet(now)) told.push_back(*bps);
  }
  EXPECT_THAT(told, ElementsAre(300, 400, 600, 1200, 1200, 1200));
}

TEST(CascadeSsrc, names_m_lines_and_layers) {
  EXPECT_EQ(cascade_ssrc(2, 1), 1021U);
  EXPECT_EQ(cascade_slot(1021), (CascadeSlot{2, 1}));
  EXPECT_FALSE(cascade_slot(999));
  EXPECT_FALSE(cascade_slot(1003)) << "no fourth layer";
  EXPECT_FALSE(cascade_slot(UINT32_MAX));
}

}  // namespace
}  // namespace limen::videoroom
