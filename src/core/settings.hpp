// What janus.jcfg says (spec sections 2.2 to 2.6), as plain values with their defaults.
//
// Filled by app/ from the file and the command line, then given to the Gateway, which owns its copy.
// describe() names every key once; keys whose feature belongs to a later issue are read as well, so
// that a correct file never draws an "unknown key" warning.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/describe.hpp"
#include "core/jwt/jwt_settings.hpp"
#include "core/limits/limit_settings.hpp"
#include "core/webhook/webhook_settings.hpp"

namespace limen::core {

struct GeneralSettings {
  std::string configs_folder, plugins_folder, transports_folder, events_folder, loggers_folder;
  bool log_to_stdout = true;
  std::string log_to_file;
  std::string log_rotate_sig;
  int debug_level = 4;
  bool debug_timestamps = false;
  bool debug_colors = true;
  bool debug_locks = false;
  std::string log_prefix;
  bool daemonize = false;
  std::string pid_file;
  int64_t check_openfiles_limit = 0;  // 0: no check
  std::string api_secret;             // "" = none
  bool token_auth = false;
  std::string token_auth_secret;  // with token_auth: signed tokens
  std::string admin_secret;
  std::string interface;
  std::string server_name = "MyJanusInstance";
  int64_t session_timeout = 60;         // seconds; 0: never
  int64_t candidates_timeout = 45;      // seconds
  int64_t reclaim_session_timeout = 0;  // seconds
  int64_t drain_timeout = 0;            // seconds; 0: never cut off
  std::string recordings_tmp_ext;
  int event_loops = 0;  // shards; 0: one per core that the process may use
  bool allow_loop_indication = false;
  int task_pool_size = 0;
  bool opaqueid_in_api = false;
  bool trace_ids = false;
  bool hide_dependencies = false;
  bool exit_on_dl_error = false;
  bool no_webrtc_encryption = false;
  std::vector<std::string> protected_folders;
};

struct CertificateSettings {
  std::string cert_pem, cert_key, cert_pwd;
  bool dtls_accept_selfsigned = true;
  std::string dtls_ciphers;  // "" = the server's own choice
  bool rsa_private_key = false;
};

struct MediaSettings {
  bool ipv6 = false;
  bool ipv6_linklocal = false;
  int64_t min_nack_queue = 200;  // ms, at most 1000
  std::string rtp_port_range;    // "20000-40000"; see parse_port_range()
  int single_port = 0;           // all media threads share this UDP port; 0: one of the range each
  int dtls_mtu = 1200;
  int64_t no_media_timer = 1;      // seconds; 0: off
  int64_t slowlink_threshold = 0;  // lost packets a second; 0: off
  int64_t twcc_period = 200;       // ms
  int64_t dtls_timeout = 1000;     // ms
  bool nack_optimizations = false;
  int dscp = 0;
  int64_t send_delay = 0;  // microseconds
  bool pin_threads = false;
};

struct NatSettings {
  std::string stun_server;
  int stun_port = 3478;
  bool nice_debug = false;
  bool full_trickle = false;
  std::string ice_nomination = "aggressive";
  bool ice_consent_freshness = false;
  bool ice_keepalive_conncheck = false;
  bool hangup_on_failed = false;
  bool ice_lite = false;
  bool ice_tcp = false;
  bool ignore_mdns = false;
  std::string nat_1_1_mapping;  // comma list
  bool keep_private_host = false;
  bool nat_1_1_by_stun = false;  // what the STUN server says stands for a missing mapping
  std::string turn_server;
  int turn_port = 3478;
  std::string turn_type = "udp";
  std::string turn_user, turn_pwd;
  bool turn_tls_verify = true;  // an addition
  std::string turn_rest_api, turn_rest_api_key;
  std::string turn_rest_api_method = "POST";
  int turn_rest_api_timeout = 10;
  bool allow_force_relay = false;
  std::string ice_enforce_list, ice_ignore_list;  // comma lists
  bool ignore_unreachable_ice_server = false;
};

struct ModuleGroupSettings {
  std::string disable;  // comma list of library names
};

struct EventSettings {
  std::string disable;
  bool broadcast = false;
  int64_t stats_period = 1;  // seconds; 0: no stats events
  bool combine_media_stats = false;
};

struct GatewaySettings {
  GeneralSettings general;
  CertificateSettings certificates;
  MediaSettings media;
  NatSettings nat;
  ModuleGroupSettings plugins, transports, loggers;
  EventSettings events;
  JwtSettings jwt;
  WebhookSettings webhook;
  LimitSettings limits;
};

// Reads all groups of a parsed janus.jcfg; groups nobody knows are reported.
GatewaySettings read_settings(const config::Node& root, config::Findings& findings);

// "a, b,c" -> {"a","b","c"}: leading spaces of a name go, empty names are left out.
std::vector<std::string> split_list(std::string_view list);
// "20000-40000": swapped if reversed, 0 as upper end means 65535; nullopt: any port.
std::optional<std::pair<uint16_t, uint16_t>> parse_port_range(std::string_view text);

template <typename V>
void describe(V& v, GeneralSettings& s) {
  v.field("configs_folder", s.configs_folder, "Folder of the configuration files (informational)");
  v.field("plugins_folder", s.plugins_folder, "Folder of loadable plugins");
  v.field("transports_folder", s.transports_folder, "Folder of loadable transports");
  v.field("events_folder", s.events_folder, "Folder of loadable event handlers");
  v.field("loggers_folder", s.loggers_folder, "Folder of loadable loggers");
  v.field("log_to_stdout", s.log_to_stdout, "Write the log to the standard output");
  v.field("log_to_file", s.log_to_file, "Write the log to this file as well");
  v.field("log_rotate_sig", s.log_rotate_sig, "Signal that reopens the log file").one_of({"SIGUSR1", "SIGHUP"});
  v.field("debug_level", s.debug_level, "Log level, 0 (nothing) to 7 (everything)");
  v.field("debug_timestamps", s.debug_timestamps, "Put the time before each log line");
  v.field("debug_colors", s.debug_colors, "Colours in the log");
  v.field("debug_locks", s.debug_locks, "Kept for compatibility: there are no locks to report");
  v.field("log_prefix", s.log_prefix, "Text before each log line");
  v.field("daemonize", s.daemonize, "Run in the background");
  v.field("pid_file", s.pid_file, "File for the process id, locked while running");
  v.field("check_openfiles_limit", s.check_openfiles_limit, "Do not start if fewer open files are allowed")
      .range(0, INT64_MAX);
  v.field("api_secret", s.api_secret, "Secret that requests must carry as apisecret");
  v.field("token_auth", s.token_auth, "Requests must carry a token");
  v.field("token_auth_secret", s.token_auth_secret, "Tokens are signed with this secret instead of stored");
  v.field("admin_secret", s.admin_secret, "Secret that admin requests must carry");
  v.field("interface", s.interface, "Local address or interface to advertise");
  v.field("server_name", s.server_name, "Name of this server");
  v.field("session_timeout", s.session_timeout, "Seconds after which an idle session ends; 0: never")
      .range(0, INT32_MAX);
  v.field("candidates_timeout", s.candidates_timeout, "Seconds that early trickle candidates are kept")
      .range(1, INT32_MAX);
  v.field("reclaim_session_timeout", s.reclaim_session_timeout,
          "Seconds that a session outlives its connection; 0: not at all")
      .range(0, INT32_MAX);
  v.field("drain_timeout", s.drain_timeout, "Seconds that a drain lasts at most; 0: as long as the sessions")
      .range(0, INT32_MAX);
  v.field("recordings_tmp_ext", s.recordings_tmp_ext, "Extension of recordings while they are written");
  v.field("event_loops", s.event_loops, "Media threads; 0: one per core that the process may use").range(0, 1024);
  v.field("allow_loop_indication", s.allow_loop_indication, "Clients may choose the media thread of a handle");
  v.field("task_pool_size", s.task_pool_size, "Kept for compatibility: requests need no worker threads");
  v.field("opaqueid_in_api", s.opaqueid_in_api, "Put a handle's opaque_id into its replies and events");
  v.field("trace_ids", s.trace_ids, "Put the trace of a request's traceparent into log lines and events");
  v.field("hide_dependencies", s.hide_dependencies, "Leave the dependencies out of info");
  v.field("exit_on_dl_error", s.exit_on_dl_error, "Do not start if a module cannot be loaded");
  v.field("no_webrtc_encryption", s.no_webrtc_encryption, "Plain RTP after ICE, for debugging only");
  v.field("protected_folders", s.protected_folders, "Folders where no recordings and captures may be made");
}

template <typename V>
void describe(V& v, CertificateSettings& s) {
  v.field("cert_pem", s.cert_pem, "DTLS certificate (PEM)");
  v.field("cert_key", s.cert_key, "DTLS private key (PEM)");
  v.field("cert_pwd", s.cert_pwd, "Passphrase of the key");
  v.field("dtls_accept_selfsigned", s.dtls_accept_selfsigned, "Accept peers' self-signed certificates");
  v.field("dtls_ciphers", s.dtls_ciphers, "DTLS ciphers, as OpenSSL lists them");
  v.field("rsa_private_key", s.rsa_private_key, "Generate an RSA key instead of an elliptic one");
}

template <typename V>
void describe(V& v, MediaSettings& s) {
  v.field("ipv6", s.ipv6, "Gather IPv6 candidates too");
  v.field("ipv6_linklocal", s.ipv6_linklocal, "Gather fe80: addresses too");
  v.field("min_nack_queue", s.min_nack_queue, "Least time packets are kept for retransmission, ms").range(0, INT32_MAX);
  v.field("rtp_port_range", s.rtp_port_range, "UDP ports for media, min-max");
  v.field("single_port", s.single_port, "One UDP port for all media threads; 0: a port each").range(0, 65535);
  v.field("dtls_mtu", s.dtls_mtu, "Largest DTLS datagram").range(0, 65535);
  v.field("no_media_timer", s.no_media_timer, "Seconds without media before an event; 0: no events")
      .range(0, INT32_MAX);
  v.field("slowlink_threshold", s.slowlink_threshold, "Lost packets a second that make an event; 0: none")
      .range(0, INT32_MAX);
  v.field("twcc_period", s.twcc_period, "Milliseconds between transport-wide feedbacks").range(1, INT32_MAX);
  v.field("dtls_timeout", s.dtls_timeout, "Kept for compatibility: first DTLS retransmission, ms");
  v.field("nack_optimizations", s.nack_optimizations, "A keyframe empties the retransmission buffer");
  v.field("dscp", s.dscp, "DSCP of media packets").range(0, 63).legacy("dscp_tos");
  v.field("send_delay", s.send_delay, "Microseconds that media may wait for more to the same peer").range(0, 5000);
  v.field("pin_threads", s.pin_threads, "Each media thread stays on one core");
}

template <typename V>
void describe(V& v, NatSettings& s) {
  v.field("stun_server", s.stun_server, "STUN server for this server's own public address");
  v.field("stun_port", s.stun_port, "Its port").range(1, 65535);
  v.field("nice_debug", s.nice_debug, "Kept for compatibility");
  v.field("full_trickle", s.full_trickle, "Send own candidates one by one");
  v.field("ice_nomination", s.ice_nomination, "ICE nomination").one_of({"aggressive", "regular"});
  v.field("ice_consent_freshness", s.ice_consent_freshness, "Ask peers for consent (RFC 7675)");
  v.field("ice_keepalive_conncheck", s.ice_keepalive_conncheck, "Keepalives are binding requests");
  v.field("hangup_on_failed", s.hangup_on_failed, "An ICE failure ends the call at once");
  v.field("ice_lite", s.ice_lite, "ICE Lite");
  v.field("ice_tcp", s.ice_tcp, "ICE over TCP");
  v.field("ignore_mdns", s.ignore_mdns, "Drop .local candidates");
  v.field("nat_1_1_mapping", s.nat_1_1_mapping, "Public addresses for host candidates");
  v.field("nat_1_1_by_stun", s.nat_1_1_by_stun, "Put the address that the STUN server sees into host candidates");
  v.field("keep_private_host", s.keep_private_host, "Advertise the private address too");
  v.field("turn_server", s.turn_server, "TURN server for this server itself");
  v.field("turn_port", s.turn_port, "Its port").range(1, 65535);
  v.field("turn_type", s.turn_type, "Transport to it").one_of({"udp", "tcp", "tls"});
  v.field("turn_user", s.turn_user, "TURN user");
  v.field("turn_pwd", s.turn_pwd, "TURN password");
  v.field("turn_tls_verify", s.turn_tls_verify, "The certificate of a TURN server over TLS must be valid");
  v.field("turn_rest_api", s.turn_rest_api, "TURN REST API address");
  v.field("turn_rest_api_key", s.turn_rest_api_key, "Its key");
  v.field("turn_rest_api_method", s.turn_rest_api_method, "HTTP method").one_of({"GET", "POST"});
  v.field("turn_rest_api_timeout", s.turn_rest_api_timeout, "Seconds to wait for it").range(1, 3600);
  v.field("allow_force_relay", s.allow_force_relay, "Clients may force relayed candidates");
  v.field("ice_enforce_list", s.ice_enforce_list, "Only these interfaces or addresses");
  v.field("ice_ignore_list", s.ice_ignore_list, "Not these interfaces or addresses");
  v.field("ignore_unreachable_ice_server", s.ignore_unreachable_ice_server,
          "Start although the STUN or TURN server does not answer");
}

template <typename V>
void describe(V& v, ModuleGroupSettings& s) {
  v.field("disable", s.disable, "Modules not to use, by library name");
}

template <typename V>
void describe(V& v, EventSettings& s) {
  v.field("disable", s.disable, "Event handlers not to use, by library name");
  v.field("broadcast", s.broadcast, "Send events to event handlers");
  v.field("stats_period", s.stats_period, "Seconds between statistics events; 0: none");
  v.field("combine_media_stats", s.combine_media_stats, "One statistics event per PeerConnection");
}

}  // namespace limen::core
