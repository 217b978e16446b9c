// What a Peer tells its driver; plain structs, drained with poll_event().
#pragma once
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "rtc/ice/ice_events.hpp"
#include "rtc/ice/ice_types.hpp"
#include "wire/rtcp/feedback.hpp"
#include "wire/rtp/rtp_packet.hpp"

namespace limen::rtc {

enum class DtlsState : uint8_t { created, trying, connected, failed };

struct DtlsStateChanged {
  DtlsState state;
  std::string srtp_profile;
  uint32_t retransmissions;
};
struct Connected {};  // webrtcup; once
enum class CloseReason : uint8_t { dtls_alert, dtls_timeout, dtls_error, ice_failed };
std::string_view close_reason_text(CloseReason reason);  // the hangup reasons of spec 3.6
struct Closed {
  CloseReason reason;
};  // last event
struct RtpReceived {
  RtpPacket packet;
};
struct FeedbackReceived {
  RtcpFeedback feedback;
};
struct MediaStateChanged {
  uint8_t mline;
  uint8_t substream;
  bool receiving;
};
struct SlowLinkDetected {
  uint8_t mline;
  bool uplink;
  uint32_t lost;
};  // uplink: loss on what we send
struct IceFailedAfterConnect {};
struct DataChannelOpened {
  uint16_t stream;
  std::string label;
  std::string protocol;
};
struct DataReceived {
  uint16_t stream;
  bool binary;
  std::vector<uint8_t> data;
};
struct DataChannelClosed {
  uint16_t stream;
};
struct DataWritable {};

using PeerEvent = std::variant<IceStateChanged, LocalCandidateFound, GatheringDone, PairSelected, DtlsStateChanged,
                               Connected, Closed, RtpReceived, FeedbackReceived, MediaStateChanged, SlowLinkDetected,
                               IceFailedAfterConnect, DataChannelOpened, DataReceived, DataChannelClosed, DataWritable>;

}  // namespace limen::rtc
