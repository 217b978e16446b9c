// MqttLink before a broker played by the test, byte by byte.
#include "brokers/mqtt/mqtt_link.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>

#include "brokers/backoff.hpp"
#include "brokers/mqtt/mqtt_config.hpp"
#include "tests/support/transport_bench.hpp"

// Paho 1.3.12 loses track of some messages that were under way when a client is destroyed.
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libpaho-mqtt3as";
}

namespace limen::brokers {
namespace {

using namespace std::chrono_literals;

TEST(Backoff, grows_by_half_up_to_five_seconds) {
  Backoff backoff;
  EXPECT_EQ(backoff.next(), 100ms);
  EXPECT_EQ(backoff.next(), 150ms);
  for (int i = 0; i < 20; ++i) backoff.next();
  EXPECT_EQ(backoff.next(), 5000ms);
  backoff.reset();
  EXPECT_EQ(backoff.next(), 100ms);
}

TEST(Outbox, drops_the_oldest_and_counts) {
  Outbox<std::string> outbox({.messages = 2, .bytes = 100});
  EXPECT_EQ(outbox.push("a"), 0u);
  EXPECT_EQ(outbox.push("b"), 0u);
  EXPECT_EQ(outbox.push("c"), 1u);
  EXPECT_EQ(outbox.take(), "b");
  EXPECT_EQ(outbox.push_back_to_front("b"), 0u);
  EXPECT_EQ(outbox.take(), "b");
  EXPECT_EQ(outbox.push(std::string(101, 'x')), 2u);
  EXPECT_TRUE(outbox.empty());
  EXPECT_EQ(outbox.dropped(), 3u);
}

TEST(MqttTopics, filters_match_as_the_standard_says) {
  EXPECT_TRUE(topic_matches("a/b", "a/b"));
  EXPECT_FALSE(topic_matches("a/b", "a/bc"));
  EXPECT_FALSE(topic_matches("a/b", "a"));
  EXPECT_FALSE(topic_matches("a", "a/b"));
  EXPECT_TRUE(topic_matches("a/+/c", "a/b/c"));
  EXPECT_FALSE(topic_matches("a/+", "a/b/c"));
  EXPECT_TRUE(topic_matches("a/#", "a/b/c"));
  EXPECT_TRUE(topic_matches("a/#", "a"));
  EXPECT_TRUE(topic_matches("#", "a/b"));
  EXPECT_TRUE(topic_matches("+", "a"));
  EXPECT_TRUE(is_publishable_topic("/janus/events"));
  for (std::string_view wrong :
       {std::string_view(""), std::string_view("a/#"), std::string_view("a/+/b"), std::string_view("a\0b", 3)}) {
    EXPECT_FALSE(is_publishable_topic(wrong));
  }
}

// One connection of the link; answers what must be answered.
class BrokerSide {
 public:
  explicit BrokerSide(int listening) {
    pollfd ready{listening, POLLIN, 0};
    if (poll(&ready, 1, 20'000) == 1) fd_ = accept(listening, nullptr, nullptr);
  }
  ~BrokerSide() { end(); }
  BrokerSide(const BrokerSide&) = delete;
  BrokerSide& operator=(const BrokerSide&) = delete;
  void end() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

  struct Packet {
    int type = 0;
    std::string body;
  };
  // The next packet; type 0: none came.
  Packet next() {
    std::string head = read(2);
    if (head.size() < 2) return {};
    size_t size = static_cast<uint8_t>(head[1]) & 0x7f;
    for (int shift = 7; (static_cast<uint8_t>(head.back()) & 0x80) != 0; shift += 7) {
      head += read(1);
      size += static_cast<size_t>(static_cast<uint8_t>(head.back()) & 0x7f) << shift;
    }
    return {static_cast<uint8_t>(head[0]) >> 4, read(size)};
  }
  void write(std::string_view bytes) {
    EXPECT_EQ(send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }
  // CONNECT and, if there is one, SUBSCRIBE.
  void welcome(bool subscribes) {
    EXPECT_EQ(next().type, 1);
    write(std::string("\x20\x02\x00\x00", 4));
    if (!subscribes) return;
    Packet subscribe = next();
    EXPECT_EQ(subscribe.type, 8);
    write(std::string("\x90\x03", 2) + subscribe.body.substr(0, 2) + '\x01');
  }
  // The payload of the next PUBLISH with QoS 1.
  std::string published(bool confirm) {
    Packet publish = next();
    EXPECT_EQ(publish.type, 3);
    if (publish.type != 3) return "";
    size_t topic =
        static_cast<size_t>(static_cast<uint8_t>(publish.body[0])) * 256 + static_cast<uint8_t>(publish.body[1]);
    std::string id = publish.body.substr(2 + topic, 2);
    if (confirm) write(std::string("\x40\x02", 2) + id);
    return publish.body.substr(4 + topic);
  }

 private:
  std::string read(size_t size) {
    std::string out;
    while (out.size() < size) {
      pollfd ready{fd_, POLLIN, 0};
      char byte = 0;
      if (poll(&ready, 1, 20'000) != 1 || recv(fd_, &byte, 1, 0) != 1) return out;
      out += byte;
    }
    return out;
  }

  int fd_ = -1;
};

class MqttLinkTest : public testing::Test {
 protected:
  MqttLinkTest() : listening_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(listening_, reinterpret_cast<sockaddr*>(&where), sizeof where);
    listen(listening_, 5);
    socklen_t length = sizeof where;
    getsockname(listening_, reinterpret_cast<sockaddr*>(&where), &length);
    settings_.url = fmt::format("tcp://127.0.0.1:{}", ntohs(where.sin_port));
    settings_.client_id = "test";
  }
  ~MqttLinkTest() override { ::close(listening_); }
  void open() {
    link_ = std::make_unique<MqttLink>(
        settings_, bench_.clock,
        MqttLink::Callbacks{[this](MqttMessage message) { received_.push_back(std::move(message)); },
                            [this](const MqttState& state) { states_.push_back(state.what); }});
  }
  void publish(const std::string& text) {
    MqttMessage message;
    message.topic = "out";
    message.payload = text;
    link_->publish(std::move(message));
  }

  int listening_;
  test::TransportBench bench_;
  MqttSettings settings_;
  std::unique_ptr<MqttLink> link_;
  std::vector<MqttMessage> received_;
  std::vector<MqttState::What> states_;
};

TEST_F(MqttLinkTest, what_was_not_confirmed_is_published_again_in_order) {
  open();
  for (const char* text : {"1", "2", "3"}) publish(text);
  {
    BrokerSide broker(listening_);
    broker.welcome(false);
    EXPECT_EQ(broker.published(true), "1");
    EXPECT_EQ(broker.published(false), "2");
    EXPECT_EQ(broker.published(false), "3");
  }
  publish("4");
  BrokerSide broker(listening_);
  broker.welcome(false);
  EXPECT_EQ(broker.published(true), "2");
  EXPECT_EQ(broker.published(true), "3");
  EXPECT_EQ(broker.published(true), "4");
  using What = MqttState::What;
  std::vector<What> expected{What::connected, What::disconnected, What::reconnecting, What::connected};
  EXPECT_TRUE(bench_.run_until([&] { return states_ == expected; }));
  broker.end();  // the end does not wait for a goodbye
  link_.reset();
}

TEST_F(MqttLinkTest, requests_are_handed_over_and_a_refused_subscription_starts_anew) {
  settings_.subscriptions.push_back({"in", 1});
  open();
  {
    BrokerSide broker(listening_);
    EXPECT_EQ(broker.next().type, 1);
    broker.write(std::string("\x20\x02\x00\x00", 4));
    BrokerSide::Packet subscribe = broker.next();
    broker.write(std::string("\x90\x03", 2) + subscribe.body.substr(0, 2) + '\x80');
    while (broker.next().type != 0) continue;  // the link ends this connection
  }
  BrokerSide broker(listening_);
  broker.welcome(true);
  broker.write(std::string("\x32\x08\x00\x02in\x00\x07hi", 10));
  EXPECT_TRUE(bench_.run_until([&] { return received_.size() == 1; }));
  EXPECT_EQ(received_.at(0).topic, "in");
  EXPECT_EQ(received_.at(0).payload, "hi");
  EXPECT_EQ(broker.next().type, 4);  // PUBACK
  broker.end();
  link_.reset();
}

}  // namespace
}  // namespace limen::brokers
