// The answer to a publisher's offer, and what it makes of each m-line (contract, 9.2). Pure functions.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "api/plugin.hpp"
#include "plugins/videoroom/room_settings.hpp"
#include "wire/sdp/session_description.hpp"

namespace limen::videoroom {

struct AnsweredStream {
  MediaKind kind = MediaKind::audio;
  std::string mid;
  Codec codec = Codec::unknown;
  bool disabled = false;
  std::string h264_profile, vp9_profile;
  bool fec = false, dtx = false, stereo = false;
  bool simulcast = false, svc = false;
  uint8_t audiolevel_id = 0, videoorient_id = 0, playoutdelay_id = 0;
};

struct PublisherAnswer {
  sdp::SessionDescription description;
  std::vector<AnsweredStream> streams;  // by m-line
};

struct AnswerWishes {
  std::string session_name;
  std::optional<Codec> audio, video;  // only this codec
  std::vector<Codec> fixed;           // by m-line, from earlier answers; unknown: none yet
};

PublisherAnswer answer_publisher(const sdp::SessionDescription& offer, const RemoteJsep& jsep,
                                 const RoomSettings& settings, const AnswerWishes& wishes);

}  // namespace limen::videoroom
