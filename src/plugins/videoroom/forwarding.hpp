// What the control thread knows of a publisher's forwarders and remotizations (contract, 6 and 7).
//
// Plain values, control thread. The forwarders themselves live with the publisher's media half and are
// known there by the same number.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "api/json.hpp"
#include "api/media_ports.hpp"
#include "base/net_address.hpp"
#include "wire/codec/codec.hpp"

namespace limen::videoroom {

struct Forward {
  uint32_t stream_id = 0;
  int mindex = 0;
  MediaKind kind = MediaKind::audio;
  std::string host;  // resolved
  uint16_t port = 0, remote_rtcp_port = 0, local_rtcp_port = 0;
  uint8_t payload_type = 0;
  uint32_t ssrc = 0;
  int substream = -1;  // 1 or 2 are told
  bool srtp = false;
  std::string remote_id;  // part of that remotization; "": a forwarder of its own

  JsonObject json() const;
};

// A publisher sent to another server as a whole.
struct Remotization {
  std::string remote_id;
  IpAddress host;
  uint16_t port = 0, rtcp_port = 0;
  std::optional<SrtpMaterial> srtp;
  bool bad_key = false;  // then nothing is sent
};

}  // namespace limen::videoroom
