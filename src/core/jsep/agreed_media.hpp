// What an m-line carries once offer and answer are both known: direction, payload types, extensions.
//
// Pure functions on values (RFC 3264 sections 6 and 7).
#pragma once
#include "core/jsep/mline_state.hpp"
#include "wire/sdp/session_description.hpp"

namespace limen::core {

// The client answered this server's offer; mline.remote is already read from the answer.
void settle_by_answer(MlineState& mline, const sdp::MediaDescription& offer, const sdp::MediaDescription& answer);
// This server answers the client; `answer` is what will be sent, mline.rtx and nack are decided.
void settle_own_answer(MlineState& mline, const sdp::MediaDescription& answer);
// The m-line is out of use until it is negotiated again; its SSRCs are forgotten.
void release(MlineState& mline);

}  // namespace limen::core
