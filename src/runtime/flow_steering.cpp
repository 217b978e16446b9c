#include "runtime/flow_steering.hpp"

#include <linux/filter.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/bytes.hpp"
#include "base/log.hpp"

namespace limen::runtime {
namespace {

// Odd, so that one word's values stay apart.
constexpr uint32_t kMixAddress = 0x9e3779b1;
constexpr uint32_t kMixPort = 0x85ebca6b;

constexpr uint32_t kNetworkHeader = static_cast<uint32_t>(SKF_NET_OFF);
constexpr size_t kLeaf = 8;  // keys compared one after the other

class Program {
 public:
  void add(uint32_t code, uint32_t k = 0, uint8_t jt = 0, uint8_t jf = 0) {
    lines_.push_back({static_cast<uint16_t>(code), jt, jf, k});
  }
  // A = key of the datagram.
  void load_key_v4() {
    add(BPF_LD | BPF_W | BPF_ABS, kNetworkHeader + 12);  // source address
    add(BPF_ALU | BPF_MUL | BPF_K, kMixAddress);
    add(BPF_ST, 0);
    add(BPF_LD | BPF_B | BPF_ABS, kNetworkHeader);
    add(BPF_ALU | BPF_AND | BPF_K, 0x0f);
    add(BPF_ALU | BPF_LSH | BPF_K, 2);
    add(BPF_MISC | BPF_TAX);
    add(BPF_LD | BPF_H | BPF_IND, kNetworkHeader);  // source port, behind the header and its options
    finish_key();
  }
  void load_key_v6() {
    for (uint32_t word = 0; word < 4; ++word) {
      add(BPF_LD | BPF_W | BPF_ABS, kNetworkHeader + 8 + 4 * word);
      if (word > 0) {
        add(BPF_LDX | BPF_W | BPF_MEM, 0);
        add(BPF_ALU | BPF_ADD | BPF_X);
      }
      add(BPF_ALU | BPF_MUL | BPF_K, kMixAddress);
      add(BPF_ST, 0);
    }
    // Behind extension headers this is not the port: such a datagram is steered by hash.
    add(BPF_LD | BPF_H | BPF_ABS, kNetworkHeader + 40);
    finish_key();
  }
  // A binary search over sorted flows. Conditional jumps reach 255 lines only, so far ones go over BPF_JA.
  void search(std::span<const std::pair<uint32_t, uint32_t>> flows, uint32_t shards) {
    if (flows.size() <= kLeaf) {
      for (auto [key, shard] : flows) {
        add(BPF_JMP | BPF_JEQ | BPF_K, key, 0, 1);
        add(BPF_RET | BPF_K, shard);
      }
      add(BPF_ALU | BPF_MOD | BPF_K, shards);
      add(BPF_RET | BPF_A);
      return;
    }
    size_t half = flows.size() / 2;
    add(BPF_JMP | BPF_JGE | BPF_K, flows[half].first, 0, 1);
    size_t far = lines_.size();
    add(BPF_JMP | BPF_JA);
    search(flows.first(half), shards);
    lines_[far].k = static_cast<uint32_t>(lines_.size() - far - 1);
    search(flows.subspan(half), shards);
  }
  std::vector<sock_filter> take() { return std::move(lines_); }

 private:
  void finish_key() {
    add(BPF_ALU | BPF_MUL | BPF_K, kMixPort);
    add(BPF_LDX | BPF_W | BPF_MEM, 0);
    add(BPF_ALU | BPF_XOR | BPF_X);
    // The hash's high bits are the better ones, and the remainder for unknown flows takes the low ones.
    add(BPF_MISC | BPF_TAX);
    add(BPF_ALU | BPF_RSH | BPF_K, 16);
    add(BPF_ALU | BPF_XOR | BPF_X);
  }

  std::vector<sock_filter> lines_;
};

}  // namespace

uint32_t steering_key(const SocketAddress& remote) {
  auto raw = remote.ip.bytes();
  uint32_t hash = 0;
  for (size_t at = 0; at < raw.size(); at += 4) hash = (load_u32(raw.data() + at) + hash) * kMixAddress;
  hash ^= remote.port * kMixPort;
  return hash ^ (hash >> 16);
}

std::vector<sock_filter> steering_program(bool v4, std::vector<std::pair<uint32_t, uint32_t>> flows, uint32_t shards) {
  std::sort(flows.begin(), flows.end());
  // Of two flows with one key only the first could be found.
  flows.erase(std::unique(flows.begin(), flows.end(), [](const auto& a, const auto& b) { return a.first == b.first; }),
              flows.end());
  Program program;
  if (v4) program.load_key_v4();
  else program.load_key_v6();
  program.search(flows, shards);
  return program.take();
}

FlowSteering::FlowSteering(Executor& control, std::vector<Address> addresses, uint32_t shards)
    : control_(control), shards_(shards) {
  for (const Address& address : addresses) {
    Group group;
    group.address = address;
    groups_.push_back(std::move(group));
  }
  attach_changed();
}

FlowSteering::~FlowSteering() {
  if (planned_) control_.cancel(timer_);
}

void FlowSteering::won(const Flow& flow, uint32_t shard) {
  if (!works_ || flow.socket >= groups_.size()) return;
  Group& group = groups_[flow.socket];
  auto known = group.flows.find(flow.remote);
  if (known == group.flows.end()) {
    if (group.flows.size() >= group.room) return;
    group.flows.emplace(flow.remote, shard);
  } else {
    if (known->second == shard) return;
    known->second = shard;
  }
  group.changed = true;
  plan();
}

void FlowSteering::lost(const Flow& flow, uint32_t shard) {
  if (!works_ || flow.socket >= groups_.size()) return;
  Group& group = groups_[flow.socket];
  auto known = group.flows.find(flow.remote);
  if (known == group.flows.end() || known->second != shard) return;
  group.flows.erase(known);
  group.changed = true;
  plan();
}

size_t FlowSteering::steered() const {
  size_t count = 0;
  for (const Group& group : groups_) count += group.flows.size();
  return count;
}

void FlowSteering::plan() {
  if (std::exchange(planned_, true)) return;
  timer_ = control_.call_after(kCollect, [this] {
    planned_ = false;
    attach_changed();
  });
}

void FlowSteering::attach_changed() {
  for (Group& group : groups_) {
    if (works_ && std::exchange(group.changed, false)) works_ = attach(group);
  }
}

bool FlowSteering::attach(Group& group) {
  while (true) {
    std::vector<std::pair<uint32_t, uint32_t>> flows;
    for (const auto& [remote, shard] : group.flows) flows.emplace_back(steering_key(remote), shard);
    std::vector<sock_filter> lines = steering_program(group.address.v4, std::move(flows), shards_);
    sock_fprog program{static_cast<unsigned short>(lines.size()), lines.data()};
    if (setsockopt(group.address.fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program) == 0) {
      ++programs_;
      return true;
    }
    // net.core.optmem_max bounds programs: fewer flows then. The older program goes on until it is replaced.
    if (errno != ENOMEM || group.flows.empty()) break;
    group.room = group.flows.size() / 2;
    while (group.flows.size() > group.room) group.flows.erase(group.flows.begin());
  }
  log::warning("",
               "The kernel does not steer datagrams of the shared UDP port ({}); they are handed on between threads",
               std::strerror(errno));
  return false;
}

}  // namespace limen::runtime
