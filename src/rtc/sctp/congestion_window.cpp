#include "rtc/sctp/congestion_window.hpp"

#include <algorithm>

namespace limen::rtc {

void CongestionWindow::on_ack(uint64_t cumulative, size_t newly_acked, bool advanced, bool full) {
  if (recovering_) {
    if (cumulative < recovery_end_) return;
    recovering_ = false;
  }
  if (!advanced) return;
  if (window_ <= threshold_) {
    if (full) window_ += std::min(newly_acked, packet_ * 2);
  } else {
    partial_ += newly_acked;
    if (partial_ >= window_ && full) {
      partial_ -= window_;
      window_ += packet_;
    }
  }
  window_ = std::min(window_, kMaxWindow);
}

void CongestionWindow::on_loss(uint64_t last) {
  if (recovering_) return;
  threshold_ = std::max(window_ / 2, 4 * packet_);
  window_ = threshold_;
  partial_ = 0;
  recovering_ = true;
  recovery_end_ = last;
}

void CongestionWindow::on_timeout() {
  threshold_ = std::max(window_ / 2, 4 * packet_);
  window_ = packet_;
  partial_ = 0;
  recovering_ = false;
}

void CongestionWindow::on_idle() {
  window_ = std::min(window_, std::max(window_ / 2, kInitialPackets * packet_));
  partial_ = 0;
}

}  // namespace limen::rtc
