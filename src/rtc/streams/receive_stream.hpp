// ReceiveStream: one incoming SSRC: what arrived, what did not, how evenly, and what to report.
//
// Knows nothing of bytes: it is told of each authenticated packet. A shard's thread only.
// RFC 3550 sections 6.4 and A.1, A.3, A.8; RFC 4588 (packets recovered by retransmission).
#pragma once
#include <array>
#include <cmath>
#include <cstdint>
#include <memory>

#include "base/time.hpp"
#include "rtc/streams/nack_generator.hpp"
#include "rtc/streams/sequence_extender.hpp"

namespace limen::rtc {

// 0..100; new = 2/3 old + 1/3 sample (spec 7.10).
class LinkQuality {
 public:
  void add(uint64_t expected, uint64_t lost) {
    if (expected == 0) return;
    double sample = lost >= expected ? 0.0 : 100.0 - 100.0 * static_cast<double>(lost) / static_cast<double>(expected);
    value_ += (sample - value_) / 3.0;
  }
  int32_t value() const { return static_cast<int32_t>(std::lround(value_)); }

 private:
  double value_ = 100.0;
};

class ReceiveStream {
 public:
  // Duplicates are told apart from late packets this far back.
  static constexpr uint64_t kWindow = 1024;

  struct Arrival {
    uint16_t sequence = 0;
    uint32_t timestamp = 0;
    uint32_t bytes = 0;
    bool recovered = false;  // came by RTX
  };
  enum class Verdict : uint8_t { fresh, duplicate, too_old };

  // What a report block says of this stream (RFC 3550 section 6.4.1).
  struct Report {
    uint8_t fraction_lost = 0;
    int32_t lost = 0;
    uint32_t highest = 0;
    uint32_t jitter = 0;
    uint32_t last_sr = 0;
    uint32_t delay_since_sr = 0;  // 1/65536 s
  };

  ReceiveStream(uint32_t ssrc, uint32_t clock_rate) : ssrc_(ssrc), clock_rate_(clock_rate) {}

  Verdict on_packet(const Arrival& arrival, bool nack, Instant now);
  // That packet began a keyframe, or is one of the first of it.
  void on_keyframe(uint16_t sequence);
  void on_sender_report(uint32_t ntp_middle, Instant now);
  // Once a second: ends the interval that fraction, quality and bytes_last_second speak of.
  void end_interval();
  Report report(Instant now) const;

  uint32_t ssrc() const { return ssrc_; }
  uint32_t clock_rate() const { return clock_rate_; }
  void set_clock_rate(uint32_t rate) { clock_rate_ = rate; }
  bool started() const { return sequences_.started(); }
  // Something arrived since the interval before the last one ended.
  bool reporting() const { return started() && silent_intervals_ < 2; }
  Instant last_packet() const { return last_packet_; }

  int32_t lost() const;                                         // cumulative, not counting recovered ones
  uint32_t lost_in_interval() const { return interval_lost_; }  // the one that ended last
  int32_t jitter_ms() const { return clock_rate_ == 0 ? 0 : static_cast<int32_t>((jitter_ >> 4) * 1000 / clock_rate_); }
  const LinkQuality& link_quality() const { return link_quality_; }
  const LinkQuality& media_quality() const { return media_quality_; }

  // Null until a NACK is possible.
  NackGenerator* nack() { return nack_.get(); }
  void stop_nack() { nack_.reset(); }

  // Counters for the statistics, kept by whoever does the thing counted.
  uint64_t packets = 0, bytes = 0, bytes_last_second = 0;
  uint64_t nacks = 0, retransmissions = 0;

 private:
  bool test_and_set(uint64_t sequence);
  void advance(uint64_t from, uint64_t to);
  void restart(uint16_t sequence);
  void update_jitter(uint32_t timestamp, Instant now);

  uint32_t ssrc_;
  uint32_t clock_rate_;
  SequenceExtender sequences_;
  uint64_t base_ = 0;      // first extended number
  uint64_t received_ = 0;  // as sent, without recovered ones
  uint64_t recovered_ = 0;
  std::array<uint64_t, kWindow / 64> seen_{};
  int32_t restart_at_ = -1;  // the number that would confirm that the sender started anew

  uint64_t interval_expected_ = 0, interval_received_ = 0, interval_recovered_ = 0, interval_bytes_ = 0;
  uint32_t interval_lost_ = 0;
  uint8_t fraction_lost_ = 0;
  uint8_t silent_intervals_ = 0;

  uint32_t jitter_ = 0;  // 16 times the value, as in RFC 3550 A.8
  uint32_t last_timestamp_ = 0;
  uint32_t last_transit_ = 0;
  bool has_transit_ = false;
  Instant last_packet_{};

  uint32_t last_sr_ = 0;
  Instant last_sr_at_{};
  LinkQuality link_quality_;
  LinkQuality media_quality_;
  std::unique_ptr<NackGenerator> nack_;
};

}  // namespace limen::rtc
