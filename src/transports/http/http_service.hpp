// HttpService: what a complete HTTP request means and what is answered (spec 6.1); knows no sockets.
//
// Control thread. Shared by the transport's ports; connections and requests that are still open may
// outlive the transport, so after stop() everything is refused.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include "api/transport.hpp"
#include "transports/http/api_target.hpp"
#include "transports/http/endpoints.hpp"
#include "transports/http/http_exchange.hpp"
#include "transports/http/long_polls.hpp"
#include "transports/http/monitoring_pages.hpp"
#include "transports/http/static_pages.hpp"
#include "transports/net/access_rules.hpp"
#include "transports/net/transport_settings.hpp"

namespace limen::http {

inline constexpr std::string_view kPackage = "janus.transport.http";
// The core has this long to answer; then the connection is closed without an answer.
inline constexpr Duration kLongestRequest = std::chrono::seconds(10);

// What the port of a request says about it.
struct Entrance {
  bool admin = false;
  std::string base_path;
  net::AccessList forwarded;  // X-Forwarded-For; empty: not checked
};

// Ports that listen, for /limen.json and the pages' security policy; 0: not there.
struct OpenPorts {
  uint16_t http = 0, https = 0, admin_http = 0, admin_https = 0;
};

struct ServiceConfig {
  std::string base_path, admin_base_path;
  net::OriginRules origins;
  net::TransportSettings settings;
  OpenPorts ports;
  std::string web_folder;  // "" = no pages
  bool log_refusals = false;
  MonitoringRules monitoring;
  Endpoints* endpoints = nullptr;  // outlives the service
};

class HttpService : public std::enable_shared_from_this<HttpService> {
 public:
  HttpService(TransportContext& context, ServiceConfig config);

  void handle(const std::shared_ptr<HttpExchange>& exchange, net::HttpRequest request, const Entrance& entrance);
  void stop();

  ServiceConfig& config() { return config_; }
  size_t open_requests() const { return pending_.size(); }

 private:
  struct Call;  // one request on its way through here
  struct Pending {
    std::shared_ptr<HttpExchange> exchange;
    TimerId timer;
  };

  bool too_many(Call& call);
  void api(Call call);
  void get(Call call);
  void post(Call call);
  void poll(Call call);
  void ask_core(const Call& call, Json message);
  std::shared_ptr<HttpExchange> take_pending(uint64_t number);
  void page(Call call);
  void page_facts(const Call& call);
  void respond_page(HttpExchange& exchange, PageAnswer answer, const std::string& policy);
  void respond_json(HttpExchange& exchange, const Json& json);
  void respond_error(HttpExchange& exchange, ApiError error);
  void respond_poll(HttpExchange& exchange, LongPolls::Outcome outcome, bool as_array);
  void refuse(const Call& call, std::string_view why, int status);
  net::HttpHeaders cors_headers(const net::HttpRequest& request) const;
  std::string security_policy(const net::HttpRequest& request) const;
  void notify(const Call& call);

  TransportContext& context_;
  ServiceConfig config_;
  std::shared_ptr<LongPolls> polls_;
  MonitoringPages monitoring_;                     // of admin ports
  std::unordered_map<uint64_t, Pending> pending_;  // asked of the core, not answered yet
  uint64_t next_pending_ = 1;
  bool stopped_ = false;
};

}  // namespace limen::http
