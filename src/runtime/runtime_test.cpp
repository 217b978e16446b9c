#include "runtime/runtime.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#include <boost/asio/post.hpp>
#include <future>
#include <latch>

#include "runtime/io_context_of.hpp"
#include "runtime/usable_cores.hpp"
#include "tests/support/seeded_random.hpp"

namespace limen::runtime {
namespace {

using namespace std::chrono_literals;

constexpr auto kBound = 20s;
const BindAddress kV4{IpAddress::v4(0x7f000001)};
const BindAddress kV6{*IpAddress::parse("::1")};

template <typename T>
T get(std::future<T> future) {
  if (future.wait_for(kBound) != std::future_status::ready) {
    ADD_FAILURE() << "nothing came in " << kBound.count() << " s";
    abort();
  }
  return future.get();
}

class RuntimeTest : public testing::Test {
 protected:
  void make(uint32_t shards, std::vector<BindAddress> addresses = {kV4, kV6}, Duration collect = {}) {
    RuntimeConfig config;
    config.event_loops = shards;
    config.collect = collect;
    config.addresses = std::move(addresses);
    auto made = Runtime::create(config, random_);
    if (!made) {
      ADD_FAILURE() << made.error().text;
      abort();
    }
    runtime_ = std::move(*made);
  }
  void start() {
    runtime_->start();
    control_ = std::thread([this] { runtime_->control().run(); });
  }
  void TearDown() override { finish(); }
  // For tests whose threads use what lives on the stack.
  void finish() {
    if (control_.joinable()) {
      runtime_->control().stop();
      control_.join();
    }
    runtime_.reset();
  }
  // What `question` answers on shard `index`.
  template <typename F>
  auto ask(uint32_t index, F question) {
    std::promise<decltype(question())> promise;
    auto future = promise.get_future();
    runtime_->shard(index).post([promise = std::move(promise), question]() mutable { promise.set_value(question()); });
    return get(std::move(future));
  }
  ShardStats stats(uint32_t index) {
    return ask(index, [this, index] { return runtime_->shard(index).stats(); });
  }

  test::SeededRandom random_{3};
  std::unique_ptr<Runtime> runtime_;
  std::thread control_;
};

// A client's socket, blocking with a bound.
class Client {
 public:
  explicit Client(const BindAddress& address) : socket_(std::move(*UdpSocket::open(address, 0, {.gro = false}))) {}
  void send(const SocketAddress& to, std::string_view text) {
    sockaddr_storage raw{};
    socklen_t size = to_sockaddr(to, 0, raw);
    ASSERT_EQ(sendto(socket_.fd(), text.data(), text.size(), 0, reinterpret_cast<sockaddr*>(&raw), size),
              static_cast<ssize_t>(text.size()));
  }
  std::string receive(SocketAddress* from = nullptr) {
    pollfd ready{socket_.fd(), POLLIN, 0};
    if (poll(&ready, 1, 20000) != 1) return "(nothing)";
    char buffer[2000];
    sockaddr_storage raw{};
    socklen_t size = sizeof raw;
    ssize_t got = recvfrom(socket_.fd(), buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&raw), &size);
    if (from != nullptr) *from = from_sockaddr(raw);
    return got < 0 ? "(error)" : std::string(buffer, static_cast<size_t>(got));
  }
  const SocketAddress& local() const { return socket_.local(); }

