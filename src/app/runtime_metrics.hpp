// Metrics of what app/ owns: the control loop, the background pool, the watchdog. Control thread.
#pragma once
#include "core/monitoring/metrics_page.hpp"
#include "runtime/runtime.hpp"

namespace limen::app {

void add_runtime_metrics(core::MetricsPage& page, runtime::Runtime& runtime);

}  // namespace limen::app
