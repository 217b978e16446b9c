// TURN REST API: its questions, its answers, and addresses of TURN servers.
#include "core/turn_rest.hpp"

#include <gtest/gtest.h>

namespace limen::core {
namespace {

using rtc::TurnTransport;

TEST(TurnUri, forms_of_the_spec) {
  auto uri = [](std::string_view text) { return parse_turn_uri(text).value_or(TurnUri{}); };
  EXPECT_EQ(uri("turn:example.org"), (TurnUri{TurnTransport::udp, "example.org", 3478}));
  EXPECT_EQ(uri("turn:192.0.2.1:9991?transport=udp"), (TurnUri{TurnTransport::udp, "192.0.2.1", 9991}));
  EXPECT_EQ(uri("turn:example.org:80?transport=tcp"), (TurnUri{TurnTransport::tcp, "example.org", 80}));
  EXPECT_EQ(uri("turn:example.org?transport=tls"), (TurnUri{TurnTransport::tls, "example.org", 3478}));
  EXPECT_EQ(uri("turns:example.org"), (TurnUri{TurnTransport::tls, "example.org", 3478}));
  EXPECT_EQ(uri("turns:example.org:443?transport=tcp"), (TurnUri{TurnTransport::tls, "example.org", 443}));
  EXPECT_EQ(uri("turn:[2001:db8::1]:5000"), (TurnUri{TurnTransport::udp, "2001:db8::1", 5000}));
}

TEST(TurnUri, others_are_refused) {
  for (std::string_view text : {"", "turn:", "stun:example.org", "turn:example.org:0", "turn:example.org:70000",
                                "turn:example.org:", "turn:a b", "turn:example.org?transport=sctp",
                                "turn:example.org?proto=udp", "turn:[2001:db8::1", "turn:[nonsense]", "turn:[::1]5",
                                "turns:example.org?transport=udp", "turn:user@example.org"}) {
    EXPECT_FALSE(parse_turn_uri(text)) << text;
  }
}

TEST(TurnRest, the_question_is_url_encoded) {
  EXPECT_EQ(turn_rest_query("", "123"), "service=turn&username=123");
  EXPECT_EQ(turn_rest_query("a&b", "x y/ü"), "service=turn&api=a%26b&key=a%26b&username=x%20y%2F%C3%BC");
}

TEST(TurnRest, an_answer_gives_credentials_and_servers) {
  auto reply = parse_turn_rest_reply(
      R"({"username":"u","password":"p","ttl":60,"uris":["stun:x","turn:a.example","turns:b.example:443"]})");
  ASSERT_TRUE(reply) << reply.error().text;
  EXPECT_EQ(reply->username, "u");
  EXPECT_EQ(reply->password, "p");
  EXPECT_EQ(reply->ttl, 60U);
  ASSERT_EQ(reply->uris.size(), 2U);
  EXPECT_EQ(reply->uris[1].transport, TurnTransport::tls);
}

TEST(TurnRest, answers_that_are_wrong_are_told_apart) {
  auto problem = [](std::string_view text) {
    auto reply = parse_turn_rest_reply(text);
    return reply ? std::string() : reply.error().text;
  };
  EXPECT_NE(problem("nonsense").find("not a JSON object"), std::string::npos);
  EXPECT_NE(problem(R"({"password":"secret","uris":["turn:a"]})").find("username"), std::string::npos);
  EXPECT_NE(problem(R"({"username":"u","password":5,"uris":["turn:a"]})").find("password"), std::string::npos);
  EXPECT_NE(problem(R"({"username":"u","password":"secret","ttl":-1,"uris":["turn:a"]})").find("ttl"),
            std::string::npos);
  EXPECT_NE(problem(R"({"username":"u","password":"secret","uris":[]})").find("uris"), std::string::npos);
  EXPECT_NE(problem(R"({"username":"u","password":"secret","uris":[1]})").find("not text"), std::string::npos);
  EXPECT_NE(problem(R"({"username":"u","password":"secret","uris":["http://x"]})").find("none"), std::string::npos);
  EXPECT_NE(problem(std::string(kMaxTurnRestReply + 1, ' ')).find("too long"), std::string::npos);
  EXPECT_EQ(problem(R"({"username":"u","password":"secret","uris":["http://x"]})").find("secret"), std::string::npos);
}

TEST(TurnRest, a_service_that_is_not_there_is_a_failure_with_a_reason) {
  TurnRestQuery query;
  query.url = "http://127.0.0.1:1/turn";
  query.user = "u";
  query.timeout = 2;
  query.run();
  EXPECT_FALSE(query.failure.empty());
  EXPECT_TRUE(query.servers.empty());
}

}  // namespace
}  // namespace limen::core
