// The plugin as a whole: what its requests answer where the tables of the contract leave room.
#include <gmock/gmock.h>

#include <filesystem>

#include "plugins/streaming/streaming_plugin.hpp"
#include "tests/support/plugin_rig.hpp"

namespace limen::streaming {
namespace {

int code(const JsonObject& reply) {
  return reply.contains("error_code") ? static_cast<int>(reply.at("error_code").as_int64()) : 0;
}

class RecordingRig : public test::PluginRig {
 public:
  RecordingRig() : PluginRig(make_streaming_plugin(), 2, 1) {}
  bool path_allowed(const std::string&) const override { return true; }
};

class StreamingRequests : public testing::Test {
 protected:
  StreamingRequests() {
    rig_.admin(R"({"request":"create","type":"rtp","id":1,"playoutdelay_ext":true,"media":[
        {"type":"audio","mid":"a","codec":"opus","pt":111,"port":0},
        {"type":"video","mid":"v","codec":"vp8","pt":96,"port":0}]})");
  }
  static std::string_view status(const JsonObject& reply) {
    return reply.contains("result") ? std::string_view(reply.at("result").at("status").as_string()) : "";
  }

  RecordingRig rig_;
  test::RigHandle viewer_{rig_, 0};
};

TEST_F(StreamingRequests, a_recording_that_cannot_be_written_is_refused_and_none_afterwards) {
  EXPECT_EQ(code(rig_.admin(R"({"request":"recording","id":1,"action":"start","audio":"/proc/none/x"})")), 459);
  EXPECT_EQ(code(rig_.admin(
                R"({"request":"recording","id":1,"action":"start","media":[{"mid":"v","filename":"/proc/none/x"}]})")),
            459);
  auto media = rig_.admin(R"({"request":"info","id":1})").at("info").at("media");
  EXPECT_FALSE(media.at(0).as_object().contains("recording"));
  EXPECT_FALSE(media.at(1).as_object().contains("recording"));
}

TEST_F(StreamingRequests, a_recording_is_answered_when_its_file_is_there) {
  std::string path = testing::TempDir() + "streaming_requests_test";
  auto done = rig_.admin(fmt::format(R"({{"request":"recording","id":1,"action":"start","audio":"{}"}})", path));
  EXPECT_EQ(done.at("streaming"), "ok");
  EXPECT_TRUE(std::filesystem::exists(path + ".mjr"));
  EXPECT_EQ(rig_.admin(R"({"request":"info","id":1})").at("info").at("media").at(0).at("recording"),
            "streaming_requests_test.mjr");
  rig_.admin(R"({"request":"recording","id":1,"action":"stop","audio":true})");
  std::filesystem::remove(path + ".mjr");
}

TEST_F(StreamingRequests, metadata_can_be_emptied_and_stays_known) {
  EXPECT_FALSE(rig_.admin(R"({"request":"info","id":1})").at("info").as_object().contains("metadata"));
  rig_.admin(R"({"request":"edit","id":1,"new_metadata":""})");
  EXPECT_EQ(rig_.admin(R"({"request":"info","id":1})").at("info").at("metadata"), "");
}

TEST_F(StreamingRequests, a_key_that_nobody_asks_for_may_be_anything) {
  EXPECT_EQ(rig_.admin(R"({"request":"list","admin_key":5})").at("streaming"), "list");
}

TEST_F(StreamingRequests, types_are_judged_even_if_the_values_are_not_needed) {
  EXPECT_EQ(code(viewer_.ask(R"({"request":"watch","id":1,"pin":5})")), 454);
  EXPECT_EQ(code(rig_.admin(R"({"request":"create","type":"rtsp","audio":true})")), 456) << "without an address";
}

TEST_F(StreamingRequests, a_started_viewer_that_answers_again_is_told_so) {
  EXPECT_EQ(status(viewer_.ask(R"({"request":"watch","id":1})")), "preparing");
  EXPECT_EQ(status(viewer_.ask(R"({"request":"start"})", test::rig_answer(*viewer_.description))), "starting");
  viewer_.connect();
  EXPECT_EQ(status(viewer_.ask(R"({"request":"watch","id":1})")), "preparing");
  EXPECT_EQ(status(viewer_.ask(R"({"request":"start"})", test::rig_answer(*viewer_.description))), "started");
}

TEST_F(StreamingRequests, a_viewer_that_has_stopped_says_so_until_it_watches_again) {
  viewer_.ask(R"({"request":"watch","id":1})");
  EXPECT_EQ(viewer_.query().at("stopping"), 0);
  EXPECT_EQ(viewer_.query().at("media").at(1).at("playout-delay").at("min-delay"), -1);
  viewer_.ask(R"({"request":"start"})", test::rig_answer(*viewer_.description));
  viewer_.connect();
  viewer_.ask(R"({"request":"stop"})");
  EXPECT_EQ(viewer_.query().at("stopping"), 1);
  viewer_.ask(R"({"request":"watch","id":1})");
  EXPECT_EQ(viewer_.query().at("stopping"), 0);
}

}  // namespace
}  // namespace limen::streaming
