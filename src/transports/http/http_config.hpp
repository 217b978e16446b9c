// janus.transport.http.jcfg as values (spec 6.1).
#pragma once
#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "config/describe.hpp"
#include "transports/net/common_config.hpp"

namespace limen::http {

struct GeneralConfig {
  std::string json = "compact";
  bool events = true;
  std::string base_path = "/janus";
  bool http = false;
  uint16_t port = 8088;
  std::string interface, ip;
  bool https = false;
  uint16_t secure_port = 8089;
  std::string secure_interface, secure_ip;
  std::string acl;
  bool acl_forwarded = false;
  bool admin_acl_forwarded = false;  // Janus reads it from this group
  uint32_t mhd_connection_limit = 1020;
  bool mhd_debug = false;
};

struct AdminConfig {
  std::string admin_base_path = "/admin";
  bool admin_http = false;
  uint16_t admin_port = 7088;
  std::string admin_interface, admin_ip;
  bool admin_https = false;
  uint16_t admin_secure_port = 7889;
  std::string admin_secure_interface, admin_secure_ip;
  std::string admin_acl;
  bool admin_acl_forwarded = false;
  bool metrics = true;
  bool metrics_open = false;
  std::string metrics_token;
};

struct HttpConfig {
  GeneralConfig general;
  AdminConfig admin;
  net::CorsConfig cors;
  net::CertificatesConfig certificates;
};

// Reads <folder>/janus.transport.http.jcfg; what is odd goes to `findings`. An error is what keeps
// the transport from starting: a syntax error, a base path without its slash.
Result<HttpConfig> read_http_config(const std::string& folder, config::Findings& findings);
// "/janus/" -> "/janus"; "/" stays. Anything that does not start with a slash is an error.
Result<std::string> normal_base_path(std::string path, std::string_view key);

template <typename V>
void describe(V& v, GeneralConfig& c) {
  v.field("json", c.json, "How JSON is written").one_of({"indented", "plain", "compact"});
  v.field("events", c.events, "Tell event handlers about requests");
  v.field("base_path", c.base_path, "Path of the Janus API");
  v.field("http", c.http, "Serve the Janus API over plain HTTP");
  v.field("port", c.port, "Port of plain HTTP");
  v.field("interface", c.interface, "Listen on this interface's first IPv4 address only");
  v.field("ip", c.ip, "Listen on this address only");
  v.field("https", c.https, "Serve the Janus API over HTTPS");
  v.field("secure_port", c.secure_port, "Port of HTTPS");
  v.field("secure_interface", c.secure_interface, "Like interface, for HTTPS");
  v.field("secure_ip", c.secure_ip, "Like ip, for HTTPS");
  v.field("acl", c.acl, "Comma-separated address prefixes that may connect; absent: everybody");
  v.field("acl_forwarded", c.acl_forwarded, "Check X-Forwarded-For against acl as well");
  v.field("admin_acl_forwarded", c.admin_acl_forwarded, "Check X-Forwarded-For against admin_acl as well");
  v.field("mhd_connection_limit", c.mhd_connection_limit, "Open connections per port").range(1, 1'000'000);
  v.field("mhd_debug", c.mhd_debug, "Log refused and broken requests as warnings");
}

template <typename V>
void describe(V& v, AdminConfig& c) {
  v.field("admin_base_path", c.admin_base_path, "Path of the Admin API");
  v.field("admin_http", c.admin_http, "Serve the Admin API over plain HTTP");
  v.field("admin_port", c.admin_port, "Port of plain HTTP");
  v.field("admin_interface", c.admin_interface, "Listen on this interface's first IPv4 address only");
  v.field("admin_ip", c.admin_ip, "Listen on this address only");
  v.field("admin_https", c.admin_https, "Serve the Admin API over HTTPS");
  v.field("admin_secure_port", c.admin_secure_port, "Port of HTTPS");
  v.field("admin_secure_interface", c.admin_secure_interface, "Like admin_interface, for HTTPS");
  v.field("admin_secure_ip", c.admin_secure_ip, "Like admin_ip, for HTTPS");
  v.field("admin_acl", c.admin_acl, "Comma-separated address prefixes that may connect; absent: everybody");
  v.field("admin_acl_forwarded", c.admin_acl_forwarded, "Check X-Forwarded-For against admin_acl as well");
  v.field("metrics", c.metrics, "Serve /metrics on the ports of the Admin API");
  v.field("metrics_open", c.metrics_open, "Without a token; absent: metrics_token or the admin secret is asked for");
  v.field("metrics_token", c.metrics_token, "Bearer token for /metrics, beside the admin secret");
}

}  // namespace limen::http
