// GatewayState: what the verbs, sessions and handles of one Gateway share.
//
// Control thread. One object, owned by Gateway; everybody else holds a reference.
#pragma once
#include <memory>

#include "core/auth.hpp"
#include "core/drain.hpp"
#include "core/event_bus.hpp"
#include "core/gateway.hpp"
#include "core/limits/address_limiter.hpp"
#include "core/mdns/mdns_resolver.hpp"
#include "core/module_contexts.hpp"
#include "core/module_table.hpp"
#include "core/monitoring/api_figures.hpp"
#include "core/monitoring/gateway_monitoring.hpp"
#include "core/monitoring/loop_monitor.hpp"
#include "core/monitoring/metrics_collector.hpp"
#include "core/session_table.hpp"
#include "core/settings.hpp"
#include "core/webhook/authorisation_hook.hpp"

namespace limen::core {

// Switches that exist for the admin API only.
struct DebugSwitches {
  bool locking = false;
  bool refcount = false;
  bool libnice = false;
};

struct GatewayState {
  GatewayState(GatewayParts parts, ApiSink& sink);

  GatewaySettings settings;
  ServerFacts facts;
  LogControl log;
  ApiSink& sink;
  Executor& executor;
  BackgroundPool& background;
  Random& random;
  MdnsResolver mdns;
  MediaPlane& media;
  std::shared_ptr<const crypto::Certificate> certificate;
  void* io_context;
  std::function<void(MetricsPage&)> add_runtime_metrics;
  std::function<void()> on_drained;

  bool started = false;
  bool accepting_sessions = true;  // as the admin API wants it
  Drain drain;
  std::shared_ptr<ApiFigures> figures = std::make_shared<ApiFigures>();
  DebugSwitches debug;
  Auth auth;
  AddressLimiter limits;
  std::unique_ptr<AuthorisationHook> hook;  // null: nobody is asked
  EventBus events;
  // Modules hold references to their contexts, so contexts outlive them.
  SinkContext sink_context;
  std::map<std::string, std::unique_ptr<PluginPort>> plugin_ports;
  ModuleTable modules;
  SessionTable sessions;
  LoopMonitor loops;
  MetricsCollector metrics;
  GatewayMonitoring monitoring;
  TimerId watch_timer;
  int watch_count = 0;

  bool takes_sessions() const { return accepting_sessions && !drain.active(); }
  void begin_drain(std::optional<int64_t> seconds);
  void undo_drain();
  // o= and c= of session descriptions.
  IpAddress advertised_address() const { return facts.public_ips.empty() ? facts.local_ip : facts.public_ips.front(); }
  // May files be made under this path? (protected_folders, spec 2.2)
  bool path_allowed(const std::string& path) const;
};

}  // namespace limen::core
