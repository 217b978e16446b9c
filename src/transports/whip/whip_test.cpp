// WHIP and WHEP before a core that the test plays, without sockets.
#include <gtest/gtest.h>

#include "tests/support/sdp_fixtures.hpp"
#include "tests/support/transport_bench.hpp"
#include "transports/whip/ice_links.hpp"
#include "transports/whip/request_facts.hpp"
#include "transports/whip/whip_config.hpp"
#include "transports/whip/whip_endpoints.hpp"
#include "wire/sdp/session_description.hpp"

namespace limen::whip {
namespace {

using http::HttpExchange;

constexpr std::string_view kFragmentType = "application/trickle-ice-sdpfrag";

std::string publisher_offer() {
  std::string offer = test::chromium_offer();
  return test::with_all(offer, "a=sendrecv", "a=sendonly");
}

std::string answer_to(const std::string& offer, bool candidates = true, bool reject = false) {
  auto parsed = sdp::parse_sdp(offer);
  EXPECT_TRUE(parsed);
  for (sdp::MediaDescription& media : parsed->media) {
    for (sdp::Attribute& attribute : media.attributes) {
      if (attribute.name == "ice-ufrag") attribute.value = "srvr";
    }
    media.remove("candidate");
    if (candidates) media.add("candidate", "1 1 udp 2130706431 192.0.2.1 4000 typ host");
    if (reject) media.port = 0;
  }
  return sdp::write_sdp(*parsed);
}

// Plays core and plugin: answers create, attach, message and trickle; keeps what was asked.
class PlayedCore final : public ApiSink {
 public:
  void handle(Request request) override {
    const JsonObject& message = request.message.get_object();
    std::string verb(message.at("janus").get_string());
    asked.push_back(message);
    JsonObject reply{{"janus", "success"}, {"transaction", message.at("transaction")}};
    if (!secret.empty() &&
        (!message.contains("apisecret") || message.at("apisecret").get_string() != std::string_view(secret))) {
      reply["janus"] = "error";
      reply["error"] = JsonObject{{"code", 403}, {"reason", "no"}};
      return request.reply(reply);
    }
    if (verb == "create") {
      client = request.client;
      reply["data"] = JsonObject{{"id", 11}};
    } else if (verb == "attach") {
      reply["data"] = JsonObject{{"id", 22}};
    } else if (verb == "message" && plugin) {
      reply["janus"] = "ack";
      request.reply(reply);
      return plugin(message);
    } else if (verb == "destroy") {
      ++destroyed;
    } else {
      reply["janus"] = "ack";
    }
    request.reply(reply);
  }
  void handle_unparsable(const std::shared_ptr<Client>&, const JsonError&,
                         std::move_only_function<void(const Json&)>) override {}
  PollCheck check_poll(SessionId, std::string_view, std::string_view) override { return PollCheck::ok; }
  void client_gone(const std::shared_ptr<Client>&) override {}
  void notify_transport_event(std::string_view, std::string_view, Json) override {}
  bool events_enabled() const override { return false; }

  void tell(JsonObject event) {
    event["session_id"] = 11;
    client->send_event(SessionId(11), event);
  }
  void answer(const JsonObject& message, JsonObject data, const std::string& sdp = {}) {
    JsonObject event{{"janus", "event"},
                     {"transaction", message.at("transaction")},
                     {"plugindata", JsonObject{{"plugin", "p"}, {"data", std::move(data)}}}};
    if (!sdp.empty()) event["jsep"] = JsonObject{{"type", "answer"}, {"sdp", sdp}};
    tell(std::move(event));
  }
  const JsonObject& body(size_t index = 0) const {
    size_t seen = 0;
    for (const JsonObject& message : asked) {
      if (message.at("janus") == "message" && seen++ == index) return message.at("body").get_object();
    }
    ADD_FAILURE() << "no such message";
    return asked.back();
  }
  size_t count(std::string_view verb) const {
    return static_cast<size_t>(std::count_if(asked.begin(), asked.end(), [&](const JsonObject& m) {
      return std::string_view(m.at("janus").get_string()) == verb;
    }));
  }

  std::vector<JsonObject> asked;
  std::shared_ptr<Client> client;
  std::function<void(const JsonObject&)> plugin;
  std::string secret;
  int destroyed = 0;
};

struct Got {
  bool done = false, closed = false;
  net::HttpResponse response;
  std::string pushed;
  bool ended = false;
  std::shared_ptr<HttpExchange> exchange;

