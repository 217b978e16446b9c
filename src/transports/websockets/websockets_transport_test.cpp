// The WebSockets transport on real loopback sockets, before a core played by the test.
#include "transports/websockets/websockets_transport.hpp"

#include <gtest/gtest.h>

#include "tests/support/test_certificate.hpp"
#include "tests/support/transport_bench.hpp"
#include "tests/support/websocket_test_client.hpp"

namespace limen {
namespace {

using test::RawClient;
using test::WebSocketTestClient;

class WebSocketsTransport : public testing::Test {
 protected:
  void start(const std::string& general = "", const std::string& others = "") {
    bench_.write_file("janus.transport.websockets.jcfg",
                      "general: { ws = true; ws_port = 0; ws_ip = \"127.0.0.1\"; " + general + " }\n" +
                          "admin: { admin_ws = true; admin_ws_port = 0; admin_ws_ip = \"127.0.0.1\"; }\n" + others);
    bench_.transport = make_websockets_transport();
    auto started = bench_.transport->start(bench_);
    ASSERT_TRUE(started) << started.error().text;
  }
  RawClient raw() { return RawClient::tcp(bench_.port("ws")); }
  void open(WebSocketTestClient& client) {
    client.handshake();
    ASSERT_TRUE(bench_.run_until([&] { return client.opened(); })) << client.answer;
  }
  std::string ask(WebSocketTestClient& client, std::string_view text) {
    client.send_text(text);
    return next(client);
  }
  std::string next(WebSocketTestClient& client) {
    if (!bench_.run_until([&] { return client.got_message(); })) return "no message";
    return client.take_message();
  }
  // Until the server closes; the answer tells with what.
  void refused(WebSocketTestClient& client) {
    EXPECT_TRUE(bench_.run_until([&] {
      client.pump();
      return client.raw.ended || !client.answer.empty();
    }));
    EXPECT_FALSE(client.opened()) << client.answer;
  }
  bool closed(WebSocketTestClient& client) {
    return bench_.run_until([&] {
      client.pump();
      return client.raw.ended;
    });
  }

  int connections() {
    return bench_.transport->on_query(JsonObject{{"request", "connections"}})->at("connections").to_number<int>();
  }

