#include <charconv>

#include "base/url_text.hpp"
#include "handlers/websocket/collector_socket.hpp"

namespace limen::websocket_handler {

std::string Backend::host_header() const {
  bool v6 = host.find(':') != std::string::npos;
  std::string name = v6 ? "[" + host + "]" : host;
  bool usual = port == (tls ? 443 : 80);
  return usual ? name : fmt::format("{}:{}", name, port);
}

Result<Backend> parse_backend(std::string_view url) {
  Backend backend;
  std::string_view rest = url;
  auto wrong = [&](std::string_view why) {
    return fail("`backend` is not a WebSocket address ({}): '{}'", why, without_credentials(url));
  };
  if (rest.starts_with("ws://")) rest.remove_prefix(5);
  else if (rest.starts_with("wss://")) rest.remove_prefix(6), backend.tls = true;
  else return wrong("it should start with ws:// or wss://");
  for (char c : url) {
    if (static_cast<unsigned char>(c) <= ' ' || c == 0x7f)
      return wrong("spaces and control characters cannot be in it");
  }

  size_t end = rest.find_first_of("/?#");
  std::string_view place = rest.substr(0, end);
  std::string_view target = end == std::string_view::npos ? std::string_view() : rest.substr(end);
  target = target.substr(0, target.find('#'));
  backend.target = target.starts_with('/') ? std::string(target) : "/" + std::string(target);

  if (place.find('@') != std::string_view::npos) return wrong("user names are not used");
  std::string_view port;
  if (place.starts_with('[')) {
    size_t bracket = place.find(']');
    if (bracket == std::string_view::npos) return wrong("a bracket is missing");
    backend.host = place.substr(1, bracket - 1);
    port = place.substr(bracket + 1);
    if (!port.empty() && !port.starts_with(':')) return wrong("a port follows its colon");
  } else {
    size_t colon = place.find(':');
    backend.host = place.substr(0, colon);
    port = colon == std::string_view::npos ? std::string_view() : place.substr(colon);
  }
  if (backend.host.empty()) return wrong("there is no host");
  if (port.size() <= 1) {
    backend.port = backend.tls ? 443 : 80;
    return backend;
  }
  port.remove_prefix(1);
  auto [stop, problem] = std::from_chars(port.data(), port.data() + port.size(), backend.port);
  if (problem != std::errc() || stop != port.data() + port.size() || backend.port == 0)
    return wrong("a port is 1 to 65535");
  return backend;
}

}  // namespace limen::websocket_handler
