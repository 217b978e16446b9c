#include "core/monitoring/metrics_collector.hpp"

#include <optional>
#include <utility>

#include "core/gateway_state.hpp"
#include "core/media/media_plane.hpp"

namespace limen::core {

struct MetricsCollector::Gathering {
  std::optional<std::vector<ShardReport>> shards;
  std::optional<ProcessFigures> process;
};

MetricsCollector::~MetricsCollector() {
  if (patience_) state_.executor.cancel(patience_);
}

void MetricsCollector::collect(Done done) {
  waiting_.push_back(std::move(done));
  if (!running_) begin();
}

// Answers hold the gathering weakly: one that comes too late finds nothing.
void MetricsCollector::begin() {
  running_ = std::make_shared<Gathering>();
  std::weak_ptr<Gathering> weak = running_;
  state_.media.survey([this, weak](std::vector<ShardReport> shards) {
    auto gathering = weak.lock();
    if (!gathering) return;
    gathering->shards = std::move(shards);
    if (gathering->process) finish();
  });
  auto process = std::make_shared<ProcessFigures>();
  state_.background.run([process] { *process = read_process_figures(); }, state_.executor,
                        [this, process, weak] {
                          auto gathering = weak.lock();
                          if (!gathering) return;
                          gathering->process = *process;
                          if (gathering->shards) finish();
                        });
  patience_ = state_.executor.call_after(kPatience, [this] {
    patience_ = {};
    finish();
  });
}

void MetricsCollector::finish() {
  if (patience_) state_.executor.cancel(std::exchange(patience_, {}));
  std::shared_ptr<Gathering> gathering = std::exchange(running_, nullptr);
  MetricsPage page;
  add_gateway_metrics(page, state_);
  if (gathering->shards) add_shard_metrics(page, *gathering->shards);
  if (gathering->process) add_process_metrics(page, *gathering->process);
  if (state_.add_runtime_metrics) state_.add_runtime_metrics(page);
  std::string text = page.text();
  for (Done& done : std::exchange(waiting_, {})) done(text);
}

}  // namespace limen::core
