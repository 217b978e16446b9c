// Takes transport, security and repair out of a description: what is left is a plugin's business.
//
// Pure functions on values, any thread. The same removal serves both directions (spec 7.7).
#pragma once
#include "wire/sdp/session_description.hpp"

namespace limen::core {

// Removes ICE, DTLS, SSRCs, rid and simulcast, RTX and FEC payload types, and all SCTP m-lines but
// the first.
void strip(sdp::SessionDescription& description);
// strip(), and addresses and ports that tell nothing about the client.
void strip_for_plugin(sdp::SessionDescription& description);

}  // namespace limen::core
