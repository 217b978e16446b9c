// Endpoints: paths beside the Janus API that another module answers over the HTTP transport's ports (WHIP, WHEP).
//
// Control thread. The HTTP transport starts and stops it; requests of admin ports never come here.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "api/transport.hpp"
#include "transports/http/http_exchange.hpp"
#include "transports/net/http_message.hpp"

namespace limen::http {

class Endpoints {
 public:
  virtual ~Endpoints() = default;
  // Like Transport::check_config().
  virtual Result<> check_config(const std::string& configs_folder, config::Findings& findings) const = 0;
  // An error: the paths are not there (with a text: the reason, to be logged).
  virtual Result<> start(TransportContext& context) = 0;
  virtual void stop() = 0;
  // Is this path (without query) one of these? Asked at every request, also when not started.
  virtual bool owns(std::string_view path) const = 0;
  // Answers now or later. Origins and forwarded addresses have been checked; CORS headers for the origin are added.
  virtual void handle(const std::shared_ptr<HttpExchange>& exchange, net::HttpRequest request) = 0;
  // For /limen.json; empty: nothing is there.
  virtual JsonObject page_facts() const = 0;
};

}  // namespace limen::http
