// Payload types for retransmission (RFC 4588) in this server's own offers.
//
// A pure function on values.
#pragma once
#include <span>

#include "core/jsep/mline_state.hpp"
#include "wire/sdp/session_description.hpp"

namespace limen::core {

// Gives each video payload type of `offer` an RTX payload type: the one it had, else the first free
// number above it (127 wraps to 96). One payload type means one thing in the whole BUNDLE group.
void assign_rtx(const sdp::SessionDescription& offer, std::span<MlineState> mlines);

}  // namespace limen::core
