#include "transports/rabbitmq/rabbitmq_config.hpp"

#include <gtest/gtest.h>

#include "tests/support/transport_bench.hpp"

namespace limen::rabbitmq_transport {
namespace {

Result<RabbitMqConfig> read(const std::string& file) {
  test::TransportBench bench;
  bench.write_file("janus.transport.rabbitmq.jcfg", file);
  config::Findings findings;
  return read_rabbitmq_config(bench.configs_folder(), findings);
}

TEST(RabbitMqConfig, queues_follow_the_kind_of_exchange) {
  const std::string keys = "enabled = true; to_janus = \"to\"; from_janus = \"from\"; ";
  auto plain = read("general: { " + keys + "queue_durable = true }");
  ASSERT_TRUE(plain);
  brokers::AmqpSettings settings = plain->settings();
  ASSERT_EQ(settings.incoming.size(), 1u);
  EXPECT_EQ(settings.incoming[0].name, "to");
  EXPECT_EQ(settings.incoming[0].binding, "");
  EXPECT_TRUE(settings.incoming[0].durable);
  ASSERT_EQ(settings.outgoing.size(), 1u);
  EXPECT_EQ(settings.outgoing[0].name, "from");

  auto topic = read("general: { " + keys +
                    "janus_exchange = \"ex\"; janus_exchange_type = \"topic\"; queue_name = \"q\"; "
                    "declare_outgoing_queue = false }\n"
                    "admin: { admin_enabled = true; to_janus_admin = \"toa\"; from_janus_admin = \"froma\" }");
  ASSERT_TRUE(topic);
  settings = topic->settings();
  ASSERT_EQ(settings.incoming.size(), 2u);
  EXPECT_EQ(settings.incoming[0].name, "q");
  EXPECT_EQ(settings.incoming[0].binding, "to");
  EXPECT_EQ(settings.incoming[1].name, "toa");
  ASSERT_EQ(settings.outgoing.size(), 1u);
  EXPECT_EQ(settings.outgoing[0].name, "froma");

  auto fanout = read("general: { " + keys + "janus_exchange = \"ex\"; queue_name = \"q\" }");
  EXPECT_EQ(fanout->settings().incoming[0].binding, "");
}

TEST(RabbitMqConfig, mistakes_are_named) {
  EXPECT_NE(read("general: { enabled = true }").error().text.find("`to_janus`"), std::string::npos);
  EXPECT_EQ(read("general: { enabled = false }")->enabled(), false);
  EXPECT_NE(
      read("general: { enabled = true; to_janus = \"to\"; from_janus = \"from\" }\nadmin: { admin_enabled = true }")
          .error()
          .text.find("`to_janus_admin`"),
      std::string::npos);
  EXPECT_NE(read("general: { enabled = true; to_janus = \"to\"; from_janus = \"from\" }\n"
                 "admin: { admin_enabled = true; to_janus_admin = \"to\"; from_janus_admin = \"x\" }")
                .error()
                .text.find("differ"),
            std::string::npos);
}

}  // namespace
}  // namespace limen::rabbitmq_transport
