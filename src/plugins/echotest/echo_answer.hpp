// EchoTest's answer to an offer (spec plugin-echotest, section 4). Pure functions.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "plugins/echotest/echo_request.hpp"
#include "wire/codec/codec.hpp"
#include "wire/mjr/mjr_header.hpp"
#include "wire/sdp/session_description.hpp"

namespace limen::echotest {

// What a recording would hold.
struct EchoTrack {
  uint8_t mline = 0;
  mjr::Header header;
};

struct EchoAnswer {
  sdp::SessionDescription description;
  Codec audio = Codec::unknown;  // of the first m-line of its kind
  Codec video = Codec::unknown;
  bool audio_red = false;
  std::vector<MediaKind> kinds;   // by m-line
  std::vector<EchoTrack> tracks;  // the first m-line in use of each kind
};

EchoAnswer make_echo_answer(const sdp::SessionDescription& offer, const EchoRequest& request);

}  // namespace limen::echotest
