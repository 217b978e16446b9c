// Why a Peer did not use a datagram, a packet or a note: counted by reason, never logged.
//
// Values; a shard's thread only.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rtc/srtp/srtp_session.hpp"

namespace limen::rtc {

enum class Drop : uint8_t {
  unknown_datagram,   // neither STUN, DTLS, RTP nor RTCP
  unexpected_source,  // DTLS or plain media from an address that ICE has not checked
  too_large,          // over 1500 bytes
  media_before_keys,  // more than is kept until the handshake ends
  rtp_malformed,
  rtcp_malformed,
  unknown_ssrc,  // no m-line claims it
  receive_off,   // its m-line does not receive
  duplicate,
  too_late,           // so old that nobody can use it
  rtx_without_media,  // a retransmission whose original is not known
  rtx_empty,          // padding sent as retransmission, to probe the link
  feedback_unknown,   // about a stream that is not ours
  data_unsupported,   // SCTP, and no association
  send_not_connected,
  send_no_mline,  // the note names an m-line that does not send
  send_failed,    // could not be written or encrypted
  count
};
std::string_view drop_name(Drop reason);

class DropCounts {
 public:
  // What is counted here is counted in `totals` as well; outlives this.
  void count_in(DropCounts& totals) { totals_ = &totals; }
  void add(Drop reason, uint64_t count = 1) {
    counts_[static_cast<size_t>(reason)] += count;
    if (totals_ != nullptr) totals_->add(reason, count);
  }
  void add_in(SrtpStatus status) {
    srtp_[static_cast<size_t>(status)] += 1;
    if (totals_ != nullptr) totals_->add_in(status);
  }
  uint64_t of(Drop reason) const { return counts_[static_cast<size_t>(reason)]; }
  uint64_t of(SrtpStatus status) const { return srtp_[static_cast<size_t>(status)]; }
  // Appends the reasons that happened, by name.
  void append_to(std::vector<std::pair<std::string, uint64_t>>& out) const;

 private:
  std::array<uint64_t, static_cast<size_t>(Drop::count)> counts_{};
  std::array<uint64_t, kSrtpStatusCount> srtp_{};
  DropCounts* totals_ = nullptr;
};

}  // namespace limen::rtc
