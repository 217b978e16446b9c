// Gateway: the core behind all transports. Receives requests, answers them, owns sessions, modules,
// authentication and event handlers (spec sections 3 to 5 and 8).
//
// Control thread only. Its verbs are free functions in *_verbs.cpp, found through a table; what they
// share is GatewayState. Lifetime: construct, start(), serve, stop(), destroy;
// nothing posted to the executor may run after that (its loop has ended by then).
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/event_handler.hpp"
#include "api/log_sink.hpp"
#include "api/monitoring.hpp"
#include "api/plugin.hpp"
#include "api/transport.hpp"
#include "base/executor.hpp"
#include "base/net_address.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "core/settings.hpp"
#include "rtc/turn/relay_server.hpp"

namespace limen::crypto {
class Certificate;
}

namespace limen::core {

class MediaPlane;
class MetricsPage;
struct GatewayState;

// What start-up found out, for `info` and for session descriptions.
struct ServerFacts {
  // Clients compare these with features of Janus ("version" >= 1000 means multistream), so they count
  // in its numbering: the release whose wire behaviour is served.
  int version = 1102;
  std::string version_string = "1.1.2";
  std::string commit = "not-a-git-repo";
  std::string compile_time;
  std::vector<std::pair<std::string, std::string>> dependencies;  // name -> version text
  bool log_to_stdout = true;
  std::string log_path;                      // "" = no file
  IpAddress local_ip;                        // of o= and c= where no public one is known
  std::vector<IpAddress> public_ips;         // 1:1 mapping and STUN
  std::optional<SocketAddress> stun_server;  // resolved
  std::optional<SocketAddress> turn_server;
  std::optional<rtc::RelayServer> relay_server;  // the same with credentials, for peers
  std::string configs_folder;
  std::string web_folder;                                // "" = no pages
  std::string https_certificate, https_certificate_key;  // for transports that name none
};

// How the admin API changes the log while running; each may be empty.
struct LogControl {
  std::function<void(bool)> set_timestamps;
  std::function<void(bool)> set_colors;
};

// Everything a Gateway is made of. References must outlive it.
struct GatewayParts {
  GatewaySettings settings;
  ServerFacts facts;
  LogControl log;
  Executor& executor;  // the control thread
  BackgroundPool& background;
  Random& random;
  MediaPlane& media;
  std::shared_ptr<const crypto::Certificate> certificate;
  void* io_context = nullptr;  // see TransportContext::io_context
  std::vector<std::unique_ptr<Plugin>> plugins = {};
  std::vector<std::unique_ptr<Transport>> transports = {};
  std::vector<std::unique_ptr<EventHandler>> handlers = {};
  std::vector<LogSink*> loggers = {};  // owned by app, which feeds them lines
  // Adds what only app knows: the control loop, the background pool, the watchdog.
  std::function<void(MetricsPage&)> add_runtime_metrics = {};
  // The drain is over: the process may end. Called once, in a turn of its own.
  std::function<void()> on_drained = {};
};

class Gateway : public ApiSink {
 public:
  explicit Gateway(GatewayParts parts);
  ~Gateway() override;

  // Starts event handlers, plugins, then transports; modules that fail or are disabled are skipped
  // with a warning. An error: nobody can reach the Janus API, or stored tokens without an admin API.
  Result<> start();
  // Ends all sessions and modules; event handlers are told the signal first.
  void stop(int signal);
  std::vector<Listening> listening() const;
  // No new sessions; see drain.hpp. The limit is the configured one.
  void begin_drain();
  Monitoring& monitoring();

  // ApiSink
  void handle(Request request) override;
  void handle_unparsable(const std::shared_ptr<Client>& client, const JsonError& error,
                         std::move_only_function<void(const Json&)> reply) override;
  PollCheck check_poll(SessionId session, std::string_view api_secret, std::string_view token) override;
  void client_gone(const std::shared_ptr<Client>& client) override;
  void notify_transport_event(std::string_view transport, std::string_view client_id, Json data) override;
  bool events_enabled() const override;

  GatewayState& state() { return *state_; }

 private:
  void watch_sessions();
  void finish_drain();

  std::unique_ptr<GatewayState> state_;
};

}  // namespace limen::core