 private:
  UdpSocket socket_;
};

TEST_F(RuntimeTest, a_shard_answers_from_the_socket_that_was_asked) {
  make(2);
  for (uint32_t i = 0; i < 2; ++i) {
    Shard& shard = runtime_->shard(i);
    shard.set_callbacks({.on_datagram = [&shard](const Flow& from, Packet packet, Instant now) {
      EXPECT_EQ(packet.received_at(), now);
      shard.tx().push(from, packet.bytes());
    }});
  }
  start();
  for (uint32_t i = 0; i < 2; ++i) {
    for (const BoundSocket& socket : runtime_->shard(i).bound_sockets()) {
      Client client(socket.address.ip.is_v4() ? kV4 : kV6);
      client.send(socket.address, "hello");
      SocketAddress from;
      EXPECT_EQ(client.receive(&from), "hello");
      EXPECT_EQ(from, socket.address);
    }
  }
  EXPECT_NE(runtime_->shard(0).bound_sockets()[0].address.port, runtime_->shard(1).bound_sockets()[0].address.port);
}

TEST_F(RuntimeTest, a_turns_datagrams_leave_together_after_end_of_turn) {
  make(1, {kV4});
  Client client(kV4);
  Shard& shard = runtime_->shard(0);
  bool wanted = false;
  shard.set_callbacks({.end_of_turn = [&](Instant) {
    if (std::exchange(wanted, false)) {
      for (int i = 0; i < 10; ++i) shard.tx().push({0, client.local()}, as_bytes("0123456789"));
    }
  }});
  start();
  shard.post([&] { wanted = true; });
  for (int i = 0; i < 10; ++i) ASSERT_EQ(client.receive(), "0123456789");
  ShardStats figures = stats(0);
  EXPECT_EQ(figures.tx.datagrams, 10u);
  EXPECT_EQ(figures.tx.system_calls, 1u);
  finish();
}

TEST_F(RuntimeTest, media_waits_for_more_of_it_and_leaves_with_what_is_urgent) {
  make(1, {kV4}, 1h);
  Client client(kV4);
  Shard& shard = runtime_->shard(0);
  start();
  auto media = [&](std::string_view text) {
    std::memcpy(shard.tx().reserve(text.size()).data(), text.data(), text.size());
    shard.tx().commit({0, client.local()}, text.size());
    return true;
  };
  ask(0, [&] { return media("one"); });
  ask(0, [&] { return media("two"); });
  EXPECT_EQ(stats(0).tx.datagrams, 0u);
  ask(0, [&] {
    shard.tx().push({0, client.local()}, as_bytes("now"));
    return true;
  });
  for (const char* text : {"one", "two", "now"}) EXPECT_EQ(client.receive(), text);
  EXPECT_EQ(stats(0).tx.system_calls, 1u);
  finish();
}

TEST_F(RuntimeTest, media_waits_no_longer_than_told) {
  make(1, {kV4}, 2ms);
  Client client(kV4);
  Shard& shard = runtime_->shard(0);
  start();
  ask(0, [&] {
    std::memcpy(shard.tx().reserve(3).data(), "one", 3);
    shard.tx().commit({0, client.local()}, 3);
    return true;
  });
  EXPECT_EQ(client.receive(), "one");
  finish();
}

TEST_F(RuntimeTest, timers_and_deadlines_fire_on_an_idle_shard) {
  make(1, {kV4});
  Shard& shard = runtime_->shard(0);
  Instant deadline = kNever;
  std::promise<Duration> late;
  shard.set_callbacks({.on_timer =
                           [&](Instant now) {
                             late.set_value(now - deadline);
                             deadline = kNever;
                           },
                       .next_deadline = [&] { return deadline; }});
  start();
  std::promise<std::string> order;
  shard.post([&] {
    auto text = std::make_shared<std::string>();
    TimerId cancelled = shard.call_after(1ms, [text] { *text += 'x'; });
    shard.call_after(4ms, [text, &order] { order.set_value(*text + 'b'); });
    shard.call_after(2ms, [text] { *text += 'a'; });
    shard.cancel(cancelled);
    deadline = shard.now() + 5ms;
  });
  EXPECT_EQ(get(order.get_future()), "ab");
  EXPECT_GE(get(late.get_future()), Duration::zero());
  finish();
}

TEST_F(RuntimeTest, a_timer_that_rearms_itself_does_not_stop_the_loop) {
  make(1, {kV4});
  Shard& shard = runtime_->shard(0);
  start();
  std::function<void()> again = [&] { shard.call_at(shard.now(), [&] { again(); }); };
  shard.post([&] { again(); });
  EXPECT_EQ(ask(0, [] { return 7; }), 7);
  EXPECT_EQ(ask(0, [] { return 8; }), 8);
  finish();
}

TEST_F(RuntimeTest, posts_between_all_threads_arrive_in_order) {
  make(3, {kV4});
  start();
  constexpr int kCount = 5000;
  // Everybody posts to everybody else; each pair's numbers must come in order.
  std::vector<Executor*> nodes{&runtime_->control(), &runtime_->shard(0), &runtime_->shard(1), &runtime_->shard(2)};
  struct Pair {
    int next = 0;  // receiver's thread
    bool in_order = true;
  };
  std::vector<std::vector<Pair>> pairs(4, std::vector<Pair>(5));
  std::latch all(4 * 4 * kCount);
  auto send_all = [&](size_t from) {
    for (int i = 0; i < kCount; ++i) {
      for (size_t to = 0; to < 4; ++to) {
        if (to == from) continue;
        nodes[to]->post([&, from, to, i] {
          Pair& pair = pairs[to][from];
          pair.in_order &= pair.next++ == i;
          all.count_down();
        });
      }
    }
  };
  for (size_t from = 0; from < 4; ++from) nodes[from]->post([&, from] { send_all(from); });
  std::thread foreign([&] { send_all(4); });
  foreign.join();
  std::promise<void> done;
  std::thread waiter([&] {
    all.wait();
    done.set_value();
  });
  get(done.get_future());
  waiter.join();
  finish();
  for (auto& row : pairs) {
    for (Pair& pair : row) EXPECT_TRUE(pair.in_order);
  }
}

TEST_F(RuntimeTest, background_work_comes_back_to_its_thread) {
  make(1, {kV4});
  start();
  std::promise<bool> elsewhere;
  std::promise<std::thread::id> back;
  std::thread::id shard_thread = ask(0, [] { return std::this_thread::get_id(); });
  std::thread::id work_thread;
  runtime_->background().run([&] { work_thread = std::this_thread::get_id(); }, runtime_->shard(0),
                             [&] { back.set_value(std::this_thread::get_id()); });
  EXPECT_EQ(get(back.get_future()), shard_thread);
  EXPECT_NE(work_thread, shard_thread);
  finish();
}

TEST_F(RuntimeTest, an_exception_in_background_work_still_comes_back) {
  make(1, {kV4});
  start();
  std::promise<int> back;
  runtime_->background().run([] { throw std::runtime_error("third party"); }, runtime_->control(),
                             [&] { back.set_value(1); });
  EXPECT_EQ(get(back.get_future()), 1);
  finish();
}

TEST_F(RuntimeTest, stopping_carries_out_and_sends_what_was_posted_before) {
  make(1, {kV4});
  Client client(kV4);
  Shard& shard = runtime_->shard(0);
  runtime_->start();
  for (int i = 0; i < 100; ++i) {
    shard.post([&shard, &client, i] { shard.tx().push({0, client.local()}, as_bytes(std::to_string(i))); });
  }
  runtime_->stop();
  for (int i = 0; i < 100; ++i) ASSERT_EQ(client.receive(), std::to_string(i));
  runtime_->stop();
}

TEST_F(RuntimeTest, packets_of_an_ended_shard_find_home) {
  make(2, {kV4});
  Shard& shard = runtime_->shard(0);
  // A closure with a packet that nobody runs any more.
  Packet packet = shard.packets().copy(as_bytes("x"), Instant{});
  runtime_->shard(1).post([packet] {});
  packet = {};
  runtime_->stop();
  EXPECT_EQ(shard.packets().free_count(), shard.packets().allocated());
}

TEST_F(RuntimeTest, an_exhausted_range_is_a_precise_error) {
  RuntimeConfig config;
  config.event_loops = 2;
  config.addresses = {kV4};
  auto probe = UdpSocket::open(kV4, 0, {});
  ASSERT_TRUE(probe);
  config.ports = {probe->local().port, probe->local().port};
  auto made = Runtime::create(config, random_);
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().text.find("rtp_port_range"), std::string::npos) << made.error().text;
  EXPECT_NE(made.error().text.find("media loop 1 of 2"), std::string::npos) << made.error().text;
}

