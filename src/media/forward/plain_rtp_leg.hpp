// PlainRtpLeg: one medium of a peer that speaks RTP without WebRTC: a pair of ports, SRTP if keys are given,
// RTCP made here (reports, key frame requests, bitrates).
//
// Owned by a media handler; that shard's thread only. RFC 3550; symmetric RTP (RFC 4961): what comes from
// the peer's address but another port moves the sending there, and with an unspecified address the
// first valid packet's is taken. Anything else from elsewhere is dropped and counted.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "api/media.hpp"
#include "media/forward/port_pairs.hpp"
#include "wire/rtp/header_extensions.hpp"

namespace limen::media {

struct PlainRtpRemote {
  std::optional<IpAddress> ip;  // unspecified: learned from what comes; nothing: nobody is known yet
  uint16_t port = 0;            // RTCP: the next one
  bool send = true;             // false: it does not want anything
  friend bool operator==(const PlainRtpRemote&, const PlainRtpRemote&) = default;
};

// Called on the shard; must not destroy the leg.
struct PlainRtpObserver {
  std::function<void(const RtpPacket&)> rtp;      // mline, codec and video facts are not filled in
  std::function<void(const RtcpFeedback&)> rtcp;  // key frame requests and estimates; mline 0
};

struct PlainRtpCounters {
  uint64_t received = 0, sent = 0, failed = 0;
  uint64_t foreign = 0, unauthentic = 0, malformed = 0;  // dropped
};

class PlainRtpLeg {
 public:
  static constexpr Duration kReportPeriod = std::chrono::seconds(5);

  // The next free pair of `ports` on `local` (unspecified: every address, of both families if there are).
  // `wall`: microseconds since 1970 at Instant{}, for sender reports.
  static Result<std::unique_ptr<PlainRtpLeg>> open(MediaShard& shard, PortPairs& ports, const IpAddress& local,
                                                   WallTime wall, PlainRtpObserver observer);
  ~PlainRtpLeg();
  PlainRtpLeg(const PlainRtpLeg&) = delete;
  PlainRtpLeg& operator=(const PlainRtpLeg&) = delete;

  uint16_t port() const { return port_; }
  void set_remote(const PlainRtpRemote& remote);
  void set_extensions(const ExtensionMap& map) { extensions_ = map; }
  // Nothing: plain. The same keys again change nothing.
  Result<> set_keys(const std::optional<SrtpMaterial>& local, const std::optional<SrtpMaterial>& remote);

  // As it came, with the note's number, time, type and marker.
  void send(const OutgoingRtp& note);
  bool ask_keyframe();
  bool send_estimate(uint64_t bps);
  const PlainRtpCounters& counters() const { return counters_; }

 private:
  PlainRtpLeg(MediaShard& shard, WallTime wall, PlainRtpObserver observer);
  bool bind(uint16_t port, const IpAddress& local);
  bool known_source(const SocketAddress& from, bool rtcp);
  void on_rtp_port(const SocketAddress& from, Packet packet, Instant now);
  void on_rtcp_port(const SocketAddress& from, Packet packet);
  void read_rtcp(MutableBytes datagram);
  void note_received(const RtpPacket& packet);
  void report(Instant now, uint32_t timestamp);
  bool send_rtcp(size_t size);

  MediaShard& shard_;
  WallTime wall_;
  PlainRtpObserver observer_;
  UdpPortId rtp_port_, rtcp_port_;
  uint16_t port_ = 0;
  PlainRtpRemote remote_;
  std::optional<SocketAddress> rtp_to_, rtcp_to_;
  bool confirmed_ = false;  // something valid came from rtp_to_
  ExtensionMap extensions_;
  std::optional<SrtpMaterial> local_key_, remote_key_;
  std::unique_ptr<SrtpProtector> protector_;
  std::unique_ptr<SrtpUnprotector> unprotector_;
  std::vector<uint8_t> buffer_;
  uint32_t own_ssrc_ = 0, peer_ssrc_ = 0;
  uint32_t sent_packets_ = 0, sent_octets_ = 0;
  std::optional<Instant> last_report_;
  // Of the peer's stream, for report blocks (RFC 3550 appendix A.3).
  uint32_t first_sequence_ = 0, highest_sequence_ = 0, reported_expected_ = 0, reported_received_ = 0;
  uint32_t received_ = 0;
  PlainRtpCounters counters_;
};

}  // namespace limen::media
