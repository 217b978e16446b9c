// MetricsCollector: asks shards and the operating system, then writes everything as one MetricsPage.
//
// Control thread; shards answer by posts, /proc is read in the background. However many ask, one collection runs
// at a time, and they share its result. A shard that does not answer leaves the shards' figures out, no more.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/media/media_host.hpp"
#include "core/monitoring/metrics_page.hpp"
#include "core/monitoring/process_figures.hpp"

namespace limen::core {

struct GatewayState;

// What only app/ knows: the control loop, the background pool, the watchdog.
using AddRuntimeMetrics = std::function<void(MetricsPage&)>;

class MetricsCollector {
 public:
  using Done = std::move_only_function<void(std::string)>;

  static constexpr Duration kPatience = std::chrono::seconds(2);

  explicit MetricsCollector(GatewayState& state) : state_(state) {}
  ~MetricsCollector();
  void collect(Done done);

 private:
  struct Gathering;
  void begin();
  void finish();

  GatewayState& state_;
  std::shared_ptr<Gathering> running_;
  std::vector<Done> waiting_;
  TimerId patience_;
};

// Parts of the page (shard_metrics.cpp, gateway_metrics.cpp).
void add_shard_metrics(MetricsPage& page, const std::vector<ShardReport>& shards);
void add_gateway_metrics(MetricsPage& page, const GatewayState& state);
void add_process_metrics(MetricsPage& page, const ProcessFigures& figures);

}  // namespace limen::core
