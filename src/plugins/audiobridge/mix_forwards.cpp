#include "plugins/audiobridge/mix_forwards.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace limen::audiobridge {
namespace {

constexpr size_t kHeader = 12;

UdpBind any_port(bool v4) {
  static constexpr std::array<uint8_t, 16> kNone{};
  UdpBind bind;
  bind.local.ip = v4 ? IpAddress() : IpAddress::v6(std::span<const uint8_t, 16>(kNone));
  return bind;
}

}  // namespace

MixForwards::~MixForwards() {
  if (v4_) shard_.close_udp(*v4_);
  if (v6_) shard_.close_udp(*v6_);
}

Result<UdpPortId> MixForwards::socket(bool v4) {
  std::optional<UdpPortId>& own = v4 ? v4_ : v6_;
  if (own) return *own;
  // What comes back is read, so that it does not pile up, and ignored.
  auto port = shard_.open_udp(any_port(v4), [](const SocketAddress&, Packet, Instant) {});
  if (!port) return std::unexpected(port.error());
  own = port->id;
  return *own;
}

Result<> MixForwards::add(Forward forward) {
  Target target;
  if (forward.srtp) {
    auto srtp = shard_.make_protector(*forward.srtp);
    if (!srtp) return std::unexpected(srtp.error());
    target.srtp = std::move(*srtp);
  }
  if (auto port = socket(forward.to.ip.is_v4()); !port) return std::unexpected(port.error());
  Kind kind = kind_of(forward);
  if (!encoders_.contains(kind)) {
    media::EncoderSettings settings = settings_;
    settings.codec = forward.codec;
    auto encoder = media::AudioEncoder::create(format_, settings);
    if (!encoder) return std::unexpected(encoder.error());
    encoders_[kind] = std::move(*encoder);
  }
  uint32_t id = forward.stream_id;
  target.facts = std::move(forward);
  targets_[id] = std::move(target);
  return {};
}

void MixForwards::remove(uint32_t stream_id) {
  auto gone = targets_.extract(stream_id);
  if (gone.empty()) return;
  Kind kind = kind_of(gone.mapped().facts);
  bool used = std::ranges::any_of(targets_, [&kind](const auto& one) { return kind_of(one.second.facts) == kind; });
  if (!used) encoders_.erase(kind);
}

bool MixForwards::any_always_on() const {
  return std::ranges::any_of(targets_, [](const auto& one) { return one.second.facts.always_on; });
}

void MixForwards::begin(bool everybody) {
  everybody_ = everybody;
  left_.clear();
  for (const auto& [id, target] : targets_) {
    Kind kind = kind_of(target.facts);
    if (!everybody && !target.facts.always_on) continue;
    if (std::ranges::find(left_, kind) == left_.end()) left_.push_back(kind);
  }
}

bool MixForwards::step(const media::MixBus& bus) {
  if (left_.empty()) return false;
  Kind kind = left_.back();
  left_.pop_back();
  encode_and_send(kind, bus);
  return true;
}

void MixForwards::encode_and_send(const Kind& kind, const media::MixBus& bus) {
  auto encoder = encoders_.find(kind);
  if (encoder == encoders_.end()) return;  // removed since the frame began
  frame_.resize(format_.frame());
  if (kind.second < 0) bus.output({}, frame_);
  else bus.output_group(static_cast<size_t>(kind.second), frame_);
  std::array<uint8_t, media::AudioEncoder::kMaxPayload> payload;
  size_t size = encoder->second->encode(frame_, payload);
  ++counters_.encodings;
  if (size == 0) {
    ++counters_.failed;
    return;
  }
  for (auto& [id, target] : targets_) {
    if (kind_of(target.facts) != kind || (!everybody_ && !target.facts.always_on)) continue;
    send(target, Bytes(payload).first(size));
  }
}

void MixForwards::send(Target& target, Bytes payload) {
  ++target.sequence;
  target.timestamp += target.facts.codec == Codec::opus ? 960 : 160;
  datagram_.resize(kHeader + payload.size() + SrtpProtector::kMaxGrowth);
  uint8_t* out = datagram_.data();
  out[0] = 0x80;
  out[1] = target.facts.payload_type & 0x7f;
  store_u16(out + 2, target.sequence);
  store_u32(out + 4, target.timestamp);
  store_u32(out + 8, target.facts.ssrc);
  std::memcpy(out + kHeader, payload.data(), payload.size());
  size_t size = kHeader + payload.size();
  if (target.srtp) size = target.srtp->protect_rtp(datagram_, size);
  auto port = socket(target.facts.to.ip.is_v4());
  bool sent = size != 0 && port && shard_.send_udp(*port, target.facts.to, Bytes(datagram_).first(size));
  ++(sent ? counters_.sent : counters_.failed);
}

}  // namespace limen::audiobridge
