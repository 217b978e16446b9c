// One UDP port for several shards, with the kernel of this machine.
#include "runtime/flow_steering.hpp"

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <map>
#include <optional>

#include "runtime/port_picker.hpp"
#include "tests/support/seeded_random.hpp"

namespace limen::runtime {
namespace {

using namespace std::chrono_literals;

// Runs timers when the test says so.
class ManualExecutor final : public Executor {
 public:
  void post(Task task) override { task(); }
  Instant now() const override { return Instant(1h); }
  WallTime wall_time() const override { return {}; }
  TimerId call_at(Instant, Task task) override {
    due_.emplace(++last_, std::move(task));
    return TimerId(last_);
  }
  void cancel(TimerId timer) override { due_.erase(timer.value()); }
  size_t waiting() const { return due_.size(); }
  void run() {
    for (auto& [id, task] : std::exchange(due_, {})) task();
  }

 private:
  std::map<uint64_t, Task> due_;
  uint64_t last_ = 0;
};

class Steering : public testing::TestWithParam<const char*> {
 protected:
  static constexpr uint32_t kShards = 3;

  void SetUp() override {
    const BindAddress bind{*IpAddress::parse(GetParam())};
    auto probe = UdpSocket::open(bind, 0, {});
    if (!probe) GTEST_SKIP() << probe.error().error.text;
    uint16_t port = probe->local().port;
    {
      UdpSocket gone = std::move(*probe);
    }
    auto opened = open_shared_sockets(std::span(&bind, 1), port, {.gro = false}, false, kShards);
    ASSERT_TRUE(opened) << opened.error().text;
    for (auto& shard : *opened) sockets_.push_back(std::move(shard.udp.at(0)));
    steering_.emplace(control_, std::vector<FlowSteering::Address>{{sockets_[0].fd(), bind.ip.is_v4()}}, kShards);
    if (!steering_->works()) GTEST_SKIP() << "this kernel steers by its own hash only";
  }

  UdpSocket client() {
    auto socket = UdpSocket::open({*IpAddress::parse(GetParam())}, 0, {});
    EXPECT_TRUE(socket);
    return std::move(*socket);
  }
  static Flow flow_of(const UdpSocket& client) { return {0, client.local()}; }

  // Which shard's socket gets a datagram of `client`; -1: none.
  int where(const UdpSocket& client) {
    sockaddr_storage to{};
    socklen_t size = to_sockaddr(sockets_[0].local(), 0, to);
    if (sendto(client.fd(), "x", 1, 0, reinterpret_cast<sockaddr*>(&to), size) != 1) return -1;
    std::array<pollfd, kShards> polls{};
    for (size_t i = 0; i < kShards; ++i) polls[i] = {sockets_[i].fd(), POLLIN, 0};
    if (poll(polls.data(), polls.size(), 5000) != 1) return -1;
    for (size_t i = 0; i < kShards; ++i) {
      char byte = 0;
      if ((polls[i].revents & POLLIN) != 0 && recv(sockets_[i].fd(), &byte, 1, 0) == 1) return static_cast<int>(i);
    }
    return -1;
  }

  ManualExecutor control_;
  std::vector<UdpSocket> sockets_;
  std::optional<FlowSteering> steering_;
};

TEST_P(Steering, a_learned_flow_comes_to_its_shard_and_others_keep_theirs) {
  std::vector<UdpSocket> clients;
  for (int i = 0; i < 60; ++i) clients.push_back(client());
  std::vector<int> before;
  for (const UdpSocket& c : clients) before.push_back(where(c));
  for (size_t i = 0; i < clients.size(); ++i) {
    // Unknown flows go by a hash, always the same.
    EXPECT_EQ(before[i], static_cast<int>(steering_key(clients[i].local()) % kShards));
    EXPECT_EQ(where(clients[i]), before[i]);
  }
  for (size_t i = 0; i < 30; ++i) steering_->won(flow_of(clients[i]), static_cast<uint32_t>(i) % kShards);
  EXPECT_EQ(control_.waiting(), 1u) << "one program for all";
  control_.run();
  for (size_t i = 0; i < clients.size(); ++i) {
    EXPECT_EQ(where(clients[i]), i < 30 ? static_cast<int>(i % kShards) : before[i]) << i;
  }
}

TEST_P(Steering, a_lost_flow_goes_by_hash_again_and_only_its_owner_can_lose_it) {
  UdpSocket c = client();
  int by_hash = where(c);
  auto other = static_cast<uint32_t>(by_hash + 1) % kShards;
  steering_->won(flow_of(c), other);
  control_.run();
  EXPECT_EQ(where(c), static_cast<int>(other));
  steering_->lost(flow_of(c), other + 1);
  control_.run();
  EXPECT_EQ(where(c), static_cast<int>(other));
  steering_->lost(flow_of(c), other);
  control_.run();
  EXPECT_EQ(where(c), by_hash);
  EXPECT_EQ(steering_->steered(), 0u);
}

TEST_P(Steering, as_many_flows_as_a_program_holds_and_no_more) {
  test::SeededRandom random(1);
  bool v4 = sockets_[0].local().ip.is_v4();
  UdpSocket first = client(), last = client();
  steering_->won(flow_of(first), 2);
  for (size_t i = 1; i < FlowSteering::kMaxFlows; ++i) {
    std::array<uint8_t, 16> bytes{};
    random.fill(bytes);
    bytes[0] = 0x20;  // not loopback
    IpAddress ip = v4 ? IpAddress::v4(load_u32(bytes.data())) : IpAddress::v6(bytes);
    steering_->won({0, {ip, static_cast<uint16_t>(random.below(65535) + 1)}}, static_cast<uint32_t>(i) % kShards);
  }
  int by_hash = where(last);
  steering_->won(flow_of(last), static_cast<uint32_t>(by_hash + 1) % kShards);
  control_.run();
  EXPECT_TRUE(steering_->works());
  EXPECT_LE(steering_->steered(), FlowSteering::kMaxFlows);
  EXPECT_EQ(where(last), by_hash) << "beyond the bound: as before";
  if (steering_->steered() == FlowSteering::kMaxFlows) {
    EXPECT_EQ(where(first), 2);
  }
}

INSTANTIATE_TEST_SUITE_P(Families, Steering, testing::Values("127.0.0.1", "::1"),
                         [](const auto& instance) { return std::string(instance.index == 0 ? "v4" : "v6"); });

TEST(SteeringProgram, is_never_longer_than_the_kernel_takes) {
  test::SeededRandom random(2);
  for (size_t count = 0; count <= FlowSteering::kMaxFlows; count += 7) {
    std::vector<std::pair<uint32_t, uint32_t>> flows;
    for (size_t i = 0; i < count; ++i) flows.emplace_back(random.u32(), 1);
    ASSERT_LE(steering_program(true, flows, 4).size(), size_t{BPF_MAXINSNS}) << count;
    ASSERT_LE(steering_program(false, flows, 4).size(), size_t{BPF_MAXINSNS}) << count;
  }
}

TEST(SharedSockets, a_port_that_somebody_has_is_refused_even_if_he_would_share_it) {
  const BindAddress bind{IpAddress::v4(0x7f000001)};
  UdpOptions sharing;
  sharing.share_port = true;
  auto other = UdpSocket::open(bind, 0, sharing);
  ASSERT_TRUE(other);
  auto opened = open_shared_sockets(std::span(&bind, 1), other->local().port, {}, false, 2);
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().text.find("single_port"), std::string::npos);
  EXPECT_NE(opened.error().text.find("in use"), std::string::npos) << opened.error().text;
}

}  // namespace
}  // namespace limen::runtime
