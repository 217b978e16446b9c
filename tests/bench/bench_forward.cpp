// rooms: core media rtc crypto wire runtime base
// What a whole shard pays for forwarding: real peers with real keys, from the source's packet to the datagrams
// of a turn (encrypted, in order), with and without sending them to sockets that nobody reads. One frame of
// three video packets a turn, or one audio packet.
//
// Two shards: each with a room of its own on a thread of its own; and one room over both.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "tests/bench/forward_stage.hpp"

using namespace limen;
using bench::Stage;

namespace {

constexpr const char* kCm = "SRTP_AES128_CM_SHA1_80";
constexpr const char* kGcm = "SRTP_AEAD_AES_128_GCM";

void report(benchmark::State& state, uint64_t packets) {
  state.counters["per_packet"] =
      benchmark::Counter(static_cast<double>(packets), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void forward(benchmark::State& state, const char* profile, int video, bool send) {
  auto count = static_cast<uint32_t>(state.range(0));
  Stage stage(count, profile, send);
  if (!stage.connected()) return state.SkipWithError("not connected");
  for (int i = 0; i < 3; ++i) stage.video_turn(3);
  uint64_t packets = 0;
  uint64_t wanted = 0;
  for (auto _ : state) {
    packets += video > 0 ? stage.video_turn(video) : stage.audio_turn();
    wanted += static_cast<uint64_t>(std::max(video, 1)) * count;
  }
  if (packets < wanted) state.SkipWithError("packets lost");
  report(state, packets);
}
BENCHMARK_CAPTURE(forward, video_cm, kCm, 3, false)->Arg(100)->Arg(1000);
BENCHMARK_CAPTURE(forward, video_gcm, kGcm, 3, false)->Arg(100)->Arg(1000);
BENCHMARK_CAPTURE(forward, audio_cm, kCm, 0, false)->Arg(100)->Arg(1000);
BENCHMARK_CAPTURE(forward, video_gcm_and_send, kGcm, 3, true)->Arg(100)->Arg(1000);
BENCHMARK_CAPTURE(forward, audio_gcm_and_send, kGcm, 0, true)->Arg(100)->Arg(1000);

// A room on each of `threads` shards, all at once: wall time per packet of all together.
void shards(benchmark::State& state) {
  auto threads = static_cast<size_t>(state.range(0));
  constexpr int kTurns = 400;
  std::vector<std::unique_ptr<Stage>> stages;
  for (size_t i = 0; i < threads; ++i) stages.push_back(std::make_unique<Stage>(100, kGcm, false));
  std::atomic<uint64_t> packets{0};
  for (auto _ : state) {
    std::vector<std::jthread> running;
    for (auto& stage : stages) {
      running.emplace_back([&packets, &stage] {
        uint64_t sum = 0;
        for (int i = 0; i < kTurns; ++i) sum += stage->video_turn(3) + stage->audio_turn();
        packets += sum;
      });
    }
  }
  report(state, packets);
}
BENCHMARK(shards)->Arg(1)->Arg(2)->UseRealTime();

// One room with its subscribers on `threads` shards, the publisher on the first of them: the same.
void one_room(benchmark::State& state) {
  auto threads = static_cast<uint32_t>(state.range(0));
  constexpr uint32_t kSubscribers = 200;
  constexpr int kTurns = 400, kAhead = 16;
  constexpr uint64_t kPerTurn = 4;  // packets of a turn for each subscriber
  std::vector<std::unique_ptr<Stage>> stages;
  bench::Place place{.count = threads,
                     .post_shard = [&stages](uint32_t shard, auto task) { stages[shard]->post(std::move(task)); }};
  for (; place.index < threads; ++place.index) {
    stages.push_back(std::make_unique<Stage>(kSubscribers / threads, kGcm, false, place));
    if (!stages.back()->connected()) return state.SkipWithError("not connected");
  }
  for (int i = 0; i < 3; ++i) {
    for (auto& stage : stages) stage->turn();  // who wants what
  }
  uint64_t packets = 0;
  for (auto _ : state) {
    std::array<std::atomic<uint64_t>, 64> left{};
    auto done = [&](uint32_t shard, int turns) {
      return left[shard].load(std::memory_order_acquire) >=
             static_cast<uint64_t>(std::max(turns, 0)) * kPerTurn * kSubscribers / threads;
    };
    {
      std::vector<std::jthread> running;
      for (uint32_t shard = 1; shard < threads; ++shard) {
        running.emplace_back([&, shard] {
          while (!done(shard, kTurns)) left[shard].fetch_add(stages[shard]->turn(), std::memory_order_release);
        });
      }
      for (int turn = 0; turn < kTurns; ++turn) {
        left[0].fetch_add(stages[0]->video_turn(3) + stages[0]->audio_turn(), std::memory_order_release);
        // A publisher that nobody slows down would only measure how full a lane may be.
        for (uint32_t shard = 1; shard < threads; ++shard) {
          while (!done(shard, turn - kAhead)) std::this_thread::yield();
        }
      }
    }
    for (auto& shard : left) packets += shard;
  }
  while (!stages.empty()) stages.pop_back();  // the publisher's last: others still talk to it
  report(state, packets);
}
BENCHMARK(one_room)->Arg(1)->Arg(2)->UseRealTime();

}  // namespace
