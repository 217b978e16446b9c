// MediaStreams, outgoing RTCP.
#include <algorithm>

#include "rtc/peer/media_streams.hpp"

namespace limen::rtc {
namespace {

constexpr size_t kMaxCompound = 1200;

}  // namespace

uint64_t MediaStreams::ntp(Instant now) const {
  return rtcp::ntp_time(WallTime{to_us(now.time_since_epoch() + config_.wall_offset)});
}

// One datagram of an empty receiver report (RFC 3550 section 6.1 wants one first) and the messages.
template <typename... Messages>
bool MediaStreams::send_rtcp(uint32_t sender_ssrc, const Messages&... messages) {
  MutableBytes out = transport_.reserve(kMaxCompound);
  rtcp::CompoundWriter writer(out.first(kMaxCompound));
  rtcp::ReceiverReport empty;
  empty.ssrc = sender_ssrc;
  bool fits = writer.add(empty) && (writer.add(messages) && ...);
  if (fits && transport_.send_rtcp(out, writer.written().size())) return true;
  drops_.add(Drop::send_failed);
  return false;
}

void MediaStreams::send_keyframe_request(const Mline& mline, const SourceSlot& slot) {
  const SourceTable::Entry* source = sources_.find(slot);
  if (source == nullptr) return;
  uint32_t local = mline.config().local_ssrc;
  if (send_rtcp(local, rtcp::PictureLoss{local, source->ssrc})) ++transport_.totals().plis_out;
}

void MediaStreams::send_estimate(uint64_t bps) {
  rtcp::ReceiverEstimate estimate;
  estimate.bps = bps;
  for (uint8_t index : receiving_) {
    const Mline& mline = *mlines_[index];
    if (mline.config().kind != MediaKind::video) continue;
    if (estimate.sender_ssrc == 0) estimate.sender_ssrc = mline.config().local_ssrc;
    for (uint8_t substream = 0; substream < kMaxSubstreams && estimate.ssrcs.size() < 255; ++substream) {
      const SourceTable::Entry* source = sources_.find(SourceSlot{index, substream, false});
      if (source != nullptr) estimate.ssrcs.push_back(source->ssrc);
    }
  }
  if (estimate.sender_ssrc == 0 && !mlines_.empty()) estimate.sender_ssrc = mlines_[0]->config().local_ssrc;
  send_rtcp(estimate.sender_ssrc, estimate);
}

void MediaStreams::send_nacks(Instant now) {
  for_each_slot([&](const Mline& mline, const SourceSlot&, ReceiveSlot& slot) {
    NackGenerator* generator = slot.stream ? slot.stream->nack() : nullptr;
    if (generator == nullptr || generator->next_deadline() > now) return;
    std::array<uint16_t, NackGenerator::kMaxMissing> missing;
    size_t count = generator->collect(now, round_trip(), missing);
    if (count == 0) return;
    rtcp::Nack nack{mline.config().local_ssrc, slot.stream->ssrc(), {}};
    nack.sequences.assign(missing.begin(), missing.begin() + static_cast<ptrdiff_t>(count));
    if (!send_rtcp(nack.sender_ssrc, nack)) return;
    slot.stream->nacks += count;
    transport_.totals().nacks_out += count;
  });
}

void MediaStreams::send_transport_feedback() {
  feedback_at_ = kNever;
  rtcp::TransportFeedback feedback;
  while (arrivals_.take(feedback)) {
    for (uint8_t index : receiving_) {
      if (mlines_[index]->config().kind != MediaKind::video) continue;
      feedback.sender_ssrc = mlines_[index]->config().local_ssrc;
      const SourceTable::Entry* source = sources_.find(SourceSlot{index, 0, false});
      feedback.media_ssrc = source != nullptr ? source->ssrc : 0;
      break;
    }
    send_rtcp(feedback.sender_ssrc, feedback);
  }
}

rtcp::ReportBlock MediaStreams::block_for(const ReceiveStream& stream, Instant now) {
  ReceiveStream::Report report = stream.report(now);
  return {stream.ssrc(), report.fraction_lost, report.lost,          report.highest,
          report.jitter, report.last_sr,       report.delay_since_sr};
}

void MediaStreams::send_reports(Instant now) {
  MutableBytes out = transport_.reserve(kMaxCompound);
  rtcp::CompoundWriter writer(out.first(kMaxCompound));
  auto flush = [&] {
    if (writer.empty()) return;
    if (!transport_.send_rtcp(out, writer.written().size())) drops_.add(Drop::send_failed);
    out = transport_.reserve(kMaxCompound);
    writer = rtcp::CompoundWriter(out.first(kMaxCompound));
  };
  std::vector<rtcp::ReportBlock> blocks;
  for (auto& each : mlines_) {
    const Mline& mline = *each;
    blocks.clear();
    for (const ReceiveSlot& slot : mline.slots) {
      if (mline.config().receive && slot.stream && slot.stream->reporting()) {
        blocks.push_back(block_for(*slot.stream, now));
      }
    }
    bool sends = mline.config().send && mline.send && mline.send->sent_anything();
    if (!sends && blocks.empty()) continue;
    // A report and its SDES stay together, so that any first half of the compound is valid.
    constexpr size_t kMostOfOne = 28 + 24 * kMaxSubstreams + 12 + 256;
    if (kMaxCompound - writer.written().size() < kMostOfOne) flush();
    uint32_t ssrc = mline.config().local_ssrc;
    if (sends) {
      writer.add(rtcp::SenderReport{ssrc, ntp(now), mline.send->rtp_time(mline.config(), now),
                                    static_cast<uint32_t>(mline.send->packets),
                                    static_cast<uint32_t>(mline.send->octets), blocks});
    } else {
      writer.add(rtcp::ReceiverReport{ssrc, blocks});
    }
    writer.add(rtcp::SourceDescription{{{ssrc, cname_}}});
  }
  flush();
}

void MediaStreams::send_bye() {
  rtcp::Goodbye bye;
  for (auto& mline : mlines_) {
    if (mline->send && mline->send->sent_anything() && bye.ssrcs.size() < rtcp::kMaxCount) {
      bye.ssrcs.push_back(mline->config().local_ssrc);
    }
  }
  if (!bye.ssrcs.empty() && transport_.up() && !transport_.closed()) send_rtcp(bye.ssrcs[0], bye);
}

}  // namespace limen::rtc