TEST_F(RuntimeTest, zero_loops_means_one_per_core) {
  make(0, {kV4});
  EXPECT_EQ(runtime_->shard_count(), usable_cores());
}

TEST_F(RuntimeTest, a_callback_that_holds_a_loop_is_reported) {
  make(1, {kV4});
  start();
  ask(0, [] {
    auto end = std::chrono::steady_clock::now() + 10ms;
    while (std::chrono::steady_clock::now() < end) {
    }
    return 0;
  });
  ask(0, [] { return 0; });
  EXPECT_GE(runtime_->watchdog().reports(), 1u);
}

TEST_F(RuntimeTest, control_runs_posts_timers_and_asio_side_by_side) {
  make(1, {kV4});
  start();
  ControlLoop& control = runtime_->control();
  std::promise<std::string> result;
  control.post([&] {
    auto text = std::make_shared<std::string>("1");
    TimerId cancelled = control.call_after(1ms, [text] { *text += 'x'; });
    control.call_after(3ms, [text, &result, &control] {
      *text += '4';
      // From an Asio handler a post to oneself must not be forgotten.
      boost::asio::post(io_context_of(control.io_context()), [text, &result, &control] {
        control.post([text, &result] { result.set_value(*text + '5'); });
      });
    });
    control.call_after(2ms, [text] { *text += '3'; });
    control.cancel(cancelled);
    control.post([text] { *text += '2'; });
  });
  EXPECT_EQ(get(result.get_future()), "12345");
  finish();
}

TEST_F(RuntimeTest, control_hears_signals) {
  make(1, {kV4});
  std::promise<int> heard;
  const int signals[] = {SIGUSR1};
  runtime_->control().on_signals(signals, [&](int signal) { heard.set_value(signal); });
  start();
  ASSERT_EQ(kill(getpid(), SIGUSR1), 0);
  EXPECT_EQ(get(heard.get_future()), SIGUSR1);
  finish();
}

TEST_F(RuntimeTest, run_ready_needs_no_thread) {
  make(1, {kV4});
  int ran = 0;
  ControlLoop& control = runtime_->control();
  control.post([&] {
    ++ran;
    control.post([&] { ++ran; });
  });
  control.run_ready();
  EXPECT_EQ(ran, 2);
  control.post([&] { ++ran; });
  control.run_ready();
  EXPECT_EQ(ran, 3);
}

}  // namespace
}  // namespace limen::runtime
