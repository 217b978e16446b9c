// Link headers that tell clients of STUN and TURN servers (RFC 9725 section 4.6).
//
// Pure functions, any thread.
#pragma once
#include <string>
#include <vector>

#include "base/time.hpp"
#include "transports/whip/whip_config.hpp"

namespace limen::whip {

// `name` distinguishes the users of credentials that expire ("use of a shared secret", as TURN servers name it).
std::vector<std::string> ice_links(const IceConfig& config, const std::string& name, WallTime now);

}  // namespace limen::whip
