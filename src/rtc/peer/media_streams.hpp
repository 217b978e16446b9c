// MediaStreams: the RTP and RTCP of one Peer: m-lines, the SSRCs that belong to them, reports,
// retransmission, keyframe requests, feedback, and what is told about arriving media.
//
// It sees plain packets only; SecureTransport protects what it sends. A shard's thread only.
// RFC 3550, 4585, 4588, 5104, 8843, 8852; spec 7.9, 7.10, 7.11.
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "base/packet.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "rtc/bwe/arrival_recorder.hpp"
#include "rtc/peer/drop_reason.hpp"
#include "rtc/peer/event_queue.hpp"
#include "rtc/peer/mline.hpp"
#include "rtc/peer/peer_config.hpp"
#include "rtc/peer/peer_stats.hpp"
#include "rtc/peer/secure_transport.hpp"
#include "rtc/streams/recent_packets.hpp"
#include "rtc/streams/source_table.hpp"
#include "wire/rtcp/rtcp_parser.hpp"
#include "wire/rtcp/rtcp_writer.hpp"
#include "wire/rtp/rtp_packet.hpp"

namespace limen::rtc {

class MediaStreams {
 public:
  MediaStreams(const PeerConfig& config, SecureTransport& transport, Random& random, EventQueue& events,
               DropCounts& drops, RecentPackets* recent);
  ~MediaStreams();

  void set_media(const PeerMediaConfig& media, Instant now);
  void set_tuning(const PeerTuning& tuning);

  // Decrypted packets from the peer.
  void on_rtp(Packet packet, Instant now);
  void on_rtcp(const Packet& packet, Instant now);
  // The transport came up.
  void on_up(Instant now);

  bool send(const OutgoingRtp& rtp, Instant now);
  void send(const RtcpFeedback& feedback, Instant now);
  void send_bye();

  Instant next_deadline() const;
  void handle_timeout(Instant now);
  void fill(PeerStats& stats) const;
  size_t history_bytes() const;
  void find_hot_lines(uint8_t mline, HotLines& lines) const;

 private:
  void configure_mline(uint8_t index, const MlineConfig& next);
  void fill_mline(uint8_t index, MlineStats& out) const;

  // Incoming (media_receive.cpp, source_learning.cpp).
  struct Found {
    Mline* mline = nullptr;
    SourceSlot slot;
  };
  bool find_source(RtpPacket& packet, Found& found);
  bool learn(RtpPacket& packet, Found& found);
  int mline_for(const RtpPacket& packet) const;
  bool unwrap(RtpPacket& packet, const Found& found);
  void restart_slot(ReceiveSlot& slot, uint32_t ssrc, uint32_t clock_rate);
  void read_codec(RtpPacket& packet, ReceiveSlot& slot);
  void bind(uint32_t ssrc, const SourceSlot& slot, bool by_rid);

  // Incoming RTCP (rtcp_receive.cpp).
  void on_message(const rtcp::SenderReport& report, Instant now);
  void on_message(const rtcp::ReceiverReport& report, Instant now);
  void on_message(const rtcp::Nack& nack, Instant now);
  void on_message(const rtcp::PictureLoss& pli, Instant now);
  void on_message(const rtcp::FullIntraRequest& fir, Instant now);
  void on_message(const rtcp::ReceiverEstimate& remb, Instant now);
  template <typename Other>
  void on_message(const Other&, Instant) {}
  void on_block(const rtcp::ReportBlock& block, Instant now);
  void on_keyframe_request(uint32_t ssrc, bool fir);
  void resend(uint8_t index, uint16_t sequence, Instant now);
  size_t send_as_rtx(uint8_t index, const SentPacket& sent, Instant now);
  size_t send_again(uint8_t index, const SentPacket& sent);
  Mline* sender_of(uint32_t ssrc);

  // Outgoing RTCP (rtcp_send.cpp).
  template <typename... Messages>
  bool send_rtcp(uint32_t sender_ssrc, const Messages&... messages);
  void send_keyframe_request(const Mline& mline, const SourceSlot& slot);
  void send_estimate(uint64_t bps);
  void send_nacks(Instant now);
  void send_transport_feedback();
  void send_reports(Instant now);
  static rtcp::ReportBlock block_for(const ReceiveStream& stream, Instant now);
  uint64_t ntp(Instant now) const;

  // Once a second and monitoring (media_monitor.cpp).
  void tick(Instant now);
  void check_slow_link(uint8_t index);
  void check_silence(Instant now);
  void plan_monitor(Instant at) { monitor_at_ = std::min(monitor_at_, at); }
  Duration round_trip() const;
  template <typename Fn>
  void for_each_slot(Fn&& fn) const;

  const PeerConfig& config_;
  SecureTransport& transport_;
  Random& random_;
  EventQueue& events_;
  DropCounts& drops_;
  PeerTuning tuning_;
  std::unique_ptr<RecentPackets> own_recent_;  // if none is shared
  RecentPackets& recent_;

  std::vector<std::unique_ptr<Mline>> mlines_;
  std::vector<uint8_t> receiving_;  // indexes of m-lines that receive media
  ExtensionMap bundle_extensions_;  // of all m-lines: to read mid and rid before the m-line is known
  std::string cname_;
  bool transport_cc_ = false;
  SourceTable sources_;
  ArrivalRecorder arrivals_;
  uint16_t transport_sequence_ = 0;

  Instant tick_at_ = kNever;
  Instant monitor_at_ = kNever;
  Instant feedback_at_ = kNever;
  Duration rtt_{0};  // from reports; zero: none yet
};

template <typename Fn>
void MediaStreams::for_each_slot(Fn&& fn) const {
  for (uint8_t index : receiving_) {
    Mline& mline = *mlines_[index];
    for (uint8_t substream = 0; substream < kMaxSubstreams; ++substream) {
      fn(mline, SourceSlot{index, substream, false}, mline.slots[substream]);
    }
  }
}

}  // namespace limen::rtc