  std::string header(std::string_view name) const {
    for (const auto& [key, value] : response.headers) {
      if (key == name) return value;
    }
    return {};
  }
  Json problem() const { return boost::json::parse(response.body); }
};

class WhipBench : public test::TransportBench {
 public:
  ApiSink& sink() override { return played; }
  PlayedCore played;
};

class Whip : public testing::Test {
 protected:
  void start(const std::string& config = "") {
    bench_.write_file("limen.whip.jcfg", config);
    endpoints_ = make_whip_endpoints();
    auto started = endpoints_->start(bench_);
    ASSERT_TRUE(started) << started.error().text;
    bench_.played.plugin = [this](const JsonObject& message) { accept(message); };
  }
  void accept(const JsonObject& message) {
    bool jsep = message.contains("jsep");
    std::string offer = jsep ? std::string(message.at("jsep").at("sdp").get_string()) : std::string();
    bench_.played.answer(message, data_, jsep ? answer_to(offer) : std::string());
  }
  void refuse_with(int code) {
    bench_.played.plugin = [this, code](const JsonObject& message) {
      bench_.played.answer(message, JsonObject{{"error_code", code}, {"error", "because"}});
    };
  }
  std::shared_ptr<Got> ask(const std::string& method, const std::string& target, const std::string& body = "",
                           net::HttpHeaders headers = {}, const std::string& ip = "192.0.2.9") {
    auto got = std::make_shared<Got>();
    // `got` keeps the exchange, so the exchange must not keep `got`.
    auto finish = [weak = std::weak_ptr(got)](std::optional<net::HttpResponse> response) {
      auto kept = weak.lock();
      if (!kept) return;
      kept->done = response.has_value();
      kept->closed = !response;
      if (response) kept->response = std::move(*response);
    };
    auto push = [weak = std::weak_ptr(got)](std::optional<std::string> bytes) {
      auto kept = weak.lock();
      if (!kept) return;
      if (bytes) kept->pushed += *bytes;
      else kept->ended = true;
    };
    auto exchange = std::make_shared<HttpExchange>(net::PeerName{ip, 1}, false, std::move(finish), std::move(push));
    got->exchange = exchange;
    net::HttpRequest request;
    request.method = method;
    request.target = target;
    request.body = body;
    request.headers = std::move(headers);
    endpoints_->handle(exchange, std::move(request));
    bench_.settle();
    return got;
  }
  std::shared_ptr<Got> offer(const std::string& target, const std::string& sdp = publisher_offer(),
                             net::HttpHeaders more = {}) {
    more.emplace_back("Content-Type", "application/sdp");
    return ask("POST", target, sdp, std::move(more));
  }
  std::shared_ptr<Got> patch(const std::string& url, const std::string& body, const std::string& match) {
    net::HttpHeaders headers{{"Content-Type", std::string(kFragmentType)}};
    if (!match.empty()) headers.emplace_back("If-Match", match);
    return ask("PATCH", url, body, std::move(headers));
  }
  void happens(std::string_view kind) {
    bench_.played.tell(JsonObject{{"janus", kind}, {"sender", 22}});
    bench_.settle();
  }

