#include "core/webhook/authorisation_hook.hpp"

#include <gtest/gtest.h>

#include "core/session_entrance.hpp"
#include "tests/support/gateway_rig.hpp"

namespace limen::core {
namespace {

using test::Attached;
using test::FakeClient;
using test::GatewayRig;

TEST(Verdict, is_read_from_status_and_body) {
  auto read = [](int status, std::string body) {
    return read_verdict({.status = status, .body = std::move(body), .problem = ""});
  };
  EXPECT_TRUE(read(200, "")->allowed);
  EXPECT_TRUE(read(204, "")->allowed);
  EXPECT_TRUE(read(200, R"({"allow":true,"cache":5})")->allowed);
  EXPECT_EQ(read(200, R"({"cache":5})")->keep, 5);
  EXPECT_EQ(read(200, R"({"cache":999999999})")->keep, 86'400);
  EXPECT_FALSE(read(200, R"({"allow":false,"reason":"no"})")->allowed);
  EXPECT_EQ(read(403, R"({"allow":true,"reason":"a\nb"})")->reason, "a b");
  EXPECT_FALSE(read(403, R"({"allow":true})")->allowed);
  EXPECT_FALSE(read(401, "<html>")->allowed);
  for (auto [status, body] :
       {std::pair{500, ""}, {302, ""}, {0, ""}, {200, "yes"}, {200, "[]"}, {200, R"({"allow":"yes"})"}}) {
    EXPECT_FALSE(read(status, body)) << status << body;
  }
}

// A service that the test plays itself.
struct Service {
  std::vector<JsonObject> questions;
  std::vector<std::move_only_function<void(runtime::HttpAnswer)>> waiting;

  AuthorisationHook::Post post() {
    return [this](const std::string& body, auto done) {
      questions.push_back(parse_json(body)->get_object());
      waiting.push_back(std::move(done));
    };
  }
  void answer(int status, std::string body = "") {
    auto done = std::exchange(waiting, {});
    for (auto& one : done) one({.status = status, .body = body, .problem = status == 0 ? "timeout" : ""});
  }
};

class Hook : public testing::Test {
 protected:
  Hook() : world_(clock_, 1), control_(world_.add_executor("control")) {}
  AuthorisationHook make(WebhookSettings settings) { return {std::move(settings), control_, service_.post()}; }
  // "yes" or "no" and the reason, when it comes.
  void ask(AuthorisationHook& hook, std::string_view who) {
    hook.ask({{"request", "create"}, {"token", who}}, {{"n", 1}},
             [this](const Verdict& verdict) { got_.push_back((verdict.allowed ? "yes " : "no ") + verdict.reason); });
  }

  limen::test::VirtualClock clock_;
  limen::test::SimScheduler world_;
  limen::test::SimExecutor& control_;
  Service service_;
  std::vector<std::string> got_;
};

TEST_F(Hook, equal_questions_are_asked_once_and_remembered) {
  AuthorisationHook hook = make({.url = "http://x", .cache_time = 10});
  JsonObject question{{"request", "create"}, {"token", "a"}};
  EXPECT_FALSE(hook.known(question));
  for (int i = 0; i < 3; ++i) ask(hook, "a");
  ask(hook, "b");
  EXPECT_EQ(service_.questions.size(), 2U);
  EXPECT_EQ(service_.questions[0].at("n"), 1);
  service_.answer(200, R"({"allow":false,"reason":"no room"})");
  EXPECT_EQ(got_, (std::vector<std::string>{"no no room", "no no room", "no no room", "no no room"}));
  ASSERT_TRUE(hook.known(question));
  EXPECT_FALSE(hook.known(question)->allowed);
  world_.run_for(std::chrono::seconds(11));
  EXPECT_FALSE(hook.known(question));
}

TEST_F(Hook, the_service_says_how_long_its_answer_counts) {
  AuthorisationHook hook = make({.url = "http://x", .cache_time = 10});
  ask(hook, "a");
  service_.answer(200, R"({"cache":0})");
  EXPECT_FALSE(hook.known({{"request", "create"}, {"token", "a"}}));
  ask(hook, "a");
  service_.answer(200, R"({"cache":100})");
  world_.run_for(std::chrono::seconds(60));
  EXPECT_TRUE(hook.known({{"request", "create"}, {"token", "a"}}));
}

TEST_F(Hook, failures_are_decided_by_the_key_and_not_remembered) {
  for (bool open : {false, true}) {
    AuthorisationHook hook = make({.url = "http://x", .fail_open = open});
    ask(hook, "a");
    service_.answer(0);
    ask(hook, "a");
    service_.answer(500);
    std::string expected = std::string(open ? "yes" : "no") + " the authorisation service does not answer";
    EXPECT_EQ(got_, (std::vector<std::string>{expected, expected}));
    EXPECT_EQ(hook.counters().failed, 2U);
    got_.clear();
  }
}

TEST_F(Hook, waiting_questions_are_bounded_and_all_are_answered_at_the_end) {
  AuthorisationHook hook = make({.url = "http://x", .queue = 2});
  for (std::string_view who : {"a", "b", "c"}) ask(hook, who);
  EXPECT_EQ(got_, std::vector<std::string>{"no the authorisation service does not answer"});
  EXPECT_EQ(hook.counters().overflowed, 1U);
  hook.stop();
  EXPECT_EQ(got_.size(), 3U);
  service_.answer(200);  // too late for everybody
  EXPECT_EQ(got_.size(), 3U);
  ask(hook, "d");
  EXPECT_EQ(got_.size(), 4U);
}

class HookedGateway : public testing::Test {
 protected:
  void hook(std::vector<std::string> requests) {
    rig_.run([&] {
      rig_.gateway->state().hook = std::make_unique<AuthorisationHook>(
          WebhookSettings{.url = "http://x", .requests = std::move(requests), .cache_time = 0}, rig_.control,
          service_.post());
    });
  }
  void answer(int status) {
    rig_.run([&] { service_.answer(status); });
    rig_.settle();
  }

  GatewayRig rig_;
  Service service_;
};

TEST_F(HookedGateway, a_session_waits_in_order_while_others_go_on) {
  Attached attached(rig_);
  hook({"attach"});
  auto& client = attached.client;
  rig_.send(client, R"({"janus":"attach","transaction":"a","session_id":1,"plugin":"janus.plugin.fake"})");
  rig_.send(client, R"({"janus":"keepalive","transaction":"k","session_id":1})");
  rig_.send(client, attached.on_handle("detach"));
  EXPECT_TRUE(client->got.empty());
  EXPECT_EQ(rig_.error(R"({"janus":"create","transaction":"o"})"), 0);
  EXPECT_EQ(service_.questions[0].at("plugin"), "janus.plugin.fake");
  answer(200);
  EXPECT_EQ(client->words(), (std::vector<std::string>{"success", "ack", "success", "detached"}));
}

TEST_F(HookedGateway, refusals_say_so_and_what_waited_goes_on) {
  Attached attached(rig_);
  hook({"attach", "create"});
  auto& client = attached.client;
  rig_.send(client, R"({"janus":"attach","transaction":"a","session_id":1,"plugin":"janus.plugin.fake"})");
  rig_.send(client, R"({"janus":"attach","transaction":"b","session_id":1,"plugin":"janus.plugin.other"})");
  EXPECT_EQ(service_.questions.size(), 1U);
  answer(403);
  EXPECT_EQ(client->words(), std::vector<std::string>{"error 405"});
  EXPECT_EQ(service_.questions.size(), 2U);
  answer(200);
  EXPECT_EQ(client->words(), std::vector<std::string>{"success"});
  rig_.send(client, R"({"janus":"create","transaction":"c"})");
  answer(401);
  EXPECT_EQ(client->words(), std::vector<std::string>{"error 403"});
}

TEST_F(HookedGateway, a_session_that_ends_meanwhile_answers_what_waited) {
  Attached attached(rig_);
  hook({"attach"});
  auto& client = attached.client;
  rig_.send(client, R"({"janus":"attach","transaction":"a","session_id":1,"plugin":"janus.plugin.fake"})");
  rig_.send(client, R"({"janus":"keepalive","transaction":"k","session_id":1})");
  rig_.ask(R"({"janus":"destroy_session","transaction":"d","session_id":1})", true);
  EXPECT_EQ(client->words(), std::vector<std::string>{"error 458"});
  answer(200);
  EXPECT_EQ(client->words(), std::vector<std::string>{"error 458"});
}

TEST_F(HookedGateway, what_waits_is_bounded) {
  Attached attached(rig_);
  hook({"attach"});
  auto& client = attached.client;
  rig_.send(client, R"({"janus":"attach","transaction":"a","session_id":1,"plugin":"janus.plugin.fake"})");
  for (size_t i = 0; i < kMostHeldCalls + 3; ++i) {
    rig_.send(client, R"({"janus":"keepalive","transaction":"k","session_id":1})");
  }
  EXPECT_EQ(client->words(), (std::vector<std::string>(3, "error 490")));
  answer(200);
  EXPECT_EQ(client->words().size(), kMostHeldCalls + 1);
}

TEST_F(HookedGateway, messages_that_need_no_right_are_not_asked_for) {
  Attached attached(rig_);
  hook({"message"});
  rig_.send(attached.client, attached.on_handle("message", R"(,"body":{})"));
  EXPECT_EQ(attached.client->words(), std::vector<std::string>{"success"});
  EXPECT_TRUE(service_.questions.empty());
}

}  // namespace
}  // namespace limen::core
