#include "rtc/srtp/srtp_session.hpp"

#include "rtc/srtp/srtp_packet.hpp"

namespace limen::rtc {
namespace {

using crypto::SrtpCipher;
using crypto::SrtpKind;
using Verdict = ReplayWindow::Verdict;

constexpr uint32_t kEncryptedBit = 0x80000000;
constexpr uint32_t kMaxRtcpIndex = 0x7fffffff;

SrtpStatus status_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::fresh:
      return SrtpStatus::ok;
    case Verdict::seen:
      return SrtpStatus::replayed;
    case Verdict::too_old:
      return SrtpStatus::too_old;
  }
  return SrtpStatus::malformed;
}

// The index of `sequence`, and whether it may be used. `stream` is null for an SSRC not seen before.
template <typename Stream>
SrtpStatus find_index(const Stream* stream, uint16_t sequence, uint64_t& index) {
  index = sequence;
  if (stream == nullptr) return SrtpStatus::ok;
  if (!stream->window.estimate(sequence, index)) {
    return stream->window.highest() > ReplayWindow::kMaxIndex / 2 ? SrtpStatus::key_exhausted : SrtpStatus::too_old;
  }
  return status_of(stream->window.check(index));
}

}  // namespace

std::string_view srtp_status_name(SrtpStatus status) {
  switch (status) {
    case SrtpStatus::ok:
      return "ok";
    case SrtpStatus::too_short:
      return "too short";
    case SrtpStatus::malformed:
      return "malformed";
    case SrtpStatus::replayed:
      return "replayed";
    case SrtpStatus::too_old:
      return "too old";
    case SrtpStatus::authentication_failed:
      return "authentication failed";
    case SrtpStatus::too_many_ssrcs:
      return "too many SSRCs";
    case SrtpStatus::no_room:
      return "no room";
    case SrtpStatus::key_exhausted:
      return "key exhausted";
    case SrtpStatus::cipher_failed:
      return "cipher failed";
  }
  return "unknown";
}

SrtpSender::SrtpSender(crypto::SrtpProfile profile, const crypto::SrtpMasterKey& master, crypto::SrtpBackend backend)
    : profile_(profile),
      rtp_(SrtpCipher::create(profile, master, SrtpKind::rtp, backend)),
      rtcp_(SrtpCipher::create(profile, master, SrtpKind::rtcp, backend)) {}

SrtpStatus SrtpSender::admit_rtp(Bytes packet, size_t room, bool again, crypto::SrtpJob& job) {
  if (!rtp_) return SrtpStatus::cipher_failed;
  if (packet.size() < kRtpFixedHeader) return SrtpStatus::too_short;
  if (room < rtp_overhead()) return SrtpStatus::no_room;
  auto header = read_srtp_header(packet);
  if (!header || packet.size() > UINT16_MAX) return SrtpStatus::malformed;
  Stream* stream = streams_.find(header->ssrc);
  SrtpStatus status = find_index(stream, header->sequence, job.index);
  if (again) {
    if (status != SrtpStatus::replayed) return status == SrtpStatus::ok ? SrtpStatus::malformed : status;
  } else {
    if (status != SrtpStatus::ok) return status;
    if (stream == nullptr) {
      if (streams_.full()) return SrtpStatus::too_many_ssrcs;
      stream = &streams_.add(header->ssrc);
    }
    stream->window.record(job.index);
  }
  job.cipher = rtp_.get();
  job.size = static_cast<uint16_t>(packet.size());
  job.header_size = static_cast<uint16_t>(header->size);
  job.ssrc = header->ssrc;
  return SrtpStatus::ok;
}

SrtpStatus SrtpSender::protect_rtp(MutableBytes buffer, size_t& size) {
  return protect_now(buffer, size, false);
}

SrtpStatus SrtpSender::protect_rtp_again(MutableBytes buffer, size_t& size) {
  return protect_now(buffer, size, true);
}

SrtpStatus SrtpSender::protect_now(MutableBytes buffer, size_t& size, bool again) {
  if (size > buffer.size()) return SrtpStatus::no_room;
  crypto::SrtpJob job;
  SrtpStatus status = admit_rtp(buffer.first(size), buffer.size() - size, again, job);
  if (status != SrtpStatus::ok) return status;
  if (!rtp_->protect_rtp(buffer.data(), size, job.header_size, job.ssrc, job.index)) return SrtpStatus::cipher_failed;
  size += rtp_overhead();
  return SrtpStatus::ok;
}

