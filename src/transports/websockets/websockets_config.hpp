// janus.transport.websockets.jcfg as values (spec 6.2).
#pragma once
#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "config/describe.hpp"
#include "transports/net/common_config.hpp"

namespace limen::websockets {

struct GeneralConfig {
  std::string json = "compact";
  bool events = true;
  bool ws = false;
  uint16_t ws_port = 8188;
  std::string ws_interface, ws_ip, ws_unix;
  bool wss = false;
  uint16_t wss_port = 8989;
  std::string wss_interface, wss_ip, wss_unix;
  int pingpong_trigger = 0;
  int pingpong_timeout = 0;
  std::string ws_logging;
  std::string ws_acl;
  bool ws_acl_forwarded = false;
  bool admin_ws_acl_forwarded = false;  // Janus reads it from this group
};

struct AdminConfig {
  bool admin_ws = false;
  uint16_t admin_ws_port = 7188;
  std::string admin_ws_interface, admin_ws_ip, admin_ws_unix;
  bool admin_wss = false;
  uint16_t admin_wss_port = 7989;
  std::string admin_wss_interface, admin_wss_ip, admin_wss_unix;
  std::string admin_ws_acl;
  bool admin_ws_acl_forwarded = false;
};

struct WebSocketsConfig {
  GeneralConfig general;
  AdminConfig admin;
  net::CorsConfig cors;
  net::CertificatesConfig certificates;
};

// Reads <folder>/janus.transport.websockets.jcfg; what is odd goes to `findings`.
Result<WebSocketsConfig> read_websockets_config(const std::string& folder, config::Findings& findings);

template <typename V>
void describe(V& v, GeneralConfig& c) {
  v.field("json", c.json, "How JSON is written").one_of({"indented", "plain", "compact"});
  v.field("events", c.events, "Tell event handlers about connections");
  v.field("ws", c.ws, "Serve the Janus API over WebSockets");
  v.field("ws_port", c.ws_port, "Port of plain WebSockets");
  v.field("ws_interface", c.ws_interface, "Listen on this interface's first IPv4 address only");
  v.field("ws_ip", c.ws_ip, "Listen on this address only");
  v.field("ws_unix", c.ws_unix, "Listen on this Unix socket instead");
  v.field("wss", c.wss, "Serve the Janus API over WebSockets with TLS");
  v.field("wss_port", c.wss_port, "Port of WebSockets with TLS");
  v.field("wss_interface", c.wss_interface, "Like ws_interface, with TLS");
  v.field("wss_ip", c.wss_ip, "Like ws_ip, with TLS");
  v.field("wss_unix", c.wss_unix, "Like ws_unix, with TLS");
  v.field("pingpong_trigger", c.pingpong_trigger, "Seconds of silence before a ping; 0: no pings").range(0, 86400);
  v.field("pingpong_timeout", c.pingpong_timeout,
          "Seconds after a ping without an answer until the connection is closed")
      .range(0, 86400);
  v.field("ws_logging", c.ws_logging, "What to log of connections: err, warn, notice, info, debug ..., all or none");
  v.field("ws_acl", c.ws_acl, "Comma-separated address prefixes that may connect; absent: everybody");
  v.field("ws_acl_forwarded", c.ws_acl_forwarded, "Check X-Forwarded-For against ws_acl as well");
  v.field("admin_ws_acl_forwarded", c.admin_ws_acl_forwarded, "Check X-Forwarded-For against admin_ws_acl as well");
}

template <typename V>
void describe(V& v, AdminConfig& c) {
  v.field("admin_ws", c.admin_ws, "Serve the Admin API over WebSockets");
  v.field("admin_ws_port", c.admin_ws_port, "Port of plain WebSockets");
  v.field("admin_ws_interface", c.admin_ws_interface, "Listen on this interface's first IPv4 address only");
  v.field("admin_ws_ip", c.admin_ws_ip, "Listen on this address only");
  v.field("admin_ws_unix", c.admin_ws_unix, "Listen on this Unix socket instead");
  v.field("admin_wss", c.admin_wss, "Serve the Admin API over WebSockets with TLS");
  v.field("admin_wss_port", c.admin_wss_port, "Port of WebSockets with TLS");
  v.field("admin_wss_interface", c.admin_wss_interface, "Like admin_ws_interface, with TLS");
  v.field("admin_wss_ip", c.admin_wss_ip, "Like admin_ws_ip, with TLS");
  v.field("admin_wss_unix", c.admin_wss_unix, "Like admin_ws_unix, with TLS");
  v.field("admin_ws_acl", c.admin_ws_acl, "Comma-separated address prefixes that may connect; absent: everybody");
  v.field("admin_ws_acl_forwarded", c.admin_ws_acl_forwarded, "Check X-Forwarded-For against admin_ws_acl as well");
}

}  // namespace limen::websockets
