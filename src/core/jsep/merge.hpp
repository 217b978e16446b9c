// The client's view of a plugin's description: transport, security, SSRCs and repair merged in.
//
// A pure function on values, any thread. The order of attributes is part of the contract (spec 7.7).
#pragma once
#include <span>
#include <string_view>

#include "base/net_address.hpp"
#include "core/jsep/mline_state.hpp"
#include "rtc/ice/ice_types.hpp"
#include "wire/sdp/session_description.hpp"

namespace limen::core {

// What only the driver knows when a description leaves.
struct LocalTransport {
  IpAddress address;        // o= and c=: the public or local one
  std::string fingerprint;  // "AB:CD:..." of sha-256
  bool ice_lite = false;
  bool candidates_in_sdp = true;  // half-trickle: `candidates` and end-of-candidates are written
  std::vector<rtc::Candidate> candidates;
  uint64_t now_us = 0;  // session id of an o= that has none
};

struct MergeInput {
  const sdp::SessionDescription& local;  // the plugin's, stripped
  std::span<const MlineState> mlines;    // one per m-line of `local`
  bool offer = false;
  bool encrypt = true;
  const rtc::IceCredentials& credentials;
  std::string_view setup;
  const LocalTransport& transport;
};

sdp::SessionDescription merge_for_client(const MergeInput& input);

}  // namespace limen::core
