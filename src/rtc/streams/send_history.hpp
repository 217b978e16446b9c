// SendHistory: what one m-line sent lately, kept for retransmission.
//
// With RTX an entry refers to the source packet and remembers how it was rewritten, so that it can be
// built again and nothing is copied; without RTX it holds the encrypted bytes. Bounded by time and
// count, allocated with the first packet. A shard's thread only. RFC 4588, spec 7.9.
#pragma once
#include <cstdint>
#include <vector>

#include "base/bytes.hpp"
#include "base/packet.hpp"
#include "base/time.hpp"
#include "wire/rtp/rtp_packet.hpp"

namespace limen::rtc {

struct SentPacket {
  Packet packet;
  ExtensionFacts extensions;
  uint32_t timestamp = 0;
  uint16_t payload_offset = 0, payload_size = 0;
  uint16_t sequence = 0;
  uint8_t payload_type = 0;
  bool marker = false;
  uint8_t prefix_replaced = 0, prefix_size = 0;
  std::array<uint8_t, 8> prefix{};
  int16_t min_playout_delay = -1, max_playout_delay = -1;
  // The packet as encrypted, kept only where retransmissions are not RTX: under SRTP one index must
  // never carry other bytes. Keeps its memory when the entry is used again.
  std::vector<uint8_t> sealed;
  uint8_t resends = 0;
  Instant sent_at{};
  Instant resent_at{};

  // The packet and note that were given to send(). `source` must outlive the note.
  RtpPacket source() const;
  OutgoingRtp note(const RtpPacket& source, uint8_t mline) const;
};

class SendHistory {
 public:
  static constexpr size_t kMaxPackets = 1024;

  // How long packets are kept; zero keeps nothing.
  void set_keep(Duration keep);
  Duration keep() const { return keep_; }

  // `sealed` empty: the packet can be built again from its source.
  void add(const OutgoingRtp& rtp, Bytes sealed, Instant now);
  // Null if it is too old or never was. Valid until the next add().
  SentPacket* find(uint16_t sequence, Instant now);
  // Lets go of what is too old; called now and then, so that an idle stream pins nothing.
  void trim(Instant now);
  void clear();
  void release_if_empty();
  size_t size() const { return count_; }

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
