#include "tools/load/measuring.hpp"

#include <unistd.h>

#include <cstdio>

#include "runtime/clock.hpp"
#include "tools/load/inside_figures.hpp"

namespace limen::load {

namespace {

Duration from_seconds(double seconds) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

std::string live_line(const HostTotals& totals, const HostTotals& before, Duration step, std::string_view phase) {
  double rate = static_cast<double>(totals.streams.received - before.streams.received) /
                std::chrono::duration<double>(step).count();
  return fmt::format("{:<9} {} connected  {:>8.0f} packets/s  {} lost  {} wrong  p99 {:.2f} ms", phase,
                     totals.connected, rate, totals.streams.lost(), totals.corrupt,
                     static_cast<double>(to_us(totals.latency.percentile(0.99))) / 1000);
}

boost::asio::awaitable<void> watch(LoadContext context, Duration time, std::string_view phase, LiveDisplay& display) {
  Instant now = runtime::monotonic_now(), end = now + time;
  HostTotals before = co_await context.engine.totals();
  while ((now = runtime::monotonic_now()) < end) {
    Duration step = std::min<Duration>(std::chrono::seconds(1), end - now);
    co_await pause(context, step);
    HostTotals totals = co_await context.engine.totals();
    display.show(live_line(totals, before, step, phase));
    before = std::move(totals);
  }
}

// Empty if the page is not wanted, or cannot be read: that is a failure in the report.
boost::asio::awaitable<InsideCounts> look_inside(LoadContext context, Report& report) {
  if (context.options.metrics.empty()) co_return InsideCounts{};
  auto address = parse_server_url(context.options.metrics);
  Result<std::string> page = fail("{}", address ? "" : address.error().text);
  if (address) page = co_await fetch_page(context.engine.io(), *address, context.options.metrics_token);
  InsideCounts counts = page ? read_inside(*page) : InsideCounts{};
  if (!page) ++report.failures[page.error().text];
  else if (counts.empty()) ++report.failures["The metrics page says nothing of media inside the server"];
  co_return counts;
}

}  // namespace

LiveDisplay::LiveDisplay(const Options& options) : on_(!options.quiet && isatty(STDERR_FILENO) == 1) {}

LiveDisplay::~LiveDisplay() {
  if (drawn_) std::fputs("\r\033[K", stderr);
}

void LiveDisplay::show(const std::string& line) {
  if (!on_) return;
  drawn_ = true;
  std::fputs(("\r\033[K" + line).c_str(), stderr);
  std::fflush(stderr);
}

Stopwatch::Stopwatch(const Options& options)
    : pid_(options.server_pid), began_(runtime::monotonic_now()), own_(own_cpu()) {
  if (pid_ != 0) server_ = process_figures(pid_);
}

void Stopwatch::stop(Report& report) const {
  report.measured = runtime::monotonic_now() - began_;
  report.tester_cpu = own_cpu() - own_;
  if (!server_) return;
  auto after = process_figures(pid_);
  if (!after) {
    report.failures["The server's process has gone"] += 1;
    return;
  }
  if (!report.server) report.server.emplace();
  report.server->cpu = after->cpu - server_->cpu;
  report.server->resident = after->resident;
}

boost::asio::awaitable<void> measure(LoadContext context, Report& report, LiveDisplay& display) {
  co_await watch(context, from_seconds(context.options.warm_up), "warm-up", display);
  InsideCounts before = co_await look_inside(context, report);
  context.engine.restart_counting();
  Stopwatch stopwatch(context.options);
  co_await watch(context, from_seconds(context.options.duration), "measuring", display);
  report.totals = co_await context.engine.totals();
  stopwatch.stop(report);
  InsideCounts after = co_await look_inside(context, report);
  report.inside_half = inside_percentile(before, after, 0.5);
  report.inside_99 = inside_percentile(before, after, 0.99);
}

}  // namespace limen::load
