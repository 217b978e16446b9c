// rooms: media api wire base
// What fan-out itself costs per forwarded packet: from the source's push to each subscriber's rewrite note,
// with handles that count and throw away (no header writing, encryption or sending: see bench_srtp).
#include <benchmark/benchmark.h>

#include <memory>
#include <vector>

#include "media/fanout/fanout_hub.hpp"
#include "media/fanout/fanout_sink.hpp"
#include "media/fanout/fanout_source.hpp"

using namespace limen;

namespace {

class OneShard final : public MediaShard {
 public:
  ~OneShard() override { drop_locals(); }
  uint32_t index() const override { return 0; }
  uint32_t count() const override { return 1; }
  PacketPool& packets() override { return pool_; }
  Instant now() const override { return clock; }
  MediaContext* find(PeerId) override { return nullptr; }
  void post(uint32_t, std::move_only_function<void(MediaShard&)> task) override { task(*this); }
  void end_turn() { end_turn_of_locals(clock); }
  Instant clock{std::chrono::seconds(1)};

 private:
  PacketPool pool_;
};

class CountingHandle final : public MediaContext {
 public:
  explicit CountingHandle(MediaShard& shard) : shard_(shard) {}
  bool send(const OutgoingRtp& rtp) override {
    benchmark::DoNotOptimize(rtp);
    ++sent;
    return true;
  }
  void send(const RtcpFeedback&) override {}
  bool send_data(const DataMessage&) override { return true; }
  Instant now() const override { return shard_.now(); }
  TimerId call_at(Instant, Task) override { return {}; }
  void cancel(TimerId) override {}
  void post_control(Task) override {}
  MediaShard& shard() override { return shard_; }
  MediaId id() const override { return {}; }
  uint64_t sent = 0;

 private:
  MediaShard& shard_;
};

// Bursts of three packets, a frame, as a 1 Mbit/s camera sends them.
void forward(benchmark::State& state, media::LayerMode mode) {
  constexpr int kBurst = 3;
  OneShard shard;
  auto id = media::StreamId::make(0);
  media::FanoutSource source(shard, id, {}, {});
  std::vector<std::unique_ptr<CountingHandle>> handles;
  std::vector<std::unique_ptr<media::FanoutSink>> sinks;
  for (int64_t i = 0; i < state.range(0); ++i) {
    handles.push_back(std::make_unique<CountingHandle>(shard));
    sinks.push_back(std::make_unique<media::FanoutSink>(*handles.back(), media::SinkSettings{}));
    sinks.back()->attach(id, mode);
  }
  shard.end_turn();
  std::vector<uint8_t> bytes(1100, 0x5a);
  RtpPacket packet;
  packet.packet = shard.packets().copy(bytes, shard.clock);
  packet.payload_offset = 24;
  packet.payload_size = 1076;
  packet.ssrc = 7;
  packet.codec = Codec::h264;
  packet.video.keyframe = true;
  for (auto _ : state) {
    for (int i = 0; i < kBurst; ++i) {
      ++packet.sequence;
      source.push(packet);
      packet.video.keyframe = false;
    }
    packet.timestamp += 3000;
    shard.clock += std::chrono::milliseconds(33);
    shard.end_turn();
  }
  uint64_t sent = 0;
  for (auto& handle : handles) sent += handle->sent;
  if (sent != static_cast<uint64_t>(state.iterations() * kBurst * state.range(0))) state.SkipWithError("packets lost");
  state.counters["per_packet"] =
      benchmark::Counter(static_cast<double>(sent), benchmark::Counter::kIsRate | benchmark::Counter::kInvert,
                         benchmark::Counter::kIs1000);
}
BENCHMARK_CAPTURE(forward, plain, media::LayerMode::none)->Arg(100)->Arg(1000);
BENCHMARK_CAPTURE(forward, simulcast, media::LayerMode::simulcast)->Arg(100)->Arg(1000);

}  // namespace
