// RtpReceiver: plain RTP or SRTP from a UDP port, for remote publishers and mountpoints.
//
// Owned by whoever feeds a FanoutSource with it; one shard's thread only. One stream per port, or several
// that the owner tells apart (ReceiveSpec::choose). Sends PLI back to where RTP (or RTCP) came from.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "api/media.hpp"
#include "base/result.hpp"
#include "wire/codec/codec.hpp"
#include "wire/codec/dependency_descriptor.hpp"
#include "wire/rtp/header_extensions.hpp"
#include "wire/rtp/rtp_parser.hpp"

namespace limen::media {

// One of several streams on a port; the owner keeps it.
struct ReceivedStream {
  Codec codec = Codec::unknown;
  uint8_t mline = 0;
  uint8_t substream = 0;
  ExtensionMap extensions = {};
  DependencyReader dependency = {};
};
// By the header of a packet that is authentic; null: it is none of them, and dropped.
using ChooseStream = std::function<ReceivedStream*(const RtpHeader&)>;

struct ReceiveSpec {
  UdpBind bind = {};                      // RTP; port 0: any
  std::optional<UdpBind> rtcp_bind = {};  // RTCP on a port of its own; without it RTCP is found among RTP (RFC 5761)
  Codec codec = Codec::unknown;           // for codec facts (key frames, layers) of what is received
  uint8_t mline = 0;                      // written into the packets
  ExtensionMap extensions = {};
  std::optional<SrtpMaterial> srtp = {};
  ChooseStream choose = {};   // instead of codec, mline and extensions above
  bool reduced_rtcp = false;  // PLI without a report before it (RFC 5506)
};

struct ReceiveCounters {
  uint64_t packets = 0, bytes = 0;
  uint64_t malformed = 0, unauthentic = 0;  // dropped
  uint64_t foreign = 0;                     // neither RTP nor RTCP, or none of the streams
};

class RtpReceiver {
 public:
  static constexpr uint32_t kOwnSsrc = 1;  // sender of what goes back

  // Must not destroy the receiver: post that.
  using OnPacket = std::function<void(const RtpPacket&)>;
  static Result<std::unique_ptr<RtpReceiver>> open(MediaShard& shard, ReceiveSpec spec, OnPacket on_packet);
  ~RtpReceiver();
  RtpReceiver(const RtpReceiver&) = delete;
  RtpReceiver& operator=(const RtpReceiver&) = delete;

  uint16_t port() const { return local_.port; }
  uint16_t rtcp_port() const { return rtcp_local_.port; }
  SocketAddress local() const { return local_; }
  // PLI to where RTCP came from last, else to where RTP came from; false: nobody is known yet.
  bool ask_keyframe(uint32_t media_ssrc);
  // A new key for what comes from now on.
  Result<> set_srtp(std::optional<SrtpMaterial> srtp);
  const ReceiveCounters& counters() const { return counters_; }

 private:
  RtpReceiver(MediaShard& shard, ReceiveSpec spec, OnPacket on_packet);
  Result<> open_sockets();
  void on_datagram(const SocketAddress& from, Packet packet);
  void take(ReceivedStream& stream, const SocketAddress& from, Packet packet);

  MediaShard& shard_;
  ReceiveSpec spec_;
  OnPacket on_packet_;
  UdpPortId socket_, rtcp_socket_;
  SocketAddress local_, rtcp_local_;
  std::optional<SocketAddress> rtp_from_, rtcp_from_;
  std::unique_ptr<SrtpUnprotector> unprotector_;
  std::unique_ptr<SrtpProtector> protector_;  // for what goes back
  ReceivedStream only_;
  ReceiveCounters counters_;
};

}  // namespace limen::media
