// The envelope of requests, the order of checks, and verbs that need no media.
#include "core/gateway.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/gateway_rig.hpp"

namespace limen::core {
namespace {

using test::Attached;
using test::FakeClient;
using test::GatewayRig;
using testing::ElementsAre;

GatewaySettings with_secret() {
  GatewaySettings settings;
  settings.general.api_secret = "key";
  settings.general.admin_secret = "root";
  return settings;
}

TEST(Gateway, requests_that_are_no_requests) {
  GatewayRig rig;
  for (auto [text, code] : std::initializer_list<std::pair<std::string_view, int>>{
           {"[]", 456},
           {R"({})", 456},
           {R"({"janus":"ping"})", 456},
           {R"({"transaction":"x"})", 456},
           {R"({"janus":5,"transaction":"x"})", 467},
           {R"({"janus":"create","transaction":5})", 467},
           {R"({"janus":"create","transaction":"x","id":-1})", 467},
           {R"({"janus":"create","transaction":"x","id":"5"})", 467}}) {
    JsonObject reply = rig.ask(text);
    EXPECT_EQ(reply.at("error").at("code").as_int64(), code) << text;
    EXPECT_FALSE(reply.contains("transaction")) << text;
  }
}

TEST(Gateway, verbs_are_found_at_their_level) {
  GatewayRig rig;
  Attached handle(rig);
  EXPECT_EQ(rig.ask(R"({"janus":"PiNg","transaction":"x"})").at("janus"), "pong");
  EXPECT_EQ(rig.error(R"({"janus":"attach","transaction":"x"})"), 457);
  EXPECT_EQ(rig.error(R"({"janus":"attach","transaction":"x","session_id":null,"handle_id":0})"), 457);
  EXPECT_EQ(rig.error(R"({"janus":"message","transaction":"x","handle_id":5})"), 458);
  EXPECT_EQ(rig.error(R"({"janus":"ping","transaction":"x","session_id":99})"), 458);
  EXPECT_EQ(rig.error(R"({"janus":"ping","transaction":"x","session_id":1})"), 453);
  EXPECT_EQ(rig.error(R"({"janus":"create","transaction":"x","session_id":1})"), 453);
  EXPECT_EQ(rig.error(R"({"janus":"message","transaction":"x","session_id":1})"), 457);
  EXPECT_EQ(rig.error(R"({"janus":"message","transaction":"x","session_id":1,"handle_id":"7"})"), 459);
  EXPECT_EQ(rig.error(R"({"janus":"keepalive","transaction":"x","session_id":1,"handle_id":7})"), 459);
  EXPECT_EQ(rig.error(handle.on_handle("attach", R"(,"plugin":"janus.plugin.fake")")), 457);
  EXPECT_EQ(rig.error(handle.on_handle("destroy")), 457);
  EXPECT_EQ(rig.error(handle.on_handle("keepalive")), 0);
}

TEST(Gateway, negative_ids_are_ids_that_nobody_has) {
  GatewayRig rig;
  Attached handle(rig);
  JsonObject reply = rig.ask(R"({"janus":"ping","transaction":"x","session_id":-5})");
  EXPECT_EQ(reply.at("error").at("code").as_int64(), 458);
  EXPECT_EQ(reply.at("session_id").as_int64(), -5);
  EXPECT_EQ(rig.error(R"({"janus":"ping","transaction":"x","handle_id":-5})"), 458);
  EXPECT_EQ(rig.error(R"({"janus":"keepalive","transaction":"x","session_id":1,"handle_id":-5})"), 459);
  EXPECT_EQ(rig.error(R"({"janus":"list_sessions","transaction":"x","session_id":-5})", true), 458);
  EXPECT_EQ(rig.error(R"({"janus":"handle_info","transaction":"x","session_id":1,"handle_id":-5})", true), 459);
  EXPECT_EQ(rig.error(R"({"janus":"handle_info","transaction":"x","session_id":1,"handle_id":null})", true), 458);
}

TEST(Gateway, no_credentials_no_information) {
  GatewayRig rig(with_secret());
  EXPECT_EQ(rig.error(R"({"janus":"keepalive","transaction":"x","session_id":1})"), 403);
  EXPECT_EQ(rig.error(R"({"janus":"keepalive","transaction":"x","session_id":1,"apisecret":"key"})"), 458);
  EXPECT_EQ(rig.error(R"({"janus":"create","transaction":"x","apisecret":5})"), 403);
  EXPECT_EQ(rig.ask(R"({"janus":"info","transaction":"x"})").at("api_secret"), true);
  EXPECT_EQ(rig.error(R"({"janus":"list_handles","transaction":"x","session_id":1,"admin_secret":"no"})", true), 403);
  EXPECT_EQ(rig.error(R"({"janus":"list_handles","transaction":"x","session_id":1,"admin_secret":"root"})", true), 458);
  rig.run([&] {
    EXPECT_EQ(rig.gateway->check_poll(SessionId(1), "no", ""), PollCheck::unauthorised);
    EXPECT_EQ(rig.gateway->check_poll(SessionId(1), "key", ""), PollCheck::no_such_session);
  });
}

TEST(Gateway, sessions_may_bring_their_id) {
  GatewayRig rig;
  EXPECT_EQ(rig.ask(R"({"janus":"create","transaction":"x","id":424242})").at("data").at("id").as_uint64(), 424242U);
  JsonObject conflict = rig.ask(R"({"janus":"create","transaction":"x","id":424242})");
  EXPECT_EQ(conflict.at("error").at("code"), 468);
  EXPECT_EQ(conflict.at("session_id").as_uint64(), 424242U);
  uint64_t random = rig.ask(R"({"janus":"create","transaction":"x"})").at("data").at("id").as_uint64();
  EXPECT_LT(random, uint64_t{1} << 53);
}

TEST(Gateway, attach_and_detach) {
  GatewayRig rig;
  Attached handle(rig, R"(,"opaque_id":"mine")");
  EXPECT_EQ(rig.error(R"({"janus":"attach","transaction":"x","session_id":1,"plugin":"janus.plugin.nothing"})"), 460);
  EXPECT_EQ(rig.error(R"({"janus":"attach","transaction":"x","session_id":1,"plugin":4})"), 467);
  EXPECT_EQ(rig.error(R"({"janus":"attach","transaction":"x","session_id":1})"), 456);
  rig.script.refuse_attach = true;
  EXPECT_EQ(rig.error(R"({"janus":"attach","transaction":"x","session_id":1,"plugin":"janus.plugin.fake"})"), 461);
  rig.send(handle.client, handle.on_handle("detach"));
  EXPECT_THAT(handle.client->words(), ElementsAre("success", "detached"));
  EXPECT_THAT(rig.script.seen, ElementsAre("gone"));
  EXPECT_EQ(rig.error(handle.on_handle("detach")), 459);
}

TEST(Gateway, destroy_says_nothing_more) {
  GatewayRig rig;
  Attached handle(rig);
  rig.send(handle.client, R"({"janus":"destroy","transaction":"x","session_id":1})");
  EXPECT_THAT(handle.client->words(), ElementsAre("success"));
  EXPECT_THAT(handle.client->over, ElementsAre("1"));
  EXPECT_EQ(rig.error(R"({"janus":"keepalive","transaction":"x","session_id":1})"), 458);
}

TEST(Gateway, admin_levels_and_settings) {
  GatewayRig rig;
  Attached handle(rig);
  EXPECT_EQ(rig.error(R"({"janus":"create","transaction":"x"})", true), 457);
  EXPECT_EQ(rig.error(R"({"janus":"list_sessions","transaction":"x","session_id":1})", true), 457);
  EXPECT_EQ(rig.error(R"({"janus":"set_log_level","transaction":"x","level":8})", true), 467);
  EXPECT_EQ(rig.error(R"({"janus":"set_session_timeout","transaction":"x","timeout":-1})", true), 467);
  EXPECT_EQ(
      rig.ask(R"({"janus":"set_min_nack_queue","transaction":"x","min_nack_queue":5000})", true).at("min_nack_queue"),
      1000);
  EXPECT_EQ(rig.ask(R"({"janus":"get_status","transaction":"x"})", true).at("status").at("min_nack_queue"), 1000);
  EXPECT_EQ(rig.ask(R"({"janus":"list_sessions","transaction":"x"})", true).at("sessions").as_array().size(), 1U);
  EXPECT_EQ(rig.ask(R"({"janus":"list_handles","transaction":"x","session_id":1})", true).at("handles").at(0),
            handle.handle);
  EXPECT_EQ(rig.error(handle.on_handle("stop_text2pcap"), true), 490);
  JsonObject info = rig.ask(handle.on_handle("handle_info"), true).at("info").as_object();
  EXPECT_EQ(info.at("plugin"), "janus.plugin.fake");
  EXPECT_EQ(info.at("plugin_specific").at("fake"), true);
  EXPECT_FALSE(info.contains("webrtc"));
  EXPECT_FALSE(rig.ask(handle.on_handle("handle_info", R"(,"plugin_only":true)"), true)
                   .at("info")
                   .as_object()
                   .contains("flags"));
}

TEST(Gateway, new_sessions_can_be_refused) {
  GatewayRig rig;
  rig.ask(R"({"janus":"accept_new_sessions","transaction":"x","accept":false})", true);
  EXPECT_EQ(rig.error(R"({"janus":"create","transaction":"x"})"), 472);
}

TEST(Gateway, tokens_are_managed_by_the_admin) {
  GatewaySettings settings;
  settings.general.token_auth = true;
  GatewayRig rig(settings);
  EXPECT_EQ(rig.error(R"({"janus":"create","transaction":"x","token":"bob"})"), 403);
  JsonObject added =
      rig.ask(R"({"janus":"add_token","transaction":"x","token":"bob","plugins":["janus.plugin.fake","no",5]})", true);
  EXPECT_EQ(write_json(added.at("data"), JsonFormat::compact), R"({"plugins":["janus.plugin.fake"]})");
  EXPECT_EQ(rig.error(R"({"janus":"create","transaction":"x","id":1,"token":"bob"})"), 0);
  EXPECT_EQ(
      rig.error(R"({"janus":"attach","transaction":"x","session_id":1,"token":"bob","plugin":"janus.plugin.other"})"),
      405);
  EXPECT_EQ(rig.error(R"({"janus":"allow_token","transaction":"x","token":"bob","plugins":["no"]})", true), 467);
  EXPECT_EQ(
      rig.error(R"({"janus":"allow_token","transaction":"x","token":"eve","plugins":["janus.plugin.fake"]})", true),
      470);
  rig.ask(R"({"janus":"allow_token","transaction":"x","token":"bob","plugins":["janus.plugin.other"]})", true);
  EXPECT_EQ(
      rig.error(R"({"janus":"attach","transaction":"x","session_id":1,"token":"bob","plugin":"janus.plugin.other"})"),
      0);
  rig.ask(R"({"janus":"remove_token","transaction":"x","token":"bob"})", true);
  EXPECT_EQ(rig.error(R"({"janus":"keepalive","transaction":"x","session_id":1,"token":"bob"})"), 403);
}

TEST(Gateway, disabled_modules_are_not_there) {
  GatewaySettings settings;
  settings.plugins.disable = "libjanus_other.so, nothing.so";
  GatewayRig rig(settings);
  rig.ask(R"({"janus":"create","transaction":"x","id":1})");
  EXPECT_EQ(rig.error(R"({"janus":"attach","transaction":"x","session_id":1,"plugin":"janus.plugin.other"})"), 460);
}

TEST(Gateway, event_handlers_hear_of_sessions_and_handles) {
  GatewaySettings settings;
  settings.events.broadcast = true;
  GatewayRig rig(settings);
  Attached handle(rig, R"(,"opaque_id":"op")");
  rig.send(handle.client, handle.on_handle("detach"));
  rig.send(handle.client, R"({"janus":"destroy","transaction":"x","session_id":1})");
  std::vector<std::string> told;
  for (const JsonObject& event : rig.events) {
    const JsonObject& body = event.at("event").as_object();
    const Json& name = body.contains("name") ? body.at("name") : body.at("status");
    told.push_back(fmt::format("{} {}", event.at("type").as_int64(), std::string_view(name.as_string())));
  }
  EXPECT_THAT(told, ElementsAre("256 started", "1 created", "2 attached", "2 detached", "1 destroyed"));
  EXPECT_EQ(rig.events[1].at("event").at("transport").at("id"), "77");
  EXPECT_EQ(rig.events[2].at("opaque_id"), "op");
  EXPECT_FALSE(rig.events[0].contains("session_id"));
}

}  // namespace
}  // namespace limen::core
