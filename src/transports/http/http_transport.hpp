// The Janus and Admin APIs over HTTP(S) (spec 6.1), and the pages of the web folder.
//
// Control thread. Reads janus.transport.http.jcfg. Events reach a client by long polls.
#pragma once
#include <memory>

#include "api/transport.hpp"
#include "transports/http/endpoints.hpp"

namespace limen {

// `endpoints`: what else these ports serve; may be none.
std::unique_ptr<Transport> make_http_transport(std::unique_ptr<http::Endpoints> endpoints = nullptr);

}  // namespace limen
