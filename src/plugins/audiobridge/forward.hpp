// Forward: a mix that is sent on as plain RTP or SRTP (contract, 3 and 5.6). Plain values, any thread.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "api/json.hpp"
#include "api/media_ports.hpp"
#include "wire/codec/codec.hpp"

namespace limen::audiobridge {

struct Forward {
  uint32_t stream_id = 0;
  SocketAddress to;
  uint32_t ssrc = 0;
  Codec codec = Codec::opus;
  uint8_t payload_type = 100;
  std::optional<size_t> group;  // nullopt: the whole room
  std::string group_name;
  std::optional<SrtpMaterial> srtp;
  bool always_on = false;

  JsonObject json() const {
    JsonObject out{{"stream_id", stream_id}, {"ip", to.ip.to_string()},    {"port", to.port},
                   {"ssrc", ssrc},           {"codec", codec_name(codec)}, {"ptype", payload_type}};
    if (group) out["group"] = group_name;
    if (srtp) out["srtp"] = true;
    out["always_on"] = always_on;
    return out;
  }
};

}  // namespace limen::audiobridge
