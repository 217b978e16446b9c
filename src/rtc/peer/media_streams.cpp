#include "rtc/peer/media_streams.hpp"

#include <algorithm>
#include <cstddef>

namespace limen::rtc {

MediaStreams::MediaStreams(const PeerConfig& config, SecureTransport& transport, Random& random, EventQueue& events,
                           DropCounts& drops, RecentPackets* recent)
    : config_(config),
      transport_(transport),
      random_(random),
      events_(events),
      drops_(drops),
      tuning_(config.tuning),
      own_recent_(recent == nullptr ? std::make_unique<RecentPackets>() : nullptr),
      recent_(recent == nullptr ? *own_recent_ : *recent) {
  recent_.enter();
}

MediaStreams::~MediaStreams() {
  recent_.leave();
}

void MediaStreams::set_media(const PeerMediaConfig& media, Instant now) {
  size_t count = std::min(media.mlines.size(), kMaxMlines);
  for (size_t i = count; i < mlines_.size(); ++i) sources_.remove(static_cast<uint8_t>(i));
  mlines_.resize(count);
  receiving_.clear();
  cname_ = media.cname;
  transport_cc_ = media.transport_cc;
  bundle_extensions_ = {};

  for (size_t i = 0; i < count; ++i) {
    const MlineConfig& next = media.mlines[i];
    auto index = static_cast<uint8_t>(i);
    if (!mlines_[i] || mlines_[i]->config().kind != next.kind || mlines_[i]->config().mid != next.mid) {
      sources_.remove(index);
      mlines_[i] = std::make_unique<Mline>();
    }
    configure_mline(index, next);
    if (next.kind == MediaKind::data) continue;
    if (next.receive) receiving_.push_back(index);
    for (size_t kind = 0; kind < kExtensionKinds; ++kind) {
      auto each = static_cast<ExtensionKind>(kind);
      if (!bundle_extensions_.has(each)) bundle_extensions_.set(each, next.extensions.id(each));
    }
  }
  if (transport_.up()) check_silence(now);
}

void MediaStreams::configure_mline(uint8_t index, const MlineConfig& next) {
  Mline& mline = *mlines_[index];
  uint32_t old_ssrc = mline.config().local_ssrc;
  bool rids_changed = mline.config().rids != next.rids;
  if (mline.send && mline.config().extensions != next.extensions) mline.send->forget();
  mline.configure(next);

  if (next.send && (!mline.send || old_ssrc != next.local_ssrc)) {
    mline.send = std::make_unique<SendStream>(recent_, static_cast<uint16_t>(random_.u32()));
  }
  if (mline.send) mline.send->update_keep(next, tuning_.min_nack_queue);

  if (rids_changed) sources_.remove(index);
  for (uint8_t slot = 0; slot < kMaxSubstreams; ++slot) {
    if (next.remote_ssrc[slot] != 0) bind(next.remote_ssrc[slot], {index, slot, false}, false);
    if (next.remote_rtx_ssrc[slot] != 0) bind(next.remote_rtx_ssrc[slot], {index, slot, true}, false);
    ReceiveSlot& receive = mline.slots[slot];
    if (!next.nack && receive.stream) receive.stream->stop_nack();
    if (!next.receive && receive.flow.stop()) events_.push(MediaStateChanged{index, slot, false});
  }
}

void MediaStreams::bind(uint32_t ssrc, const SourceSlot& slot, bool by_rid) {
  SourceTable::Entry* known = sources_.find(ssrc);
  if (known != nullptr && known->slot == slot) return;
  // The description repeated; which slot it is was learnt from the packets since.
  if (known != nullptr && known->by_rid && known->slot.mline == slot.mline && known->slot.rtx == slot.rtx) return;
  sources_.bind(ssrc, slot, by_rid);
}

void MediaStreams::set_tuning(const PeerTuning& tuning) {
  tuning_ = tuning;
  for (auto& mline : mlines_) {
    if (mline->send) mline->send->update_keep(mline->config(), tuning_.min_nack_queue);
  }
  if (transport_.up() && !transport_.closed()) monitor_at_ = transport_.up_since();
}

void MediaStreams::on_up(Instant now) {
  // In steps that all peers share: thousands of them are not to wake their loop thousands of times a second.
  constexpr Duration kStep = std::chrono::milliseconds(20);
  tick_at_ = now + std::chrono::seconds(1);
  Duration past = tick_at_.time_since_epoch() % kStep;
  if (past != Duration::zero()) tick_at_ += kStep - past;
}

Duration MediaStreams::round_trip() const {
  if (rtt_ > Duration::zero()) return rtt_;
  return transport_.ice().round_trip().value_or(Duration::zero());
}

Instant MediaStreams::next_deadline() const {
  if (!transport_.up() || transport_.closed()) return kNever;
  Instant deadline = std::min({tick_at_, monitor_at_, feedback_at_});
  for_each_slot([&](const Mline&, const SourceSlot&, const ReceiveSlot& slot) {
    deadline = std::min(deadline, slot.keyframes.deadline());
    if (slot.stream && slot.stream->nack() != nullptr) {
      deadline = std::min(deadline, slot.stream->nack()->next_deadline());
    }
  });
  return deadline;
}

void MediaStreams::handle_timeout(Instant now) {
  if (!transport_.up() || transport_.closed()) return;
  send_nacks(now);
  for_each_slot([&](const Mline& mline, const SourceSlot& at, ReceiveSlot& slot) {
    if (slot.keyframes.take_due(now)) send_keyframe_request(mline, at);
  });
  if (feedback_at_ <= now) send_transport_feedback();
  if (monitor_at_ <= now) check_silence(now);
  if (tick_at_ <= now) tick(now);
}

bool MediaStreams::send(const OutgoingRtp& rtp, Instant now) {
  if (!transport_.up() || transport_.closed()) {
    drops_.add(Drop::send_not_connected);
    return false;
  }
  Mline* mline = rtp.mline < mlines_.size() ? mlines_[rtp.mline].get() : nullptr;
  if (mline == nullptr || !mline->config().send || !mline->send) {
    drops_.add(Drop::send_no_mline);
    return false;
  }
  const MlineConfig& config = mline->config();
  bool numbered = config.kind == MediaKind::video && config.extensions.has(ExtensionKind::transport_cc);
  int32_t number = numbered ? transport_sequence_ : -1;
  MutableBytes out = transport_.reserve(kMaxRtpHeader + sizeof(rtp.prefix) + rtp.source->payload_size + rtp.padding);
  WrittenRtp written = mline->send->write(rtp, config, number, now, out);
  if (!written || !transport_.send_rtp(out, written.size)) {
    drops_.add(Drop::send_failed);
    return false;
  }
  if (numbered) ++transport_sequence_;
  bool forget = tuning_.nack_optimizations && config.kind == MediaKind::video;
  mline->send->on_sent(rtp, written, number, forget, now);
  return true;
}

void MediaStreams::send(const RtcpFeedback& feedback, Instant now) {
  if (!transport_.up() || transport_.closed()) {
    drops_.add(Drop::send_not_connected);
    return;
  }
  if (auto* estimate = std::get_if<BitrateEstimate>(&feedback)) {
    send_estimate(estimate->bps);
    return;
  }
  uint8_t index = std::get<KeyframeRequest>(feedback).mline;
  if (index >= mlines_.size() || !mlines_[index]->config().receive) {
    drops_.add(Drop::send_no_mline);
    return;
  }
  Mline& mline = *mlines_[index];
  for (uint8_t substream = 0; substream < kMaxSubstreams; ++substream) {
    SourceSlot slot{index, substream, false};
    if (sources_.find(slot) == nullptr) continue;
    if (mline.slots[substream].keyframes.request(now)) send_keyframe_request(mline, slot);
  }
}

size_t MediaStreams::history_bytes() const {
  size_t bytes = 0;
  for (const auto& mline : mlines_) bytes += mline->send ? mline->send->history().bytes() : 0;
  return bytes;
}

void MediaStreams::find_hot_lines(uint8_t index, HotLines& lines) const {
  lines.add(mlines_);
  lines.add(transport_sequence_);
  if (index >= mlines_.size()) return;
  const Mline& mline = *mlines_[index];
  lines.add(mlines_[index]);
  lines.add(mline.send);
  lines.add(&mline.config(), offsetof(MlineConfig, max_message_size));
  if (mline.send) lines.add(*mline.send);
}

void MediaStreams::fill(PeerStats& stats) const {
  stats.mlines.reserve(mlines_.size());
  for (size_t i = 0; i < mlines_.size(); ++i) fill_mline(static_cast<uint8_t>(i), stats.mlines.emplace_back());
}

void MediaStreams::fill_mline(uint8_t index, MlineStats& out) const {
  const Mline& mline = *mlines_[index];
  const MlineConfig& config = mline.config();
  out.kind = config.kind;
  out.mid = config.mid;
  out.send = config.send;
  out.receive = config.receive;
  out.nack = config.nack;
  out.local_ssrc = config.local_ssrc;
  out.local_rtx_ssrc = config.local_rtx_ssrc;
  out.payload_type = mline.last_payload_type;
  out.rtx_payload_type = mline.last_rtx_payload_type;
  out.codec = mline.codec;
  // Where nothing comes in, the codec is the one agreed on.
  if (out.codec == Codec::unknown && config.send && !config.payloads.empty()) out.codec = config.payloads.front().codec;
  for (uint8_t substream = 0; substream < kMaxSubstreams; ++substream) {
    SubstreamStats& figures = out.substreams[substream];
    if (const auto* media = sources_.find(SourceSlot{index, substream, false})) figures.ssrc = media->ssrc;
    if (const auto* rtx = sources_.find(SourceSlot{index, substream, true})) figures.rtx_ssrc = rtx->ssrc;
    const ReceiveStream* stream = mline.slots[substream].stream.get();
    if (stream == nullptr) continue;
    figures.base = stream->clock_rate();
    figures.lost = stream->lost();
    figures.jitter_local_ms = stream->jitter_ms();
    figures.in_quality = stream->link_quality().value();
    figures.in_media_quality = stream->media_quality().value();
    figures.in = {stream->packets, stream->bytes, stream->bytes_last_second, stream->nacks, stream->retransmissions};
  }
  if (!mline.send) return;
  const SendStream& sent = *mline.send;
  SubstreamStats& main = out.substreams[0];
  uint32_t rate = sent.clock_rate(config);
  if (main.base == 0) main.base = rate;
  main.rtt_ms = static_cast<int32_t>(to_ms(sent.rtt()));
  main.lost_by_remote = sent.lost_by_remote();
  main.jitter_remote_ms = static_cast<int32_t>(uint64_t{sent.remote_jitter()} * 1000 / rate);
  main.out_quality = sent.link_quality().value();
  main.out_media_quality = sent.media_quality().value();
  out.nack_queue_ms = static_cast<uint32_t>(to_ms(sent.keep()));
  out.out = {sent.packets, sent.bytes, sent.bytes_last_second, sent.nacks, sent.retransmissions};
}

}  // namespace limen::rtc
