// Plain RTP descriptions: what one says, and how a browser's becomes one. Pure functions.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "media/forward/plain_rtp_leg.hpp"
#include "media/forward/sdes.hpp"
#include "wire/codec/codec.hpp"
#include "wire/sdp/session_description.hpp"

namespace limen::nosip {

// The first m-line in use of a kind.
struct PlainMedium {
  uint8_t mline = 0;
  media::PlainRtpRemote remote;
  std::vector<media::SdesLine> crypto;  // usable lines, in order
  bool savp = false;                    // the peer insists on SRTP
  bool takes_pli = false;
  ExtensionMap extensions;
  std::vector<std::pair<uint8_t, Codec>> codecs;  // by payload type, in order
};

struct PlainDescription {
  std::optional<PlainMedium> audio, video;
  bool has_address = false;
  std::optional<PlainMedium>& medium(MediaKind kind) { return kind == MediaKind::audio ? audio : video; }
};
PlainDescription read_plain(const sdp::SessionDescription& description);

// What this side says of a medium.
struct PlainOffer {
  uint16_t port = 0;
  std::optional<media::SdesLine> crypto;
};
// Other media than the first audio and the first video are refused. `address`: for c=, not looked at.
std::string write_plain(sdp::SessionDescription description, const PlainOffer& audio, const PlainOffer& video,
                        const std::string& address, bool savp);

}  // namespace limen::nosip
