// Session descriptions of AudioBridge: the answer to a client's offer, the plugin's own offer, and what the
// client's answer to that says (contract, 5.1). Pure functions.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "plugins/audiobridge/room_settings.hpp"
#include "wire/sdp/session_description.hpp"

namespace limen::audiobridge {

// What has been agreed upon for the one audio m-line.
struct AgreedLine {
  uint8_t mline = 0;
  uint8_t payload_type = 0;
  uint8_t level_id = 0;  // of the audio level extension; 0: not in use
  bool fec = false;      // the client asked for it
};

struct BridgeAnswer {
  sdp::SessionDescription description;
  std::optional<AgreedLine> line;  // nullopt: there is no audio
};

// `fec`: it is on already.
BridgeAnswer answer_client(const sdp::SessionDescription& offer, const RoomSettings& room, const std::string& name,
                           Codec codec, bool fec);
sdp::SessionDescription offer_client(const RoomSettings& room, const std::string& name, Codec codec, bool fec);
// Of a client's answer to such an offer; nullopt: it refused the audio.
std::optional<AgreedLine> read_answer(const sdp::SessionDescription& answer, Codec codec);

}  // namespace limen::audiobridge
