#include "app/command_line.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>

namespace limen::app {
namespace {

constexpr const char* kDescription =
    "Limen, a WebRTC server that speaks the Janus APIs.\n"
    "Options override the same settings of the configuration files (janus.jcfg and one file per\n"
    "module, in the folder given with -F). Without options it starts in the foreground.";

constexpr const char* kFooter =
    "Examples:\n"
    "  limen -F /etc/janus                   use an existing configuration folder as it is\n"
    "  limen -F conf -S stun.example.org     find the public address through a STUN server\n"
    "  limen -F conf -1 203.0.113.7          behind 1:1 NAT (cloud machines, containers)\n"
    "  limen -F conf --check-config          only say what is wrong with the configuration\n"
    "  limen -F conf --doctor                why can nobody connect? (0 fine, 1 problems, 2 warnings)";

void add_process_options(CLI::App& app, CommandLine& o) {
  const char* group = "Process and logging";
  app.add_flag("-b,--daemon", o.daemon, "Run in the background")->group(group);
  app.add_option("-p,--pid-file", o.pid_file, "Write the process id here and lock the file")
      ->type_name("PATH")
      ->group(group);
  app.add_flag("-N,--disable-stdout", o.disable_stdout, "Do not log on the standard output")->group(group);
  app.add_flag("--log-stdout", o.log_stdout, "Log on the standard output even in the background")->group(group);
  app.add_option("-L,--log-file", o.log_file, "Append the log to this file")->type_name("PATH")->group(group);
  app.add_option("-R,--log-rotate-sig", o.log_rotate_sig, "Reopen the log file on SIGUSR1 or SIGHUP")
      ->type_name("SIGNAL")
      ->group(group);
  app.add_option("-l,--check-openfiles-limits", o.openfiles_limit, "Refuse to start if fewer open files are allowed")
      ->type_name("NUMBER")
      ->group(group);
  app.add_option("-H,--cwd-path", o.cwd_path, "Working folder when in the background (default /)")
      ->type_name("PATH")
      ->group(group);
  app.add_option("-d,--debug-level", o.debug_level, "Log level: 0 nothing, 4 normal, 7 everything")
      ->type_name("0-7")
      ->group(group);
  app.add_flag("-D,--debug-timestamps", o.debug_timestamps, "Put the time before each log line")->group(group);
  app.add_flag("-o,--disable-colors", o.disable_colors, "No colours in the log")->group(group);
  app.add_flag("-M,--debug-locks", o.debug_locks, "Accepted for compatibility: there are no locks to log")
      ->group(group);
}

void add_file_options(CLI::App& app, CommandLine& o) {
  const char* group = "Files";
  app.add_option("-F,--configs-folder", o.configs_folder, "Folder of all configuration files")
      ->type_name("PATH")
      ->group(group);
  app.add_option("-C,--config", o.config_file, "Main configuration file (default FOLDER/janus.jcfg)")
      ->type_name("FILE")
      ->group(group);
  app.add_flag("--check-config", o.check_config, "Check the configuration, say what is wrong, and exit")->group(group);
  app.add_flag("--doctor", o.doctor, "Look for what would keep browsers from connecting, say what to do, and exit")
      ->group(group);
  app.add_option("-P,--plugins-folder", o.plugins_folder, "Folder of loadable plugins")
      ->type_name("PATH")
      ->group(group);
  app.add_option("-c,--cert-pem", o.cert_pem, "DTLS certificate, PEM (default: made at start)")
      ->type_name("FILE")
      ->group(group);
  app.add_option("-k,--cert-key", o.cert_key, "DTLS private key, PEM")->type_name("FILE")->group(group);
  app.add_option("-K,--cert-pwd", o.cert_pwd, "Passphrase of that key")->type_name("TEXT")->group(group);
}

void add_network_options(CLI::App& app, CommandLine& o) {
  const char* group = "Network";
  app.add_option("-i,--interface", o.interface, "Local address or interface to advertise")
      ->type_name("IP|NAME")
      ->group(group);
  app.add_option("-S,--stun-server", o.stun_server,
                 "STUN server that tells this server its public address (port 3478 if not given)")
      ->type_name("HOST[:PORT]")
      ->group(group);
  app.add_option("-1,--nat-1-1", o.nat_1_1, "Public addresses to advertise instead of the local ones")
      ->type_name("IP,...")
      ->group(group);
  app.add_flag("-2,--keep-private-host", o.keep_private_host, "With -1: advertise the local addresses too")
      ->group(group);
  app.add_option("-E,--ice-enforce-list", o.ice_enforce_list, "Use only these interfaces or address prefixes")
      ->type_name("LIST")
      ->group(group);
  app.add_option("-X,--ice-ignore-list", o.ice_ignore_list, "Skip these interfaces or address prefixes")
      ->type_name("LIST")
      ->group(group);
  app.add_flag("-6,--ipv6-candidates", o.ipv6, "Offer IPv6 addresses too")->group(group);
  app.add_flag("-O,--ipv6-link-local", o.ipv6_link_local, "Offer fe80: addresses too")->group(group);
  app.add_option("-r,--rtp-port-range", o.rtp_port_range, "UDP ports for media")->type_name("MIN-MAX")->group(group);
  app.add_flag("-f,--full-trickle", o.full_trickle, "Send own candidates one by one")->group(group);
  app.add_flag("-I,--ice-lite", o.ice_lite, "Be an ICE Lite server")->group(group);
  app.add_flag("-T,--ice-tcp", o.ice_tcp, "ICE over TCP")->group(group);
}

void add_media_options(CLI::App& app, CommandLine& o) {
  const char* group = "Media";
  app.add_option("-Q,--min-nack-queue", o.min_nack_queue, "Least time packets are kept for retransmission")
      ->type_name("MS")
      ->group(group);
  app.add_option("-t,--no-media-timer", o.no_media_timer, "Seconds without media before a client is told; 0: never")
      ->type_name("S")
      ->group(group);
  app.add_option("-W,--slowlink-threshold", o.slowlink_threshold,
                 "Lost packets a second before a client is told; 0: never")
      ->type_name("PACKETS")
      ->group(group);
  app.add_option("-B,--twcc-period", o.twcc_period, "Time between transport-wide feedbacks")
      ->type_name("MS")
      ->group(group);
  app.add_flag("-w,--no-webrtc-encryption", o.no_encryption, "Plain RTP, no DTLS; for debugging only")->group(group);
}

void add_api_options(CLI::App& app, CommandLine& o) {
  const char* group = "API";
  app.add_option("-n,--server-name", o.server_name, "Name of this server")->type_name("NAME")->group(group);
  app.add_option("-s,--session-timeout", o.session_timeout, "Seconds after which an idle session ends; 0: never")
      ->type_name("S")
      ->group(group);
  app.add_option("-m,--reclaim-session-timeout", o.reclaim_timeout, "Seconds a session outlives its connection")
      ->type_name("S")
      ->group(group);
  app.add_option("-a,--apisecret", o.apisecret, "Secret that requests must carry")->type_name("TEXT")->group(group);
  app.add_flag("-A,--token-auth", o.token_auth, "Requests must carry a token")->group(group);
  app.add_option("--token-auth-secret", o.token_auth_secret, "Tokens are signed with this secret")
      ->type_name("TEXT")
      ->group(group);
  app.add_flag("-e,--event-handlers", o.event_handlers, "Send events to event handlers")->group(group);
}

// Flags only turn things on; values replace.
template <typename Value, typename Target>
void set_if(const std::optional<Value>& given, Target& target) {
  if (given) target = static_cast<Target>(*given);
}
void set_if(bool given, bool& target) {
  if (given) target = true;
}
// Numbers below zero mean "not given", as with the reference server.
template <typename Target>
void set_number(const std::optional<int64_t>& given, Target& target) {
  if (given && *given >= 0) target = static_cast<Target>(*given);
}

void apply_stun(const std::string& text, core::NatSettings& nat) {
  size_t colon = text.rfind(':');
  nat.stun_server = text;
  nat.stun_port = 3478;
  bool ipv6_without_port = colon != std::string::npos && text.find(':') != colon && text.front() != '[';
  if (colon == std::string::npos || ipv6_without_port) return;
  uint16_t port = 0;
  auto [end, error] = std::from_chars(text.data() + colon + 1, text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size()) return;
  nat.stun_server = text.substr(0, colon);
  nat.stun_port = port;
}

}  // namespace

CommandLineOutcome parse_command_line(const std::vector<std::string>& arguments) {
  CommandLineOutcome outcome;
  CommandLine& o = outcome.options;
  CLI::App app(kDescription, "limen");
  app.footer(kFooter);
  app.get_formatter()->column_width(42);
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);  // the last one wins
  app.set_help_flag("-h,--help", "Print this and exit");
  app.add_flag("-V,--version", o.show_version, "Print the version and exit");
  add_file_options(app, o);
  add_network_options(app, o);
  add_api_options(app, o);
  add_media_options(app, o);
  add_process_options(app, o);
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::CallForHelp&) {
    outcome.stop = true;
    outcome.text = app.help();
  } catch (const CLI::ExtrasError&) {
    outcome.stop = true;
    outcome.exit_code = 1;
    std::vector<std::string> extras = app.remaining();
    outcome.text = fmt::format("Unknown option {} (limen --help lists all)\n", extras.empty() ? "" : extras.front());
  } catch (const CLI::ParseError& problem) {
    outcome.stop = true;
    outcome.exit_code = 1;
    outcome.text = fmt::format("{} (limen --help lists all options)\n", problem.what());
  }
  return outcome;
}

