// Handles with a TURN server: candidates, force_relay, failures that are said, allocations given back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/handle.hpp"
#include "tests/support/gateway_rig.hpp"
#include "tests/support/sdp_fixtures.hpp"
#include "tests/support/sim_turn_server.hpp"
#include "wire/sdp/offer_answer.hpp"

namespace limen::core {
namespace {

using namespace std::chrono_literals;
using test::Attached;
using test::GatewayRig;
using testing::HasSubstr;
using testing::Not;

void answer_offer(HandleContext& context, Message message, Reply reply) {
  reply.ack("");
  auto offer = sdp::parse_sdp(message.jsep->sdp);
  ASSERT_TRUE(offer);
  LocalJsep local;
  local.type = "answer";
  local.sdp = sdp::write_sdp(sdp::make_answer(*offer, {}));
  context.push_event(message.transaction, JsonObject{{"result", "ok"}}, std::move(local));
}

GatewaySettings forceable() {
  GatewaySettings settings;
  settings.nat.allow_force_relay = true;
  return settings;
}

struct Relays {
  GatewayRig rig;
  limen::test::SimTurnServer turn;
  Attached handle;

  explicit Relays(GatewaySettings settings = {}, std::string password = "secret")
      : rig(std::move(settings)), turn(rig.network, rig.clock, limen::test::endpoint("198.18.0.2:3478")), handle(rig) {
    rtc::RelayServer server;
    server.address = turn.address();
    server.host = "turn.example.org";
    server.user = "user";
    server.password = std::move(password);
    rig.run([&] { rig.gateway->state().facts.relay_server = server; });
    rig.script.on_message = answer_offer;
  }
  void offer(bool force_relay) {
    Json jsep = {{"type", "offer"}, {"sdp", limen::test::chromium_offer()}, {"force_relay", force_relay}};
    rig.send(handle.client,
             handle.on_handle("message", R"(,"body":{},"jsep":)" + write_json(jsep, JsonFormat::compact)));
  }
  // The answer's SDP, when it has come.
  std::string answer(Duration patience = 6s) {
    auto& got = handle.client->got;
    EXPECT_TRUE(rig.world.run_until([&] { return got.size() >= 2 && got[1].contains("jsep"); }, patience));
    return got.size() >= 2 ? std::string(got[1].at("jsep").at("sdp").as_string()) : std::string();
  }
  JsonObject ice() {
    JsonObject reply = rig.ask(
        fmt::format(R"({{"janus":"handle_info","transaction":"i","session_id":1,"handle_id":{}}})", handle.handle),
        true);
    return reply.at("info").at("webrtc").at("ice").as_object();
  }
};

TEST(HandleRelays, the_answer_waits_for_the_relay_and_names_it) {
  Relays t;
  t.offer(false);
  std::string sdp = t.answer();
  EXPECT_THAT(sdp, HasSubstr("192.0.2.1 7000 typ host"));
  EXPECT_THAT(sdp, HasSubstr(" 198.18.0.2 "));
  EXPECT_THAT(sdp, HasSubstr("typ relay raddr 192.0.2.1"));
  EXPECT_EQ(t.turn.allocations(), 1U);
  EXPECT_EQ(t.rig.shard.open_ports(), 1U);
}

TEST(HandleRelays, force_relay_leaves_nothing_but_the_relay) {
  Relays t(forceable());
  t.offer(true);
  std::string sdp = t.answer();
  EXPECT_THAT(sdp, HasSubstr("typ relay"));
  EXPECT_THAT(sdp, Not(HasSubstr("typ host")));
}

TEST(HandleRelays, force_relay_counts_only_where_it_is_allowed) {
  Relays t;
  t.offer(true);
  EXPECT_THAT(t.answer(), HasSubstr("typ host"));
}

TEST(HandleRelays, the_allocation_goes_with_the_peer_connection) {
  Relays t;
  t.offer(false);
  t.answer();
  t.rig.send(t.handle.client, t.handle.on_handle("hangup"));
  t.rig.world.run_for(1s);
  EXPECT_EQ(t.turn.allocations(), 0U);
  EXPECT_EQ(t.turn.counts().deallocations, 1U);
  EXPECT_EQ(t.rig.shard.open_ports(), 0U);
}

TEST(HandleRelays, wrong_credentials_do_not_hold_up_the_call_and_are_shown) {
  Relays t({}, "guess");
  t.offer(false);
  std::string sdp = t.answer(1s);
  EXPECT_THAT(sdp, HasSubstr("typ host"));
  EXPECT_THAT(sdp, Not(HasSubstr("typ relay")));
  std::string failures = write_json(t.ice().at("relay-failures"), JsonFormat::compact);
  EXPECT_THAT(failures, HasSubstr("turn.example.org:3478 (udp)"));
  EXPECT_THAT(failures, HasSubstr("refuses the user name or password"));
  EXPECT_THAT(failures, Not(HasSubstr("guess")));
}

TEST(HandleRelays, a_silent_server_delays_the_answer_by_five_seconds_at_most) {
  Relays t;
  t.turn.set_silent(true);
  t.offer(false);
  EXPECT_THAT(t.answer(5s), HasSubstr("typ host"));
}

}  // namespace
}  // namespace limen::core
