// MonitoringPages: /metrics, /healthz and /readyz on the ports of the Admin API (docs/operations.md, ADR 11).
//
// Control thread. The caller has checked address and origin. Health needs no credential, as the Admin API's ping
// needs none; metrics need a bearer token: `metrics_token` or the admin secret, if there is either.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "api/monitoring.hpp"
#include "transports/http/http_exchange.hpp"

namespace limen::http {

struct MonitoringRules {
  bool metrics = true;
  bool open = false;  // metrics for everybody that the ACL lets in
  std::string token;
};

class MonitoringPages {
 public:
  // `monitoring` null: there are no such pages.
  MonitoringPages(Monitoring* monitoring, MonitoringRules rules) : monitoring_(monitoring), rules_(std::move(rules)) {}

  bool owns(std::string_view path) const;
  // Answers now or later; `path` is one of these.
  void handle(const std::shared_ptr<HttpExchange>& exchange, const net::HttpRequest& request, std::string_view path);

 private:
  bool may_read(const net::HttpRequest& request) const;

  Monitoring* monitoring_;
  MonitoringRules rules_;
};

}  // namespace limen::http
