#include "transports/net/transport_settings.hpp"

#include <gtest/gtest.h>

#include "transports/net/tls_source.hpp"

namespace limen::net {
namespace {

Json parse(std::string_view text) {
  return boost::json::parse({text.data(), text.size()});
}

int error_code(const Json& reply) {
  return reply.as_object().contains("error_code") ? reply.at("error_code").to_number<int>() : 0;
}

TEST(TransportQuery, refuses_what_it_does_not_know) {
  TransportSettings settings;
  EXPECT_EQ(error_code(answer_query(Json(), settings, true, nullptr, nullptr)), 412);
  EXPECT_EQ(error_code(answer_query(parse("{}"), settings, true, nullptr, nullptr)), 412);
  EXPECT_EQ(error_code(answer_query(parse(R"({"request":1})"), settings, true, nullptr, nullptr)), 413);
  EXPECT_EQ(error_code(answer_query(parse(R"({"request":"x"})"), settings, true, nullptr, nullptr)), 411);
  EXPECT_EQ(error_code(answer_query(parse(R"({"request":"connections"})"), settings, true, nullptr, nullptr)), 411);
}

TEST(TransportQuery, configure_without_events_turns_them_off) {
  TransportSettings settings;
  Json reply = answer_query(parse(R"({"request":"configure","json":"plain"})"), settings, true, nullptr, nullptr);
  EXPECT_EQ(reply, parse(R"({"result":200})"));
  EXPECT_FALSE(settings.events);
  EXPECT_EQ(settings.json, JsonFormat::plain);
}

TEST(TransportQuery, configure_notes_what_it_ignored) {
  TransportSettings settings;
  Json reply =
      answer_query(parse(R"({"request":"configure","events":true,"json":"yaml"})"), settings, false, nullptr, nullptr);
  EXPECT_EQ(reply.at("notes").as_array().size(), 2u);
  EXPECT_FALSE(settings.events);
  EXPECT_EQ(error_code(answer_query(parse(R"({"request":"configure","events":1})"), settings, true, nullptr, nullptr)),
            413);
}

TEST(TransportQuery, connections_are_counted_by_the_transport) {
  TransportSettings settings;
  Json reply = answer_query(
      parse(R"({"request":"connections"})"), settings, true, [](JsonObject& into) { into["connections"] = 3; },
      nullptr);
  EXPECT_EQ(reply, parse(R"({"result":200,"connections":3})"));
}

TEST(Ciphers, gnutls_priorities_are_told_from_openssl_lists) {
  EXPECT_TRUE(is_gnutls_priority("NORMAL"));
  EXPECT_TRUE(is_gnutls_priority("PFS:-VERS-TLS1.0:-VERS-TLS1.1:-3DES-CBC:-ARCFOUR-128"));
  EXPECT_TRUE(is_gnutls_priority("SECURE256:+SECURE128"));
  EXPECT_FALSE(is_gnutls_priority("ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256"));
  EXPECT_FALSE(is_gnutls_priority("HIGH:!aNULL"));
}

}  // namespace
}  // namespace limen::net
