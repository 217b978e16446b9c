// Metrics of the control plane: sessions, handles, requests, modules, the process.
#include <fmt/format.h>

#include "base/assert.hpp"
#include "core/gateway_state.hpp"
#include "core/monitoring/metrics_collector.hpp"

namespace limen::core {
namespace {

void add_build(MetricsPage& page, const GatewayState& state) {
  std::string_view release;
  for (const auto& [name, version] : state.facts.dependencies) {
    if (name == "limen") release = version;
  }
  page.gauge("limen_build_info", "Always 1; the labels say what runs",
             {{"version", release}, {"api_version", state.facts.version_string}, {"commit", state.facts.commit}}, 1);
  page.counter("limen_failed_assertions_total", "Bugs that were noticed and survived", {}, failed_assertions());
}

void add_sessions(MetricsPage& page, const GatewayState& state) {
  std::map<std::string_view, uint64_t> handles;
  for (const auto& [package, plugin] : state.modules.plugins.all()) handles[package] = 0;
  for (const auto& [id, session] : state.sessions.all()) {
    for (const auto& [handle_id, handle] : session->handles) ++handles[handle->plugin().info().package];
  }
  page.gauge("limen_sessions", "Sessions", {}, static_cast<double>(state.sessions.all().size()));
  page.counter("limen_sessions_created_total", "Sessions that were created", {}, state.figures->sessions_created);
  for (const auto& [plugin, count] : handles) {
    page.gauge("limen_handles", "Handles by plugin", {{"plugin", plugin}}, static_cast<double>(count));
  }
  page.gauge("limen_draining", "1 while the server drains", {}, state.drain.active() ? 1 : 0);
  page.gauge("limen_accepting_sessions", "1 while new sessions are accepted", {}, state.takes_sessions() ? 1 : 0);
}

void add_requests(MetricsPage& page, const GatewayState& state) {
  const ApiFigures& figures = *state.figures;
  for (const ApiFigures::Source& source : figures.sources) {
    page.counter("limen_requests_total", "API requests by transport",
                 {{"transport", source.transport}, {"api", source.admin ? "admin" : "janus"}}, source.requests);
  }
  for (const auto& [code, count] : figures.errors) {
    page.counter("limen_request_errors_total", "Requests answered with an error, by its code",
                 {{"code", fmt::format("{}", code)}}, count);
  }
  page.counter("limen_events_total", "Events handed to event handlers", {}, state.events.sent());
}

void add_limits(MetricsPage& page, const AddressLimiter::Refusals& refusals) {
  auto refused = [&](std::string_view limit, uint64_t count) {
    page.counter("limen_limit_refusals_total", "What a limit of the group `limits` has refused, by its key",
                 {{"limit", limit}}, count);
  };
  refused("connections_per_address", refusals.connections);
  refused("requests_per_second", refusals.requests);
  refused("sessions_per_address", refusals.sessions_of_address);
  refused("sessions_per_token", refusals.sessions_of_token);
}

// What decides on requests, as far as it is configured.
void add_gatekeepers(MetricsPage& page, const GatewayState& state) {
  if (const JwtVerifier* jwt = state.auth.jwt()) {
    for (size_t i = 0; i < jwt->counters().size(); ++i) {
      page.counter("limen_jwt_checks_total", "Checks of JSON Web Tokens, one or two a request, by what came of them",
                   {{"result", jwt_result_name(static_cast<JwtResult>(i))}}, jwt->counters()[i]);
    }
  }
  if (state.hook) {
    const AuthorisationHook::Counters& hook = state.hook->counters();
    auto answered = [&](std::string_view result, uint64_t count) {
      page.counter("limen_webhook_verdicts_total", "Requests that the authorisation service decides on, by its verdict",
                   {{"result", result}}, count);
    };
    answered("allowed", hook.allowed);
    answered("refused", hook.refused);
    answered("remembered", hook.remembered);
    answered("failed", hook.failed);
    page.counter("limen_webhook_posts_total", "Questions sent to the authorisation service", {}, hook.asked);
  }
}

void add_module(MetricsPage& page, std::string_view package, const ModuleFigures& figures) {
  for (const auto& [door, count] : figures.connections) {
    page.gauge("limen_transport_connections", "Open client connections", {{"module", package}, {"door", door}},
               static_cast<double>(count));
  }
  if (figures.requests) {
    page.gauge("limen_transport_requests", "Requests that wait for their answer", {{"module", package}},
               static_cast<double>(*figures.requests));
  }
  if (figures.connected) {
    page.gauge("limen_module_connected", "1 while the module's broker or collector is connected", {{"module", package}},
               *figures.connected ? 1 : 0);
  }
  if (figures.queued) {
    page.gauge("limen_module_queue", "Messages or events that wait to be sent", {{"module", package}},
               static_cast<double>(*figures.queued));
  }
  if (figures.lost) {
    page.counter("limen_module_lost_total", "Messages or events that were dropped: no room, or given up",
                 {{"module", package}}, *figures.lost);
  }
}

void add_loops(MetricsPage& page, const LoopMonitor& loops) {
  std::vector<Duration> times = loops.round_trips();
  for (size_t i = 0; i < times.size(); ++i) {
    page.gauge("limen_loop_round_trip_seconds", "From the control loop to a media loop and back, the last time",
               {{"loop", fmt::format("media-{}", i)}}, static_cast<double>(times[i].count()) / 1e9);
  }
  page.gauge("limen_loops_lost", "Media loops that do not answer", {}, static_cast<double>(loops.lost().size()));
}

}  // namespace

void add_gateway_metrics(MetricsPage& page, const GatewayState& state) {
  add_build(page, state);
  add_sessions(page, state);
  add_requests(page, state);
  add_limits(page, state.limits.refusals());
  add_gatekeepers(page, state);
  for (const auto& [package, transport] : state.modules.transports.all())
    add_module(page, package, transport->figures());
  for (const auto& [package, handler] : state.modules.handlers.all()) add_module(page, package, handler->figures());
  add_loops(page, state.loops);
}

void add_process_metrics(MetricsPage& page, const ProcessFigures& figures) {
  page.counter_seconds("process_cpu_seconds_total", "User and system CPU time", {},
                       Duration(static_cast<int64_t>(figures.cpu_seconds * 1e9)));
  page.gauge("process_start_time_seconds", "Start of the process, in seconds since the Unix epoch", {},
             figures.started_at);
  page.gauge("process_resident_memory_bytes", "Resident memory", {}, static_cast<double>(figures.resident_bytes));
  page.gauge("process_virtual_memory_bytes", "Virtual memory", {}, static_cast<double>(figures.virtual_bytes));
  page.gauge("process_open_fds", "Open file descriptors", {}, static_cast<double>(figures.open_files));
  page.gauge("process_max_fds", "Most that may be open", {}, static_cast<double>(figures.most_open_files));
  page.gauge("process_threads", "Threads", {}, static_cast<double>(figures.threads));
}

}  // namespace limen::core
