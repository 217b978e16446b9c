// The command line: every option of the reference server, with the same letters and meaning (spec 1).
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/settings.hpp"

namespace limen::app {

// What was given; nothing given leaves the configuration file's value alone.
struct CommandLine {
  bool show_version = false;
  bool check_config = false;
  bool doctor = false;
  bool daemon = false;
  bool disable_stdout = false;
  bool log_stdout = false;
  bool keep_private_host = false, ipv6 = false, ipv6_link_local = false, full_trickle = false;
  bool ice_lite = false, ice_tcp = false, debug_timestamps = false, disable_colors = false, debug_locks = false;
  bool token_auth = false, event_handlers = false, no_encryption = false;
  std::optional<std::string> pid_file, log_file, log_rotate_sig, cwd_path, interface, plugins_folder, config_file,
      configs_folder, cert_pem, cert_key, cert_pwd, stun_server, nat_1_1, ice_enforce_list, ice_ignore_list,
      rtp_port_range, server_name, apisecret, token_auth_secret;
  std::optional<int64_t> openfiles_limit, min_nack_queue, no_media_timer, slowlink_threshold, twcc_period,
      session_timeout, reclaim_timeout, debug_level;
};

// How parsing ended: go on, or print `text` and exit with `exit_code`.
struct CommandLineOutcome {
  CommandLine options;
  bool stop = false;
  int exit_code = 0;
  std::string text;
};

CommandLineOutcome parse_command_line(const std::vector<std::string>& arguments);

// Writes what was given over what the file said.
void apply(const CommandLine& options, core::GatewaySettings& settings);

}  // namespace limen::app
