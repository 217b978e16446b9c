#include "handlers/gelf/gelf_handler.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "handlers/gelf/gelf_message.hpp"
#include "handlers/gelf/gelf_sender.hpp"
#include "tests/support/handler_bench.hpp"

namespace limen::gelf_handler {
namespace {

using namespace std::chrono_literals;

TEST(GelfMessage, carries_the_event_and_its_names) {
  Json event{{"emitter", "here"}, {"type", 16}, {"timestamp", 1'500'000}, {"event", {{"n", 1}}}};
  Json message = boost::json::parse(gelf_message(event, JsonFormat::compact));
  EXPECT_EQ(message.at("timestamp").as_double(), 1.5);
  EXPECT_EQ(message.at("host"), "here");
  EXPECT_EQ(message.at("version"), "1.1");
  EXPECT_EQ(message.at("level"), 16);
  EXPECT_EQ(message.at("short_message"), "WebRTC");
  EXPECT_EQ(message.at("full_message"), event);
}

TEST(GelfMessage, chunks_join_to_the_message) {
  std::string message(1234, 'a');
  message[1000] = 'b';
  auto datagrams = gelf_datagrams(message, 100, 0x0102030405060708);
  ASSERT_TRUE(datagrams);
  ASSERT_EQ(datagrams->size(), 13u);
  std::string joined;
  for (size_t n = 0; n < 13; ++n) {
    const std::string& datagram = (*datagrams)[n];
    EXPECT_EQ(datagram.substr(0, 10), std::string("\x1e\x0f\x01\x02\x03\x04\x05\x06\x07\x08", 10));
    EXPECT_EQ(datagram[10], static_cast<char>(n));
    EXPECT_EQ(datagram[11], 13);
    joined += datagram.substr(12);
  }
  EXPECT_EQ(joined, message);
  EXPECT_EQ(gelf_datagrams(std::string(100, 'x'), 100, 1)->front(), std::string(100, 'x'));
  EXPECT_TRUE(gelf_datagrams(std::string(12'800, 'x'), 100, 1));
  EXPECT_FALSE(gelf_datagrams(std::string(12'801, 'x'), 100, 1));
}

int bound_socket(int type, uint16_t& port) {
  int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
  int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(port);
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&where), sizeof where), 0);
  socklen_t length = sizeof where;
  getsockname(fd, reinterpret_cast<sockaddr*>(&where), &length);
  port = ntohs(where.sin_port);
  if (type == SOCK_STREAM) {
    EXPECT_EQ(listen(fd, 5), 0);
  }
  return fd;
}

// Reads with a bound; "" is a failure.
std::string read_some(int fd) {
  char room[70'000];
  pollfd ready{fd, POLLIN, 0};
  if (poll(&ready, 1, 20'000) != 1) return "";
  ssize_t size = recv(fd, room, sizeof room, 0);
  return size > 0 ? std::string(room, static_cast<size_t>(size)) : "";
}

std::string read_message(int fd, std::string& rest) {
  while (rest.find('\0') == rest.npos) {
    std::string more = read_some(fd);
    if (more.empty()) return "";
    rest += more;
  }
  std::string message = rest.substr(0, rest.find('\0'));
  rest.erase(0, message.size() + 1);
  return message;
}

TEST(GelfSender, udp_sends_long_messages_in_chunks) {
  uint16_t port = 0;
  int fd = bound_socket(SOCK_DGRAM, port);
  GelfSender sender({.backend = "127.0.0.1", .port = port, .max_message_len = 1000});
  sender.push("short");
  EXPECT_EQ(read_some(fd), "short");
  sender.push(std::string(1500, 'x'));
  EXPECT_EQ(read_some(fd).size(), 1012u);
  EXPECT_EQ(read_some(fd).size(), 512u);
  GelfSettings zipped = sender.settings();
  zipped.compress = true;
  sender.change(zipped);
  sender.push(std::string(1500, 'x'));
  EXPECT_EQ(read_some(fd).substr(0, 2), "\x1f\x8b");
  sender.change({.backend = "127.0.0.1", .port = port, .max_message_len = 1});
  sender.push(std::string(200, 'x'));
  sender.push("y");
  EXPECT_EQ(read_some(fd), "y");
  EXPECT_EQ(sender.lost(), 1u);
  ::close(fd);
}

TEST(GelfSender, tcp_waits_for_a_collector_that_goes_and_comes) {
  uint16_t port = 0;
  ::close(bound_socket(SOCK_STREAM, port));
  GelfSender sender({.backend = "127.0.0.1", .port = port, .tcp = true});
  for (int n = 0; n < 3; ++n) sender.push(std::to_string(n));
  int listening = bound_socket(SOCK_STREAM, port);
  int first = accept(listening, nullptr, nullptr);
  std::string rest;
  for (int n = 0; n < 3; ++n) EXPECT_EQ(read_message(first, rest), std::to_string(n));
  ::close(first);
  sender.push("3");
  int second = accept(listening, nullptr, nullptr);
  rest.clear();
  EXPECT_EQ(read_message(second, rest), "3");
  ::close(second);
  ::close(listening);
}

TEST(GelfSender, a_dead_collector_costs_a_bounded_queue_and_no_time_at_the_end) {
  uint16_t port = 0;
  ::close(bound_socket(SOCK_STREAM, port));
  GelfSender sender({.backend = "127.0.0.1", .port = port, .tcp = true}, {.events = 5, .bytes = 1000});
  for (int n = 0; n < 20; ++n) sender.push("x");
  EXPECT_GE(sender.lost(), 14u);
  auto before = std::chrono::steady_clock::now();
  sender.stop(100ms);
  EXPECT_LT(std::chrono::steady_clock::now() - before, 5s);
}

TEST(GelfHandler, is_configured_and_tweaked) {
  test::HandlerBench bench;
  constexpr const char* kFile = "janus.eventhandler.gelfevh.jcfg";
  auto handler = make_gelf_handler();
  bench.bench.write_file(kFile, "general: { enabled = true; backend = \"127.0.0.1\" }");
  auto refused = handler->start(bench);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().text.find("`port`"), std::string::npos);
  uint16_t port = 0;
  int fd = bound_socket(SOCK_DGRAM, port);
  bench.bench.write_file(
      kFile,
      fmt::format("general: {{ enabled = true; events = \"all\"; backend = \"127.0.0.1\"; port = \"{}\" }}", port));
  ASSERT_TRUE(handler->start(bench));
  handler->on_event(test::sample_event(1));
  EXPECT_EQ(boost::json::parse(read_some(fd)).at("short_message"), "Handles");
  auto tweak = [&](JsonObject body) {
    body["request"] = "tweak";
    const Json answer = *handler->on_query(body);
    return answer.as_object().contains("result") ? 200 : answer.at("error_code").to_number<int>();
  };
  EXPECT_EQ(tweak({{"backend", "127.0.0.1"}}), 413);
  EXPECT_EQ(tweak({{"backend", "127.0.0.1"}, {"port", "0"}}), 413);
  EXPECT_EQ(tweak({{"protocol", "pigeon"}}), 413);
  EXPECT_EQ(tweak({{"events", "core"}, {"max_message_len", 20}}), 200);
  EXPECT_EQ(handler->mask(), 256u);
  handler->on_event(test::sample_event(2));
  EXPECT_EQ(read_some(fd).size(), 32u);
  handler->stop();
  ::close(fd);
}

}  // namespace
}  // namespace limen::gelf_handler
