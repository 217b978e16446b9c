// janus.transport.pfunix.jcfg as values (spec 6.6).
#pragma once
#include <optional>
#include <string>

#include "base/result.hpp"
#include "config/describe.hpp"

namespace limen::unix_socket {

inline constexpr std::string_view kPackage = "janus.transport.pfunix";

struct GeneralConfig {
  std::string json = "compact";
  bool events = true;
  bool enabled = false;
  std::string path;
  std::string type = "SOCK_SEQPACKET";
};

struct AdminConfig {
  bool admin_enabled = false;
  std::string admin_path;
  std::string admin_type = "SOCK_SEQPACKET";
};

struct UnixSocketConfig {
  GeneralConfig general;
  AdminConfig admin;
};

// Reads <folder>/janus.transport.pfunix.jcfg; what is odd goes to `findings`.
Result<UnixSocketConfig> read_unix_socket_config(const std::string& folder, config::Findings& findings);

template <typename V>
void describe(V& v, GeneralConfig& c) {
  v.field("json", c.json, "How JSON is written").one_of({"indented", "plain", "compact"});
  v.field("events", c.events, "Tell event handlers about connections");
  v.field("enabled", c.enabled, "Serve the Janus API on a Unix socket");
  v.field("path", c.path, "Where that socket is made");
  v.field("type", c.type, "SOCK_SEQPACKET: connections; SOCK_DGRAM: peers known by the path they are bound to")
      .one_of({"SOCK_SEQPACKET", "SOCK_DGRAM"});
}

template <typename V>
void describe(V& v, AdminConfig& c) {
  v.field("admin_enabled", c.admin_enabled, "Serve the admin API on a Unix socket");
  v.field("admin_path", c.admin_path, "Where that socket is made");
  v.field("admin_type", c.admin_type, "SOCK_SEQPACKET or SOCK_DGRAM").one_of({"SOCK_SEQPACKET", "SOCK_DGRAM"});
}

}  // namespace limen::unix_socket
