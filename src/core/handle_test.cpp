// Handles: order of replies and events, descriptions, candidates, hang-ups, and handles that vanish.
#include "core/handle.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/gateway_rig.hpp"
#include "tests/support/sdp_fixtures.hpp"
#include "wire/sdp/offer_answer.hpp"

namespace limen::core {
namespace {

using namespace std::chrono_literals;
using test::Attached;
using test::GatewayRig;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

// Acks, then answers the offer in an event of the same transaction.
void answer_offer(HandleContext& context, Message message, Reply reply) {
  reply.ack("taking my time");
  std::optional<LocalJsep> answer;
  if (message.jsep && message.jsep->type == "offer") {
    auto offer = sdp::parse_sdp(message.jsep->sdp);
    ASSERT_TRUE(offer);
    LocalJsep local;
    local.type = "answer";
    local.sdp = sdp::write_sdp(sdp::make_answer(*offer, {}));
    answer = std::move(local);
  }
  context.push_event(message.transaction, JsonObject{{"result", "ok"}}, std::move(answer));
}

std::string message_with(const Attached& handle, const std::string& type, const std::string& sdp) {
  Json jsep = {{"type", type}, {"sdp", sdp}};
  return handle.on_handle("message", R"(,"body":{},"jsep":)" + write_json(jsep, JsonFormat::compact));
}
std::string offer(const Attached& handle) {
  return message_with(handle, "offer", limen::test::chromium_offer());
}

std::string candidate(const Attached& handle, std::string_view json) {
  return handle.on_handle("trickle", fmt::format(R"(,"candidate":{})", json));
}
constexpr std::string_view kHostCandidate =
    R"({"sdpMid":"0","sdpMLineIndex":0,"candidate":"candidate:1 1 udp 2015363327 203.0.113.5 9000 typ host"})";

TEST(Handle, synchronous_answers_carry_the_data) {
  GatewayRig rig;
  Attached handle(rig);
  JsonObject reply = rig.ask(handle.on_handle("message", R"(,"body":{"a":1})"));
  EXPECT_EQ(write_json(reply, JsonFormat::compact),
            fmt::format(R"({{"janus":"success","session_id":1,"transaction":"t","sender":{},)"
                        R"("plugindata":{{"plugin":"janus.plugin.fake","data":{{"echo":{{"a":1}}}}}}}})",
                        handle.handle));
}

TEST(Handle, opaque_ids_are_shown_on_request) {
  GatewaySettings settings;
  settings.general.opaqueid_in_api = true;
  GatewayRig rig(settings);
  Attached handle(rig, R"(,"opaque_id":"me")");
  EXPECT_EQ(rig.ask(handle.on_handle("message", R"(,"body":{})")).at("opaque_id"), "me");
}

TEST(Handle, the_ack_comes_before_events_whatever_the_plugin_does_first) {
  GatewayRig rig;
  Attached handle(rig);
  rig.script.on_message = [](HandleContext& context, Message message, Reply reply) {
    context.push_event({}, JsonObject{{"n", 1}});
    context.push_event(message.transaction, JsonObject{{"n", 2}});
    reply.ack();
    context.push_event({}, JsonObject{{"n", 3}});
  };
  rig.send(handle.client, handle.on_handle("message", R"(,"body":{})"));
  ASSERT_EQ(handle.client->got.size(), 4U);
  EXPECT_EQ(handle.client->got[0].at("janus"), "ack");
  for (size_t i = 1; i < 4; ++i) EXPECT_EQ(handle.client->got[i].at("plugindata").at("data").at("n"), i);
}

TEST(Handle, an_answer_may_come_later) {
  GatewayRig rig;
  Attached handle(rig);
  std::optional<Reply> kept;
  HandleContext* context = nullptr;
  rig.script.on_message = [&](HandleContext& c, Message, Reply reply) {
    context = &c;
    kept.emplace(std::move(reply));
  };
  rig.send(handle.client, handle.on_handle("message", R"(,"body":{})"));
  EXPECT_TRUE(handle.client->got.empty());
  rig.run([&] {
    context->push_event("t", JsonObject{});
    kept->ack();
    kept.reset();
  });
  EXPECT_THAT(handle.client->words(), ElementsAre("ack", "event"));
}

TEST(Handle, an_answer_for_a_handle_that_has_gone_is_an_error) {
  GatewayRig rig;
  Attached handle(rig);
  std::optional<Reply> kept;
  rig.script.on_message = [&](HandleContext&, Message, Reply reply) { kept.emplace(std::move(reply)); };
  rig.send(handle.client, handle.on_handle("message", R"(,"body":{})"));
  rig.send(handle.client, handle.on_handle("detach"));
  rig.run([&] {
    kept->success(JsonObject{});
    kept.reset();
  });
  EXPECT_THAT(handle.client->words(), ElementsAre("success", "detached", "error 459"));
}

TEST(Handle, a_dropped_answer_is_an_error_too) {
  GatewayRig rig;
  Attached handle(rig);
  rig.script.on_message = [](HandleContext&, Message, Reply) {};
  EXPECT_EQ(rig.error(handle.on_handle("message", R"(,"body":{})")), 462);
}

TEST(Handle, messages_are_checked) {
  GatewayRig rig;
  Attached handle(rig);
  EXPECT_EQ(rig.error(handle.on_handle("message")), 456);
  EXPECT_EQ(rig.error(handle.on_handle("message", R"(,"body":[])")), 467);
  EXPECT_EQ(rig.error(handle.on_handle("message", R"(,"body":{},"jsep":1)")), 455);
  EXPECT_EQ(rig.error(handle.on_handle("message", R"(,"body":{},"jsep":{})")), 456);
  EXPECT_EQ(rig.error(message_with(handle, "pranswer", "v=0")), 464);
  EXPECT_EQ(rig.error(message_with(handle, "offer", "nonsense")), 465);
  EXPECT_EQ(rig.error(message_with(handle, "answer", limen::test::chromium_offer())), 469);
  EXPECT_TRUE(rig.script.seen.empty());
}

TEST(Handle, an_offer_is_answered_with_candidates) {
  GatewayRig rig;
  Attached handle(rig);
  rig.script.on_message = answer_offer;
  rig.send(handle.client, offer(handle));
  ASSERT_EQ(handle.client->got.size(), 2U);
  const JsonObject& event = handle.client->got[1];
  EXPECT_EQ(event.at("transaction"), "t");
  EXPECT_EQ(event.at("jsep").at("type"), "answer");
  std::string sdp(event.at("jsep").at("sdp").as_string());
  EXPECT_THAT(sdp, HasSubstr(" 192.0.2.1 7000 typ host"));
  EXPECT_THAT(sdp, HasSubstr("a=end-of-candidates"));
  EXPECT_THAT(sdp, HasSubstr("a=fingerprint:sha-256 "));
}

TEST(Handle, full_trickle_sends_candidates_apart) {
  GatewaySettings settings;
  settings.nat.full_trickle = true;
  GatewayRig rig(settings);
  Attached handle(rig);
  rig.script.on_message = answer_offer;
  rig.send(handle.client, offer(handle));
  ASSERT_EQ(handle.client->got.size(), 4U);
  EXPECT_EQ(handle.client->got[1].at("janus"), "event");
  EXPECT_EQ(std::string_view(handle.client->got[1].at("jsep").at("sdp").as_string()).find("candidate:"),
            std::string_view::npos);
  EXPECT_EQ(handle.client->got[2].at("candidate").at("sdpMid"), "0");
  EXPECT_THAT(std::string(handle.client->got[2].at("candidate").at("candidate").as_string()),
              HasSubstr("192.0.2.1 7000"));
  EXPECT_EQ(handle.client->got[3].at("candidate").at("completed"), true);
}

TEST(Handle, trickles_are_checked_and_queued) {
  GatewayRig rig;
  Attached handle(rig);
  EXPECT_EQ(rig.error(handle.on_handle("trickle")), 456);
  EXPECT_EQ(rig.error(handle.on_handle("trickle", R"(,"candidate":{},"candidates":[])")), 454);
  // Nothing is negotiated yet: everything is taken as it is.
  EXPECT_EQ(rig.error(handle.on_handle("trickle", R"(,"candidates":"x")")), 0);
  EXPECT_EQ(rig.error(candidate(handle, R"({"sdpMid":5})")), 0);
  EXPECT_EQ(rig.error(candidate(handle, kHostCandidate)), 0);
  EXPECT_EQ(rig.ask(handle.on_handle("handle_info"), true).at("info").at("pending-trickles"), 1);

  rig.script.on_message = answer_offer;
  rig.send(handle.client, offer(handle));
  JsonObject info = rig.ask(handle.on_handle("handle_info"), true).at("info").as_object();
  EXPECT_FALSE(info.contains("pending-trickles"));
  EXPECT_THAT(write_json(info.at("webrtc").at("ice").at("remote-candidates"), JsonFormat::compact),
              HasSubstr("203.0.113.5 9000"));
  EXPECT_EQ(rig.error(candidate(handle, R"({"sdpMid":5,"candidate":"x"})")), 467);
  EXPECT_EQ(rig.error(candidate(handle, R"({"sdpMid":null,"sdpMLineIndex":0,"candidate":"x"})")), 467);
  EXPECT_EQ(rig.error(candidate(handle, R"({"sdpMid":"0","sdpMLineIndex":null,"candidate":"x"})")), 467);
  EXPECT_EQ(rig.error(candidate(handle, R"({"candidate":"x"})")), 456);
  EXPECT_EQ(rig.error(candidate(handle, R"({"sdpMid":"0"})")), 456);
  EXPECT_EQ(rig.error(candidate(handle, R"({"sdpMid":"nope","candidate":"garbage"})")), 0);
  EXPECT_EQ(rig.error(candidate(handle, "null")), 0);
  EXPECT_EQ(rig.error(handle.on_handle("trickle", R"(,"candidates":5)")), 467);
  EXPECT_EQ(rig.error(handle.on_handle("trickle", R"(,"candidates":[{},5,{"completed":true}])")), 0);
}

TEST(Handle, early_candidates_grow_old) {
  GatewayRig rig;
  Attached handle(rig);
  rig.send(handle.client, candidate(handle, kHostCandidate));
  rig.world.run_for(46s);
  rig.script.on_message = answer_offer;
  rig.send(handle.client, offer(handle));
  JsonObject info = rig.ask(handle.on_handle("handle_info"), true).at("info").as_object();
  EXPECT_FALSE(info.at("webrtc").at("ice").as_object().contains("remote-candidates"));
}

TEST(Handle, hangup_lets_the_plugin_speak_first) {
  GatewayRig rig;
  Attached handle(rig);
  rig.script.on_message = answer_offer;
  rig.send(handle.client, handle.on_handle("hangup"));
  EXPECT_THAT(handle.client->words(), ElementsAre("success"));  // there was nothing to hang up
  rig.send(handle.client, offer(handle));
  handle.client->got.clear();
  rig.send(handle.client, handle.on_handle("hangup"));
  ASSERT_EQ(handle.client->got.size(), 3U);
  EXPECT_EQ(handle.client->got[2].at("reason"), "Janus API");
  EXPECT_THAT(handle.client->words(), ElementsAre("success", "event", "hangup"));
  EXPECT_THAT(rig.script.seen, Contains("hangup Janus API"));
  EXPECT_EQ(rig.ask(handle.on_handle("handle_info"), true).at("info").at("flags").at("alert"), true);
}

TEST(Handle, a_refused_offer_is_in_the_way_until_a_hangup) {
  GatewayRig rig;
  Attached handle(rig);
  EXPECT_EQ(rig.error(message_with(handle, "offer", "v=0")), 465);
  std::string bare = limen::test::with_all(limen::test::chromium_offer(), "a=fingerprint", "a=x-fingerprint");
  EXPECT_EQ(rig.error(message_with(handle, "offer", bare)), 465);
  EXPECT_EQ(rig.error(offer(handle)), 490);
  EXPECT_EQ(rig.error(message_with(handle, "offer", "v=0")), 465);
  EXPECT_EQ(rig.error(handle.on_handle("handle_info"), true), 0);
  handle.client->got.clear();
  rig.send(handle.client, handle.on_handle("hangup"));
  EXPECT_THAT(handle.client->words(), ElementsAre("success", "event", "hangup"));
  rig.script.on_message = answer_offer;
  EXPECT_EQ(rig.error(offer(handle)), 0);
}

TEST(Handle, a_new_offer_right_after_a_hangup_waits_its_turn) {
  GatewayRig rig;
  Attached handle(rig);
  rig.script.on_message = answer_offer;
  rig.send(handle.client, offer(handle));
  handle.client->got.clear();
  for (const std::string& text : {handle.on_handle("hangup"), offer(handle)}) {
    rig.run([&] {
      Request request;
      request.client = handle.client;
      request.message = *parse_json(text);
      request.reply = [client = handle.client](const Json& reply) { client->got.push_back(reply.as_object()); };
      rig.gateway->handle(std::move(request));
    });
  }
  rig.settle();
  EXPECT_THAT(handle.client->words(), ElementsAre("success", "event", "hangup", "ack", "event"));
}

TEST(Handle, detach_in_a_call_ends_it) {
  GatewayRig rig;
  Attached handle(rig);
  rig.script.on_message = answer_offer;
  rig.send(handle.client, offer(handle));
  handle.client->got.clear();
  rig.send(handle.client, handle.on_handle("detach"));
  // What the plugin says of its end is not for whom leaves.
  EXPECT_THAT(handle.client->words(), ElementsAre("success", "detached"));
  EXPECT_THAT(rig.script.seen, Contains("hangup Detach"));
  EXPECT_EQ(rig.plane.loops_info()[0].handles, 0U);
}

TEST(Handle, plugins_may_end_the_call_or_the_handle) {
  GatewayRig rig;
  Attached handle(rig);
  rig.script.on_message = [](HandleContext& context, Message message, Reply reply) {
    bool end = message.body.contains("end");
    answer_offer(context, std::move(message), std::move(reply));
    if (end) context.end_session();
    else context.close_peer_connection();
  };
  rig.send(handle.client, offer(handle));
  ASSERT_FALSE(handle.client->got.empty());
  EXPECT_EQ(handle.client->got.back().at("janus"), "hangup");
  EXPECT_EQ(handle.client->got.back().at("reason"), "Close PC");
  handle.client->got.clear();
  rig.send(handle.client, handle.on_handle("message", R"(,"body":{"end":true})"));
  EXPECT_THAT(handle.client->words(), ElementsAre("ack", "event", "detached"));
  EXPECT_EQ(rig.error(handle.on_handle("keepalive")), 459);
}

TEST(Handle, sessions_that_end_in_mid_flight_harm_nobody) {
  GatewayRig rig;
  for (int i = 0; i < 20; ++i) {
    Attached handle(rig);
    rig.script.on_message = answer_offer;
    rig.run([&] {
      for (const std::string& text : {offer(handle), candidate(handle, kHostCandidate), handle.on_handle("hangup")}) {
        Request request;
        request.client = handle.client;
        request.message = *parse_json(text);
        request.reply = [](const Json&) {};
        rig.gateway->handle(std::move(request));
      }
      if (i % 2 == 0) rig.gateway->state().sessions.end(SessionId(1), SessionEnd::admin);
    });
    if (i % 2 != 0) rig.run([&] { rig.gateway->state().sessions.end(SessionId(1), SessionEnd::admin); });
  }
  rig.settle();
  EXPECT_EQ(rig.plane.loops_info()[0].handles, 0U);
  EXPECT_EQ(rig.gateway->state().sessions.all().size(), 0U);
}

TEST(Handle, timers_die_with_it) {
  GatewayRig rig;
  Attached handle(rig);
  int rung = 0;
  rig.script.on_message = [&](HandleContext& context, Message, Reply reply) {
    context.call_after(1s, [&] { ++rung; });
    context.cancel(context.call_after(1s, [&] { rung += 10; }));
    reply.ack();
  };
  rig.send(handle.client, handle.on_handle("message", R"(,"body":{})"));
  rig.world.run_for(2s);
  EXPECT_EQ(rung, 1);
  rig.send(handle.client, handle.on_handle("message", R"(,"body":{})"));
  rig.send(handle.client, handle.on_handle("detach"));
  rig.world.run_for(2s);
  EXPECT_EQ(rung, 1);
}

TEST(Handle, descriptions_are_told_to_event_handlers) {
  GatewaySettings settings;
  settings.events.broadcast = true;
  GatewayRig rig(settings);
  Attached handle(rig);
  rig.script.on_message = answer_offer;
  rig.send(handle.client, offer(handle));
  std::vector<std::string> owners;
  for (const JsonObject& event : rig.events) {
    if (event.at("type").as_int64() == 8) owners.emplace_back(event.at("event").at("owner").as_string());
  }
  EXPECT_THAT(owners, ElementsAre("remote", "local"));
}

TEST(Handle, what_a_plugin_says_of_its_description_is_told_after_it) {
  GatewaySettings settings;
  settings.events.broadcast = true;
  GatewayRig rig(settings);
  Attached handle(rig);
  rig.script.on_message = [](HandleContext& context, Message message, Reply reply) {
    context.notify_event(JsonObject{{"said", "before"}});
    answer_offer(context, std::move(message), std::move(reply));
    context.notify_event(JsonObject{{"said", "after"}});
  };
  rig.send(handle.client, offer(handle));
  std::vector<std::string> told;
  for (const JsonObject& event : rig.events) {
    const JsonObject& body = event.at("event").as_object();
    if (body.contains("owner")) told.emplace_back(body.at("owner").as_string());
    if (const Json* data = body.if_contains("data")) told.emplace_back(data->at("said").as_string());
  }
  EXPECT_THAT(told, ElementsAre("remote", "before", "local", "after"));
}

TEST(Handle, info_of_a_negotiated_call) {
  GatewayRig rig;
  Attached handle(rig);
  rig.script.on_message = answer_offer;
  rig.send(handle.client, offer(handle));
  JsonObject info = rig.ask(handle.on_handle("handle_info"), true).at("info").as_object();
  EXPECT_EQ(info.at("flags").at("negotiated"), true);
  EXPECT_EQ(info.at("ice-role"), "controlled");
  EXPECT_EQ(info.at("sdps").at("profile"), "UDP/TLS/RTP/SAVPF");
  const JsonObject& media = info.at("webrtc").at("media").as_object();
  EXPECT_EQ(media.at("0").at("type"), "audio");
  EXPECT_EQ(media.at("1").at("mindex"), 1);
}

}  // namespace
}  // namespace limen::core
