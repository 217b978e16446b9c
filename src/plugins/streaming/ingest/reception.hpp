// Reception: what a receiver report says about one incoming stream (RFC 3550 section 6.4.1, appendix A).
//
// One thread; bounded. A new SSRC begins anew.
#pragma once
#include <cstdint>
#include <optional>

#include "base/time.hpp"
#include "wire/rtcp/rtcp_packets.hpp"

namespace limen::streaming {

class Reception {
 public:
  explicit Reception(uint32_t clock_rate) : clock_rate_(clock_rate) {}

  void on_rtp(uint32_t ssrc, uint16_t sequence, uint32_t timestamp, Instant now);
  void on_sender_report(const rtcp::SenderReport& report, Instant now);
  // Nothing before the first packet. Loss is counted from one report to the next.
  std::optional<rtcp::ReportBlock> report(Instant now);
  // 0: none yet.
  uint32_t ssrc() const { return started_ ? ssrc_ : 0; }

 private:
  // A jump further than this is a restart of the numbering, not a loss.
  static constexpr int kMaxJump = 3000;

  uint32_t clock_rate_;
  bool started_ = false;
  uint32_t ssrc_ = 0;
  uint32_t first_ = 0;  // extended sequence numbers
  uint32_t highest_ = 0;
  uint32_t received_ = 0;
  uint32_t expected_before_ = 0, received_before_ = 0;
  double jitter_ = 0;
  double transit_ = 0;
  uint32_t last_report_ = 0;
  Instant last_report_at_{};
};

}  // namespace limen::streaming
