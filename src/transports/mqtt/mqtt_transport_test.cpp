#include "transports/mqtt/mqtt_transport.hpp"

#include <gtest/gtest.h>

#include "tests/support/transport_bench.hpp"
#include "transports/mqtt/mqtt_config.hpp"
#include "transports/mqtt/transaction_routes.hpp"

namespace limen::mqtt_transport {
namespace {

using namespace std::chrono_literals;
using brokers::MqttMessage;

MqttMessage request(const std::string& response_topic) {
  MqttMessage message;
  message.response_topic = response_topic;
  message.correlation_data = "c";
  message.user_properties = {{"kept", "1"}, {"other", "2"}};
  return message;
}

MqttMessage applied(TransactionRoutes& routes, const Json& json) {
  MqttMessage out;
  out.topic = "usual";
  routes.apply(json, out);
  return out;
}

TEST(TransactionRoutes, answers_follow_the_request_until_the_final_one) {
  TransactionRoutes routes(60s, {"kept"}, {{"added", "3"}});
  routes.remember("t", request("back"), Instant{});
  Json event{{"janus", "event"}, {"transaction", "t"}};
  MqttMessage out = applied(routes, event);
  EXPECT_EQ(out.topic, "back");
  EXPECT_EQ(out.correlation_data, "c");
  EXPECT_EQ(out.user_properties, (std::vector<std::pair<std::string, std::string>>{{"kept", "1"}, {"added", "3"}}));
  EXPECT_EQ(applied(routes, Json{{"janus", "success"}, {"transaction", "t"}}).topic, "back");
  EXPECT_EQ(applied(routes, event).topic, "usual");
  EXPECT_EQ(applied(routes, Json{{"janus", "event"}}).topic, "usual");
  EXPECT_EQ(applied(routes, Json("text")).topic, "usual");
}

TEST(TransactionRoutes, topics_that_would_end_the_connection_are_not_used) {
  TransactionRoutes routes(60s, {}, {});
  routes.remember("t", request("all/#"), Instant{});
  EXPECT_EQ(applied(routes, Json{{"janus", "ack"}, {"transaction", "t"}}).topic, "usual");
}

TEST(TransactionRoutes, are_bounded_and_forgotten_after_their_time) {
  TransactionRoutes routes(60s, {}, {});
  Instant now{};
  for (size_t n = 0; n < TransactionRoutes::kMostRoutes + 100; ++n)
    routes.remember(std::to_string(n), request("back"), now);
  EXPECT_EQ(routes.count(), TransactionRoutes::kMostRoutes);
  routes.remember("new", request("back"), now + 30s);
  routes.vacuum(now + 60s);
  EXPECT_EQ(routes.count(), 1u);
  routes.vacuum(now + 90s);
  EXPECT_EQ(routes.count(), 0u);
}

std::string problem_of(const std::string& file) {
  test::TransportBench bench;
  bench.write_file("janus.transport.mqtt.jcfg", file);
  auto started = make_mqtt_transport()->start(bench);
  return started ? "none" : started.error().text;
}

TEST(MqttTransport, mistakes_in_the_file_are_named) {
  const std::string topics = "subscribe_topic = \"a\"; publish_topic = \"b\"; ";
  EXPECT_EQ(problem_of("general: { enabled = false }"), "");
  EXPECT_NE(problem_of("general: { enabled = true }").find("`subscribe_topic`"), std::string::npos);
  EXPECT_NE(problem_of("general: { enabled = true; " + topics + "mqtt_version = \"4\" }").find("`mqtt_version`"),
            std::string::npos);
  EXPECT_NE(problem_of("general: { enabled = true; " + topics + "url = \"http://x\" }").find("`url`"),
            std::string::npos);
  EXPECT_NE(problem_of("general: { enabled = true; subscribe_topic = \"a\"; publish_topic = \"b/#\" }").find("b/#"),
            std::string::npos);
  EXPECT_NE(
      problem_of("general: { enabled = true; " + topics + "ssl_enabled = true; certfile = \"x\" }").find("certificate"),
      std::string::npos);
  EXPECT_NE(problem_of("general: { enabled = true; " + topics + "}\nadmin: { admin_enabled = true }").find("admin"),
            std::string::npos);
}

TEST(MqttConfig, status_messages_and_pairs_are_read) {
  test::TransportBench bench;
  bench.write_file(
      "janus.transport.mqtt.jcfg",
      "general: { enable = true; subscribe_topic = \"a\"; publish_topic = \"b\"; mqtt_version = \"5\";\n"
      "  add_transaction_user_properties = ( (\"k\", \"v\"), (\"odd\") ) }\n"
      "status: { enabled = true; disconnect_message = \"gone\"; topic = \"st\"; retain = true; qos = 2 }\n");
  config::Findings findings;
  auto config = read_mqtt_config(bench.configs_folder(), findings);
  ASSERT_TRUE(config);
  EXPECT_TRUE(config->general.enabled);
  EXPECT_EQ(findings.warnings.size(), 1u);
  EXPECT_EQ(config->general.add_transaction_user_properties.size(), 1u);
  brokers::MqttSettings settings = config->settings();
  EXPECT_EQ(settings.version, 5);
  EXPECT_FALSE(settings.hello);
  ASSERT_TRUE(settings.will);
  EXPECT_EQ(settings.will->payload, "gone");
  EXPECT_EQ(settings.will->topic, "st");
  EXPECT_EQ(settings.will->qos, 2);
  EXPECT_TRUE(settings.will->retain);
}

}  // namespace
}  // namespace limen::mqtt_transport
