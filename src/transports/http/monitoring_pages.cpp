#include "transports/http/monitoring_pages.hpp"

#include <algorithm>

#include "base/constant_time.hpp"

namespace limen::http {
namespace {

constexpr std::string_view kMetrics = "/metrics", kHealth = "/healthz", kReadiness = "/readyz";
constexpr std::string_view kText = "text/plain; charset=utf-8";
constexpr std::string_view kMetricsType = "text/plain; version=0.0.4; charset=utf-8";

net::HttpResponse text_response(int status, std::string_view type, std::string body) {
  net::HttpResponse response;
  response.status = status;
  response.headers.emplace_back("Content-Type", type);
  response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.body = std::move(body);
  return response;
}

net::HttpResponse health_response(const Health& health) {
  return text_response(health.good ? 200 : 503, kText, health.text + "\n");
}

// The token of "Authorization: Bearer x" (RFC 6750 section 2.1); empty: there is none.
std::string_view bearer_token(const net::HttpRequest& request) {
  std::string_view value = request.header("Authorization");
  constexpr std::string_view kScheme = "bearer ";
  if (value.size() <= kScheme.size()) return {};
  for (size_t i = 0; i < kScheme.size(); ++i) {
    char c = value[i] >= 'A' && value[i] <= 'Z' ? static_cast<char>(value[i] + 32) : value[i];
    if (c != kScheme[i]) return {};
  }
  value.remove_prefix(kScheme.size());
  value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
  return value;
}

}  // namespace

bool MonitoringPages::owns(std::string_view path) const {
  if (monitoring_ == nullptr) return false;
  return path == kHealth || path == kReadiness || (rules_.metrics && path == kMetrics);
}

bool MonitoringPages::may_read(const net::HttpRequest& request) const {
  if (rules_.open) return true;
  if (rules_.token.empty() && !monitoring_->has_admin_secret()) return true;
  std::string_view token = bearer_token(request);
  bool own = !rules_.token.empty() && constant_time_equal(token, rules_.token);
  return own || monitoring_->is_admin_secret(token);
}

void MonitoringPages::handle(const std::shared_ptr<HttpExchange>& exchange, const net::HttpRequest& request,
                             std::string_view path) {
  if (request.method != "GET" && request.method != "HEAD") {
    net::HttpResponse response = text_response(405, kText, "Use GET\n");
    response.headers.emplace_back("Allow", "GET, HEAD");
    return exchange->respond(std::move(response));
  }
  if (path == kHealth) return exchange->respond(health_response(monitoring_->health()));
  if (path == kReadiness) return exchange->respond(health_response(monitoring_->readiness()));
  if (!may_read(request)) {
    net::HttpResponse response =
        text_response(401, kText, "A bearer token is needed: metrics_token or the admin secret\n");
    response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"metrics\"");
    return exchange->respond(std::move(response));
  }
  monitoring_->collect_metrics(
      [exchange](std::string text) { exchange->respond(text_response(200, kMetricsType, std::move(text))); });
}

}  // namespace limen::http
