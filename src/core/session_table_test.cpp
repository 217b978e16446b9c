// Time-outs, claims and the reclaim window.
#include "core/session_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/gateway_rig.hpp"

namespace limen::core {
namespace {

using namespace std::chrono_literals;
using test::Attached;
using test::FakeClient;
using test::GatewayRig;
using testing::ElementsAre;

constexpr std::string_view kKeepalive = R"({"janus":"keepalive","transaction":"k","session_id":1})";

GatewaySettings timeouts(int64_t session, int64_t reclaim = 0) {
  GatewaySettings settings;
  settings.general.session_timeout = session;
  settings.general.reclaim_session_timeout = reclaim;
  return settings;
}

TEST(Sessions, idle_ones_time_out_with_their_handles) {
  GatewayRig rig(timeouts(10));
  Attached handle(rig);
  rig.world.run_for(9s);
  EXPECT_TRUE(handle.client->got.empty());
  rig.world.run_for(3s);
  EXPECT_THAT(handle.client->words(), ElementsAre("timeout", "detached"));
  EXPECT_THAT(handle.client->over, ElementsAre("1 timeout"));
  EXPECT_THAT(rig.script.seen, ElementsAre("gone"));
}

TEST(Sessions, any_request_keeps_them_alive) {
  GatewayRig rig(timeouts(10));
  Attached handle(rig);
  for (int i = 0; i < 5; ++i) {
    rig.world.run_for(8s);
    EXPECT_EQ(rig.error(kKeepalive), 0);
  }
  rig.run([&] { EXPECT_EQ(rig.gateway->check_poll(SessionId(1), "", ""), PollCheck::ok); });
  rig.world.run_for(8s);
  EXPECT_EQ(rig.error(kKeepalive), 0);
}

TEST(Sessions, admin_requests_do_not) {
  GatewayRig rig(timeouts(10));
  Attached handle(rig);
  for (int i = 0; i < 3; ++i) {
    rig.world.run_for(4s);
    rig.ask(R"({"janus":"list_handles","transaction":"x","session_id":1})", true);
  }
  EXPECT_EQ(rig.error(kKeepalive), 458);
}

TEST(Sessions, a_session_may_have_a_time_out_of_its_own) {
  GatewayRig rig(timeouts(10));
  Attached handle(rig);
  JsonObject reply = rig.ask(R"({"janus":"set_session_timeout","transaction":"x","session_id":1,"timeout":0})", true);
  EXPECT_EQ(reply.at("timeout"), 0);
  rig.world.run_for(60s);
  EXPECT_EQ(rig.error(kKeepalive), 0);
  rig.ask(R"({"janus":"set_session_timeout","transaction":"x","session_id":1,"timeout":-1})", true);
  rig.world.run_for(12s);
  EXPECT_EQ(rig.error(kKeepalive), 458);
}

TEST(Sessions, end_with_their_connection_without_a_reclaim_window) {
  GatewayRig rig;
  Attached handle(rig);
  rig.run([&] { rig.gateway->client_gone(handle.client); });
  rig.settle();
  EXPECT_EQ(rig.error(kKeepalive), 458);
  EXPECT_TRUE(handle.client->got.empty());
}

TEST(Sessions, connectionless_clients_cannot_go) {
  GatewayRig rig;
  auto poller = std::make_shared<FakeClient>("9", false);
  rig.send(poller, R"({"janus":"create","transaction":"c","id":1})");
  rig.run([&] { rig.gateway->client_gone(poller); });
  rig.settle();
  EXPECT_EQ(rig.error(kKeepalive), 0);
}

TEST(Sessions, can_be_claimed_in_the_reclaim_window) {
  GatewayRig rig(timeouts(60, 5));
  Attached handle(rig);
  rig.run([&] { rig.gateway->client_gone(handle.client); });
  rig.world.run_for(3s);
  auto other = std::make_shared<FakeClient>("78");
  rig.send(other, R"({"janus":"claim","transaction":"x","session_id":1})");
  EXPECT_THAT(other->words(), ElementsAre("success"));
  rig.world.run_for(20s);
  rig.send(other, handle.on_handle("detach"));
  EXPECT_THAT(other->words(), ElementsAre("success", "detached"));
  EXPECT_TRUE(handle.client->got.empty());
}

TEST(Sessions, are_gone_after_the_reclaim_window) {
  GatewayRig rig(timeouts(60, 5));
  Attached handle(rig);
  rig.run([&] { rig.gateway->client_gone(handle.client); });
  rig.world.run_for(7s);
  EXPECT_EQ(rig.error(R"({"janus":"claim","transaction":"x","session_id":1})"), 458);
}

TEST(Sessions, claims_move_events_and_tell_the_old_owner) {
  GatewayRig rig;
  Attached handle(rig);
  auto other = std::make_shared<FakeClient>("78");
  rig.send(other, R"({"janus":"claim","transaction":"x","session_id":1})");
  EXPECT_THAT(handle.client->over, ElementsAre("1 claimed"));
  EXPECT_THAT(other->sessions, ElementsAre(SessionId(1)));
  rig.send(other, R"({"janus":"claim","transaction":"x","session_id":1})");  // again: nothing happens
  EXPECT_TRUE(other->over.empty());
  // The old connection's end is no longer the session's.
  rig.run([&] { rig.gateway->client_gone(handle.client); });
  rig.settle();
  EXPECT_EQ(rig.error(kKeepalive), 0);
}

}  // namespace
}  // namespace limen::core
