// Draining, health and metrics of a whole gateway on virtual time.
#include <gtest/gtest.h>

#include "tests/support/gateway_rig.hpp"

namespace limen::core::test {
namespace {

using namespace std::chrono_literals;

class DrainTest : public ::testing::Test {
 protected:
  DrainTest() {
    rig.gateway->state().on_drained = [this] { ended = true; };
  }
  JsonObject drain(std::string_view more = "") {
    return rig.ask(fmt::format(R"({{"janus":"drain","transaction":"d"{}}})", more), true);
  }
  std::string metrics() {
    std::string text;
    rig.run([&] { rig.gateway->monitoring().collect_metrics([&](std::string page) { text = std::move(page); }); });
    rig.world.run_until([&] { return !text.empty(); }, 5s);
    return text;
  }

  GatewayRig rig;
  bool ended = false;
};

TEST_F(DrainTest, new_sessions_are_refused_and_old_ones_go_on) {
  Attached one(rig);
  EXPECT_TRUE(drain().at("draining").as_bool());
  EXPECT_EQ(rig.error(R"({"janus":"create","transaction":"c"})"), 472);
  rig.send(one.client, one.on_handle("message", R"(,"body":{})"));
  EXPECT_FALSE(one.client->got.empty());
  rig.world.run_for(30s);
  EXPECT_FALSE(ended);
}

TEST_F(DrainTest, ends_with_the_last_session) {
  Attached one(rig);
  drain();
  rig.world.run_for(5s);
  EXPECT_FALSE(ended);
  rig.send(one.client, R"({"janus":"destroy","transaction":"d","session_id":1})");
  rig.world.run_for(2s);
  EXPECT_TRUE(ended);
}

TEST_F(DrainTest, ends_at_once_without_sessions) {
  drain();
  rig.world.run_for(2s);
  EXPECT_TRUE(ended);
}

TEST_F(DrainTest, ends_at_its_limit) {
  Attached one(rig);
  EXPECT_EQ(drain(R"(,"timeout":10)").at("ends_in").to_number<int>(), 10);
  rig.world.run_for(8s);
  EXPECT_FALSE(ended);
  rig.world.run_for(4s);
  EXPECT_TRUE(ended);
}

TEST_F(DrainTest, undone_it_ends_nothing) {
  Attached one(rig);
  drain(R"(,"timeout":3)");
  drain(R"(,"drain":false)");
  rig.world.run_for(20s);
  EXPECT_FALSE(ended);
  EXPECT_EQ(rig.error(R"({"janus":"create","transaction":"c"})"), 0);
}

TEST_F(DrainTest, readiness_follows) {
  Monitoring& monitoring = rig.gateway->monitoring();
  EXPECT_TRUE(monitoring.readiness().good);
  Attached one(rig);
  drain();
  EXPECT_FALSE(monitoring.readiness().good);
  EXPECT_EQ(monitoring.readiness().text, "draining");
  EXPECT_TRUE(monitoring.health().good);
  drain(R"(,"drain":false)");
  EXPECT_TRUE(monitoring.readiness().good);
  rig.ask(R"({"janus":"accept_new_sessions","transaction":"x","accept":false})", true);
  EXPECT_FALSE(monitoring.readiness().good);
}

TEST_F(DrainTest, info_says_whether_sessions_are_accepted) {
  Attached one(rig);
  drain();
  EXPECT_FALSE(rig.ask(R"({"janus":"info","transaction":"i"})").at("accepting-new-sessions").as_bool());
}

TEST_F(DrainTest, metrics_count_what_happened) {
  Attached one(rig);
  rig.error(R"({"janus":"nonsense","transaction":"n"})");
  std::string page = metrics();
  for (std::string_view line :
       {"\nlimen_sessions 1\n", "\nlimen_sessions_created_total 1\n",
        "\nlimen_handles{plugin=\"janus.plugin.fake\"} 1\n", "\nlimen_request_errors_total{code=\"457\"} 1\n",
        "\nlimen_draining 0\n", "\nlimen_loop_handles{loop=\"media-0\"} 1\n",
        "\nlimen_peers{state=\"connected\"} 0\n"}) {
    EXPECT_NE(page.find(line), std::string::npos) << line << page;
  }
}

TEST_F(DrainTest, all_who_ask_at_once_share_one_collection) {
  std::vector<std::string> pages;
  rig.run([&] {
    for (int i = 0; i < 3; ++i)
      rig.gateway->monitoring().collect_metrics([&](std::string page) { pages.push_back(std::move(page)); });
  });
  rig.world.run_until([&] { return pages.size() == 3; }, 5s);
  ASSERT_EQ(pages.size(), 3U);
  EXPECT_EQ(pages[0], pages[2]);
}

TEST_F(DrainTest, what_does_not_answer_is_left_out_of_the_metrics) {
  rig.world.sim_background().set_max_delay(1h);
  std::string text = metrics();
  EXPECT_NE(text.find("limen_sessions 0"), std::string::npos);
  EXPECT_EQ(text.find("process_cpu_seconds_total"), std::string::npos);
}

}  // namespace
}  // namespace limen::core::test
