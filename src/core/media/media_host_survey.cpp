// MediaHost: what metrics are told of a shard.
#include <algorithm>
#include <utility>

#include "core/media/media_host.hpp"

namespace limen::core {
namespace {

// Looking at one takes about 100 ns.
constexpr size_t kPeersPerTurn = 256;

}  // namespace

struct MediaHost::Survey {
  ShardReport report;
  size_t next = 0;  // slot
  std::move_only_function<void(ShardReport)> done;
};

void MediaHost::survey(std::move_only_function<void(ShardReport)> done) {
  auto survey = std::make_unique<Survey>();
  survey->done = std::move(done);
  go_on(std::move(survey));
}

void MediaHost::go_on(std::unique_ptr<Survey> survey) {
  ShardReport& report = survey->report;
  size_t end = std::min(slots_.size(), survey->next + kPeersPerTurn);
  for (; survey->next < end; ++survey->next) {
    const PeerHost* host = slots_[survey->next].get();
    if (host == nullptr || host->peer() == nullptr) continue;
    const rtc::PeerGlance glance = host->peer()->glance();
    ++report.phases[static_cast<size_t>(glance.phase)];
    ++report.counters.peers;
    report.history_bytes += glance.history_bytes;
    report.data_bytes += glance.data_bytes;
  }
  if (survey->next < slots_.size()) {
    return env_.executor.post([this, survey = std::move(survey)]() mutable { go_on(std::move(survey)); });
  }
  report.counters.handles = by_id_.size();
  report.counters.demux = demux_.counters();
  report.counters.relays = relays_.counters();
  report.counters.inside = inside_;
  report.totals = sending_.totals;
  report.fanout = media::FanoutHub::of(*this).counters();
  report.recent_packets = sending_.recent.size();
  report.recent_bytes = sending_.recent.bytes();
  if (env_.loop_stats) report.loop = env_.loop_stats();
  survey->done(std::move(report));
}

}  // namespace limen::core
