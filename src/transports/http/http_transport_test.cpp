// The HTTP transport on real loopback sockets, before a core played by the test.
#include "transports/http/http_transport.hpp"

#include <gtest/gtest.h>

#include "base/log.hpp"
#include "tests/support/raw_client.hpp"
#include "tests/support/test_certificate.hpp"
#include "tests/support/transport_bench.hpp"

namespace limen {
namespace {

using test::RawClient;

struct Answer {
  int status = 0;
  std::string head, body;

  Json json() const { return boost::json::parse(body); }
  std::string header(const std::string& name) const {
    size_t at = head.find("\r\n" + name + ": ");
    if (at == std::string::npos) return {};
    at += name.size() + 4;
    return head.substr(at, head.find("\r\n", at) - at);
  }
};

class HttpTransport : public testing::Test {
 protected:
  void start(const std::string& general = "", const std::string& others = "") {
    bench_.write_file("janus.transport.http.jcfg",
                      "general: { http = true; port = 0; ip = \"127.0.0.1\"; " + general + " }\n" +
                          "admin: { admin_http = true; admin_port = 0; admin_ip = \"127.0.0.1\"; }\n" + others);
    bench_.transport = make_http_transport();
    auto started = bench_.transport->start(bench_);
    ASSERT_TRUE(started) << started.error().text;
  }
  RawClient client() { return RawClient::tcp(bench_.port("http")); }

  static std::string request(const std::string& method, const std::string& target, const std::string& body = "",
                             const std::string& headers = "") {
    std::string length = body.empty() ? "" : "Content-Length: " + std::to_string(body.size()) + "\r\n";
    return method + " " + target + " HTTP/1.1\r\nHost: localhost:1\r\n" + length + headers + "\r\n" + body;
  }
  // Waits for the next whole answer on the connection.
  Answer read(RawClient& client, bool head_only = false) {
    Answer answer;
    bool complete = bench_.run_until([&] {
      client.pump();
      size_t end = client.input.find("\r\n\r\n");
      if (end == std::string::npos) return client.ended;
      answer.head = client.input.substr(0, end + 2);
      std::string length = answer.header("Content-Length");
      size_t size = head_only || length.empty() ? 0 : std::stoul(length);
      if (client.input.size() < end + 4 + size) return client.ended;
      answer.body = client.input.substr(end + 4, size);
      answer.status = std::stoi(answer.head.substr(9, 3));
      client.input.erase(0, end + 4 + size);
      return true;
    });
    EXPECT_TRUE(complete) << "no answer";
    return answer;
  }
  Answer ask(RawClient& client, const std::string& text) {
    client.send(text);
    return read(client);
  }
  Answer ask(const std::string& method, const std::string& target, const std::string& body = "",
             const std::string& headers = "") {
    RawClient once = client();
    return ask(once, request(method, target, body, headers));
  }
  bool closed(RawClient& client) {
    return bench_.run_until([&] {
      client.pump();
      return client.ended;
    });
  }
  SessionId create() {
    Answer answer = ask("POST", "/janus", R"({"janus":"create","transaction":"t"})");
    return SessionId(answer.json().at("data").at("id").to_number<uint64_t>());
  }
  std::string poll_target(SessionId session, const std::string& query = "") {
    return "/janus/" + std::to_string(session.value()) + query;
  }
  // Starts a poll and waits until the server has seen it.
  void begin_poll(RawClient& client, SessionId session, const std::string& query = "") {
    size_t seen = bench_.core.events.size();
    client.send(request("GET", poll_target(session, query)));
    ASSERT_TRUE(bench_.run_until([&] { return bench_.core.events.size() > seen; }));
    bench_.settle();
  }