  WhipBench bench_;
  std::unique_ptr<http::Endpoints> endpoints_;
  JsonObject data_{{"videoroom", "joined"}};
};

TEST_F(Whip, an_offer_becomes_a_publisher_and_is_answered_with_all_that_the_client_needs) {
  start("ice: { servers = [\"stun:192.0.2.1:3478\"] }");
  auto got = offer("/whip/room/1234/77?pin=42&display=Cam%20era");
  ASSERT_TRUE(got->done);
  EXPECT_EQ(got->response.status, 201) << got->response.body;
  EXPECT_EQ(got->header("Content-Type"), "application/sdp");
  EXPECT_TRUE(got->header("Location").starts_with("/whip/session/"));
  EXPECT_EQ(got->header("ETag").front(), '"');
  EXPECT_EQ(got->header("Link"), "<stun:192.0.2.1:3478>; rel=\"ice-server\"");
  EXPECT_NE(got->header("Access-Control-Expose-Headers").find("Location"), std::string::npos);
  EXPECT_NE(got->response.body.find("a=ice-ufrag:srvr"), std::string::npos);
  const JsonObject& body = bench_.played.body();
  EXPECT_EQ(body.at("request"), "joinandconfigure");
  EXPECT_EQ(body.at("room"), 1234);
  EXPECT_EQ(body.at("id"), 77);
  EXPECT_EQ(body.at("pin"), "42");
  EXPECT_EQ(body.at("display"), "Cam era");
}

TEST_F(Whip, what_is_no_proper_offer_is_refused_before_anything_is_made) {
  start();
  auto status = [&](const std::string& method, const std::string& target, const std::string& body,
                    net::HttpHeaders headers) {
    return ask(method, target, body, std::move(headers))->response.status;
  };
  net::HttpHeaders sdp{{"Content-Type", "application/sdp"}};
  EXPECT_EQ(status("GET", "/whip/room/1", "", {}), 405);
  EXPECT_EQ(status("POST", "/whip/room/1", "x", {{"Content-Type", "text/plain"}}), 415);
  EXPECT_EQ(status("POST", "/whip/room/1", "x", {{"Content-Type", "application/sdp"}, {"Accept", "text/html"}}), 406);
  EXPECT_EQ(status("POST", "/whip/room/1", "x", sdp), 400);
  EXPECT_EQ(status("POST", "/whip/room/1", std::string(70'000, 'x'), sdp), 413);
  EXPECT_EQ(status("POST", "/whep/room/1/2", publisher_offer(), sdp), 406);
  EXPECT_EQ(status("POST", "/whip/room/1", publisher_offer(), {{"Authorization", "Basic eA=="}}), 401);
  for (const char* nowhere : {"/whip", "/whip/", "/whip/room", "/whip/room/", "/whip/stream/1/2", "/whep/room/1",
                              "/whip/other/1", "/whip/room/%zz", "/whip/room/1/2/3", "/whip/session/nobody"}) {
    EXPECT_EQ(status("POST", nowhere, publisher_offer(), sdp), 404) << nowhere;
  }
  EXPECT_TRUE(bench_.played.asked.empty());
  auto got = ask("POST", "/whip/room/1", "x", {{"Content-Type", "text/plain"}});
  EXPECT_EQ(got->header("Accept-Post"), "application/sdp");
  EXPECT_EQ(got->header("Content-Type"), "application/problem+json");
  EXPECT_EQ(got->problem().at("status"), 415);
}

TEST_F(Whip, options_tell_methods_and_types) {
  start();
  auto endpoint = ask("OPTIONS", "/whip/room/1");
  EXPECT_EQ(endpoint->response.status, 204);
  EXPECT_EQ(endpoint->header("Accept-Post"), "application/sdp");
  EXPECT_EQ(ask("OPTIONS", "/whip/session/any")->header("Accept-Patch"), kFragmentType);
}

TEST_F(Whip, refusals_of_the_plugins_keep_their_meaning) {
  start();
  struct Case {
    const char* target;
    int code, status;
  };
  for (const Case& one : {Case{"/whip/room/1", 426, 404},
                          {"/whip/room/1", 429, 401},
                          {"/whip/room/1", 433, 403},
                          {"/whip/room/1", 432, 503},
                          {"/whip/room/1", 436, 409},
                          {"/whip/room/1", 437, 406},
                          {"/whip/room/1", 499, 500},
                          {"/whip/stream/1", 455, 404},
                          {"/whip/stream/1", 457, 403},
                          {"/whip/stream/1", 460, 409}}) {
    refuse_with(one.code);
    auto got = offer(one.target);
    EXPECT_EQ(got->response.status, one.status) << one.target << one.code;
    EXPECT_EQ(got->problem().at("detail"), "because");
    EXPECT_EQ(got->header("Retry-After").empty(), one.status != 503 && one.status != 409);
    EXPECT_EQ(got->header("WWW-Authenticate").empty(), one.status != 401);
  }
  EXPECT_EQ(bench_.played.destroyed, 10);
}

TEST_F(Whip, ids_are_texts_where_the_server_wants_texts) {
  start();
  bench_.played.plugin = [this](const JsonObject& message) {
    if (message.at("body").at("room").is_string()) return accept(message);
    bench_.played.answer(message, JsonObject{{"error_code", 430}, {"error", "a string"}});
  };
  EXPECT_EQ(offer("/whip/room/1234")->response.status, 201);
  EXPECT_EQ(bench_.played.body(1).at("room"), "1234");
}

TEST_F(Whip, a_bearer_is_secret_and_token_of_the_api) {
  start();
  bench_.played.secret = "s3cret";
  auto none = offer("/whip/room/1");
  EXPECT_EQ(none->response.status, 401);
  EXPECT_EQ(none->header("WWW-Authenticate"), "Bearer realm=\"limen\"");
  auto wrong = offer("/whip/room/1", publisher_offer(), {{"Authorization", "Bearer other"}});
  EXPECT_NE(wrong->header("WWW-Authenticate").find("invalid_token"), std::string::npos);
  auto right = offer("/whip/room/1", publisher_offer(), {{"Authorization", "bearer s3cret"}});
  EXPECT_EQ(right->response.status, 201);
  EXPECT_EQ(bench_.played.body().at("token"), "s3cret");
  std::string url = right->header("Location");
  EXPECT_EQ(ask("DELETE", url)->response.status, 401);
  EXPECT_EQ(ask("DELETE", url, "", {{"Authorization", "Bearer other"}})->response.status, 401);
  EXPECT_EQ(ask("DELETE", url, "", {{"Authorization", "Bearer s3cret"}})->response.status, 200);
}

TEST_F(Whip, a_bearer_is_the_pin_where_the_configuration_says_so) {
  start("general: { bearer = \"pin\"; api_secret = \"own\"; }");
  bench_.played.secret = "own";
  EXPECT_EQ(offer("/whip/room/1", publisher_offer(), {{"Authorization", "Bearer 4711"}})->response.status, 201);
  EXPECT_EQ(bench_.played.body().at("pin"), "4711");
  EXPECT_FALSE(bench_.played.body().contains("token"));
  EXPECT_EQ(offer("/whip/stream/1", publisher_offer(), {{"Authorization", "Bearer 4711"}})->response.status, 201);
  EXPECT_EQ(bench_.played.body(1).at("secret"), "4711");
}

TEST_F(Whip, candidates_need_the_tag_of_the_ice_session) {
  start();
  auto made = offer("/whip/room/1");
  std::string url = made->header("Location");
  std::string body = "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\na=candidate:1 1 udp 1 192.0.2.9 1 typ host\r\n";
  EXPECT_EQ(patch(url, body, "")->response.status, 428);
  EXPECT_EQ(patch(url, body, "\"other\"")->response.status, 412);
  EXPECT_EQ(patch(url, "nonsense", made->header("ETag"))->response.status, 400);
  EXPECT_EQ(ask("PATCH", url, body, {{"Content-Type", "application/sdp"}})->response.status, 415);
  EXPECT_EQ(ask("PUT", url, body)->response.status, 405);
  EXPECT_EQ(bench_.played.count("trickle"), 0U);
  EXPECT_EQ(patch(url, body + "a=end-of-candidates\r\n", made->header("ETag"))->response.status, 204);
  const JsonArray& candidates = bench_.played.asked.back().at("candidates").get_array();
  ASSERT_EQ(candidates.size(), 2U);
  EXPECT_EQ(candidates[0].at("sdpMid"), "0");
  EXPECT_EQ(candidates[1].at("completed"), true);
}

TEST_F(Whip, an_ice_restart_is_another_offer_of_the_same_media) {
  start();
  auto made = offer("/whip/room/1");
  std::string url = made->header("Location");
  std::string body = "a=ice-ufrag:newu\r\na=ice-pwd:0123456789012345678901\r\n";
  auto done = patch(url, body, "*");
  EXPECT_EQ(done->response.status, 200);
  EXPECT_EQ(done->header("Content-Type"), kFragmentType);
  EXPECT_NE(done->header("ETag"), made->header("ETag"));
  EXPECT_NE(done->response.body.find("a=ice-ufrag:srvr"), std::string::npos);
  EXPECT_NE(done->response.body.find("a=candidate:"), std::string::npos);
  EXPECT_EQ(bench_.played.body(1).at("request"), "configure");
  std::string again(bench_.played.asked.back().at("jsep").at("sdp").get_string());
  EXPECT_NE(again.find("a=ice-ufrag:newu"), std::string::npos);
  EXPECT_EQ(patch(url, body, "*")->response.status, 422) << "these are the current ones by now";
  EXPECT_EQ(patch(url, "a=end-of-candidates\r\n", made->header("ETag"))->response.status, 412);
}

TEST_F(Whip, a_restart_while_another_is_under_way_conflicts) {
  start();
  std::string url = offer("/whip/room/1")->header("Location");
  bench_.played.plugin = [](const JsonObject&) {};
  auto first = patch(url, "a=ice-ufrag:newu\r\na=ice-pwd:0123456789012345678901\r\n", "*");
  EXPECT_FALSE(first->done);
  EXPECT_EQ(patch(url, "a=ice-ufrag:newx\r\na=ice-pwd:0123456789012345678901\r\n", "*")->response.status, 409);
  bench_.advance(std::chrono::seconds(11));
  EXPECT_EQ(first->response.status, 504);
}

TEST_F(Whip, sessions_end_with_their_peer_connection_and_by_delete) {
  start();
  std::string first = offer("/whip/room/1")->header("Location");
  happens("hangup");
  EXPECT_EQ(bench_.played.destroyed, 1);
  EXPECT_EQ(ask("DELETE", first)->response.status, 404);
  std::string second = offer("/whip/room/1")->header("Location");
  EXPECT_EQ(ask("DELETE", second)->response.status, 200);
  EXPECT_EQ(ask("DELETE", second)->response.status, 404);
  EXPECT_EQ(bench_.played.destroyed, 2);
}

TEST_F(Whip, who_sends_no_media_or_lost_the_path_for_long_is_forgotten) {
  start("general: { setup_timeout = 30; recovery_timeout = 20; }");
  std::string silent = offer("/whip/room/1")->header("Location");
  bench_.advance(std::chrono::seconds(31));
  EXPECT_EQ(ask("DELETE", silent)->response.status, 404);
  std::string url = offer("/whip/room/1")->header("Location");
  happens("webrtcup");
  bench_.advance(std::chrono::seconds(300));
  happens("ice-failed");
  bench_.advance(std::chrono::seconds(15));
  EXPECT_EQ(patch(url, "a=ice-ufrag:newu\r\na=ice-pwd:0123456789012345678901\r\n", "*")->response.status, 200);
  bench_.advance(std::chrono::seconds(15));
  happens("ice-failed");
  bench_.advance(std::chrono::seconds(21));
  EXPECT_EQ(ask("DELETE", url)->response.status, 404);
  EXPECT_GT(bench_.played.count("keepalive"), 20U);
}

TEST_F(Whip, there_are_only_so_many_sessions) {
  start("general: { max_resources = 3; max_per_address = 2; retry_after = 7; }");
  net::HttpHeaders sdp{{"Content-Type", "application/sdp"}};
  EXPECT_EQ(offer("/whip/room/1")->response.status, 201);
  std::string url = offer("/whip/room/1")->header("Location");
  auto full = offer("/whip/room/1");
  EXPECT_EQ(full->response.status, 503);
  EXPECT_EQ(full->header("Retry-After"), "7");
  EXPECT_EQ(ask("POST", "/whip/room/1", publisher_offer(), sdp, "192.0.2.10")->response.status, 201);
  EXPECT_EQ(ask("POST", "/whip/room/1", publisher_offer(), sdp, "192.0.2.11")->response.status, 503);
  EXPECT_EQ(ask("DELETE", url)->response.status, 200);
  EXPECT_EQ(ask("POST", "/whip/room/1", publisher_offer(), sdp, "192.0.2.11")->response.status, 201);
}

TEST_F(Whip, who_does_not_wait_for_the_answer_gets_no_session) {
  start();
  bench_.played.plugin = [](const JsonObject&) {};
  auto got = offer("/whip/room/1");
  EXPECT_FALSE(got->done);
  got->exchange->client_gone();
  bench_.settle();
  EXPECT_EQ(bench_.played.destroyed, 1);
}

TEST_F(Whip, an_answer_waits_for_our_candidates_if_they_trickle) {
  start();
  bench_.played.plugin = [this](const JsonObject& message) {
    bench_.played.answer(message, data_, answer_to(std::string(message.at("jsep").at("sdp").get_string()), false));
    bench_.played.tell(JsonObject{
        {"janus", "trickle"},
        {"candidate", JsonObject{{"sdpMid", "0"}, {"candidate", "candidate:9 1 udp 1 192.0.2.1 9 typ host"}}}});
    bench_.played.tell(JsonObject{{"janus", "trickle"}, {"candidate", JsonObject{{"completed", true}}}});
  };
  auto got = offer("/whip/room/1");
  ASSERT_EQ(got->response.status, 201);
  auto answer = sdp::parse_sdp(got->response.body);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->media[0].values("candidate").size(), 1U);
  EXPECT_TRUE(answer->media[1].values("candidate").empty());
}

TEST_F(Whip, an_answer_that_takes_nothing_is_a_refusal) {
  start();
  bench_.played.plugin = [this](const JsonObject& message) {
    bench_.played.answer(message, data_, answer_to(std::string(message.at("jsep").at("sdp").get_string()), true, true));
  };
  EXPECT_EQ(offer("/whip/room/1")->response.status, 406);
  EXPECT_EQ(bench_.played.destroyed, 1);
}

class Whep : public Whip {
 protected:
  std::string play() {
    data_ = JsonObject{{"videoroom", "attached"},
                       {"streams", JsonArray{JsonObject{{"mid", "0"}, {"feed_id", 2}},
                                             JsonObject{{"mid", "1"}, {"feed_id", 2}, {"simulcast", JsonObject()}}}}};
    auto made = offer("/whep/room/1/2", test::with_all(test::chromium_offer(), "a=sendrecv", "a=recvonly"));
    EXPECT_EQ(made->response.status, 201) << made->response.body;
    return made->header("Location");
  }
};

TEST_F(Whep, a_player_subscribes_with_its_own_offer) {
  start();
  std::string url = play();
  EXPECT_TRUE(url.starts_with("/whep/session/"));
  const JsonObject& body = bench_.played.body();
  EXPECT_EQ(body.at("ptype"), "subscriber");
  EXPECT_EQ(body.at("client_offer"), true);
  EXPECT_EQ(body.at("streams").at(0).at("feed"), 2);
  EXPECT_EQ(offer("/whep/stream/5?pin=1", test::with_all(test::chromium_offer(), "a=sendrecv", "a=recvonly"))
                ->response.status,
            201);
  EXPECT_EQ(bench_.played.body(1).at("request"), "watch");
  EXPECT_EQ(bench_.played.body(1).at("pin"), "1");
}

TEST_F(Whep, events_are_told_to_streams_that_want_them) {
  start();
  std::string url = play();
  auto made = ask("POST", url + "/sse", R"(["inactive","layers"])");
  ASSERT_EQ(made->response.status, 201);
  std::string stream = made->header("Location");
  auto reader = ask("GET", stream);
  EXPECT_EQ(reader->header("Content-Type"), "text/event-stream");
  EXPECT_TRUE(reader->response.body.starts_with("event: layers\ndata: {\"1\":{")) << reader->response.body;
  EXPECT_EQ(reader->response.body.find("event: active"), std::string::npos);
  JsonObject gone{{"videoroom", "updated"}, {"streams", JsonArray{JsonObject{{"mid", "0"}}}}};
  bench_.played.tell(JsonObject{{"janus", "event"}, {"plugindata", JsonObject{{"data", gone}}}});
  bench_.settle();
  EXPECT_EQ(reader->pushed, "event: inactive\ndata: {}\n\n");
  bench_.advance(std::chrono::seconds(16));
  EXPECT_TRUE(reader->pushed.ends_with(":\n\n"));
  EXPECT_EQ(ask("DELETE", stream)->response.status, 200);
  EXPECT_TRUE(reader->ended);
  EXPECT_EQ(ask("GET", stream)->response.status, 404);
  EXPECT_EQ(ask("POST", url + "/sse", "{}")->response.status, 400);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(ask("POST", url + "/sse")->response.status, 201);
  EXPECT_EQ(ask("POST", url + "/sse")->response.status, 409);
}

TEST_F(Whep, what_nobody_reads_waits_for_the_next_reader_and_ends_with_the_session) {
  start();
  std::string url = play();
  std::string stream = ask("POST", url + "/sse", R"(["inactive"])")->header("Location");
  auto first = ask("GET", stream);
  first->exchange->client_gone();
  JsonObject gone{{"videoroom", "updated"}, {"streams", JsonArray()}};
  bench_.played.tell(JsonObject{{"janus", "event"}, {"plugindata", JsonObject{{"data", gone}}}});
  bench_.settle();
  auto second = ask("GET", stream);
  EXPECT_EQ(second->response.body, "event: inactive\ndata: {}\n\n");
  EXPECT_EQ(ask("DELETE", url)->response.status, 200);
  EXPECT_TRUE(second->ended);
}

TEST_F(Whep, layers_are_chosen_in_the_words_of_the_plugin) {
  start();
  std::string url = play();
  EXPECT_EQ(ask("POST", url + "/layer", R"({"mediaId":"1","encodingId":"0","maxTemporalLayerId":1})")->response.status,
            200);
  const JsonObject& body = bench_.played.body(1);
  EXPECT_EQ(body.at("request"), "configure");
  EXPECT_EQ(body.at("mid"), "1");
  EXPECT_EQ(body.at("substream"), 0);
  EXPECT_EQ(body.at("temporal"), 1);
  EXPECT_EQ(ask("DELETE", url + "/layer")->response.status, 200);
  EXPECT_EQ(bench_.played.body(2).at("substream"), 2);
  EXPECT_EQ(ask("POST", url + "/layer", R"({"mediaId":"0"})")->response.status, 422);
  EXPECT_EQ(ask("POST", url + "/layer", R"({"encodingId":"7"})")->response.status, 422);
  EXPECT_EQ(ask("POST", url + "/layer", "[]")->response.status, 400);
  EXPECT_EQ(ask("GET", url + "/layer")->response.status, 405);
}

TEST_F(Whep, players_without_a_tag_are_known_by_their_credentials) {
  start();
  std::string url = play();
  std::string same = "a=ice-ufrag:7Zd2\r\na=ice-pwd:9wq3ZmJcPMP6mJ0Dk4Kk1x2c\r\n";
  EXPECT_EQ(patch(url, same, "")->response.status, 204);
  EXPECT_EQ(patch(url, "a=ice-ufrag:zzzz\r\na=ice-pwd:9wq3ZmJcPMP6mJ0Dk4Kk1x2c\r\n", "")->response.status, 428);
}

TEST(WhipConfig, paths_and_servers_that_cannot_be_are_found) {
  test::TransportBench bench;
  auto check = [&](const std::string& text) {
    bench.write_file("limen.whip.jcfg", text);
    config::Findings findings;
    auto read = read_whip_config(bench.configs_folder(), findings);
    return read ? fmt::format("{}", findings.warnings.size()) : "refused";
  };
  EXPECT_EQ(check(""), "0");
  EXPECT_EQ(check("general: { whip_path = \"whip\"; }"), "refused");
  EXPECT_EQ(check("general: { whip_path = \"/x/\"; whep_path = \"/x\"; }"), "refused");
  EXPECT_EQ(check("general: { bearer = \"cookie\"; wip = 1; }"), "2");
  EXPECT_EQ(check("ice: { servers = [\"http://x\", \"stun:a\\\"b\", \"turns:x:1\"]; }"), "2");
}

TEST(WhipIce, credentials_expire_and_are_signed) {
  IceConfig config;
  config.servers = {"turn:192.0.2.1:3478", "stun:192.0.2.1:3478"};
  config.username = "a\"b";
  config.credential = "c";
  EXPECT_EQ(ice_links(config, "x", {0})[0],
            "<turn:192.0.2.1:3478>; rel=\"ice-server\"; username=\"a\\\"b\"; credential=\"c\"; "
            "credential-type=\"password\"");
  config.turn_secret = "secret";
  config.turn_lifetime = 60;
  auto links = ice_links(config, "x", {1'000'000'000'000});
  EXPECT_NE(links[0].find("username=\"1000060:x\"; credential=\""), std::string::npos) << links[0];
  EXPECT_EQ(links[1], "<stun:192.0.2.1:3478>; rel=\"ice-server\"");
}

TEST(WhipRequest, accept_lists_are_understood) {
  auto accepted = [](const std::string& list) {
    net::HttpRequest request;
    request.headers.emplace_back("Accept", list);
    return accepts(request, "application/sdp");
  };
  for (const char* good : {"*/*", "text/html, application/SDP;q=0.5", "application/*", ""}) EXPECT_TRUE(accepted(good));
  for (const char* bad : {"text/html", "application/sdp;q=0", "application/sdp; q=0.0", "image/*"}) {
    EXPECT_FALSE(accepted(bad)) << bad;
  }
}

}  // namespace
}  // namespace limen::whip
