#include <array>
#include <utility>

#include "tools/load/janus_link.hpp"

namespace limen::load {
namespace {

struct Known {
  std::string_view name;
  Scheme scheme;
  const char* port;  // the API's usual one
  const char* path;
};
constexpr std::array<Known, 4> kKnown = {{{"ws", Scheme::ws, "8188", "/"},
                                          {"wss", Scheme::wss, "8989", "/"},
                                          {"http", Scheme::http, "8088", "/janus"},
                                          {"https", Scheme::https, "8089", "/janus"}}};

}  // namespace

std::string ServerAddress::text() const {
  for (const Known& known : kKnown) {
    if (known.scheme == scheme) return fmt::format("{}://{}:{}{}", known.name, host, port, path);
  }
  return {};
}

Result<ServerAddress> parse_server_url(const std::string& url) {
  size_t colon = url.find("://");
  const Known* found = nullptr;
  for (const Known& known : kKnown) {
    if (colon != std::string::npos && url.substr(0, colon) == known.name) found = &known;
  }
  if (found == nullptr) return fail("'{}' is not a ws://, wss://, http:// or https:// address", url);
  ServerAddress server{found->scheme, {}, found->port, found->path};
  std::string rest = url.substr(colon + 3);
  if (size_t slash = rest.find('/'); slash != std::string::npos) {
    server.path = rest.substr(slash);
    rest.resize(slash);
  }
  if (size_t at = rest.rfind(':'); at != std::string::npos && !rest.ends_with(']')) {
    server.port = rest.substr(at + 1);
    rest.resize(at);
  }
  if (rest.starts_with('[') && rest.ends_with(']')) rest = rest.substr(1, rest.size() - 2);
  if (rest.empty() || server.port.empty()) return fail("'{}' names no host", url);
  bool digits = server.port.find_first_not_of("0123456789") == std::string::npos && server.port.size() <= 5;
  if (!digits) return fail("'{}' has no port number behind its colon", url);
  server.host = rest;
  return server;
}

}  // namespace limen::load
