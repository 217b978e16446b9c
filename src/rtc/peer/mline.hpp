// Mline: one m-line of a Peer: its configuration with what was sent and received on it.
//
// Streams survive renegotiation as long as their SSRC stays. Plain state, driven by MediaStreams.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "rtc/peer/peer_config.hpp"
#include "rtc/streams/keyframe_requester.hpp"
#include "rtc/streams/media_flow.hpp"
#include "rtc/streams/receive_stream.hpp"
#include "rtc/streams/send_stream.hpp"
#include "wire/codec/dependency_descriptor.hpp"

namespace limen::rtc {

// One simulcast slot as received (the only one without simulcast).
struct ReceiveSlot {
  std::unique_ptr<ReceiveStream> stream;         // null until its first packet
  std::unique_ptr<DependencyReader> dependency;  // null until its first dependency descriptor
  KeyframeRequester keyframes;
  MediaFlow flow;
};

class Mline {
 public:
  // A new or changed configuration; slots whose SSRC changed are up to the caller.
  void configure(const MlineConfig& next);
  const MlineConfig& config() const { return config_; }

  struct PayloadUse {
    const PayloadConfig* payload = nullptr;  // null: not negotiated
    bool rtx = false;                        // it is the payload's RTX number
  };
  PayloadUse payload(uint8_t payload_type) const;
  // The slot of a rid; nothing if no slot has it.
  std::optional<uint8_t> slot_of_rid(std::string_view rid) const;
  bool has_rids() const { return !config_.rids[0].empty(); }

  std::array<ReceiveSlot, kMaxSubstreams> slots;
  std::unique_ptr<SendStream> send;  // null if this m-line never sent

  // As last seen from the peer; -1 none yet.
  int last_payload_type = -1, last_rtx_payload_type = -1;
  Codec codec = Codec::unknown;

 private:
  static constexpr uint8_t kNone = 0xff;
  static constexpr uint8_t kRtxBit = 0x80;

  MlineConfig config_;
  std::array<uint8_t, 128> payload_index_{};  // of config_.payloads, kRtxBit for its RTX number
};

}  // namespace limen::rtc
