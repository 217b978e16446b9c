#include "core/mdns/mdns_resolver.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "core/mdns/mdns_sockets.hpp"
#include "runtime/background_threads.hpp"
#include "runtime/udp_socket.hpp"
#include "wire/mdns/mdns_message.hpp"

namespace limen::core {
namespace {

// What the control thread would be; the test runs what was posted.
class Control final : public Executor {
 public:
  void post(Task task) override {
    std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    there_.notify_one();
  }
  // The next posted closure; false after ten seconds without one.
  bool run_one() {
    std::unique_lock lock(mutex_);
    if (!there_.wait_for(lock, std::chrono::seconds(10), [this] { return !tasks_.empty(); })) return false;
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
    return true;
  }
  Instant now() const override { return {}; }
  WallTime wall_time() const override { return {}; }
  TimerId call_at(Instant, Task) override { return {}; }
  void cancel(TimerId) override {}

 private:
  std::mutex mutex_;
  std::condition_variable there_;
  std::deque<Task> tasks_;
};

// A browser's responder for one name, on the loopback interface: answers to the group. A slow one reads what has
// come only now and then, out of a small buffer (some 160 questions).
class Responder {
 public:
  Responder(std::string name, IpAddress address, Duration pause = {})
      : name_(std::move(name)), address_(address), pause_(pause), fd_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    int one = 1;
    setsockopt(fd_.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    sockaddr_storage raw{};
    socklen_t size = runtime::to_sockaddr({IpAddress(), MdnsSockets::kPort}, 0, raw);
    EXPECT_EQ(bind(fd_.get(), reinterpret_cast<sockaddr*>(&raw), size), 0);
    ip_mreqn group{};
    group.imr_multiaddr.s_addr = htonl(0xe00000fb);
    group.imr_address.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(setsockopt(fd_.get(), IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group), 0);
    EXPECT_EQ(setsockopt(fd_.get(), IPPROTO_IP, IP_MULTICAST_IF, &group, sizeof group), 0);
    int room = pause_ > Duration::zero() ? 64 * 1024 : 256 * 1024;
    setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    timeval patience{0, pause_ > Duration::zero() ? 1'000 : 50'000};
    setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    thread_ = std::thread([this] { serve(); });
  }
  ~Responder() {
    ending_ = true;
    thread_.join();
  }

 private:
  void serve() {
    std::array<uint8_t, 1500> buffer;
    std::this_thread::sleep_for(pause_);
    while (!ending_) {
      ssize_t size = recv(fd_.get(), buffer.data(), buffer.size(), 0);
      if (size < 0 && pause_ > Duration::zero()) std::this_thread::sleep_for(pause_);
      auto question = wire::write_mdns_query(name_, wire::MdnsType::a);
      if (size != static_cast<ssize_t>(question.size()) || !std::equal(question.begin(), question.end(), buffer.data()))
        continue;
      std::vector<uint8_t> answer(12);
      answer[2] = 0x84;
      answer[7] = 1;
      answer.insert(answer.end(), question.begin() + 12, question.end());
      answer.insert(answer.end(), {0, 0, 0, 120, 0, 4});
      answer.insert(answer.end(), address_.bytes().begin(), address_.bytes().end());
      sockaddr_storage raw{};
      socklen_t to_size = runtime::to_sockaddr({*IpAddress::parse("224.0.0.251"), MdnsSockets::kPort}, 0, raw);
      sendto(fd_.get(), answer.data(), answer.size(), 0, reinterpret_cast<sockaddr*>(&raw), to_size);
    }
  }
  std::string name_;
  IpAddress address_;
  Duration pause_;
  runtime::FileDescriptor fd_;
  std::atomic<bool> ending_{false};
  std::thread thread_;
};

struct Bench {
  Control control;
  runtime::BackgroundThreads background{1};
  std::optional<MdnsResolver> resolver{std::in_place, control, background, false};
  Bench() { background.start(); }
  ~Bench() {
    resolver.reset();
    background.stop();
  }
  std::optional<MdnsResolver::Answer> ask(const std::string& name) {
    std::optional<MdnsResolver::Answer> got;
    resolver->resolve(name, [&](MdnsResolver::Answer answer) { got = std::move(answer); });
    control.run_one();
    return got;
  }
};

TEST(MdnsResolver, a_responder_on_the_network_is_heard) {
  Responder responder("limen-test-1.local", *IpAddress::parse("192.0.2.77"));
  Bench bench;
  auto answer = bench.ask("Limen-Test-1.local");
  ASSERT_TRUE(answer && answer->address) << (answer ? answer->reason : "no call");
  EXPECT_EQ(answer->address->to_string(), "192.0.2.77");
}

TEST(MdnsResolver, a_name_that_nobody_has_ends_with_a_reason) {
  Bench bench;
  auto answer = bench.ask("limen-test-nobody.local");
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->address);
  EXPECT_NE(answer->reason.find("no answer"), std::string::npos) << answer->reason;
}

TEST(MdnsResolver, what_is_no_name_is_refused_without_asking) {
  Bench bench;
  auto answer = bench.ask("not a name.local");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->reason, "not a name of a local network");
}

TEST(MdnsResolver, many_unknown_names_neither_delay_a_known_one_nor_flood_its_owner_and_their_number_is_bounded) {
  Responder responder("limen-test-2.local", *IpAddress::parse("192.0.2.78"), std::chrono::milliseconds(40));
  Bench bench;
  size_t refused = 0;
  bool found = false;
  auto unknown = [&](const MdnsResolver::Answer& answer) { refused += answer.reason == "too many names wait already"; };
  for (size_t i = 0; i + 1 < MdnsResolver::kMaxNames; ++i) {
    bench.resolver->resolve(fmt::format("limen-test-unknown-{}.local", i), unknown);
  }
  bench.resolver->resolve("limen-test-2.local",
                          [&](MdnsResolver::Answer answer) { found = answer.address.has_value(); });
  for (int i = 0; i < 5; ++i) bench.resolver->resolve("limen-test-more.local", unknown);
  while (!found && bench.control.run_one()) continue;
  EXPECT_TRUE(found);
  EXPECT_EQ(refused, 5u);
}

}  // namespace
}  // namespace limen::core