  test::TransportBench bench_;
};

TEST_F(HttpTransport, requests_are_answered_in_order_on_one_connection) {
  start();
  RawClient one = client();
  one.send(request("POST", "/janus", R"({"janus":"ping","transaction":"a"})") + request("GET", "/nothing") +
           request("POST", "/janus/", R"({"janus":"ping","transaction":"b"})"));
  Answer first = read(one);
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.header("Content-Type"), "application/json");
  EXPECT_EQ(first.body, R"({"janus":"pong","transaction":"a"})");
  EXPECT_EQ(read(one).status, 404);
  EXPECT_EQ(read(one).json().at("transaction"), "b");
}

TEST_F(HttpTransport, paths_and_methods_answer_as_janus_does) {
  start();
  for (const char* target :
       {"/", "/nothing", "/janus", "/janus/", "/janus/abc", "/janus/1/2/3", "/janusx", "/janus//1"}) {
    Answer answer = ask("GET", target);
    EXPECT_EQ(answer.status, 404) << target;
    EXPECT_TRUE(answer.body.empty()) << target;
  }
  EXPECT_EQ(ask("POST", "/nothing", R"({"janus":"ping","transaction":"x"})").status, 404);
  Answer handle = ask("GET", "/janus/12/34");
  EXPECT_EQ(handle.status, 302);
  EXPECT_EQ(handle.header("Location"), "/janus/12");
  Answer put = ask("PUT", "/janus");
  EXPECT_EQ(put.status, 200);
  EXPECT_EQ(put.body, R"({"janus":"error","error":{"code":450,"reason":"Unsupported method PUT"}})");
  EXPECT_EQ(ask("POST", "/janus/info", "{}").status, 400);
  EXPECT_EQ(ask("GET", "/janus/ping").json().at("janus"), "pong");
}

TEST_F(HttpTransport, bodies_that_are_no_requests_are_answered_here) {
  start();
  EXPECT_EQ(ask("POST", "/janus", "{\"janus\": ").json().at("error").at("code"), 454);
  EXPECT_EQ(ask("POST", "/janus", "[1, 2]").json().at("error").at("code"), 455);
  EXPECT_EQ(ask("POST", "/janus/12", R"({"session_id":13})").json().at("error").at("code"), 457);
  EXPECT_TRUE(bench_.core.requests.empty());
  RawClient empty = client();
  empty.send(request("POST", "/janus", "", "Content-Length: 0\r\n"));
  EXPECT_TRUE(closed(empty));
  EXPECT_TRUE(empty.input.empty());
}

TEST_F(HttpTransport, admin_port_serves_the_admin_api_only) {
  start();
  auto ask_admin = [&](const std::string& text) {
    RawClient admin = RawClient::tcp(bench_.port("http", true));
    return ask(admin, text);
  };
  EXPECT_EQ(ask_admin(request("POST", "/admin", R"({"janus":"ping","transaction":"a"})")).json().at("janus"), "pong");
  EXPECT_TRUE(bench_.core.admin_flags.at(0));
  EXPECT_EQ(ask_admin(request("GET", "/admin/5")).json().at("error").at("code"), 454);
  EXPECT_EQ(ask_admin(request("POST", "/admin/info", "{}")).json().at("error").at("code"), 450);
  EXPECT_EQ(ask_admin(request("GET", "/janus/info")).status, 404);
  ask_admin(request("GET", "/admin/info"));
  EXPECT_EQ(bench_.core.requests.back().at("janus"), "info");
}

TEST_F(HttpTransport, preflights_echo_what_was_asked) {
  start();
  Answer answer = ask("OPTIONS", "/janus/1/2", "",
                      "Origin: http://a.example\r\nAccess-Control-Request-Method: POST\r\n"
                      "Access-Control-Request-Headers: content-type,x-other\r\n");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(answer.header("Access-Control-Max-Age"), "86400");
  EXPECT_EQ(answer.header("Access-Control-Allow-Methods"), "POST");
  EXPECT_EQ(answer.header("Access-Control-Allow-Headers"), "content-type,x-other");
  EXPECT_EQ(answer.header("Vary"), "");
}

TEST_F(HttpTransport, enforced_origin_refuses_others) {
  start("", "cors: { allow_origin = \"http://app.example\"; enforce_cors = true; }");
  std::string ping = R"({"janus":"ping","transaction":"a"})";
  Answer good = ask("POST", "/janus", ping, "Origin: http://app.example\r\n");
  EXPECT_EQ(good.status, 200);
  EXPECT_EQ(good.header("Access-Control-Allow-Origin"), "http://app.example");
  EXPECT_EQ(good.header("Access-Control-Allow-Credentials"), "true");
  EXPECT_EQ(good.header("Vary"), "Origin");
  EXPECT_EQ(ask("POST", "/janus", ping, "Origin: http://evil.example\r\n").status, 403);
  EXPECT_EQ(ask("PUT", "/janus", "", "Origin: http://evil.example\r\n").status, 200);  // it is told the method first
  EXPECT_EQ(ask("POST", "/janus", ping, "Referer: http://app.example/page\r\n").status, 200);
  EXPECT_EQ(bench_.core.requests.size(), 2u);
}

TEST_F(HttpTransport, poll_gives_one_object_or_an_array) {
  start();
  SessionId session = create();
  for (int n = 0; n < 4; ++n) bench_.core.push(session, JsonObject{{"janus", "event"}, {"n", n}});
  EXPECT_EQ(ask("GET", poll_target(session)).json().at("n"), 0);
  EXPECT_EQ(ask("GET", poll_target(session, "?maxev=abc&rid=7")).json().at("n"), 1);
  Json two = ask("GET", poll_target(session, "?maxev=5")).json();
  ASSERT_EQ(two.as_array().size(), 2u);
  EXPECT_EQ(two.at(1).at("n"), 3);
}

TEST_F(HttpTransport, waiting_poll_is_answered_when_something_happens) {
  start();
  SessionId session = create();
  RawClient one = client();
  RawClient two = client();
  begin_poll(one, session, "?maxev=3");
  begin_poll(two, session);
  EXPECT_TRUE(one.input.empty());
  bench_.core.push(session, JsonObject{{"janus", "event"}});
  EXPECT_EQ(read(one).body, R"([{"janus":"event"}])");
  EXPECT_EQ(read(two).body, R"({"janus":"keepalive"})");
}

TEST_F(HttpTransport, poll_without_events_ends_with_keepalive) {
  start();
  SessionId session = create();
  RawClient one = client();
  begin_poll(one, session, "?maxev=2");
  bench_.advance(std::chrono::seconds(31));
  EXPECT_EQ(read(one).body, R"([{"janus":"keepalive"}])");
}

TEST_F(HttpTransport, polls_are_checked_by_the_core) {
  start();
  SessionId session = create();
  bench_.core.api_secret = "s3cr+t";
  EXPECT_EQ(ask("GET", poll_target(session)).status, 403);
  bench_.core.push(session, JsonObject{{"janus", "event"}});
  EXPECT_EQ(ask("GET", poll_target(session, "?apisecret=s3cr%2Bt&token=a%3Ab")).status, 200);
  EXPECT_EQ(bench_.core.last_token, "a:b");
  bench_.core.api_secret.clear();
  EXPECT_EQ(ask("GET", "/janus/999").status, 404);
}

TEST_F(HttpTransport, end_of_a_session_ends_its_poll) {
  start();
  SessionId session = create();
  RawClient one = client();
  begin_poll(one, session);
  bench_.core.push(session, JsonObject{{"janus", "timeout"}});
  bench_.core.end_session(session, true);
  EXPECT_EQ(read(one).json().at("janus"), "timeout");
  EXPECT_EQ(ask("GET", poll_target(session)).status, 404);
}

TEST_F(HttpTransport, claim_moves_events_to_the_claiming_request) {
  start();
  SessionId session = create();
  RawClient one = client();
  begin_poll(one, session);
  std::string claim = R"({"janus":"claim","transaction":"c","session_id":)" + std::to_string(session.value()) + "}";
  EXPECT_EQ(ask("POST", "/janus", claim).json().at("janus"), "success");
  EXPECT_EQ(read(one).body, R"({"janus":"keepalive"})");
  bench_.core.push(session, JsonObject{{"janus", "event"}});
  EXPECT_EQ(ask("GET", poll_target(session)).json().at("janus"), "event");
}

TEST_F(HttpTransport, events_are_not_lost_on_a_poll_whose_client_has_gone) {
  start();
  SessionId session = create();
  {
    RawClient gone = client();
    begin_poll(gone, session);
  }
  ASSERT_TRUE(bench_.run_until([&] {
    auto reply = bench_.transport->on_query(JsonObject{{"request", "connections"}});
    return reply->at("connections").at("http") == 0;
  }));
  bench_.core.push(session, JsonObject{{"janus", "event"}});
  bench_.settle();
  EXPECT_EQ(ask("GET", poll_target(session)).json().at("janus"), "event");
}

TEST_F(HttpTransport, a_core_that_does_not_answer_costs_ten_seconds) {
  start();
  RawClient one = client();
  one.send(request("POST", "/janus", R"({"janus":"hold"})"));
  ASSERT_TRUE(bench_.run_until([&] { return bench_.core.held.size() == 1; }));
  bench_.advance(std::chrono::seconds(11));
  EXPECT_TRUE(closed(one));
  EXPECT_TRUE(one.input.empty());
  bench_.core.held.front().reply(JsonObject{});  // too late, and harmless
  EXPECT_EQ(ask("POST", "/janus", R"({"janus":"ping"})").status, 200);
}

TEST_F(HttpTransport, an_answer_may_come_late_and_after_a_half_close) {
  start();
  RawClient one = client();
  one.send(request("POST", "/janus", R"({"janus":"hold"})"));
  one.finish_sending();
  ASSERT_TRUE(bench_.run_until([&] { return bench_.core.held.size() == 1; }));
  bench_.settle();
  bench_.core.held.front().reply(JsonObject{{"late", true}});
  EXPECT_EQ(read(one).body, R"({"late":true})");
  EXPECT_TRUE(closed(one));
}

TEST_F(HttpTransport, idle_and_slow_connections_are_dropped) {
  start();
  RawClient idle = client();
  RawClient slow = client();
  RawClient half = client();
  EXPECT_EQ(ask(idle, request("GET", "/nothing")).status, 404);
  slow.send("GET /janus HTTP/1.1\r\nX: ");
  half.send(request("POST", "/janus", "", "Content-Length: 10\r\n") + "{");
  auto count = [&] {
    return bench_.transport->on_query(JsonObject{{"request", "connections"}})
        ->at("connections")
        .at("http")
        .to_number<int>();
  };
  ASSERT_TRUE(bench_.run_until([&] { return count() == 3; }));
  for (int i = 0; i < 50; ++i) bench_.settle();
  bench_.advance(std::chrono::seconds(21));
  EXPECT_TRUE(closed(slow));
  EXPECT_EQ(count(), 2);
  bench_.advance(std::chrono::seconds(40));
  EXPECT_TRUE(closed(half));
  bench_.advance(std::chrono::seconds(60));
  EXPECT_TRUE(closed(idle));
}

TEST_F(HttpTransport, hostile_input_is_refused_and_the_server_lives_on) {
  start();
  const std::string cases[] = {
      "garbage\r\n\r\n",
      std::string("\0\1\2\3\r\n\r\n", 8),
      "GET / HTTP/1.1\r\nX: " + std::string(70'000, 'a') + "\r\n\r\n",
      "POST /janus HTTP/1.1\r\nContent-Length: 5000000\r\n\r\n" + std::string(100'000, 'x'),
      "POST /janus HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
      "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
  };
  const int statuses[] = {400, 400, 431, 413, 400, 400};
  for (size_t i = 0; i < std::size(cases); ++i) {
    RawClient hostile = client();
    EXPECT_EQ(ask(hostile, cases[i]).status, statuses[i]) << i;
    bench_.advance(std::chrono::seconds(3));
    EXPECT_TRUE(closed(hostile)) << i;
  }
  EXPECT_EQ(ask("POST", "/janus", R"({"janus":"ping"})").status, 200);
  EXPECT_EQ(bench_.core.requests.size(), 1u);
}

TEST_F(HttpTransport, large_and_chunked_bodies_up_to_the_limit_pass) {
  start();
  std::string body = R"({"janus":"ping","transaction":")" + std::string(900'000, 'x') + "\"}";
  EXPECT_EQ(ask("POST", "/janus", body).body.size(), 900'000u + 33u);
  std::string chunk = R"({"janus":"ping"})";
  std::string text = "POST /janus HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + fmt::format("{:x}", chunk.size()) +
                     "\r\n" + chunk + "\r\n0\r\n\r\n";
  RawClient one = client();
  EXPECT_EQ(ask(one, text).json().at("janus"), "pong");
}

TEST_F(HttpTransport, waiting_clients_get_100_continue) {
  start();
  RawClient one = client();
  std::string body = R"({"janus":"ping"})";
  one.send("POST /janus HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n");
  EXPECT_EQ(read(one).status, 100);
  EXPECT_EQ(ask(one, body).json().at("janus"), "pong");
}

TEST_F(HttpTransport, big_answers_survive_a_slow_reader) {
  start();
  RawClient slow = client();
  slow.pause_reading();
  slow.send(request("POST", "/janus", R"({"janus":"big","size":20000000})"));
  ASSERT_TRUE(bench_.run_until([&] { return !bench_.core.requests.empty(); }));
  bench_.settle();
  EXPECT_EQ(ask("POST", "/janus", R"({"janus":"ping"})").status, 200);
}

TEST_F(HttpTransport, addresses_not_on_the_list_are_disconnected) {
  start("acl = \"10.,192.168.\";");
  RawClient one = client();
  one.send(request("GET", "/janus/info"));
  EXPECT_TRUE(closed(one));
  EXPECT_TRUE(one.input.empty());
}

TEST_F(HttpTransport, forwarded_addresses_are_checked_if_wanted) {
  start("acl = \"127.,10.\"; acl_forwarded = true;");
  EXPECT_EQ(ask("GET", "/janus/info", "", "X-Forwarded-For: 10.1.1.1\r\n").status, 200);
  EXPECT_EQ(ask("GET", "/janus/info").status, 200);
  RawClient one = client();
  one.send(request("GET", "/janus/info", "", "X-Forwarded-For: 11.1.1.1, 10.1.1.1\r\n"));
  EXPECT_TRUE(closed(one));
  EXPECT_TRUE(one.input.empty());
}

TEST_F(HttpTransport, connections_are_limited_and_counted) {
  start("mhd_connection_limit = 2;");
  RawClient one = client();
  RawClient two = client();
  EXPECT_EQ(ask(one, request("GET", "/nothing")).status, 404);
  EXPECT_EQ(ask(two, request("GET", "/nothing")).status, 404);
  RawClient three = client();
  EXPECT_TRUE(closed(three));
  Json counts = *bench_.transport->on_query(JsonObject{{"request", "connections"}});
  EXPECT_EQ(counts.at("connections").at("http"), 2);
  EXPECT_EQ(counts.at("connections").at("admin_http"), 0);
  EXPECT_EQ(counts.at("messages"), 0);
  one.close();
  ASSERT_TRUE(bench_.run_until([&] {
    return bench_.transport->on_query(JsonObject{{"request", "connections"}})->at("connections").at("http") == 1;
  }));
  EXPECT_EQ(ask("GET", "/nothing").status, 404);
}

TEST_F(HttpTransport, requests_are_told_to_event_handlers) {
  start();
  create();
  ASSERT_EQ(bench_.core.events.size(), 1u);
  const auto& [id, data] = bench_.core.events[0];
  EXPECT_EQ(id, bench_.core.clients.at(0)->id());
  EXPECT_EQ(data.at("event"), "request");
  EXPECT_EQ(data.at("admin_api"), false);
  EXPECT_EQ(data.at("ip"), "127.0.0.1");
  EXPECT_GT(data.at("port").to_number<int>(), 0);
  bench_.transport->on_query(JsonObject{{"request", "configure"}});
  create();
  EXPECT_EQ(bench_.core.events.size(), 1u);
}

TEST_F(HttpTransport, json_format_follows_the_configuration) {
  start("json = \"indented\";");
  EXPECT_EQ(ask("POST", "/janus", R"({"janus":"ping","transaction":"a"})").body,
            "{\n   \"janus\": \"pong\",\n   \"transaction\": \"a\"\n}");
  bench_.transport->on_query(JsonObject{{"request", "configure"}, {"json", "compact"}});
  EXPECT_EQ(ask("POST", "/janus", R"({"janus":"ping","transaction":"a"})").body,
            R"({"janus":"pong","transaction":"a"})");
}

TEST_F(HttpTransport, pages_are_served_beside_the_api) {
  bench_.write_file("pages/index.html", "<h1>hi</h1>");
  bench_.write_file("pages/janus/info", "never served: the API comes first");
  bench_.web = bench_.path("pages");
  start();
  Answer page = ask("GET", "/", "", "Accept: text/html,*/*\r\nHost: localhost:1\r\n");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.body, "<h1>hi</h1>");
  EXPECT_EQ(page.header("Cache-Control"), "no-cache");
  EXPECT_EQ(page.header("X-Content-Type-Options"), "nosniff");
  EXPECT_NE(page.header("Content-Security-Policy").find("connect-src 'self' ws: wss:"), std::string::npos);
  EXPECT_EQ(ask("GET", "/index.html", "", "If-None-Match: " + page.header("ETag") + "\r\n").status, 304);
  RawClient one = client();
  one.send(request("HEAD", "/index.html"));
  Answer head = read(one, true);
  EXPECT_EQ(head.header("Content-Length"), "11");
  EXPECT_EQ(ask(one, request("GET", "/../janus.transport.http.jcfg")).status, 404);
  Answer none = ask("GET", "/");
  EXPECT_EQ(none.status, 404);  // not a browser: as Janus answers
  EXPECT_EQ(none.header("Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(none.header("Access-Control-Max-Age"), "86400");
  EXPECT_NE(ask("GET", "/janus/info").body, "never served: the API comes first");
  Json facts = ask("GET", "/limen.json").json();
  EXPECT_EQ(facts.at("api").at("path"), "/janus");
  EXPECT_EQ(facts.at("api").at("http"), bench_.port("http"));
  EXPECT_EQ(facts.at("admin").at("path"), "/admin");
  EXPECT_EQ(facts.at("websockets").at("ws"), 8188);
}

TEST_F(HttpTransport, old_clients_are_told_that_the_connection_stays) {
  start();
  RawClient one = client();
  EXPECT_EQ(ask(one, "GET /nothing HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").header("Connection"), "keep-alive");
  EXPECT_EQ(ask(one, "GET /nothing HTTP/1.0\r\n\r\n").header("Connection"), "close");
  EXPECT_TRUE(closed(one));
}

TEST_F(HttpTransport, configuration_can_be_checked_without_starting) {
  bench_.write_file("janus.transport.http.jcfg",
                    "general: { https = true; json = \"yaml\"; prot = 1; }\n"
                    "certificates: { cert_pem = \"/nonexistent.pem\"; }\n");
  config::Findings findings;
  EXPECT_TRUE(make_http_transport()->check_config(bench_.configs_folder(), findings));
  ASSERT_EQ(findings.warnings.size(), 3u);
  EXPECT_NE(findings.warnings[0].find("should be one of"), std::string::npos) << findings.warnings[0];
  EXPECT_NE(findings.warnings[1].find("unknown key 'prot'"), std::string::npos) << findings.warnings[1];
  EXPECT_NE(findings.warnings[2].find("/nonexistent.pem"), std::string::npos) << findings.warnings[2];
  bench_.write_file("janus.transport.http.jcfg", "general: { base_path = \"janus\"; }");
  EXPECT_FALSE(make_http_transport()->check_config(bench_.configs_folder(), findings));
}

TEST_F(HttpTransport, stopping_answers_polls_and_closes_everything) {
  start();
  SessionId session = create();
  RawClient one = client();
  begin_poll(one, session);
  RawClient two = client();
  two.send(request("POST", "/janus", R"({"janus":"hold"})"));
  ASSERT_TRUE(bench_.run_until([&] { return bench_.core.held.size() == 1; }));
  bench_.transport->stop();
  EXPECT_EQ(read(one).body, R"({"janus":"keepalive"})");
  EXPECT_TRUE(closed(two));
  bench_.core.held.front().reply(JsonObject{});
  bench_.core.push(session, JsonObject{});
  bench_.settle();
  EXPECT_EQ(bench_.clock.timers(), 0u);
}

TEST_F(HttpTransport, both_address_families_are_served_by_default) {
  bench_.write_file("janus.transport.http.jcfg", "general: { http = true; port = 0; }");
  bench_.transport = make_http_transport();
  ASSERT_TRUE(bench_.transport->start(bench_));
  Listening place = bench_.transport->listening().at(0);
  EXPECT_EQ(place.url, "http://localhost:" + std::to_string(place.port) + "/janus");
  RawClient v4 = client();
  EXPECT_EQ(ask(v4, request("GET", "/nothing")).status, 404);
  if (::access("/proc/net/if_inet6", R_OK) != 0) GTEST_SKIP() << "no IPv6 here";
  RawClient v6 = RawClient::tcp6(place.port);
  EXPECT_EQ(ask(v6, request("GET", "/janus/info")).status, 200);
  EXPECT_EQ(bench_.core.events.back().second.at("ip"), "::1");
}

TEST_F(HttpTransport, an_interface_name_binds_its_address) {
  bench_.write_file("janus.transport.http.jcfg", "general: { http = true; port = 0; interface = \"lo\"; }");
  bench_.transport = make_http_transport();
  ASSERT_TRUE(bench_.transport->start(bench_));
  EXPECT_TRUE(bench_.transport->listening().at(0).url.starts_with("http://127.0.0.1:"));
}

TEST_F(HttpTransport, what_cannot_be_opened_is_said_precisely) {
  start();
  std::vector<std::string> lines;
  log::set_sink([&](const log::Line& line) { lines.emplace_back(line.text); });
  auto try_config = [&](const std::string& text) {
    lines.clear();
    bench_.write_file("janus.transport.http.jcfg", text);
    auto transport = make_http_transport();
    EXPECT_FALSE(transport->start(bench_));
    return lines.empty() ? std::string() : lines.back();
  };
  std::string port = std::to_string(bench_.port("http"));
  EXPECT_EQ(try_config("general: { http = true; ip = \"127.0.0.1\"; port = " + port + "; }"),
            "No http server: 127.0.0.1:" + port +
                " is already in use by another program: stop that one or change `port` (group general of "
                "janus.transport.http.jcfg)");
  EXPECT_EQ(
      try_config("general: { http = true; port = 0; ip = \"192.0.2.77\"; }"),
      "No http server: 192.0.2.77:0: this machine has no such address (group general of janus.transport.http.jcfg)");
  EXPECT_EQ(
      try_config("general: { http = true; interface = \"nope0\"; }"),
      "No http server: there is no interface 'nope0' with an IP address (group general of janus.transport.http.jcfg)");
  EXPECT_EQ(try_config("general: { https = true; secure_port = 0; }"),
            "No https server: there is no certificate: set `cert_pem` (group certificates)");
  try_config("general: { http = true; port = 0; base_path = \"janus\"; }");
  try_config("general: { http = false; }");
  log::set_sink([](const log::Line&) {});
}

class HttpsTransport : public HttpTransport {
 protected:
  void write_certificate() {
    auto made = test::make_test_certificate();
    bench_.write_file("cert.pem", made.certificate);
    bench_.write_file("key.pem", made.key);
    certificate_ = made.certificate;
  }
  void start_tls(const std::string& certificates) {
    bench_.write_file("janus.transport.http.jcfg",
                      "general: { https = true; secure_port = 0; secure_ip = \"127.0.0.1\"; }\n" + certificates);
    bench_.transport = make_http_transport();
    auto started = bench_.transport->start(bench_);
    ASSERT_TRUE(started) << started.error().text;
  }
  std::string fingerprint(RawClient& client) {
    std::unique_ptr<X509, decltype(&X509_free)> peer(SSL_get1_peer_certificate(client.ssl()), X509_free);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    X509_digest(peer.get(), EVP_sha256(), digest, &size);
    return std::string(reinterpret_cast<char*>(digest), size);
  }
  std::string certificate_;
};

TEST_F(HttpsTransport, serves_the_api_with_the_default_certificate) {
  write_certificate();
  bench_.certificate = bench_.path("cert.pem");
  bench_.certificate_key = bench_.path("key.pem");
  start_tls("certificates: { ciphers = \"NORMAL\"; }");
  for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    RawClient client = RawClient::tls(bench_.port("https"), version);
    EXPECT_EQ(ask(client, request("POST", "/janus", R"({"janus":"ping"})")).json().at("janus"), "pong");
    EXPECT_EQ(ask(client, request("GET", "/nothing", "", "Connection: close\r\n")).status, 404);
    EXPECT_TRUE(closed(client));
  }
  RawClient old = RawClient::tls(bench_.port("https"), TLS1_1_VERSION);
  old.send(request("GET", "/janus/info"));
  EXPECT_TRUE(closed(old));
}

TEST_F(HttpsTransport, plain_text_and_silence_do_no_harm) {
  write_certificate();
  start_tls("certificates: { cert_pem = \"" + bench_.path("cert.pem") + "\"; cert_key = \"" + bench_.path("key.pem") +
            "\"; }");
  RawClient plain = RawClient::tcp(bench_.port("https"));
  plain.send(request("GET", "/janus/info"));
  EXPECT_TRUE(closed(plain));
  RawClient silent = RawClient::tcp(bench_.port("https"));
  ASSERT_TRUE(bench_.run_until([&] {
    return bench_.transport->on_query(JsonObject{{"request", "connections"}})->at("connections").at("https") == 1;
  }));
  bench_.advance(std::chrono::seconds(11));
  EXPECT_TRUE(closed(silent));
}

TEST_F(HttpsTransport, a_new_certificate_is_used_and_a_broken_one_is_not) {
  write_certificate();
  start_tls("certificates: { cert_pem = \"" + bench_.path("cert.pem") + "\"; cert_key = \"" + bench_.path("key.pem") +
            "\"; }");
  auto seen = [&] {
    bench_.advance(std::chrono::seconds(2));
    RawClient client = RawClient::tls(bench_.port("https"));
    EXPECT_EQ(ask(client, request("GET", "/janus/info")).status, 200);
    return fingerprint(client);
  };
  std::string first = seen();
  EXPECT_EQ(seen(), first);
  write_certificate();
  std::string second = seen();
  EXPECT_NE(second, first);
  std::vector<std::string> errors;
  log::set_sink([&](const log::Line& line) {
    if (line.level == log::Level::error) errors.emplace_back(line.text);
  });
  bench_.write_file("cert.pem", "not a certificate");
  EXPECT_EQ(seen(), second);
  EXPECT_EQ(seen(), second);
  EXPECT_EQ(errors.size(), 1u);
  log::set_sink([](const log::Line&) {});
}

}  // namespace
}  // namespace limen
