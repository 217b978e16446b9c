#include "runtime/byte_stream_set.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>

namespace limen::runtime {
namespace {

// A listener on loopback and what its one client sends.
class Listener {
 public:
  Listener() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&any), sizeof any), 0);
    EXPECT_EQ(listen(fd_, 4), 0);
    socklen_t size = sizeof any;
    getsockname(fd_, reinterpret_cast<sockaddr*>(&any), &size);
    address = {IpAddress::v4(INADDR_LOOPBACK), ntohs(any.sin_port)};
  }
  ~Listener() {
    if (client_ >= 0) close(client_);
    if (fd_ >= 0) close(fd_);
  }
  void accept_one() {
    client_ = accept(fd_, nullptr, nullptr);
    ASSERT_GE(client_, 0);
  }
  void say(std::string_view text) {
    ASSERT_EQ(::send(client_, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }
  std::string hear(size_t count) {
    std::string text(count, 0);
    EXPECT_EQ(recv(client_, text.data(), count, MSG_WAITALL), static_cast<ssize_t>(count));
    return text;
  }
  void hang_up() { close(std::exchange(client_, -1)); }
  void stop() { close(std::exchange(fd_, -1)); }
  SocketAddress address;

 private:
  int fd_;
  int client_ = -1;
};

struct Heard {
  bool connected = false;
  std::string text;
  std::string ended;
};

StreamCallbacks into(Heard& heard) {
  return {[&](Instant) { heard.connected = true; }, [&](Bytes bytes, Instant) { heard.text += as_text(bytes); },
          [&](std::string why, Instant) { heard.ended = std::move(why); }};
}

bool run_until(ByteStreamSet& set, const std::function<bool()>& done) {
  for (int i = 0; i < 200 && !done(); ++i) {
    pollfd wanted{.fd = set.fd(), .events = POLLIN, .revents = 0};
    if (poll(&wanted, 1, 50) > 0) set.handle_ready(Instant{});
  }
  return done();
}

TEST(ByteStreamSet, bytes_pass_both_ways_also_those_sent_before_the_connection_stands) {
  Listener listener;
  ByteStreamSet set;
  Heard heard;
  auto id = set.connect(listener.address, into(heard));
  ASSERT_TRUE(id);
  EXPECT_TRUE(set.send(*id, as_bytes("early ")));
  ASSERT_TRUE(run_until(set, [&] { return heard.connected; }));
  listener.accept_one();
  EXPECT_TRUE(set.send(*id, as_bytes("late")));
  EXPECT_EQ(listener.hear(10), "early late");
  listener.say("hello");
  EXPECT_TRUE(run_until(set, [&] { return heard.text == "hello"; }));
  listener.hang_up();
  EXPECT_TRUE(run_until(set, [&] { return heard.ended == "the connection was closed"; }));
  EXPECT_EQ(set.count(), 0U);
  EXPECT_FALSE(set.send(*id, as_bytes("x")));
}

TEST(ByteStreamSet, a_refused_connection_is_told) {
  Listener listener;
  listener.stop();
  ByteStreamSet set;
  Heard heard;
  auto id = set.connect(listener.address, into(heard));
  if (id) {
    EXPECT_TRUE(run_until(set, [&] { return !heard.ended.empty(); }));
    EXPECT_EQ(heard.ended, "Connection refused");
  }
  EXPECT_FALSE(heard.connected);
  EXPECT_EQ(set.count(), 0U);
}

TEST(ByteStreamSet, a_slow_reader_costs_bounded_memory_and_whole_messages_only) {
  Listener listener;
  ByteStreamSet set;
  Heard heard;
  auto id = set.connect(listener.address, into(heard));
  ASSERT_TRUE(run_until(set, [&] { return heard.connected; }));
  listener.accept_one();
  std::vector<uint8_t> message(1000, 'm');
  size_t taken = 0;
  while (set.send(*id, message) && taken < 1'000'000) ++taken;
  ASSERT_LT(taken, 1'000'000U) << "it is refused in the end";
  std::string all;
  while (all.size() < taken * message.size()) {
    all += listener.hear(1000);
    set.handle_ready(Instant{});
  }
  EXPECT_EQ(all, std::string(taken * message.size(), 'm'));
  EXPECT_TRUE(set.send(*id, message));
}

TEST(ByteStreamSet, a_stream_may_be_closed_from_its_own_callback) {
  Listener listener;
  ByteStreamSet set;
  StreamId id;
  int calls = 0;
  StreamCallbacks callbacks;
  callbacks.connected = [&](Instant) {
    ++calls;
    set.close(id);
  };
  callbacks.received = [&](Bytes, Instant) { ++calls; };
  callbacks.ended = [&](std::string, Instant) { ++calls; };
  id = *set.connect(listener.address, std::move(callbacks));
  ASSERT_TRUE(run_until(set, [&] { return calls == 1; }));
  EXPECT_EQ(set.count(), 0U);
  set.handle_ready(Instant{});
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace limen::runtime
