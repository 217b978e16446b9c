// CongestionWindow: how many bytes may be on their way (RFC 9260 section 7.2).
//
// A value of one association; a shard's thread only.
#pragma once
#include <cstddef>
#include <cstdint>

namespace limen::rtc {

class CongestionWindow {
 public:
  explicit CongestionWindow(size_t packet) : packet_(packet), window_(kInitialPackets * packet) {}

  size_t bytes() const { return window_; }
  bool in_recovery() const { return recovering_; }

  // `cumulative`: up to where everything is acknowledged now; `full`: the window was in use.
  void on_ack(uint64_t cumulative, size_t newly_acked, bool advanced, bool full);
  // Loss found by reports; a new reduction at most once per window. `last`: highest number sent.
  void on_loss(uint64_t last);
  void on_timeout();
  // Nothing was sent for a while: what was learned about the path is old.
  void on_idle();

 private:
  static constexpr size_t kInitialPackets = 10;
  static constexpr size_t kMaxWindow = 8 << 20;

  size_t packet_;
  size_t window_;
  size_t threshold_ = kMaxWindow;
  size_t partial_ = 0;
  bool recovering_ = false;
  uint64_t recovery_end_ = 0;
};

}  // namespace limen::rtc
