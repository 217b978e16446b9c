// What WHIP and WHEP ask of the plugins, in their own words (contracts of VideoRoom and Streaming).
//
// Pure functions, any thread.
#pragma once
#include <string>
#include <string_view>

#include "api/json.hpp"
#include "transports/whip/whip_target.hpp"

namespace limen::whip {

// What a request brings along for the plugin; "" none.
struct Access {
  std::string pin, secret, token, display;
};

std::string_view package_of(Plugin plugin);
// The first request, which carries the client's offer.
JsonObject first_request(const EndpointTarget& target, const Access& access);
// Carries a new offer on the same handle.
JsonObject again_request(const EndpointTarget& target, const Access& access);
// The same room or mountpoint, named by a text: for servers where ids are texts that look like numbers.
EndpointTarget with_text_ids(const EndpointTarget& target);

}  // namespace limen::whip
