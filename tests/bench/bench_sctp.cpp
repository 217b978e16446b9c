// rooms: rtc
// libs: Usrsctp::usrsctp
// sources: tests/oracle/usrsctp_clock.cpp
//
// One association to another in one thread, ours beside usrsctp. Arguments: bytes of a message, packets lost of a
// thousand. Packets go from hand to hand, a round trip takes a millisecond of virtual time, so that without loss the
// CPU is what limits; with loss `round_trips` says how long a transfer takes. usrsctp 0.9.5 always has checksums; ours
// is measured with and without.
#include <benchmark/benchmark.h>

#include <vector>

#include "rtc/sctp/sctp_association.hpp"
#include "tests/oracle/usrsctp_clock.hpp"
#include "tests/oracle/usrsctp_side.hpp"
#include "tests/support/seeded_random.hpp"

namespace limen::rtc {
namespace {

using namespace std::chrono_literals;

constexpr size_t kTotal = 8 << 20;  // bytes of an iteration

// Packets copied, as a network would.
class Wire {
 public:
  explicit Wire(int64_t lost_of_1000) : loss_(static_cast<double>(lost_of_1000) / 1000) {}
  void put(Bytes packet) {
    if (random_.chance(loss_)) return;
    if (used_ == packets_.size()) packets_.emplace_back();
    packets_[used_++].assign(packet.begin(), packet.end());
  }
  template <typename Take>
  bool drain(Take take) {
    if (used_ == 0) return false;
    for (size_t i = 0; i < used_; ++i) take(Bytes(packets_[i]));
    used_ = 0;
    return true;
  }

 private:
  double loss_;
  test::SeededRandom random_{3};
  std::vector<std::vector<uint8_t>> packets_;
  size_t used_ = 0;
};

class OurPair {
 public:
  OurPair(bool zero_checksum, int64_t lost)
      : a_(config(zero_checksum), random_), b_(config(zero_checksum), random_), to_a_(lost), to_b_(lost) {
    a_.connect(now_);
    b_.connect(now_);
    while (!a_.established() || !b_.established()) step();
  }
  bool send(const std::vector<uint8_t>& message) { return a_.send(1, 53, message, {}, now_) == SctpSendResult::sent; }
  void step() {
    flush(a_, to_b_);
    to_b_.drain([this](Bytes packet) {
      b_.handle(packet, now_);
      flush(b_, to_a_);
    });
    flush(b_, to_a_);
    to_a_.drain([this](Bytes packet) { a_.handle(packet, now_); });
    SctpEvent event;
    while (a_.poll_event(event)) {
    }
    while (b_.poll_event(event)) {
      if (auto* message = std::get_if<SctpMessage>(&event)) received += message->bytes.size();
    }
    now_ += 1ms;
    if (a_.next_deadline() <= now_) a_.handle_timeout(now_);
    if (b_.next_deadline() <= now_) b_.handle_timeout(now_);
  }
  size_t received = 0;

 private:
  static SctpConfig config(bool zero_checksum) {
    SctpConfig out;
    out.zero_checksum = zero_checksum;
    return out;
  }
  static void flush(SctpAssociation& from, Wire& to) {
    Bytes packet;
    while (from.poll_transmit(packet)) to.put(packet);
  }

  Instant now_{1h};
  test::SeededRandom random_{1};
  SctpAssociation a_, b_;
  Wire to_a_, to_b_;
};

class UsrsctpPair {
 public:
  explicit UsrsctpPair(int64_t lost) : clock_(now_, 1), to_a_(lost), to_b_(lost) {
    a_.connect();
    b_.connect();
    while (!a_.send(1, 53, as_bytes("x")) || !b_.send(1, 53, as_bytes("x"))) step();
    while (received < 1) step();
    received = 0;
  }
  bool send(const std::vector<uint8_t>& message) { return a_.send(1, 53, message); }
  void step() {
    pass(a_, b_, to_b_);
    pass(b_, a_, to_a_);
    a_.messages.clear();
    for (const auto& message : b_.messages) received += message.bytes.size();
    b_.messages.clear();
    now_ += 1ms;
    clock_.advance_to(now_);
  }
  size_t received = 0;

 private:
  static void pass(test::UsrsctpSide& from, test::UsrsctpSide& to, Wire& wire) {
    for (; !from.out.empty(); from.out.pop_front()) wire.put(from.out.front());
    wire.drain([&to](Bytes packet) { to.handle(packet); });
  }

  Instant now_{1h};
  test::UsrsctpClock clock_;
  test::UsrsctpSide a_, b_;
  Wire to_a_, to_b_;
};

template <typename Pair>
void transfer(benchmark::State& state, Pair& pair) {
  auto size = static_cast<size_t>(state.range(0));
  const std::vector<uint8_t> message(size, 0x5a);
  const size_t count = std::min(kTotal / size, size_t{40000});
  size_t turns = 0;
  for (auto _ : state) {
    size_t until = pair.received + count * size;
    size_t sent = 0;
    while (pair.received < until) {
      while (sent < count && pair.send(message)) ++sent;
      pair.step();
      ++turns;
    }
  }
  auto runs = static_cast<int64_t>(state.iterations());
  state.SetBytesProcessed(runs * static_cast<int64_t>(count * size));
  state.SetItemsProcessed(runs * static_cast<int64_t>(count));
  state.counters["round_trips"] = static_cast<double>(turns) / static_cast<double>(runs);
}

void ours(benchmark::State& state) {
  OurPair pair(false, state.range(1));
  transfer(state, pair);
}
void ours_without_checksums(benchmark::State& state) {
  OurPair pair(true, state.range(1));
  transfer(state, pair);
}
void usrsctp(benchmark::State& state) {
  UsrsctpPair pair(state.range(1));
  transfer(state, pair);
}

void cases(benchmark::internal::Benchmark* all) {
  for (int64_t size : {64, 1024, 16384, 262144}) all->Args({size, 0});
  all->Args({16384, 10});
  all->Args({16384, 50});
}
BENCHMARK(ours)->Apply(cases);
BENCHMARK(ours_without_checksums)->Apply(cases);
BENCHMARK(usrsctp)->Apply(cases);

}  // namespace
}  // namespace limen::rtc
