#include "app/server.hpp"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>

#include "app/builtin_modules.hpp"
#include "app/configuration_notes.hpp"
#include "app/external_loggers.hpp"
#include "app/https_certificate.hpp"
#include "app/logging.hpp"
#include "app/network_setup.hpp"
#include "app/process.hpp"
#include "app/runtime_metrics.hpp"
#include "app/service_manager.hpp"
#include "app/startup_report.hpp"
#include "app/version.hpp"
#include "base/log.hpp"
#include "core/gateway.hpp"
#include "core/gateway_state.hpp"
#include "core/media/shard_binding.hpp"
#include "core/turn_trial.hpp"
#include "crypto/certificate.hpp"
#include "crypto/library_versions.hpp"
#include "crypto/random.hpp"
#include "runtime/clock.hpp"
#include "runtime/runtime.hpp"

namespace limen::app {
namespace {

Result<std::shared_ptr<const crypto::Certificate>> dtls_certificate(const core::CertificateSettings& s) {
  if (!s.cert_pem.empty()) return crypto::Certificate::load(s.cert_pem, s.cert_key, s.cert_pwd);
  crypto::CertificateRequest request;
  if (s.rsa_private_key) request.key = crypto::KeyType::rsa_2048;
  return crypto::Certificate::generate(request);
}

runtime::RuntimeConfig runtime_config(const core::GatewaySettings& settings, const NetworkSetup& network) {
  runtime::RuntimeConfig config;
  config.event_loops = static_cast<uint32_t>(settings.general.event_loops);
  config.addresses = network.bind;
  if (auto range = core::parse_port_range(settings.media.rtp_port_range)) config.ports = {range->first, range->second};
  config.single_port = static_cast<uint16_t>(settings.media.single_port);
  config.udp.dscp = settings.media.dscp;
  config.ice_tcp = settings.nat.ice_tcp;
  // Names of browsers may keep one thread waiting.
  if (!settings.nat.ignore_mdns) ++config.background_threads;
  config.collect = std::chrono::microseconds(settings.media.send_delay);
  config.pin_threads = settings.media.pin_threads;
  return config;
}

core::ServerFacts server_facts(const LoadedSettings& loaded, const NetworkSetup& network, const CertificateFiles& https,
                               bool to_stdout) {
  core::ServerFacts facts;
  facts.commit = commit();
  facts.compile_time = compile_time();
  facts.dependencies = crypto::library_versions();
  facts.dependencies.emplace_back("limen", std::string(version_string()));
  facts.log_to_stdout = to_stdout;
  facts.log_path = loaded.settings.general.log_to_file;
  facts.local_ip = network.local_ip;
  facts.public_ips = network.public_ips;
  facts.stun_server = network.stun_server;
  facts.relay_server = network.relay_server;
  if (network.relay_server) facts.turn_server = network.relay_server->address;
  facts.configs_folder = loaded.configs_folder;
  facts.web_folder = default_web_folder();
  facts.https_certificate = https.certificate;
  facts.https_certificate_key = https.key;
  return facts;
}

std::string media_line(core::MediaPlane& plane, const NetworkSetup& network, runtime::FlowSteering* steering) {
  bool tcp = std::ranges::any_of(plane.local_bases(0), [](const auto& base) { return rtc::is_tcp(base.protocol); });
  // A port that all share is named once.
  uint32_t named = steering != nullptr ? 1 : plane.shard_count();
  std::string ports;
  for (uint32_t shard = 0; shard < named; ++shard) {
    const auto& bases = plane.local_bases(shard);
    if (!bases.empty()) ports += fmt::format("{}{}", ports.empty() ? "" : ", ", bases.front().address.port);
  }
  std::string addresses;
  for (const runtime::BindAddress& bind : network.bind)
    addresses += (addresses.empty() ? "" : " ") + bind.ip.to_string();
  std::string shown;
  if (!network.mapping.public_ips.empty())
    shown = fmt::format(", advertised as {}", network.mapping.public_ips.front().to_string());
  std::string threads = fmt::format("{} media thread{}", plane.shard_count(), plane.shard_count() == 1 ? "" : "s");
  if (steering != nullptr) threads += steering->works() ? " share it, steered by the kernel" : " share it";
  return fmt::format("{} {} port{} {}{} ({})", tcp ? "UDP and TCP" : "UDP", addresses, named == 1 ? "" : "s", ports,
                     shown, threads);
}

int rotation_signal(const std::string& name) {
  if (config::same_text(name, "SIGHUP")) return SIGHUP;
  return config::same_text(name, "SIGUSR1") ? SIGUSR1 : 0;
}

void rotate_logs(const std::vector<LogSink*>& loggers) {
  reopen_log_file();
  for (LogSink* logger : loggers) logger->on_rotate();
}

// First signal: stop. Second: a word. Third: leave at once (spec 1.4). SIGUSR2: drain.
void handle_signals(runtime::ControlLoop& control, core::Gateway& gateway, const std::vector<LogSink*>& loggers,
                    int rotate, int& received) {
  std::vector<int> signals{SIGINT, SIGTERM, SIGUSR2};
  if (rotate != 0) signals.push_back(rotate);
  control.on_signals(signals, [&control, &gateway, &loggers, rotate, &received, count = 0](int signal) mutable {
    if (signal == SIGUSR2) {
      if (received == 0) gateway.begin_drain();
      return;
    }
    if (signal == rotate) {
      if (received == 0) rotate_logs(loggers);
      return;
    }
    if (++count == 1) {
      received = signal;
      log::info("", "Stopping, please wait ...");
      control.stop();
    } else if (count == 2) {
      log::info("", "Still stopping; once more ends at once");
    } else {
      _exit(1);
    }
  });
}

ServiceState service_state(core::Gateway& gateway) {
  const core::GatewayState& state = gateway.state();
  Health health = gateway.monitoring().health();
  size_t sessions = state.sessions.all().size();
  std::string text = !health.good           ? health.text
                     : state.drain.active() ? fmt::format("Draining, {} sessions left", sessions)
                                            : fmt::format("Serving {} sessions", sessions);
  return {health.good, std::move(text)};
}

class Server {
 public:
  Server(LoadedSettings loaded, bool to_stdout, std::vector<LogSink*> loggers)
      : loaded_(std::move(loaded)), to_stdout_(to_stdout), loggers_(std::move(loggers)) {}

