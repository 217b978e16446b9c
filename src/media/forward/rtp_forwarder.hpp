// RtpForwarder: a published stream sent on as plain RTP or SRTP to a UDP address (spec videoroom 6).
//
// Owned by the publisher's media handler; that shard's thread only. Packets leave as they came, with their
// extensions, except for SSRC, payload type and, with simulcast, the layer and its numbering. No
// reordering, no retransmission. PLI and FIR that come back to the RTCP port ask for a key frame.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "api/media.hpp"
#include "base/result.hpp"
#include "media/layer_selector.hpp"

namespace limen::media {

struct ForwardSpec {
  MediaKind kind = MediaKind::audio;
  SocketAddress to = {};
  uint8_t payload_type = 0;               // 0: the publisher's
  uint32_t ssrc = 0;                      // 0: the publisher's (simulcast: must be given)
  bool simulcast = false;                 // the best layer as one continuous stream
  std::optional<uint8_t> substream = {};  // only this one of a simulcast publisher
  uint16_t rtcp_port = 0;                 // of the receiver; 0: no RTCP
  std::optional<SrtpMaterial> srtp = {};  // data: only if framed
  // Data messages go as RTP payload: payload type 1 (binary) or 0 (text), `ssrc`; without, they go as they are.
  bool framed_data = false;
};

struct ForwardObserver {
  // `media_ssrc`: which of the sent streams the receiver means; 0: this forwarder's own needs.
  std::function<void(uint32_t media_ssrc)> ask_keyframe = {};
};

struct ForwardCounters {
  uint64_t packets = 0, bytes = 0, failed = 0;
};

class RtpForwarder {
 public:
  // Fails if no socket can be opened or the SRTP key is not one.
  static Result<std::unique_ptr<RtpForwarder>> open(MediaShard& shard, ForwardSpec spec, ForwardObserver observer);
  ~RtpForwarder();
  RtpForwarder(const RtpForwarder&) = delete;
  RtpForwarder& operator=(const RtpForwarder&) = delete;

  void on_rtp(const RtpPacket& packet, Instant now);
  // One datagram; framed ones end after kMaxFramed bytes.
  static constexpr size_t kMaxFramed = 1500;
  void on_data(const DataMessage& message);

  const ForwardSpec& spec() const { return spec_; }
  uint16_t local_rtcp_port() const { return local_rtcp_port_; }  // 0: no RTCP
  const ForwardCounters& counters() const { return counters_; }

 private:
  RtpForwarder(MediaShard& shard, ForwardSpec spec, ForwardObserver observer);
  Result<> open_sockets();
  Result<> open_rtcp();
  void on_rtcp(MutableBytes datagram);
  void latch();
  void latch_again(Instant now);
  void send(const OutgoingRtp& note);
  void send_framed(const DataMessage& message);
  void send_buffer(size_t size);
  void count(bool sent, size_t size);

  MediaShard& shard_;
  ForwardSpec spec_;
  ForwardObserver observer_;
  LayerSelector selector_;
  UdpPortId socket_, rtcp_socket_;
  uint16_t local_rtcp_port_ = 0;
  std::unique_ptr<SrtpProtector> srtp_;
  std::unique_ptr<SrtpUnprotector> rtcp_srtp_;  // the receiver answers with the same key
  std::vector<uint8_t> buffer_;
  uint16_t data_sequence_ = 0;
  int latches_ = 0;
  bool heard_ = false;  // something came back to the RTCP port
  Instant last_latch_{};
  ForwardCounters counters_;
};

}  // namespace limen::media
