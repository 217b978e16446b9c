// JitterBuffer: packets of one audio stream as they arrive, taken out one after the other at the stream's pace.
//
// Any one thread; bounded. The reader asks whenever it needs the next packet's worth of audio, and is told: here
// it is; it is lost (with the packet after it, for its error correction); or there is nothing. Positions are
// sequence numbers. The delay adapts: a stream that runs dry is waited for again, one that always has more
// waiting than it needs loses a packet now and then, a quiet one if there is one.
#pragma once
#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "wire/rtp/rtp_packet.hpp"

namespace limen::media {

struct JitterCounters {
  uint64_t late = 0, duplicate = 0;  // dropped
  uint64_t lost = 0;                 // told as lost
  uint64_t restarts = 0;             // another source, or a jump
  uint64_t skipped = 0;              // dropped to shorten the delay
};

class JitterBuffer {
 public:
  static constexpr size_t kCapacity = 64;   // packets
  static constexpr int kMargin = 2;         // packets that wait before the first one is taken
  static constexpr int kMaxLate = 50;       // older ones are another stream
  static constexpr int kMaxConcealed = 20;  // in a row; then it is silence
  static constexpr int kWindow = 50;        // takes after which the delay is looked at
  static constexpr int kMostMargin = 10;    // packets, however bad the network is

  enum class Kind : uint8_t { nothing, packet, lost };
  struct Take {
    Kind kind = Kind::nothing;
    RtpPacket packet;  // Kind::packet
    Bytes next;        // Kind::lost: the payload of the packet after it, if it is there; until the next call
    bool silent = false;
  };

  // `silent`: by its audio level there is nothing in it.
  void put(const RtpPacket& packet, bool silent);
  Take take();
  void reset();

  size_t waiting() const { return count_; }
  bool running() const { return running_; }
  int margin() const { return margin_; }
  const JitterCounters& counters() const { return counters_; }

 private:
  struct Slot {
    bool used = false, silent = false;
    RtpPacket packet;
  };
  Slot& slot(uint16_t sequence) { return slots_[sequence % kCapacity]; }
  bool holds(uint16_t sequence) { return slot(sequence).used && slot(sequence).packet.sequence == sequence; }
  void store(const RtpPacket& packet, bool silent);
  void drop(uint16_t sequence);
  void restart();
  void stop();
  Take take_next();
  Take starve();
  void look_at_delay();
  void shorten();
  uint16_t first_waiting();

  std::array<Slot, kCapacity> slots_;
  size_t count_ = 0;
  bool known_ = false;    // a stream is there: ssrc_, newest_
  bool running_ = false;  // packets are being taken: next_
  uint32_t ssrc_ = 0;
  uint16_t newest_ = 0;  // highest number so far
  uint16_t next_ = 0;    // to be taken
  int starved_ = 0;      // takes in a row that found nothing
  int owed_ = 0;         // of these, the ones whose packets may turn out to be lost
  int margin_ = kMargin;
  int takes_ = 0;
  size_t least_ = kCapacity;  // packets left after a take, in this window
  bool ran_dry_ = false;      // in this window
  bool surplus_ = false;      // more waits than is needed
  int calm_windows_ = 0;
  JitterCounters counters_;
};

}  // namespace limen::media