  Result<> start() {
    Instant began = runtime::monotonic_now();
    loaded_.findings.log("");
    Result<NetworkSetup> network = set_up_network(loaded_.settings);
    if (!network) return std::unexpected(network.error());
    auto certificate = dtls_certificate(loaded_.settings.certificates);
    if (!certificate) return std::unexpected(certificate.error());
    CertificateFiles https;
    if (needs_https_certificate(loaded_.configs_folder)) {
      auto files = ensure_https_certificate(loaded_.configs_folder, {network->local_ip.to_string()});
      if (files) https = *files;
      else log::error("", "{}", files.error().text);
    }
    auto made = runtime::Runtime::create(runtime_config(loaded_.settings, *network), random_);
    if (!made) return std::unexpected(made.error());
    runtime_ = std::move(*made);
    plane_ = core::make_media_plane(*runtime_, random_, [mapping = network->mapping](const IpAddress& local) {
      return rtc::advertised_addresses(local, mapping);
    });
    gateway_ = std::make_unique<core::Gateway>(parts(*network, https, *certificate));
    runtime_->start();
    if (Result<> started = gateway_->start(); !started) return started;
    report(*network, began);
    if (network->relay_server) try_relay(*network->relay_server);
    manager_ = std::make_unique<ServiceManager>(ServiceSocket::from_environment(), runtime_->control(),
                                                [this] { return service_state(*gateway_); });
    return {};
  }

  void run() {
    int received = 0;
    handle_signals(runtime_->control(), *gateway_, loggers_, rotation_signal(loaded_.settings.general.log_rotate_sig),
                   received);
    manager_->ready();
    runtime_->control().run();
    manager_->stopping();
    gateway_->stop(received);
    runtime_->control().run_ready();
  }

  // Also after a start that failed half way.
  void take_apart() {
    manager_.reset();
    gateway_.reset();
    if (runtime_) runtime_->stop();
    plane_.reset();
    runtime_.reset();
  }

