// SendHistory: what one m-line sent lately, kept for retransmission.
//
// The packets themselves are in the shard's RecentPackets; an entry remembers which one it was and how it
// was rewritten, so that the same bytes can be made again. Bounded by time and count, allocated with the
// first packet. A shard's thread only. RFC 4588, spec 7.9.
#pragma once
#include <cstdint>
#include <vector>

#include "base/time.hpp"
#include "rtc/streams/recent_packets.hpp"
#include "wire/rtp/rtp_packet.hpp"

namespace limen::rtc {

struct SentPacket {
  Instant sent_at{};
  RecentPackets::Number source = 0;
  uint32_t timestamp = 0;
  uint16_t sequence = 0;
  uint16_t transport_sequence = 0;  // as sent, if `numbered`
  uint8_t payload_type : 7 = 0;
  bool marker : 1 = false;
  uint8_t resends : 7 = 0;
  bool numbered : 1 = false;
  uint8_t prefix_replaced = 0;
  uint8_t prefix_size : 4 = 0;
  uint8_t padding : 4 = 0;  // a second copy has to be the same to the bit: its cipher uses the same nonce
  std::array<uint8_t, 8> prefix{};
  int16_t min_playout_delay = -1, max_playout_delay = -1;
  uint32_t resent_after_ms = 0;  // from sent_at to the last retransmission

  Instant resent_at() const { return sent_at + std::chrono::milliseconds(resent_after_ms); }
  // The note that was given to send(). `from` must outlive it.
  OutgoingRtp note(const RtpPacket& from, uint8_t mline) const;
};

class SendHistory {
 public:
  static constexpr size_t kMaxPackets = 1024;

  // How long packets are kept; zero keeps nothing.
  void set_keep(Duration keep);
  Duration keep() const { return keep_; }

  // `transport_sequence` < 0: it had none.
  void add(const OutgoingRtp& rtp, RecentPackets::Number source, int32_t transport_sequence, Instant now);
  // Null if it is too old or never was. Valid until the next add().
  SentPacket* find(uint16_t sequence, Instant now);
  // Lets go of what is too old; called now and then.
  void trim(Instant now);
  void clear();
  void release_if_empty();
  size_t size() const { return count_; }
  size_t bytes() const { return ring_.capacity() * sizeof(SentPacket); }

 private:
  SentPacket& at(size_t index) { return ring_[(head_ + index) & (ring_.size() - 1)]; }
  void grow();
  void drop_oldest();

  std::vector<SentPacket> ring_;  // a power of two; oldest at head_, in order of sending
  size_t head_ = 0;
  size_t count_ = 0;
  Duration keep_{0};
};

// Whether a packet that was asked for again may be sent again now: at most once per round trip
// (20 ms at least), doubling, and not for ever.
bool may_resend(const SentPacket& packet, Duration rtt, Instant now);

}  // namespace limen::rtc
