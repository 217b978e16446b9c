// WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep) on the HTTP transport's ports.
//
// Control thread. Reads limen.whip.jcfg.
#pragma once
#include <memory>

#include "transports/http/endpoints.hpp"

namespace limen {

std::unique_ptr<http::Endpoints> make_whip_endpoints();

}  // namespace limen