SrtpStatus SrtpSender::protect_rtcp(MutableBytes buffer, size_t& size) {
  if (!rtcp_) return SrtpStatus::cipher_failed;
  if (size < kRtcpFixedHeader) return SrtpStatus::too_short;
  if (buffer.size() < size || buffer.size() - size < rtcp_overhead()) return SrtpStatus::no_room;
  if (buffer[0] >> 6 != 2) return SrtpStatus::malformed;
  // One counter for all SSRCs: each of them still sees its own indices only grow.
  if (next_rtcp_index_ > kMaxRtcpIndex) return SrtpStatus::key_exhausted;
  if (!rtcp_->protect_rtcp(buffer.data(), size, load_u32(&buffer[4]), next_rtcp_index_)) {
    return SrtpStatus::cipher_failed;
  }
  ++next_rtcp_index_;
  size += rtcp_overhead();
  return SrtpStatus::ok;
}

SrtpReceiver::SrtpReceiver(crypto::SrtpProfile profile, const crypto::SrtpMasterKey& master,
                           crypto::SrtpBackend backend)
    : profile_(profile),
      rtp_(SrtpCipher::create(profile, master, SrtpKind::rtp, backend)),
      rtcp_(SrtpCipher::create(profile, master, SrtpKind::rtcp, backend)) {}

SrtpStatus SrtpReceiver::unprotect_rtp(MutableBytes packet, size_t& size) {
  if (!rtp_) return SrtpStatus::cipher_failed;
  size_t tag = rtp_->tag_size();
  if (packet.size() < kRtpFixedHeader + tag) return SrtpStatus::too_short;
  auto header = read_srtp_header(packet.first(packet.size() - tag));
  if (!header) return SrtpStatus::malformed;
  Stream* stream = rtp_streams_.find(header->ssrc);
  uint64_t index = 0;
  if (SrtpStatus status = find_index(stream, header->sequence, index); status != SrtpStatus::ok) return status;
  if (stream == nullptr && rtp_streams_.full()) return SrtpStatus::too_many_ssrcs;
  if (!rtp_->unprotect_rtp(packet.data(), packet.size(), header->size, header->ssrc, index)) {
    return SrtpStatus::authentication_failed;
  }
  // Only now: a forged packet must not make or move any state.
  if (stream == nullptr) stream = &rtp_streams_.add(header->ssrc);
  stream->window.record(index);
  size = packet.size() - tag;
  return SrtpStatus::ok;
}

SrtpStatus SrtpReceiver::unprotect_rtcp(MutableBytes packet, size_t& size) {
  if (!rtcp_) return SrtpStatus::cipher_failed;
  size_t overhead = rtcp_->tag_size() + 4;
  if (packet.size() < kRtcpFixedHeader + overhead) return SrtpStatus::too_short;
  uint32_t word = crypto::srtcp_index_word(profile_, packet);
  // Every profile here encrypts SRTCP, so a packet that says otherwise is not from this session.
  if (packet[0] >> 6 != 2 || (word & kEncryptedBit) == 0) return SrtpStatus::malformed;
  uint32_t index = word & kMaxRtcpIndex;
  uint32_t ssrc = load_u32(&packet[4]);
  Stream* stream = rtcp_streams_.find(ssrc);
  if (stream == nullptr && rtcp_streams_.full()) return SrtpStatus::too_many_ssrcs;
  if (stream != nullptr) {
    if (SrtpStatus status = status_of(stream->window.check(index)); status != SrtpStatus::ok) return status;
  }
  if (!rtcp_->unprotect_rtcp(packet.data(), packet.size(), ssrc, index)) return SrtpStatus::authentication_failed;
  if (stream == nullptr) stream = &rtcp_streams_.add(ssrc);
  stream->window.record(index);
  size = packet.size() - overhead;
  return SrtpStatus::ok;
}

SrtpStatus SrtpReceiver::unprotect_rtp(Packet& packet) {
  size_t size = 0;
  SrtpStatus status = unprotect_rtp(packet.mutable_bytes(), size);
  if (status == SrtpStatus::ok) packet.set_size(size);
  return status;
}

SrtpStatus SrtpReceiver::unprotect_rtcp(Packet& packet) {
  size_t size = 0;
  SrtpStatus status = unprotect_rtcp(packet.mutable_bytes(), size);
  if (status == SrtpStatus::ok) packet.set_size(size);
  return status;
}

}  // namespace limen::rtc
