#include "transports/whip/whip_service.hpp"

#include <algorithm>

#include "base/constant_time.hpp"
#include "base/log.hpp"
#include "transports/http/api_target.hpp"
#include "transports/whip/ice_links.hpp"
#include "transports/whip/request_facts.hpp"

namespace limen::whip {
namespace {

constexpr std::string_view kSdp = "application/sdp";
constexpr std::string_view kFragment = "application/trickle-ice-sdpfrag";
constexpr std::string_view kNameAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
constexpr size_t kNameSize = 32;

Problem not_there() {
  return {.status = 404, .detail = "There is nothing here"};
}

Problem not_allowed(std::string methods) {
  return {.status = 405, .detail = "Not with this method", .allow = std::move(methods)};
}

std::optional<Problem> check_offer(const sdp::SessionDescription& offer, Role role) {
  auto bad = [](std::string text) { return Problem{.status = 406, .detail = std::move(text)}; };
  if (offer.media.empty()) return Problem{.status = 400, .detail = "The offer has no m-line"};
  if (offer.media.size() > 1 && offer.find("group") == nullptr) return bad("The m-lines have to be bundled");
  for (const sdp::MediaDescription& media : offer.media) {
    if (media.rejected() || media.kind == MediaKind::data) continue;
    if (role == Role::publish && !sdp::sends(media.direction)) return bad("A publisher has to offer to send");
    if (role == Role::play && !sdp::receives(media.direction)) return bad("A player has to offer to receive");
  }
  sdp::IceFragment ice = sdp::ice_of(offer);
  if (ice.ufrag.empty() || ice.password.empty()) {
    return Problem{.status = 400, .detail = "The offer has no ICE credentials"};
  }
  return std::nullopt;
}

}  // namespace

struct WhipService::Call {
  std::shared_ptr<http::HttpExchange> exchange;
  net::HttpRequest request;
  std::string bearer;
  std::string query;
};

void WhipService::stop() {
  stopped_ = true;
  for (auto* table : {&opening_, &sessions_}) {
    for (auto& [name, session] : std::exchange(*table, {})) session->close();
  }
}

void WhipService::handle(const std::shared_ptr<http::HttpExchange>& exchange, net::HttpRequest request) {
  if (stopped_) return exchange->abort();
  Call call{exchange, std::move(request), {}, {}};
  http::Target parts = http::split_target(call.request.target);
  WhipTarget target = parse_target(parts.path, config_.general.whip_path, config_.general.whep_path);
  call.query = parts.query;
  if (!target.endpoint && !target.session) return refuse(call, not_there());
  if (call.request.method == "OPTIONS") return options(call, target);
  auto bearer = bearer_of(call.request);
  if (!bearer) {
    return refuse(call,
                  {.status = 401, .detail = "A bearer token is wanted", .challenge = true, .invalid_token = true});
  }
  call.bearer = std::move(*bearer);
  if (target.endpoint) return endpoint(call, *target.endpoint);
  session(call, *target.session);
}

void WhipService::options(const Call& call, const WhipTarget& target) {
  net::HttpResponse response;
  response.status = 204;
  auto& headers = response.headers;
  if (target.endpoint) {
    headers.emplace_back("Allow", "OPTIONS, POST");
    headers.emplace_back("Accept-Post", kSdp);
  } else if (target.session->part == Part::session) {
    headers.emplace_back("Allow", "DELETE, OPTIONS, PATCH");
    headers.emplace_back("Accept-Patch", kFragment);
  } else if (target.session->part == Part::event_stream) {
    headers.emplace_back("Allow", "DELETE, GET, OPTIONS");
  } else {
    headers.emplace_back("Allow", "OPTIONS, POST");
    headers.emplace_back("Accept-Post", "application/json");
  }
  respond(call, std::move(response));
}

void WhipService::endpoint(Call& call, const EndpointTarget& target) {
  if (call.request.method != "POST") return refuse(call, not_allowed("OPTIONS, POST"));
  if (!has_type(call.request, kSdp)) {
    return refuse(call, {.status = 415, .detail = "An offer is of type application/sdp", .accept = std::string(kSdp)});
  }
  if (!accepts(call.request, kSdp)) return refuse(call, {.status = 406, .detail = "Answers are application/sdp"});
  if (call.request.body.size() > kLargestOffer) {
    return refuse(call, {.status = 413, .detail = "That is no offer of a reasonable size"});
  }
  if (quota_reached(client_of(call))) {
    return refuse(call, {.status = 503,
                         .detail = "There are as many sessions as may be",
                         .retry_after = static_cast<int>(config_.general.retry_after)});
  }
  post_offer(call, target);
}

void WhipService::post_offer(Call& call, const EndpointTarget& target) {
  auto offer = sdp::parse_sdp(call.request.body);
  if (!offer) return refuse(call, {.status = 400, .detail = "Malformed offer: " + offer.error().text});
  if (auto problem = check_offer(*offer, target.role)) return refuse(call, std::move(*problem));
  SessionSpec spec = spec_of(call, target);
  std::string name = spec.name;
  auto over = [weak = weak_from_this()](const std::string& ended) {
    auto self = weak.lock();
    if (!self) return;
    self->sessions_.erase(ended);
    self->opening_.erase(ended);
  };
  auto made = std::make_shared<WhipSession>(context_, config_.general, std::move(spec), std::move(over));
  opening_[name] = made;
  call.request.body.clear();
  auto exchange = call.exchange;
  made->open(std::move(*offer),
             [weak = weak_from_this(), call = std::move(call), name](WhipSession::Outcome<std::string> answer) mutable {
               auto self = weak.lock();
               if (!self || self->stopped_) return;
               auto node = self->opening_.extract(name);
               if (!answer) {
                 self->refuse(call, std::move(answer.error()));
                 if (!node.empty()) node.mapped()->close();
                 return;
               }
               if (node.empty()) return;
               auto session = node.mapped();
               self->sessions_.insert(std::move(node));
               self->created(call, session, std::move(*answer));
             });
  // Whoever does not wait for the answer gets no session.
  if (exchange->open()) {
    exchange->on_gone([weak = weak_from_this(), name] {
      auto self = weak.lock();
      auto node = self ? self->opening_.extract(name) : Sessions::node_type();
      if (!node.empty()) node.mapped()->close();
    });
  }
}

SessionSpec WhipService::spec_of(const Call& call, const EndpointTarget& target) {
  SessionSpec spec;
  spec.name = context_.random().text(kNameSize, kNameAlphabet);
  spec.target = target;
  spec.bearer = call.bearer;
  spec.address = client_of(call);
  spec.access.pin = http::query_value(call.query, "pin").value_or("");
  spec.access.secret = http::query_value(call.query, "secret").value_or("");
  spec.access.display = http::query_value(call.query, "display").value_or("");
  if (config_.general.bearer == "pin") {
    spec.credentials = {config_.general.api_secret, config_.general.token};
    if (!call.bearer.empty()) spec.access.pin = spec.access.secret = call.bearer;
  } else {
    spec.credentials = {call.bearer, call.bearer};
    spec.access.token = call.bearer;
  }
  spec.credentials.address = spec.address;
  return spec;
}

std::string WhipService::client_of(const Call& call) const {
  const std::string& peer = call.exchange->peer().ip;
  AddressLimits* limits = context_.limits();
  return limits == nullptr ? peer : limits->client_address(peer, call.request.header("X-Forwarded-For"));
}

bool WhipService::quota_reached(const std::string& address) const {
  if (sessions() >= config_.general.max_resources) return true;
  size_t mine = 0;
  for (const auto* table : {&opening_, &sessions_}) {
    for (const auto& [name, session] : *table) mine += session->spec().address == address;
  }
  return mine >= config_.general.max_per_address;
}

std::string WhipService::url_of(const WhipSession& session) const {
  const std::string& base = session.plays() ? config_.general.whep_path : config_.general.whip_path;
  return base + "/session/" + session.spec().name;
}

void WhipService::created(const Call& call, const std::shared_ptr<WhipSession>& session, std::string answer) {
  net::HttpResponse response;
  response.status = 201;
  auto& headers = response.headers;
  std::string url = url_of(*session);
  headers.emplace_back("Content-Type", kSdp);
  headers.emplace_back("Location", url);
  headers.emplace_back("ETag", session->etag());
  headers.emplace_back("Accept-Patch", kFragment);
  for (std::string& link : ice_links(config_.ice, session->spec().name.substr(0, 8), context_.executor().wall_time())) {
    headers.emplace_back("Link", std::move(link));
  }
  if (session->plays()) {
    headers.emplace_back("Link", fmt::format("<{}/sse>; rel=\"urn:ietf:params:whep:ext:core:server-sent-events\"; "
                                             "events=\"{}\"",
                                             url, EventStreams::kEvents));
    headers.emplace_back("Link", fmt::format("<{}/layer>; rel=\"urn:ietf:params:whep:ext:core:layer\"", url));
  }
  response.body = std::move(answer);
  respond(call, std::move(response));
}

void WhipService::session(Call& call, const SessionTarget& target) {
  auto found = sessions_.find(target.name);
  if (found == sessions_.end()) return refuse(call, not_there());
  std::shared_ptr<WhipSession> session = found->second;
  const std::string& method = call.request.method;
  // Browsers' EventSource sends no token: the name of the stream stands for it.
  if (target.part == Part::event_stream && method == "GET") return read_stream(call, session, target.stream);
  if (!session->spec().bearer.empty() && !constant_time_equal(call.bearer, session->spec().bearer)) {
    bool none = call.bearer.empty();
    return refuse(call, {.status = 401,
                         .detail = none ? "A bearer token is wanted" : "That is another one's session",
                         .challenge = true,
                         .invalid_token = !none});
  }
  switch (target.part) {
    case Part::session:
      if (method == "PATCH") return patch(call, session);
      if (method == "DELETE") return remove(call, target.name);
      return refuse(call, not_allowed("DELETE, OPTIONS, PATCH"));
    case Part::layer:
      if (!session->plays()) return refuse(call, not_there());
      if (method != "POST" && method != "DELETE") return refuse(call, not_allowed("DELETE, OPTIONS, POST"));
      return layer(call, session);
    case Part::events:
      if (!session->plays()) return refuse(call, not_there());
      if (method != "POST") return refuse(call, not_allowed("OPTIONS, POST"));
      return make_stream(call, session);
    case Part::event_stream:
      if (method != "DELETE") return refuse(call, not_allowed("DELETE, GET, OPTIONS"));
      if (!session->events().remove(target.stream)) return refuse(call, not_there());
      return respond(call, {});
  }
}

void WhipService::remove(const Call& call, const std::string& name) {
  auto node = sessions_.extract(name);
  node.mapped()->close();
  respond(call, {});
}

void WhipService::patch(Call& call, const std::shared_ptr<WhipSession>& session) {
  if (!has_type(call.request, kFragment)) {
    return refuse(call, {.status = 415,
                         .detail = "Candidates are of type application/trickle-ice-sdpfrag",
                         .accept = std::string(kFragment),
                         .patch = true});
  }
  if (call.request.body.size() > kLargestFragment)
    return refuse(call, {.status = 413, .detail = "Too many candidates"});
  auto fragment = sdp::parse_ice_fragment(call.request.body);
  if (!fragment) return refuse(call, {.status = 400, .detail = "Malformed candidates: " + fragment.error().text});
  std::string match(call.request.header("If-Match"));
  bool same_session = !fragment->ufrag.empty() && !session->is_restart(*fragment);
  // Players that are in use send none; the credentials name the ICE session as well.
  bool understood = match.empty() && session->plays() && same_session;
  if (match.empty() && !understood) return refuse(call, {.status = 428, .detail = "If-Match names the ICE session"});
  if (match == "*") return restart(call, session, *fragment);
  if (!understood && match != session->etag())
    return refuse(call, {.status = 412, .detail = "There is another ICE session by now"});
  if (session->is_restart(*fragment)) {
    return refuse(call, {.status = 412, .detail = "Other ICE credentials are a restart, which says If-Match: *"});
  }
  session->trickle(*fragment, [self = shared_from_this(), call = std::move(call)](auto outcome) {
    self->answer_text(call, std::move(outcome), 204);
  });
}

void WhipService::restart(Call& call, const std::shared_ptr<WhipSession>& session, const sdp::IceFragment& fragment) {
  if (fragment.ufrag.empty()) return refuse(call, {.status = 400, .detail = "An ICE restart brings new credentials"});
  if (!session->is_restart(fragment)) {
    return refuse(call, {.status = 422, .detail = "These are the credentials of the current ICE session"});
  }
  if (session->restarting()) {
    return refuse(call, {.status = 409, .detail = "Another ICE restart is under way", .retry_after = 1});
  }
  auto done = [self = shared_from_this(), call = std::move(call), session](WhipSession::Outcome<std::string> outcome) {
    if (!outcome) return self->refuse(call, std::move(outcome.error()));
    net::HttpResponse response;
    response.headers.emplace_back("Content-Type", kFragment);
    response.headers.emplace_back("ETag", session->etag());
    response.body = std::move(*outcome);
    self->respond(call, std::move(response));
  };
  session->restart(fragment, std::move(done));
}

void WhipService::layer(Call& call, const std::shared_ptr<WhipSession>& session) {
  JsonObject wish;
  if (call.request.method == "POST") {
    if (call.request.body.size() > kLargestJson) return refuse(call, {.status = 413, .detail = "That is too long"});
    auto body = parse_json(call.request.body);
    if (!body || !body->is_object()) return refuse(call, {.status = 400, .detail = "A JSON object is wanted"});
    wish = std::move(body->get_object());
  }
  session->choose_layer(wish, [self = shared_from_this(), call = std::move(call)](auto outcome) {
    self->answer_text(call, std::move(outcome), 200);
  });
}

void WhipService::make_stream(Call& call, const std::shared_ptr<WhipSession>& session) {
  std::set<std::string> kinds;
  if (!call.request.body.empty()) {
    if (call.request.body.size() > kLargestJson) return refuse(call, {.status = 413, .detail = "That is too long"});
    auto body = parse_json(call.request.body);
    bool texts = body && body->is_array() &&
                 std::ranges::all_of(body->get_array(), [](const Json& one) { return one.is_string(); });
    if (!texts) return refuse(call, {.status = 400, .detail = "A JSON array of names of events is wanted"});
    for (const Json& one : body->get_array()) kinds.emplace(one.get_string());
  }
  if (session->events().full()) return refuse(call, {.status = 409, .detail = "There are enough event streams"});
  std::string name = context_.random().text(kNameSize, kNameAlphabet);
  session->events().add(name, std::move(kinds));
  net::HttpResponse response;
  response.status = 201;
  response.headers.emplace_back("Location", url_of(*session) + "/sse/" + name);
  respond(call, std::move(response));
}

void WhipService::read_stream(Call& call, const std::shared_ptr<WhipSession>& session, const std::string& stream) {
  if (!session->events().has(stream)) return refuse(call, not_there());
  net::HttpResponse head;
  head.headers.emplace_back("Content-Type", "text/event-stream");
  head.headers.emplace_back("Cache-Control", "no-store");
  session->events().read(stream, call.exchange, std::move(head));
}

void WhipService::refuse(const Call& call, Problem problem) {
  log::verbose("[whip]", "{} {} of {}: {} ({})", call.request.method,
               call.request.target.substr(0, call.request.target.find('?')), call.exchange->peer().ip, problem.status,
               problem.detail);
  respond(call, to_response(problem));
}

void WhipService::respond(const Call& call, net::HttpResponse response) {
  response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back(
      "Access-Control-Expose-Headers",
      "Accept-Patch, Accept-Post, Allow, ETag, Link, Location, Retry-After, WWW-Authenticate");
  call.exchange->respond(std::move(response));
}

void WhipService::answer_text(const Call& call, WhipSession::Outcome<std::string> outcome, int status) {
  if (!outcome) return refuse(call, std::move(outcome.error()));
  net::HttpResponse response;
  response.status = status;
  respond(call, std::move(response));
}

}  // namespace limen::whip