 private:
  core::GatewayParts parts(const NetworkSetup& network, const CertificateFiles& https,
                           std::shared_ptr<const crypto::Certificate> certificate) {
    return core::GatewayParts{
        .settings = loaded_.settings,
        .facts = server_facts(loaded_, network, https, to_stdout_),
        .log = {set_log_timestamps, set_log_colors},
        .executor = runtime_->control(),
        .background = runtime_->background(),
        .random = random_,
        .media = *plane_,
        .certificate = std::move(certificate),
        .io_context = runtime_->control().io_context(),
        .plugins = builtin_plugins(),
        .transports = builtin_transports(),
        .handlers = builtin_event_handlers(),
        .loggers = loggers_,
        .add_runtime_metrics = [this](core::MetricsPage& page) { add_runtime_metrics(page, *runtime_); },
        .on_drained = [this] { runtime_->control().stop(); }};
  }

  // Calls without a relay go on as they can: nobody waits for this, and nothing fails by it.
  void try_relay(const rtc::RelayServer& server) {
    auto test = std::make_shared<core::TurnTrial>();
    test->server = server;
    runtime_->background().run([test] { test->run(); }, runtime_->control(),
                               [test] {
                                 std::string name = rtc::describe(test->server);
                                 if (test->failure.empty()) {
                                   log::info("", "The TURN server {} relays, at {}", name,
                                             test->relayed.front().ip.to_string());
                                 } else {
                                   log::error("", "The TURN server {} gives no relay: {}", name, test->failure);
                                 }
                               });
  }

  void report(const NetworkSetup& network, Instant began) {
    StartupReport report;
    report.listening = gateway_->listening();
    report.media = media_line(*plane_, network, runtime_->steering());
    report.started_in_ms = to_ms(runtime::monotonic_now() - began);
    for (const std::string& line : startup_lines(report)) log::info("", "{}", line);
    std::vector<std::string> notes = configuration_notes(loaded_);
    notes.insert(notes.end(), network.warnings.begin(), network.warnings.end());
    for (const std::string& text : notes) log::warning("", "{}", text);
  }

  LoadedSettings loaded_;
  bool to_stdout_;
  std::vector<LogSink*> loggers_;
  crypto::SecureRandom random_;
  std::unique_ptr<runtime::Runtime> runtime_;
  std::unique_ptr<core::MediaPlane> plane_;
  std::unique_ptr<core::Gateway> gateway_;
  std::unique_ptr<ServiceManager> manager_;
};

int failed_start(int channel, const std::string& text, bool logged) {
  if (logged) log::fatal("", "{}", text);
  else std::fprintf(stderr, "%s\n", text.c_str());
  report_started(channel, 1);
  return 1;
}

}  // namespace

int run_server(const CommandLine& options, LoadedSettings loaded) {
  const core::GeneralSettings& general = loaded.settings.general;
  for (const std::string& text : configuration_errors(loaded.settings)) return failed_start(-1, text, false);
  int channel = -1;
  if (general.daemonize) {
    Result<int> child = become_daemon(options.cwd_path.value_or("/"), options.log_stdout);
    if (!child) return failed_start(-1, child.error().text, false);
    channel = *child;
  }
  bool to_stdout = general.daemonize ? options.log_stdout : general.log_to_stdout;
  if (Result<> logging = start_logging(general, to_stdout); !logging)
    return failed_start(channel, logging.error().text, false);
  PidFile pid_file;
  if (!general.pid_file.empty()) {
    Result<PidFile> acquired = PidFile::acquire(general.pid_file);
    if (!acquired) return failed_start(channel, acquired.error().text, true);
    pid_file = std::move(*acquired);
  }
  if (Result<> limits = set_process_limits(general.check_openfiles_limit); !limits)
    return failed_start(channel, limits.error().text, true);
  std::signal(SIGPIPE, SIG_IGN);

  ExternalLoggers loggers(loaded.configs_folder, loaded.settings.loggers.disable);
  Server server(std::move(loaded), to_stdout, loggers.all());
  if (Result<> started = server.start(); !started) {
    server.take_apart();
    return failed_start(channel, started.error().text, true);
  }
  report_started(channel, 0);
  server.run();
  server.take_apart();
  log::info("", "Bye!");
  return 0;
}

}  // namespace limen::app
