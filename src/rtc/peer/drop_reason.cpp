#include "rtc/peer/drop_reason.hpp"

#include <fmt/core.h>

namespace limen::rtc {

std::string_view drop_name(Drop reason) {
  switch (reason) {
    case Drop::unknown_datagram:
      return "unknown datagram";
    case Drop::unexpected_source:
      return "unexpected source";
    case Drop::too_large:
      return "too large";
    case Drop::media_before_keys:
      return "media before keys";
    case Drop::rtp_malformed:
      return "malformed RTP";
    case Drop::rtcp_malformed:
      return "malformed RTCP";
    case Drop::unknown_ssrc:
      return "unknown SSRC";
    case Drop::receive_off:
      return "m-line does not receive";
    case Drop::duplicate:
      return "duplicate";
    case Drop::too_late:
      return "too late";
    case Drop::rtx_without_media:
      return "RTX without media";
    case Drop::rtx_empty:
      return "RTX padding";
    case Drop::feedback_unknown:
      return "feedback about an unknown stream";
    case Drop::data_unsupported:
      return "data channels not supported";
    case Drop::send_not_connected:
      return "sent before connected";
    case Drop::send_no_mline:
      return "sent on an m-line that does not send";
    case Drop::send_failed:
      return "could not be sent";
    case Drop::count:
      break;
  }
  return "unknown";
}

void DropCounts::append_to(std::vector<std::pair<std::string, uint64_t>>& out) const {
  for (size_t i = 0; i < counts_.size(); ++i) {
    if (counts_[i] != 0) out.emplace_back(drop_name(static_cast<Drop>(i)), counts_[i]);
  }
  for (size_t i = 0; i < srtp_.size(); ++i) {
    if (srtp_[i] != 0) out.emplace_back(fmt::format("SRTP {}", srtp_status_name(static_cast<SrtpStatus>(i))), srtp_[i]);
  }
}

}  // namespace limen::rtc