  test::TransportBench bench_;
};

TEST_F(WebSocketsTransport, selects_the_subprotocol_and_answers) {
  start();
  WebSocketTestClient client(raw());
  client.handshake("other, janus-protocol", "Origin: http://a.example\r\n");
  ASSERT_TRUE(bench_.run_until([&] { return client.opened(); }));
  EXPECT_NE(client.answer.find("Sec-WebSocket-Protocol: janus-protocol\r\n"), std::string::npos);
  EXPECT_NE(client.answer.find("Access-Control-Allow-Origin: *\r\n"), std::string::npos);
  EXPECT_NE(client.answer.find("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), std::string::npos);
  EXPECT_EQ(ask(client, R"({"janus":"ping","transaction":"a"})"), R"({"janus":"pong","transaction":"a"})");
  EXPECT_FALSE(bench_.core.admin_flags.at(0));
}

TEST_F(WebSocketsTransport, refuses_wrong_subprotocols_and_plain_http) {
  start();
  for (const char* subprotocol : {"", "other-protocol", "janus-admin-protocol", "janus-protocols"}) {
    WebSocketTestClient client(raw());
    client.handshake(subprotocol);
    refused(client);
  }
  WebSocketTestClient http(raw());
  http.raw.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  refused(http);
  EXPECT_TRUE(http.answer.starts_with("HTTP/1.1 403 "));
  WebSocketTestClient post(raw());
  post.raw.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}");
  refused(post);
  EXPECT_TRUE(post.answer.starts_with("HTTP/1.1 403 "));
  EXPECT_TRUE(bench_.core.events.empty());
}

TEST_F(WebSocketsTransport, admin_port_speaks_the_admin_api) {
  start();
  WebSocketTestClient admin(RawClient::tcp(bench_.port("ws", true)));
  admin.handshake("janus-admin-protocol");
  ASSERT_TRUE(bench_.run_until([&] { return admin.opened(); }));
  EXPECT_EQ(ask(admin, R"({"janus":"ping"})"), R"({"janus":"pong","transaction":null})");
  EXPECT_TRUE(bench_.core.admin_flags.at(0));
}

TEST_F(WebSocketsTransport, messages_may_be_fragmented_concatenated_or_binary) {
  start();
  WebSocketTestClient client(raw());
  open(client);
  client.send_frame(1, R"({"janus":"pi)", false);
  client.send_frame(9, "are you there");
  client.send_frame(0, R"(ng","transac)", false);
  client.send_frame(0, R"(tion":"f"})", true);
  EXPECT_EQ(next(client), R"({"janus":"pong","transaction":"f"})");
  EXPECT_EQ(ask(client, R"({"janus":"ping","transaction":1} {"janus":"ping","transaction":2}  )"),
            R"({"janus":"pong","transaction":1})");
  EXPECT_EQ(next(client), R"({"janus":"pong","transaction":2})");
  client.send_frame(2, R"({"janus":"ping","transaction":"b"})");
  EXPECT_EQ(next(client), R"({"janus":"pong","transaction":"b"})");
}

TEST_F(WebSocketsTransport, one_bad_value_spoils_the_message_but_not_the_connection) {
  start();
  WebSocketTestClient client(raw());
  open(client);
  EXPECT_EQ(ask(client, R"({"janus":"ping"}{"janus")"), R"({"janus":"error","error":{"code":454}})");
  EXPECT_EQ(ask(client, "not json at all"), R"({"janus":"error","error":{"code":454}})");
  EXPECT_EQ(ask(client, ""), R"({"janus":"error","error":{"code":454}})");
  EXPECT_TRUE(bench_.core.requests.empty());
  EXPECT_EQ(ask(client, R"({"janus":"ping"})"), R"({"janus":"pong","transaction":null})");
}

TEST_F(WebSocketsTransport, replies_and_events_share_one_ordered_queue) {
  start();
  WebSocketTestClient client(raw());
  open(client);
  ask(client, R"({"janus":"create"})");
  ask(client, R"({"janus":"create"})");
  for (int n = 0; n < 50; ++n) bench_.core.push(SessionId(1000 + n % 2), JsonObject{{"n", n}});
  for (int n = 0; n < 50; ++n) EXPECT_EQ(next(client), "{\"n\":" + std::to_string(n) + "}");
}

TEST_F(WebSocketsTransport, long_messages_leave_in_small_fragments) {
  start();
  WebSocketTestClient client(raw());
  open(client);
  std::string reply = ask(client, R"({"janus":"big","size":100000})");
  EXPECT_EQ(boost::json::parse(reply).at("data").as_string().size(), 100'000u);
  EXPECT_GT(client.fragment_sizes.size(), 30u);
  EXPECT_LE(*std::max_element(client.fragment_sizes.begin(), client.fragment_sizes.end()), 2800u);
}

TEST_F(WebSocketsTransport, frames_sent_with_the_handshake_are_not_lost) {
  start();
  WebSocketTestClient client(raw());
  client.handshake("janus-protocol", "Cookie: " + std::string(5000, 'c') + "\r\n");
  client.send_text(R"({"janus":"ping","transaction":"early"})");
  EXPECT_EQ(next(client), R"({"janus":"pong","transaction":"early"})");
}

TEST_F(WebSocketsTransport, closing_is_told_to_the_core_once) {
  start();
  {
    WebSocketTestClient client(raw());
    open(client);
    ask(client, R"({"janus":"create"})");
  }
  std::string id = bench_.core.clients.at(0)->id();
  ASSERT_TRUE(bench_.run_until([&] { return bench_.core.gone.contains(id); }));
  ASSERT_EQ(bench_.core.events.size(), 2u);
  EXPECT_EQ(bench_.core.events[0].first, id);
  EXPECT_EQ(boost::json::serialize(bench_.core.events[0].second),
            R"({"event":"connected","admin_api":false,"ip":"127.0.0.1"})");
  EXPECT_EQ(boost::json::serialize(bench_.core.events[1].second), R"({"event":"disconnected"})");
  bench_.core.push(SessionId(1000), JsonObject{{"too", "late"}});
  EXPECT_EQ(connections(), 0);
}

TEST_F(WebSocketsTransport, closing_handshake_is_answered) {
  start();
  WebSocketTestClient client(raw());
  open(client);
  client.send_frame(8, std::string("\x0d\xb0", 2) + "Gateway timeout");  // 3504, as the library sends it
  EXPECT_TRUE(closed(client));
  EXPECT_EQ(client.close_code, 3504);
}

TEST_F(WebSocketsTransport, end_of_a_session_closes_nothing) {
  start();
  WebSocketTestClient client(raw());
  open(client);
  ask(client, R"({"janus":"create"})");
  bench_.core.push(SessionId(1000), JsonObject{{"janus", "timeout"}});
  bench_.core.end_session(SessionId(1000), true);
  EXPECT_EQ(next(client), R"({"janus":"timeout"})");
  EXPECT_EQ(ask(client, R"({"janus":"ping"})"), R"({"janus":"pong","transaction":null})");
}

TEST_F(WebSocketsTransport, silent_clients_are_pinged_then_closed) {
  start("pingpong_trigger = 30; pingpong_timeout = 10;");
  WebSocketTestClient client(raw());
  open(client);
  ask(client, R"({"janus":"ping"})");
  bench_.advance(std::chrono::seconds(31));
  ASSERT_TRUE(bench_.run_until([&] {
    client.pump();
    return client.pings == 1;
  }));
  client.send_frame(10, "");
  ask(client, R"({"janus":"ping"})");
  bench_.advance(std::chrono::seconds(29));
  EXPECT_EQ(client.pings, 1);
  bench_.advance(std::chrono::seconds(2));
  bench_.advance(std::chrono::seconds(10));
  EXPECT_TRUE(closed(client));
  EXPECT_EQ(bench_.core.gone.size(), 1u);
}

TEST_F(WebSocketsTransport, slow_readers_are_closed_not_buffered_for_ever) {
  start();
  WebSocketTestClient client(raw());
  open(client);
  ask(client, R"({"janus":"create"})");
  client.raw.pause_reading();
  std::string text(100'000, 'x');
  int sent = 0;
  for (; sent < 1000 && bench_.core.gone.empty(); ++sent) {
    bench_.core.push(SessionId(1000), JsonObject{{"text", text}});
    bench_.settle();
  }
  EXPECT_EQ(bench_.core.gone.size(), 1u);
  EXPECT_GT(sent, 50);
}

TEST_F(WebSocketsTransport, hostile_frames_end_the_connection_only) {
  start();
  auto hostile = [&](auto attack) {
    WebSocketTestClient client(raw());
    open(client);
    attack(client);
    EXPECT_TRUE(closed(client));
  };
  hostile([](auto& c) { c.raw.send("\x81\x05hello"); });                         // not masked
  hostile([](auto& c) { c.send_frame(3, "reserved"); });                         // unknown opcode
  hostile([](auto& c) { c.send_frame(0, "continues nothing"); });                // continuation first
  hostile([](auto& c) { c.send_frame(9, std::string(200, 'p')); });              // control frame too long
  hostile([](auto& c) { c.send_frame(1, "\xff\xfe not UTF-8"); });               // bad text
  hostile([](auto& c) { c.send_frame(1, std::string(1024 * 1024 + 1, ' ')); });  // larger than the limit
  hostile([](auto& c) { c.raw.send(std::string("\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\1\2\3\4", 14)); });
  EXPECT_TRUE(bench_.run_until([&] { return bench_.core.gone.size() == 7; }));
  WebSocketTestClient good(raw());
  open(good);
  EXPECT_EQ(ask(good, R"({"janus":"ping"})"), R"({"janus":"pong","transaction":null})");
}

TEST_F(WebSocketsTransport, hostile_handshakes_are_refused) {
  start();
  for (const std::string& text :
       {std::string("garbage\r\n\r\n"), "GET / HTTP/1.1\r\nX: " + std::string(60'000, 'a') + "\r\n\r\n",
        std::string("GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    "Sec-WebSocket-Protocol: janus-protocol\r\nSec-WebSocket-Version: 7\r\n\r\n")}) {
    WebSocketTestClient client(raw());
    client.raw.send(text);
    refused(client);
  }
  ASSERT_TRUE(bench_.run_until([&] { return connections() == 0; }));
  WebSocketTestClient half(raw());
  half.raw.send("GET / HTTP/1.1\r\nUpgr");
  ASSERT_TRUE(bench_.run_until([&] { return connections() == 1; }));
  bench_.advance(std::chrono::seconds(16));
  EXPECT_TRUE(closed(half));
}

TEST_F(WebSocketsTransport, origins_and_addresses_are_checked) {
  start("ws_acl = \"127.,10.\"; ws_acl_forwarded = true;",
        "cors: { allow_origin = \"http://app.example\"; enforce_cors = true; }");
  WebSocketTestClient good(raw());
  good.handshake("janus-protocol", "Origin: http://app.example\r\nX-Forwarded-For: 10.0.0.1\r\n");
  ASSERT_TRUE(bench_.run_until([&] { return good.opened(); }));
  EXPECT_NE(good.answer.find("Access-Control-Allow-Origin: http://app.example\r\n"), std::string::npos);
  for (const char* headers :
       {"", "Origin: http://evil.example\r\n", "Origin: http://app.example\r\nX-Forwarded-For: 11.0.0.1\r\n"}) {
    WebSocketTestClient client(raw());
    client.handshake("janus-protocol", headers);
    refused(client);
  }
}

TEST_F(WebSocketsTransport, addresses_not_on_the_list_are_disconnected) {
  start("ws_acl = \"10.\";");
  WebSocketTestClient client(raw());
  client.handshake();
  EXPECT_TRUE(closed(client));
  EXPECT_TRUE(client.answer.empty());
}

TEST_F(WebSocketsTransport, unix_sockets_work_and_are_tidied_up) {
  std::string path = bench_.path("ws.sock");
  start("ws_unix = \"" + path + "\"; ws_acl = \"10.\";");
  WebSocketTestClient client(RawClient::unix_socket(path));
  open(client);
  EXPECT_EQ(ask(client, R"({"janus":"ping"})"), R"({"janus":"pong","transaction":null})");
  EXPECT_EQ(bench_.transport->listening().at(0).url, "ws+unix:" + path);
  bench_.transport->stop();
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(WebSocketsTransport, an_ordinary_file_is_not_overwritten_by_a_socket) {
  bench_.write_file("precious", "keep me");
  bench_.write_file("janus.transport.websockets.jcfg",
                    "general: { ws = true; ws_unix = \"" + bench_.path("precious") + "\"; }");
  bench_.transport = make_websockets_transport();
  EXPECT_FALSE(bench_.transport->start(bench_));
  EXPECT_EQ(std::filesystem::file_size(bench_.path("precious")), 7u);
}

TEST_F(WebSocketsTransport, tls_carries_the_same) {
  auto made = test::make_test_certificate();
  bench_.write_file("both.pem", made.certificate + made.key);
  start("wss = true; wss_port = 0; wss_ip = \"127.0.0.1\";",
        "certificates: { cert_pem = \"" + bench_.path("both.pem") + "\"; }");
  WebSocketTestClient client(RawClient::tls(bench_.port("wss")));
  open(client);
  EXPECT_EQ(ask(client, R"({"janus":"ping"})"), R"({"janus":"pong","transaction":null})");
  std::string reply = ask(client, R"({"janus":"big","size":1000000})");
  EXPECT_GT(reply.size(), 1'000'000u);
  client.send_frame(8, "\x03\xe8");
  EXPECT_TRUE(closed(client));
  EXPECT_EQ(client.close_code, 1000);
}

TEST_F(WebSocketsTransport, stopping_says_goodbye_and_tells_nobody) {
  start("pingpong_trigger = 30; pingpong_timeout = 10;");
  WebSocketTestClient client(raw());
  open(client);
  client.send_text(R"({"janus":"hold"})");
  ASSERT_TRUE(bench_.run_until([&] { return bench_.core.held.size() == 1; }));
  bench_.transport->stop();
  EXPECT_TRUE(closed(client));
  EXPECT_EQ(client.close_code, 1001);
  bench_.core.held.front().reply(JsonObject{});
  bench_.settle();
  EXPECT_EQ(bench_.clock.timers(), 0u);
  EXPECT_TRUE(bench_.core.gone.empty());
}

TEST_F(WebSocketsTransport, queries_count_configure_and_refuse) {
  start();
  WebSocketTestClient client(raw());
  open(client);
  EXPECT_EQ(connections(), 1);
  Json reply = *bench_.transport->on_query(
      JsonObject{{"request", "configure"}, {"events", true}, {"json", "plain"}, {"logging", "err,nonsense"}});
  EXPECT_EQ(reply.at("notes").as_array().size(), 1u);
  EXPECT_EQ(ask(client, R"({"janus":"ping"})"), R"({"janus": "pong", "transaction": null})");
}

}  // namespace
}  // namespace limen
