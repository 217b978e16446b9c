// rooms: runtime
// What the runtime's parts cost: hand-over between threads, timers, and sending on loopback with and
// without segmentation offload, per datagram.
#include <benchmark/benchmark.h>
#include <poll.h>

#include <atomic>
#include <semaphore>
#include <thread>

#include "base/spsc_ring.hpp"
#include "runtime/clock.hpp"
#include "runtime/deadline_heap.hpp"
#include "runtime/flow_groups.hpp"
#include "runtime/post_mesh.hpp"
#include "runtime/udp_receiver.hpp"
#include "runtime/udp_sender.hpp"
#include "tests/support/seeded_random.hpp"

namespace limen::runtime {
namespace {

constexpr size_t kDatagram = 1150;

// One thread on both ends: the instructions alone, no cache line travels.
void ring_push_and_pop(benchmark::State& state) {
  SpscRing<uint64_t> ring(1024);
  uint64_t out = 0;
  for (auto _ : state) {
    uint64_t in = 1;
    ring.push(in);
    ring.pop(out);
    benchmark::DoNotOptimize(out);
  }
}
BENCHMARK(ring_push_and_pop);

void lane_push_and_pop(benchmark::State& state) {
  TaskLane lane;
  Task task;
  for (auto _ : state) {
    lane.push([] {});
    lane.pop(task);
    task();
  }
}
BENCHMARK(lane_push_and_pop);

// A second thread takes each closure; figures are per closure, sender's and receiver's together.
void post_to_a_busy_thread(benchmark::State& state) {
  PostMesh mesh(2);
  mesh.set_wake(1, [] {});
  std::atomic<uint64_t> ran{0};
  std::atomic<bool> stop{false};
  std::thread reader([&] {
    mesh.enter(1);
    Task task;
    while (!stop.load(std::memory_order_relaxed)) {
      if (mesh.take(1, task)) task();
    }
  });
  mesh.enter(0);
  uint64_t posted = 0;
  for (auto _ : state) {
    mesh.post(1, [&ran] { ran.fetch_add(1, std::memory_order_relaxed); });
    // A bounded lead, as in a server that keeps up.
    if (++posted % 256 == 0) {
      while (posted - ran.load(std::memory_order_relaxed) > 4096) std::this_thread::yield();
    }
  }
  while (ran.load() < posted) std::this_thread::yield();
  stop = true;
  reader.join();
}
BENCHMARK(post_to_a_busy_thread)->UseRealTime();

void rearm_one_of_many_deadlines(benchmark::State& state) {
  test::SeededRandom random(1);
  DeadlineHeap heap;
  auto count = static_cast<uint32_t>(state.range(0));
  for (uint32_t i = 0; i < count; ++i) heap.set(i, Instant(std::chrono::microseconds(random.below(1'000'000))));
  uint32_t slot = 0;
  int64_t now = 0;
  for (auto _ : state) {
    slot = (slot + 7919) % count;
    heap.set(slot, Instant(std::chrono::microseconds(++now + 500'000)));
  }
}
BENCHMARK(rearm_one_of_many_deadlines)->Arg(100)->Arg(10000);

void clock_reading(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(monotonic_now());
}
BENCHMARK(clock_reading);

// Interleaved as a fan-out fills it: one datagram per destination, round after round.
void fill(TxQueue& tx, size_t destinations, size_t rounds, const SocketAddress& first) {
  tx.clear();
  std::vector<uint8_t> bytes(kDatagram, 0x5a);
  for (size_t round = 0; round < rounds; ++round) {
    for (size_t i = 0; i < destinations; ++i) {
      SocketAddress to = first;
      to.port = static_cast<uint16_t>(to.port + i);
      tx.push({0, to}, bytes);
    }
  }
}

void group_by_destination(benchmark::State& state) {
  TxQueue tx;
  fill(tx, static_cast<size_t>(state.range(0)), 16, {IpAddress::v4(0x7f000001), 20000});
  FlowGroups groups;
  for (auto _ : state) {
    groups.visit(tx, [](SocketId, const Datagram& datagram) { benchmark::DoNotOptimize(datagram.bytes.data()); });
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(tx.slots().size()));
}
BENCHMARK(group_by_destination)->Arg(1)->Arg(50);

// To a socket nobody reads: what the kernel cannot queue it drops, as a far network would swallow it.
void send(benchmark::State& state, bool gso) {
  BindAddress loopback{IpAddress::v4(0x7f000001)};
  std::vector<UdpSocket> sockets;
  sockets.push_back(std::move(*UdpSocket::open(loopback, 0, {})));
  auto receiver = UdpSocket::open(loopback, 0, {});
  UdpSender sender(sockets, gso);
  TxQueue tx;
  fill(tx, 1, static_cast<size_t>(state.range(0)), receiver->local());
  for (auto _ : state) sender.send(tx);
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
void send_with_gso(benchmark::State& state) {
  send(state, true);
}
void send_without_gso(benchmark::State& state) {
  send(state, false);
}
BENCHMARK(send_with_gso)->Arg(1)->Arg(4)->Arg(16)->Arg(48);
BENCHMARK(send_without_gso)->Arg(1)->Arg(4)->Arg(16)->Arg(48);

// Sending and receiving in one thread: both ends of the loopback path.
void round_trip(benchmark::State& state, bool offload) {
  BindAddress loopback{IpAddress::v4(0x7f000001)};
  std::vector<UdpSocket> sockets;
  sockets.push_back(std::move(*UdpSocket::open(loopback, 0, {})));
  auto receiver = UdpSocket::open(loopback, 0, {.gro = offload});
  UdpSender sender(sockets, offload);
  PacketPool pool;
  UdpReceiver reader(pool);
  TxQueue tx;
  fill(tx, 1, static_cast<size_t>(state.range(0)), receiver->local());
  uint64_t got = 0;
  for (auto _ : state) {
    sender.send(tx);
    while (reader.receive(*receiver, 0, Instant{}, [&](const Flow&, Packet) { ++got; }, [] { return Instant{}; })) {
    }
  }
  state.SetItemsProcessed(static_cast<int64_t>(got));
}
void round_trip_with_offload(benchmark::State& state) {
  round_trip(state, true);
}
void round_trip_without_offload(benchmark::State& state) {
  round_trip(state, false);
}
BENCHMARK(round_trip_with_offload)->Arg(1)->Arg(16)->Arg(48);
BENCHMARK(round_trip_without_offload)->Arg(1)->Arg(16)->Arg(48);

}  // namespace
}  // namespace limen::runtime
