#include "app/runtime_metrics.hpp"

namespace limen::app {

void add_runtime_metrics(core::MetricsPage& page, runtime::Runtime& runtime) {
  runtime::ControlStats control = runtime.control().stats();
  page.counter_seconds("limen_loop_cpu_seconds_total", "CPU time of the loop's thread", {{"loop", "control"}},
                       control.cpu);
  page.histogram("limen_loop_busy_seconds",
                 "One turn of a media loop, one closure of the control loop: what comes in meanwhile waits so long",
                 {{"loop", "control"}}, control.busy);
  page.histogram("limen_loop_delay_seconds", "How late timers ran", {{"loop", "control"}}, control.late);
  page.gauge("limen_background_queue", "Jobs (files, names) that wait for a background thread", {},
             static_cast<double>(runtime.background_waiting()));
  page.counter("limen_watchdog_reports_total", "Callbacks that held a loop for more than 5 ms", {},
               runtime.watchdog().reports());
}

}  // namespace limen::app