void apply(const CommandLine& o, core::GatewaySettings& s) {
  set_if(o.daemon, s.general.daemonize);
  set_if(o.pid_file, s.general.pid_file);
  set_if(o.log_file, s.general.log_to_file);
  set_if(o.log_rotate_sig, s.general.log_rotate_sig);
  set_number(o.openfiles_limit, s.general.check_openfiles_limit);
  set_if(o.interface, s.general.interface);
  set_if(o.plugins_folder, s.general.plugins_folder);
  set_if(o.configs_folder, s.general.configs_folder);
  set_number(o.debug_level, s.general.debug_level);
  s.general.debug_level = std::clamp(s.general.debug_level, 0, 7);
  set_if(o.debug_timestamps, s.general.debug_timestamps);
  if (o.disable_colors) s.general.debug_colors = false;
  set_if(o.debug_locks, s.general.debug_locks);
  set_if(o.server_name, s.general.server_name);
  set_number(o.session_timeout, s.general.session_timeout);
  set_number(o.reclaim_timeout, s.general.reclaim_session_timeout);
  set_if(o.apisecret, s.general.api_secret);
  set_if(o.token_auth, s.general.token_auth);
  set_if(o.token_auth_secret, s.general.token_auth_secret);
  set_if(o.no_encryption, s.general.no_webrtc_encryption);
  if (o.disable_stdout) s.general.log_to_stdout = false;
  if (o.log_stdout) s.general.log_to_stdout = true;

  set_if(o.cert_pem, s.certificates.cert_pem);
  set_if(o.cert_key, s.certificates.cert_key);
  set_if(o.cert_pwd, s.certificates.cert_pwd);

  set_if(o.ipv6, s.media.ipv6);
  set_if(o.ipv6_link_local, s.media.ipv6_linklocal);
  set_if(o.rtp_port_range, s.media.rtp_port_range);
  set_number(o.min_nack_queue, s.media.min_nack_queue);
  set_number(o.no_media_timer, s.media.no_media_timer);
  set_number(o.slowlink_threshold, s.media.slowlink_threshold);
  if (o.twcc_period && *o.twcc_period > 0) s.media.twcc_period = *o.twcc_period;

  if (o.stun_server) apply_stun(*o.stun_server, s.nat);
  set_if(o.nat_1_1, s.nat.nat_1_1_mapping);
  set_if(o.keep_private_host, s.nat.keep_private_host);
  set_if(o.ice_enforce_list, s.nat.ice_enforce_list);
  set_if(o.ice_ignore_list, s.nat.ice_ignore_list);
  set_if(o.full_trickle, s.nat.full_trickle);
  set_if(o.ice_lite, s.nat.ice_lite);
  set_if(o.ice_tcp, s.nat.ice_tcp);

  set_if(o.event_handlers, s.events.broadcast);
}

}  // namespace limen::app
