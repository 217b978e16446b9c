// Subscribers that offer (`client_offer`), as WHEP players do.
#include <gtest/gtest.h>

#include "tests/support/room_rig.hpp"
#include "wire/sdp/session_description.hpp"

namespace limen::videoroom {
namespace {

using namespace std::chrono_literals;

// Audio and video to receive, with payload types of its own.
RemoteJsep player_offer(int h264 = 120, bool audio_first = true) {
  std::string audio =
      "m=audio 9 UDP/TLS/RTP/SAVPF 109\r\nc=IN IP4 1.1.1.1\r\na=mid:sound\r\na=recvonly\r\n"
      "a=rtpmap:109 opus/48000/2\r\n";
  std::string video = fmt::format(
      "m=video 9 UDP/TLS/RTP/SAVPF 96 {0}\r\nc=IN IP4 1.1.1.1\r\na=mid:picture\r\na=recvonly\r\n"
      "a=rtpmap:96 VP8/90000\r\na=rtpmap:{0} H264/90000\r\na=fmtp:{0} "
      "profile-level-id=42e01f;packetization-mode=1\r\n",
      h264);
  if (h264 == 0) {
    video =
        "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 1.1.1.1\r\na=mid:picture\r\na=recvonly\r\na=rtpmap:96 "
        "VP8/90000\r\n";
  }
  RemoteJsep jsep;
  jsep.type = "offer";
  jsep.sdp = "v=0\r\no=- 5 2 IN IP4 1.1.1.1\r\ns=-\r\nt=0 0\r\n" + (audio_first ? audio + video : video + audio);
  return jsep;
}

constexpr std::string_view kJoin =
    R"({"request":"join","ptype":"subscriber","room":1,"client_offer":true,"streams":[{"feed":5}]})";

class ClientOffer : public testing::Test {
 protected:
  ClientOffer() {
    rig_.admin(R"({"request":"create","room":1,"publishers":3,"videocodec":"h264"})");
    publisher_.ask(R"({"request":"join","ptype":"publisher","room":1,"id":5})");
    EXPECT_EQ(publisher_.ask(R"({"request":"publish"})", test::rig_offer()).at("configured"), "ok");
    publisher_.connect();
  }
  static int code(const JsonObject& reply) {
    return reply.contains("error_code") ? static_cast<int>(reply.at("error_code").as_int64()) : 0;
  }
  static sdp::SessionDescription answer_of(test::RigHandle& handle) {
    EXPECT_EQ(handle.description->type, "answer");
    auto parsed = sdp::parse_sdp(handle.description->sdp);
    EXPECT_TRUE(parsed);
    return parsed ? *parsed : sdp::SessionDescription();
  }

  test::RoomRig rig_;
  test::RigHandle publisher_{rig_, 0};
};

TEST_F(ClientOffer, is_answered_with_its_own_mids_and_payload_types_and_media_flow) {
  test::RigHandle player(rig_, 1);
  auto reply = player.ask(kJoin, player_offer());
  ASSERT_EQ(reply.at("videoroom"), "attached");
  EXPECT_EQ(reply.at("streams").at(1).at("mid"), "picture");
  EXPECT_EQ(reply.at("streams").at(1).at("ready"), true);
  sdp::SessionDescription answer = answer_of(player);
  ASSERT_EQ(answer.media.size(), 2U);
  EXPECT_EQ(answer.media[1].payload_types.front(), 120);
  EXPECT_EQ(answer.media[1].direction, sdp::Direction::sendonly);
  player.connect();
  test::RigCamera camera(1);
  for (int i = 0; i < 10; ++i) {
    camera.send(publisher_);
    rig_.run();
    rig_.shards.now += 33ms;
  }
  size_t videos = 0;
  for (const auto& sent : player.media().sent) {
    EXPECT_EQ(sent.note.payload_type, sent.note.mline == 1 ? 120 : 109);
    videos += sent.note.mline == 1;
  }
  EXPECT_GT(videos, 5U);
}

TEST_F(ClientOffer, what_cannot_be_shown_is_inactive_in_front_and_refused_behind) {
  test::RigHandle player(rig_, 1);
  ASSERT_EQ(player.ask(kJoin, player_offer(0)).at("videoroom"), "attached");
  EXPECT_TRUE(answer_of(player).media[1].rejected());
  test::RigHandle other(rig_, 1);
  ASSERT_EQ(other.ask(kJoin, player_offer(0, false)).at("videoroom"), "attached");
  EXPECT_EQ(answer_of(other).media[0].direction, sdp::Direction::inactive);
  EXPECT_EQ(answer_of(other).media[1].direction, sdp::Direction::sendonly);
}

TEST_F(ClientOffer, has_to_be_asked_for_and_to_be_there) {
  test::RigHandle player(rig_, 1);
  EXPECT_EQ(
      code(player.ask(R"({"request":"join","ptype":"subscriber","room":1,"streams":[{"feed":5}]})", player_offer())),
      423);
  EXPECT_EQ(code(player.ask(kJoin)), 437);
  RemoteJsep nothing = player_offer();
  nothing.sdp = nothing.sdp.substr(0, nothing.sdp.find("m=")) +
                "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 1.1.1.1\r\na=recvonly\r\n";
  EXPECT_EQ(code(player.ask(kJoin, nothing)), 437);
  EXPECT_EQ(player.ask(kJoin, player_offer()).at("videoroom"), "attached") << "refusals leave nothing behind";
}

TEST_F(ClientOffer, is_renewed_by_configure_and_nothing_else_renegotiates) {
  test::RigHandle player(rig_, 1);
  player.ask(kJoin, player_offer());
  player.connect();
  player.description.reset();
  EXPECT_EQ(player.ask(R"({"request":"configure"})", player_offer(118)).at("configured"), "ok");
  EXPECT_EQ(answer_of(player).media[1].payload_types.front(), 118);
  EXPECT_EQ(code(player.ask(R"({"request":"configure"})", player_offer(0))), 437);
  RemoteJsep fewer = player_offer();
  fewer.sdp.resize(fewer.sdp.find("m=video"));
  EXPECT_EQ(code(player.ask(R"({"request":"configure"})", fewer)), 437);
  EXPECT_EQ(code(player.ask(R"({"request":"subscribe","streams":[{"feed":5}]})")), 423);
  player.description.reset();
  player.ask(R"({"request":"configure","restart":true})");
  EXPECT_FALSE(player.description) << "such a subscription never offers";
}

TEST_F(ClientOffer, a_publisher_that_goes_is_told_without_an_offer) {
  test::RigHandle player(rig_, 1);
  player.ask(kJoin, player_offer());
  player.connect();
  player.description.reset();
  publisher_.hang_up();
  rig_.run();
  ASSERT_NE(player.last("streams"), nullptr);
  EXPECT_EQ(player.events.back().at("videoroom"), "updated");
  EXPECT_FALSE(player.description);
}

}  // namespace
}  // namespace limen::videoroom
