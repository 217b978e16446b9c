// MediaStreams, incoming RTCP.
#include <algorithm>

#include "rtc/peer/media_streams.hpp"

namespace limen::rtc {

void MediaStreams::on_rtcp(const Packet& packet, Instant now) {
  rtcp::Compound compound = rtcp::parse_rtcp(packet.bytes());
  if (compound.malformed != 0) drops_.add(Drop::rtcp_malformed, compound.malformed);
  for (const rtcp::Message& message : compound.messages) {
    std::visit([&](const auto& concrete) { on_message(concrete, now); }, message);
  }
}

void MediaStreams::on_message(const rtcp::SenderReport& report, Instant now) {
  if (SourceTable::Entry* entry = sources_.find(report.ssrc); entry != nullptr && !entry->slot.rtx) {
    ReceiveStream* stream = mlines_[entry->slot.mline]->slots[entry->slot.substream].stream.get();
    if (stream != nullptr) stream->on_sender_report(rtcp::compact_ntp(report.ntp), now);
  }
  for (const rtcp::ReportBlock& block : report.blocks) on_block(block, now);
}

void MediaStreams::on_message(const rtcp::ReceiverReport& report, Instant now) {
  for (const rtcp::ReportBlock& block : report.blocks) on_block(block, now);
}

void MediaStreams::on_block(const rtcp::ReportBlock& block, Instant now) {
  Mline* mline = sender_of(block.ssrc);
  if (mline == nullptr) return;  // the RTX stream's blocks are of no use
  std::optional<Duration> rtt;
  if (block.last_sr != 0) {
    uint32_t elapsed = rtcp::compact_ntp(ntp(now)) - block.last_sr - block.delay_since_last_sr;
    // A clock that went a little backwards shows as a huge value.
    constexpr uint32_t kLongest = 30 * 65536;
    if (elapsed < kLongest) rtt = rtcp::from_compact_duration(elapsed);
  }
  if (rtt) rtt_ = std::max<Duration>(*rtt, std::chrono::microseconds(100));
  mline->send->on_report(block, rtt);
  mline->send->update_keep(mline->config(), tuning_.min_nack_queue);
}

void MediaStreams::on_message(const rtcp::Nack& nack, Instant now) {
  for (size_t i = 0; i < mlines_.size(); ++i) {
    Mline& mline = *mlines_[i];
    if (!mline.send || mline.config().local_ssrc != nack.media_ssrc) continue;
    mline.send->nacks += nack.sequences.size();
    transport_.totals().nacks_in += nack.sequences.size();
    for (uint16_t sequence : nack.sequences) resend(static_cast<uint8_t>(i), sequence, now);
    return;
  }
  drops_.add(Drop::feedback_unknown);
}

void MediaStreams::resend(uint8_t index, uint16_t sequence, Instant now) {
  Mline& mline = *mlines_[index];
  SendStream& stream = *mline.send;
  SentPacket* sent = mline.config().send ? stream.find_for_resend(sequence, round_trip(), now) : nullptr;
  if (sent == nullptr) return;
  bool rtx = stream.resends_as_rtx(*sent, mline.config());
  size_t size = rtx ? send_as_rtx(index, *sent, now) : send_again(index, *sent);
  if (size == 0) return drops_.add(Drop::send_failed);
  stream.on_resent(*sent, size, now);
  ++transport_.totals().retransmissions_out;
}

// Both return the plain size; 0: not sent.
size_t MediaStreams::send_as_rtx(uint8_t index, const SentPacket& sent, Instant now) {
  Mline& mline = *mlines_[index];
  bool numbered = mline.config().extensions.has(ExtensionKind::transport_cc);
  MutableBytes out = transport_.reserve(kMaxRtpHeader + sizeof(sent.prefix) + kMaxDatagram + 2u);
  WrittenRtp written =
      mline.send->write_rtx(sent, mline.config(), index, numbered ? transport_sequence_ : -1, now, out);
  if (!written || !transport_.send_rtp(out, written.size)) return 0;
  if (numbered) ++transport_sequence_;
  return written.size;
}

size_t MediaStreams::send_again(uint8_t index, const SentPacket& sent) {
  Mline& mline = *mlines_[index];
  MutableBytes out = transport_.reserve(kMaxRtpHeader + sizeof(sent.prefix) + kMaxDatagram);
  WrittenRtp written = mline.send->write_again(sent, mline.config(), index, out);
  return written && transport_.send_rtp_again(out, written.size) ? written.size : 0;
}

void MediaStreams::on_message(const rtcp::PictureLoss& pli, Instant) {
  ++transport_.totals().plis_in;
  on_keyframe_request(pli.media_ssrc, false);
}

void MediaStreams::on_message(const rtcp::FullIntraRequest& fir, Instant) {
  transport_.totals().firs_in += fir.entries.size();
  for (const auto& entry : fir.entries) on_keyframe_request(entry.ssrc, true);
}

void MediaStreams::on_keyframe_request(uint32_t ssrc, bool fir) {
  for (size_t i = 0; i < mlines_.size(); ++i) {
    if (!mlines_[i]->send || mlines_[i]->config().local_ssrc != ssrc) continue;
    events_.push(FeedbackReceived{KeyframeRequest{static_cast<uint8_t>(i), fir}});
    return;
  }
  drops_.add(Drop::feedback_unknown);
}

void MediaStreams::on_message(const rtcp::ReceiverEstimate& remb, Instant) {
  events_.push(FeedbackReceived{BitrateEstimate{remb.bps}});
}

Mline* MediaStreams::sender_of(uint32_t ssrc) {
  for (auto& mline : mlines_) {
    if (mline->send && mline->config().local_ssrc == ssrc) return mline.get();
  }
  return nullptr;
}

}  // namespace limen::rtc
