// What a client's description says beyond what plugins see: transport, SSRCs, simulcast, RTX.
//
// Pure functions on values, any thread. RFC 8839, 8842 (DTLS), 5576 (SSRCs), 8851 and 8853 (rid,
// simulcast), 4588 (RTX).
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/jsep/client_jsep.hpp"
#include "core/jsep/mline_state.hpp"
#include "rtc/peer/peer_config.hpp"
#include "wire/sdp/session_description.hpp"

namespace limen::core {

// The DTLS role is left for the caller, who knows the setup attribute and its own wish.
struct RemoteDescription {
  rtc::RemoteTransport transport;
  std::string setup;              // lower case, "" if absent
  bool mixes_extensions = false;  // a=extmap-allow-mixed (RFC 8285): the browsers' stacks say it, few others do
  std::vector<rtc::Candidate> candidates;  // of the first two m-lines
};

// nullopt: no ICE credentials, or (when `encrypted`) no usable fingerprint.
std::optional<RemoteDescription> read_remote(const sdp::SessionDescription& description, bool encrypted);
RemoteMedia read_remote_media(const sdp::MediaDescription& media, RidOrder order);
// An msid needs at least one token.
bool msids_are_valid(const sdp::SessionDescription& description);

}  // namespace limen::core
