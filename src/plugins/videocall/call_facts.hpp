// CallFacts: what an answer says about the media of a call (spec plugin-videocall, sections 3.4 and 5).
// Pure; plain values.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "wire/codec/codec.hpp"
#include "wire/sdp/session_description.hpp"

namespace limen::videocall {

struct CallFacts {
  struct Stream {
    Codec codec = Codec::unknown;  // unknown: there is none
    std::string fmtp;
    uint8_t red_payload_type = 0;  // audio; 0: none
    uint8_t mline = 0;
    std::vector<std::pair<uint8_t, std::string>> extensions;  // id and URI
  };
  std::vector<MediaKind> kinds;  // by m-line
  Stream audio, video;           // of the first active m-line of their kind
  bool data = false;
};

CallFacts read_call_facts(const sdp::SessionDescription& answer);

}  // namespace limen::videocall
