#include "transports/http/http_service.hpp"

#include "base/log.hpp"
#include "transports/http/http_client.hpp"

namespace limen::http {
namespace {

constexpr std::string_view kTag = "[http]";
constexpr std::string_view kTransactionAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

net::HttpResponse empty_response(int status) {
  net::HttpResponse response;
  response.status = status;
  return response;
}

// The host of a Host header without its port, if it is made of harmless characters.
std::string_view host_name(std::string_view host) {
  size_t end = host.starts_with('[') ? host.find(']') + 1 : host.find(':');
  std::string_view name = host.substr(0, end);
  bool plain = name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_[]:") ==
               std::string_view::npos;
  return plain ? name : std::string_view();
}

}  // namespace

struct HttpService::Call {
  std::shared_ptr<HttpExchange> exchange;
  net::HttpRequest request;
  std::shared_ptr<const std::string> text;  // what `target` and `path` point into, wherever Call moves
  Target target;
  ApiPath path;
  bool admin = false;
  uint64_t client = 0;
  std::string address = {};  // of the client, which may be behind a proxy
};

HttpService::HttpService(TransportContext& context, ServiceConfig config)
    : context_(context),
      config_(std::move(config)),
      polls_(std::make_shared<LongPolls>(context.executor())),
      monitoring_(context.monitoring(), config_.monitoring) {}

void HttpService::stop() {
  if (stopped_) return;
  stopped_ = true;
  polls_->finish();
  for (auto& [number, pending] : std::exchange(pending_, {})) {
    if (pending.timer) context_.executor().cancel(pending.timer);
  }
}

void HttpService::handle(const std::shared_ptr<HttpExchange>& exchange, net::HttpRequest request,
                         const Entrance& entrance) {
  if (stopped_) return exchange->abort();
  auto text = std::make_shared<const std::string>(std::move(request.target));
  Call call{exchange, std::move(request), text, split_target(*text), {}, entrance.admin, context_.random().u64()};
  const std::string& method = call.request.method;
  bool elsewhere = !entrance.admin && config_.endpoints != nullptr && config_.endpoints->owns(call.target.path);
  auto path = parse_api_path(call.target.path, entrance.base_path);
  bool for_pages =
      !path && !elsewhere && !entrance.admin && !config_.web_folder.empty() && (method == "GET" || method == "HEAD");
  std::string_view forwarded = call.request.header("X-Forwarded-For");
  bool allowed = forwarded.empty() || entrance.forwarded.allows(forwarded);
  if (for_pages && allowed) return page(std::move(call));

  exchange->add_headers(cors_headers(call.request));
  bool watching = entrance.admin && monitoring_.owns(call.target.path);
  if (!watching) notify(call);
  if (!allowed) return refuse(call, "forwarded address", 0);
  if (!elsewhere && !watching && method != "GET" && method != "POST" && method != "OPTIONS") {
    return respond_error(*exchange,
                         ApiError(ApiErrorCode::transport_specific, fmt::format("Unsupported method {}", method)));
  }
  std::string_view origin = call.request.header("Origin");
  if (origin.empty()) origin = call.request.header("Referer");
  if (!config_.origins.allows(origin)) return refuse(call, "origin", 403);
  if (method != "OPTIONS" && too_many(call)) return;
  if (elsewhere) {
    call.request.target = *text;
    return config_.endpoints->handle(exchange, std::move(call.request));
  }
  if (method == "OPTIONS") {
    net::HttpResponse response = empty_response(200);
    response.close = true;
    return exchange->respond(std::move(response));
  }
  if (watching) return monitoring_.handle(exchange, call.request, call.target.path);
  if (!path || path->too_deep) return exchange->respond(empty_response(404));
  call.path = *path;
  api(std::move(call));
}

// Counts the request; true if it was answered because it is one too many.
bool HttpService::too_many(Call& call) {
  AddressLimits* limits = context_.limits();
  if (limits == nullptr) return false;
  call.address = limits->client_address(call.exchange->peer().ip, call.request.header("X-Forwarded-For"));
  auto wait = limits->count_request(call.address);
  if (!wait) return false;
  log::verbose(kTag, "Too many requests of {}", call.address);
  net::HttpResponse response = empty_response(429);
  response.headers.emplace_back("Retry-After", std::to_string(*wait));
  response.headers.emplace_back("Content-Type", "application/json");
  ApiError error{ApiErrorCode::transport_specific, too_many_requests(*wait)};
  response.body = write_json(
      JsonObject{{"janus", "error"}, {"error", JsonObject{{"code", error.number()}, {"reason", error.reason}}}},
      config_.settings.json);
  call.exchange->respond(std::move(response));
  return true;
}

void HttpService::api(Call call) {
  bool is_verb = (call.path.name == "info" || call.path.name == "ping") && !call.path.has_handle;
  bool is_get = call.request.method == "GET";
  if (is_verb && is_get) {
    JsonObject message{{"janus", call.path.name}, {"transaction", context_.random().text(12, kTransactionAlphabet)}};
    return ask_core(call, std::move(message));
  }
  if (is_verb) {
    if (!call.admin) return call.exchange->respond(empty_response(400));
    return respond_error(*call.exchange, ApiError(ApiErrorCode::transport_specific,
                                                  fmt::format("Use GET for the {} endpoint", call.path.name)));
  }
  if (!is_get) return post(std::move(call));
  if (call.admin) return respond_error(*call.exchange, ApiError(ApiErrorCode::invalid_json, "Request payload missing"));
  get(std::move(call));
}

void HttpService::get(Call call) {
  if (call.path.session == 0) return call.exchange->respond(empty_response(404));
  if (call.path.has_handle) {
    net::HttpResponse response = empty_response(302);
    std::string_view base = config_.base_path == "/" ? std::string_view() : config_.base_path;
    response.headers.emplace_back("Location", fmt::format("{}/{}", base, call.path.session));
    return call.exchange->respond(std::move(response));
  }
  poll(std::move(call));
}

void HttpService::post(Call call) {
  if (call.request.body.empty()) return refuse(call, "empty body", 0);
  auto message = read_api_body(call.request.body, call.path);
  if (!message) return respond_error(*call.exchange, std::move(message.error()));
  ask_core(call, std::move(*message));
}

void HttpService::ask_core(const Call& call, Json message) {
  uint64_t number = next_pending_++;
  pending_.emplace(number, Pending{call.exchange, {}});
  Request request;
  request.client = std::make_shared<HttpClient>(call.client, call.address, polls_);
  request.admin = call.admin;
  request.counted = true;
  request.message = std::move(message);
  request.traceparent = std::string(call.request.header("traceparent"));
  request.reply = [weak = weak_from_this(), number](const Json& json) {
    auto self = weak.lock();
    if (auto exchange = self ? self->take_pending(number) : nullptr) self->respond_json(*exchange, json);
  };
  context_.sink().handle(std::move(request));
  auto found = pending_.find(number);
  if (found == pending_.end()) return;
  found->second.timer = context_.executor().call_after(kLongestRequest, [this, number] {
    log::warning(kTag, "A request was not answered within {} s: its connection is closed",
                 std::chrono::duration_cast<std::chrono::seconds>(kLongestRequest).count());
    pending_.at(number).timer = {};
    take_pending(number)->abort();
  });
}

// nullptr: answered, too late, or the transport has stopped.
std::shared_ptr<HttpExchange> HttpService::take_pending(uint64_t number) {
  auto found = pending_.find(number);
  if (found == pending_.end()) return nullptr;
  auto exchange = std::move(found->second.exchange);
  if (found->second.timer) context_.executor().cancel(found->second.timer);
  pending_.erase(found);
  return exchange;
}

void HttpService::poll(Call call) {
  SessionId session(call.path.session);
  std::string secret = query_value(call.target.query, "apisecret").value_or("");
  std::string token = query_value(call.target.query, "token").value_or("");
  switch (context_.sink().check_poll(session, secret, token)) {
    case PollCheck::unauthorised:
      return call.exchange->respond(empty_response(403));
    case PollCheck::no_such_session:
      return call.exchange->respond(empty_response(404));
    case PollCheck::ok:
      break;
  }
  if (!polls_->knows(session)) return call.exchange->respond(empty_response(404));
  size_t events = max_events(call.target.query);
  PollId poll =
      polls_->wait(session, events, [weak = weak_from_this(), exchange = call.exchange, events](auto outcome) {
        if (auto self = weak.lock()) self->respond_poll(*exchange, std::move(outcome), events > 1);
      });
  if (!poll) return;
  call.exchange->on_gone([weak = std::weak_ptr(polls_), session, poll] {
    if (auto polls = weak.lock()) polls->cancel(session, poll);
  });
}

void HttpService::respond_poll(HttpExchange& exchange, LongPolls::Outcome outcome, bool as_array) {
  if (outcome.kind == LongPolls::Outcome::Kind::session_over) return exchange.respond(empty_response(404));
  if (outcome.kind == LongPolls::Outcome::Kind::keepalive) outcome.events = {JsonObject{{"janus", "keepalive"}}};
  if (!as_array) return respond_json(exchange, outcome.events.front());
  JsonArray list;
  for (Json& event : outcome.events) list.push_back(std::move(event));
  respond_json(exchange, list);
}

void HttpService::respond_json(HttpExchange& exchange, const Json& json) {
  net::HttpResponse response;
  response.headers.emplace_back("Content-Type", "application/json");
  response.body = write_json(json, config_.settings.json);
  exchange.respond(std::move(response));
}

void HttpService::respond_error(HttpExchange& exchange, ApiError error) {
  JsonObject details{{"code", error.number()}, {"reason", std::move(error.reason)}};
  respond_json(exchange, JsonObject{{"janus", "error"}, {"error", std::move(details)}});
}

void HttpService::refuse(const Call& call, std::string_view why, int status) {
  if (config_.log_refusals) {
    log::warning(kTag, "Refused a request of {} to {}: {}", call.exchange->peer().ip, call.target.path, why);
  }
  if (status == 0) return call.exchange->abort();
  call.exchange->respond(empty_response(status));
}

net::HttpHeaders HttpService::cors_headers(const net::HttpRequest& request) const {
  net::HttpHeaders headers;
  headers.emplace_back("Access-Control-Allow-Origin", config_.origins.answer());
  if (config_.origins.configured()) {
    headers.emplace_back("Access-Control-Allow-Credentials", "true");
    headers.emplace_back("Vary", "Origin");
  }
  headers.emplace_back("Access-Control-Max-Age", "86400");
  std::string_view method = request.header("Access-Control-Request-Method");
  std::string_view names = request.header("Access-Control-Request-Headers");
  if (!method.empty()) headers.emplace_back("Access-Control-Allow-Methods", method);
  if (!names.empty()) headers.emplace_back("Access-Control-Allow-Headers", names);
  return headers;
}

void HttpService::notify(const Call& call) {
  if (!config_.settings.events || !context_.sink().events_enabled()) return;
  const net::PeerName& peer = call.exchange->peer();
  context_.sink().notify_transport_event(
      kPackage, fmt::format("{}", call.client),
      JsonObject{{"event", "request"}, {"admin_api", call.admin}, {"ip", peer.ip}, {"port", peer.port}});
}

void HttpService::page(Call call) {
  if (call.target.path == "/limen.json") return page_facts(call);
  struct Work {
    std::string root;
    PageRequest request;
    PageAnswer answer;
  };
  auto work = std::make_shared<Work>();
  work->root = config_.web_folder;
  work->request = {std::string(call.target.path), std::string(call.request.header("If-None-Match")),
                   call.request.header("Accept").find("text/html") != std::string_view::npos};
  auto respond = [weak = weak_from_this(), work, exchange = call.exchange, policy = security_policy(call.request),
                  cors = cors_headers(call.request)]() mutable {
    auto self = weak.lock();
    if (!self || self->stopped_) return exchange->abort();
    if (work->answer.status == 404) exchange->add_headers(std::move(cors));  // as the API refuses a path
    self->respond_page(*exchange, std::move(work->answer), policy);
  };
  context_.background().run([work] { work->answer = load_page(work->root, work->request); }, context_.executor(),
                            std::move(respond));
}

void HttpService::respond_page(HttpExchange& exchange, PageAnswer answer, const std::string& policy) {
  net::HttpResponse response;
  response.status = answer.status;
  response.body = std::move(answer.body);
  auto& headers = response.headers;
  if (answer.status == 404) return exchange.respond(std::move(response));
  if (!answer.location.empty()) headers.emplace_back("Location", answer.location);
  if (!answer.content_type.empty()) headers.emplace_back("Content-Type", answer.content_type);
  if (!answer.etag.empty()) headers.emplace_back("ETag", answer.etag);
  headers.emplace_back("Cache-Control", "no-cache");
  headers.emplace_back("X-Content-Type-Options", "nosniff");
  headers.emplace_back("Referrer-Policy", "no-referrer");
  headers.emplace_back("Content-Security-Policy", policy);
  exchange.respond(std::move(response));
}

// Scripts come from here only. The APIs may be on other ports of this host: WebSockets anywhere, HTTP
// on the ports that this transport opened.
std::string HttpService::security_policy(const net::HttpRequest& request) const {
  std::string connect = "'self' ws: wss:";
  std::string_view host = host_name(request.header("Host"));
  auto allow = [&](std::string_view scheme, uint16_t port) {
    if (port != 0 && !host.empty()) connect += fmt::format(" {}://{}:{}", scheme, host, port);
  };
  allow("http", config_.ports.http);
  allow("https", config_.ports.https);
  allow("http", config_.ports.admin_http);
  allow("https", config_.ports.admin_https);
  return fmt::format(
      "default-src 'self'; connect-src {}; img-src 'self' data: blob:; media-src 'self' data: blob:; "
      "style-src 'self' 'unsafe-inline'; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; "
      "form-action 'self'; frame-ancestors 'self'",
      connect);
}

void HttpService::page_facts(const Call& call) {
  auto place = [](const std::string& path, uint16_t http, uint16_t https) {
    JsonObject facts{{"path", path}};
    if (http != 0) facts["http"] = http;
    if (https != 0) facts["https"] = https;
    return facts;
  };
  const OpenPorts& ports = config_.ports;
  JsonObject facts{{"api", place(config_.base_path, ports.http, ports.https)}};
  if (ports.admin_http != 0 || ports.admin_https != 0) {
    facts["admin"] = place(config_.admin_base_path, ports.admin_http, ports.admin_https);
  }
  JsonObject beside = config_.endpoints != nullptr ? config_.endpoints->page_facts() : JsonObject();
  if (!beside.empty()) facts["whip"] = std::move(beside);
  for (auto& member : context_.page_facts()) facts.insert_or_assign(member.key(), std::move(member.value()));
  net::HttpResponse response;
  response.headers.emplace_back("Content-Type", "application/json");
  response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.body = write_json(facts, config_.settings.json);
  call.exchange->respond(std::move(response));
}

}  // namespace limen::http
