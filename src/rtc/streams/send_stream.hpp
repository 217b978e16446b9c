// SendStream: what this server sends on one m-line: headers, retransmissions, and what the other side
// reports about it.
//
// It writes plain RTP into the caller's buffer; encryption is the Peer's. A shard's thread only.
// RFC 3550 (SR), RFC 4588 (RTX), spec 7.9 and 7.10.
#pragma once
#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "rtc/peer/peer_config.hpp"
#include "rtc/streams/receive_stream.hpp"
#include "rtc/streams/send_history.hpp"
#include "wire/rtcp/rtcp_packets.hpp"
#include "wire/rtp/rtp_writer.hpp"

namespace limen::rtc {

class SendStream {
 public:
  // `recent` outlives the stream; it may be shared by all streams of a shard.
  SendStream(RecentPackets& recent, uint16_t first_rtx_sequence) : recent_(recent), rtx_sequence_(first_rtx_sequence) {}

  // How long packets are kept, from the round trip and the administrator's minimum; smoothed.
  void update_keep(const MlineConfig& config, Duration min_keep);

  // Writes the plain packet. `transport_sequence` < 0: none. Size 0: did not fit.
  WrittenRtp write(const OutgoingRtp& rtp, const MlineConfig& config, int32_t transport_sequence, Instant now,
                   MutableBytes out) const;
  // It left: counts it and keeps it for retransmission.
  // `forget_before_keyframe`: the first packet of a keyframe empties the history.
  void on_sent(const OutgoingRtp& rtp, const WrittenRtp& written, int32_t transport_sequence,
               bool forget_before_keyframe, Instant now);

  // The packet that was asked for, if it is still there and was not sent again a moment ago.
  SentPacket* find_for_resend(uint16_t sequence, Duration rtt, Instant now);
  // How it is sent again: as RTX where that was agreed on for its payload type, else the very same packet.
  bool resends_as_rtx(const SentPacket& sent, const MlineConfig& config) const;
  // Exactly the bytes of the first time (before encryption): under SRTP one index must never carry others.
  WrittenRtp write_again(const SentPacket& sent, const MlineConfig& config, uint8_t mline, MutableBytes out) const;
  WrittenRtp write_rtx(const SentPacket& sent, const MlineConfig& config, uint8_t mline, int32_t transport_sequence,
                       Instant now, MutableBytes out);
  // The packet of find_for_resend() left.
  void on_resent(SentPacket& sent, size_t bytes, Instant now);

  // Of the payload type last sent; never 0.
  uint32_t clock_rate(const MlineConfig& config) const;
  // RTP time that belongs to `now`, extrapolated from the last packet.
  uint32_t rtp_time(const MlineConfig& config, Instant now) const;
  // A report about this stream; `rtt` if it could be computed.
  void on_report(const rtcp::ReportBlock& block, std::optional<Duration> rtt);
  // Once a second.
  void end_interval(Instant now);

  bool sent_anything() const { return packets != 0; }
  Duration rtt() const { return rtt_; }
  Duration keep() const { return history_.keep(); }
  int32_t lost_by_remote() const { return lost_by_remote_; }
  uint32_t remote_jitter() const { return remote_jitter_; }
  // Losses that the other side reported since the last call (slow link).
  uint32_t take_reported_losses();
  const LinkQuality& link_quality() const { return link_quality_; }
  const LinkQuality& media_quality() const { return media_quality_; }
  SendHistory& history() { return history_; }

  // Counters; octets are payload only, as an SR wants them.
  uint64_t packets = 0, bytes = 0, bytes_last_second = 0, octets = 0;
  uint64_t nacks = 0, retransmissions = 0;
  int last_payload_type = -1;

  // What write() makes of a packet is about to change (header extensions): older ones cannot come again.
  void forget() { history_.clear(); }

 private:
  RecentPackets& recent_;
  SendHistory history_;
  uint16_t rtx_sequence_;

  uint32_t last_timestamp_ = 0;
  Instant last_timestamp_at_{};
  uint32_t keyframe_timestamp_ = 0;
  bool keyframe_seen_ = false;

  uint64_t interval_bytes_ = 0;

  Duration rtt_{0};
  Duration smoothed_keep_{0};
  int32_t lost_by_remote_ = 0;
  uint32_t remote_jitter_ = 0;
  uint32_t reported_highest_ = 0;
  bool reported_ = false;
  uint32_t reported_losses_ = 0;
  uint64_t reported_retransmissions_ = 0;
  LinkQuality link_quality_;
  LinkQuality media_quality_;
};

}  // namespace limen::rtc
