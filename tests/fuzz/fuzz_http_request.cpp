// rooms: transports_net http
// What a client sends to the HTTP port, from bytes to a request for the core, without sockets. The
// first byte says in which steps the rest arrives.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "transports/http/api_target.hpp"
#include "transports/http/static_pages.hpp"
#include "transports/net/http_message.hpp"

namespace {

void understand(const limen::net::HttpRequest& request) {
  limen::http::Target target = limen::http::split_target(request.target);
  auto path = limen::http::parse_api_path(target.path, "/janus");
  limen::http::query_value(target.query, "token");
  if (limen::http::max_events(target.query) < 1) std::abort();
  if (!path) {
    auto page = limen::http::load_page("/nonexistent",
                                       {std::string(target.path), std::string(request.header("If-None-Match")), true});
    if (page.status != 404) std::abort();
    return;
  }
  auto message = limen::http::read_api_body(request.body, *path);
  if (message && path->session != 0 && message->at("session_id") != path->session) std::abort();
  if (message) limen::write_json(*message, limen::JsonFormat::compact);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using State = limen::net::HttpRequestParser::State;
  if (size == 0) return 0;
  size_t step = data[0] == 0 ? size : data[0];
  std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  limen::net::HttpRequestParser parser{limen::net::HttpLimits{.header_bytes = 4096, .body_bytes = 4096}};
  std::string buffer;
  for (size_t at = 0; at < bytes.size() || !buffer.empty(); at += step) {
    if (at < bytes.size()) buffer += bytes.substr(at, step);
    size_t used = parser.feed(buffer);
    if (used > buffer.size()) std::abort();
    buffer.erase(0, used);
    if (parser.state() == State::failed) {
      limen::net::HttpResponse response;
      response.status = parser.failure_status();
      if (response.status < 400 || to_wire(response, {}).empty()) std::abort();
      return 0;
    }
    if (parser.state() == State::complete) understand(parser.take());
    else if (at + step >= bytes.size() && used == 0) break;
    if (buffer.size() > 64 * 1024) std::abort();
  }
  return 0;
}
