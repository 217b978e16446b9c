#include "media/forward/rtp_forwarder.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <utility>

#include "wire/rtcp/rtcp_parser.hpp"

namespace limen::media {
namespace {

UdpBind any_port_like(const SocketAddress& to) {
  static constexpr std::array<uint8_t, 16> kNone{};
  UdpBind bind;
  bind.local.ip = to.ip.is_v4() ? IpAddress() : IpAddress::v6(std::span<const uint8_t, 16>(kNone));
  return bind;
}

}  // namespace

Result<std::unique_ptr<RtpForwarder>> RtpForwarder::open(MediaShard& shard, ForwardSpec spec,
                                                         ForwardObserver observer) {
  if (spec.simulcast && spec.ssrc == 0) return fail("A simulcast forwarder needs an SSRC of its own");
  std::unique_ptr<RtpForwarder> forwarder(new RtpForwarder(shard, std::move(spec), std::move(observer)));
  if (auto opened = forwarder->open_sockets(); !opened) return std::unexpected(opened.error());
  return forwarder;
}

RtpForwarder::RtpForwarder(MediaShard& shard, ForwardSpec spec, ForwardObserver observer)
    : shard_(shard),
      spec_(std::move(spec)),
      observer_(std::move(observer)),
      buffer_(kMaxDatagram + 8 + SrtpProtector::kMaxGrowth) {
  if (spec_.simulcast) selector_.set_mode(LayerMode::simulcast);
}

RtpForwarder::~RtpForwarder() {
  shard_.close_udp(socket_);
  shard_.close_udp(rtcp_socket_);
}

Result<> RtpForwarder::open_sockets() {
  if (spec_.srtp && (spec_.kind != MediaKind::data || spec_.framed_data)) {
    auto protector = shard_.make_protector(*spec_.srtp);
    auto unprotector = shard_.make_unprotector(*spec_.srtp);
    if (!protector) return std::unexpected(protector.error());
    if (!unprotector) return std::unexpected(unprotector.error());
    srtp_ = std::move(*protector);
    rtcp_srtp_ = std::move(*unprotector);
  }
  // What comes back to the RTP port is read, so that it does not pile up, and ignored.
  auto port = shard_.open_udp(any_port_like(spec_.to), [](const SocketAddress&, Packet, Instant) {});
  if (!port) return std::unexpected(port.error());
  socket_ = port->id;
  return spec_.rtcp_port == 0 || spec_.kind == MediaKind::data ? Result<>() : open_rtcp();
}

Result<> RtpForwarder::open_rtcp() {
  auto port = shard_.open_udp(any_port_like(spec_.to), [this](const SocketAddress& from, Packet packet, Instant) {
    if (from.ip == spec_.to.ip) on_rtcp(packet.mutable_bytes());
  });
  if (!port) return std::unexpected(port.error());
  rtcp_socket_ = port->id;
  local_rtcp_port_ = port->local.port;
  for (int i = 0; i < 2; ++i) latch();
  last_latch_ = shard_.now();
  return {};
}

// So that the receiver learns where its RTCP is to go.
void RtpForwarder::latch() {
  static constexpr std::array<uint8_t, 12> kEmpty{0x80};
  ++latches_;
  shard_.send_udp(rtcp_socket_, {spec_.to.ip, spec_.rtcp_port}, kEmpty);
}

// The first ones may have been lost, or the receiver was not there yet.
void RtpForwarder::latch_again(Instant now) {
  constexpr int kMost = 8;
  if (!rtcp_socket_ || heard_ || latches_ >= kMost || now - last_latch_ < std::chrono::seconds(1)) return;
  last_latch_ = now;
  latch();
}

void RtpForwarder::on_rtcp(MutableBytes datagram) {
  size_t size = rtcp_srtp_ ? rtcp_srtp_->unprotect_rtcp(datagram) : datagram.size();
  heard_ = heard_ || size != 0;
  for (const rtcp::Message& message : rtcp::parse_rtcp(datagram.first(size)).messages) {
    std::optional<uint32_t> wanted;
    if (const auto* loss = std::get_if<rtcp::PictureLoss>(&message)) wanted = loss->media_ssrc;
    const auto* intra = std::get_if<rtcp::FullIntraRequest>(&message);
    if (intra != nullptr && !intra->entries.empty()) wanted = intra->entries.front().ssrc;
    if (!wanted) continue;
    if (observer_.ask_keyframe) observer_.ask_keyframe(*wanted);
    return;
  }
}

void RtpForwarder::on_rtp(const RtpPacket& packet, Instant now) {
  latch_again(now);
  if (!spec_.simulcast) {
    if (!spec_.substream || *spec_.substream == packet.substream) send(OutgoingRtp::same_as(packet));
    return;
  }
  LayerOutcome outcome = selector_.on_packet(packet, now);
  if (outcome.need_keyframe && observer_.ask_keyframe) observer_.ask_keyframe(0);
  if (outcome.out) send(*outcome.out);
}

void RtpForwarder::send(const OutgoingRtp& note) {
  const RtpPacket& packet = *note.source;
  Bytes bytes = packet.packet.bytes();
  size_t cut = size_t{packet.payload_offset} + note.prefix_replaced;
  if (packet.payload_offset < 12 || cut > bytes.size()) return;
  uint8_t payload_type = spec_.payload_type != 0 ? spec_.payload_type : packet.payload_type;
  uint8_t* out = buffer_.data();
  std::memcpy(out, bytes.data(), packet.payload_offset);
  out[1] = static_cast<uint8_t>((note.marker ? 0x80 : 0) | payload_type);
  store_u16(out + 2, note.sequence);
  store_u32(out + 4, note.timestamp);
  store_u32(out + 8, spec_.ssrc != 0 ? spec_.ssrc : packet.ssrc);
  std::memcpy(out + packet.payload_offset, note.prefix.data(), note.prefix_size);
  size_t size = size_t{packet.payload_offset} + note.prefix_size;
  std::memcpy(out + size, bytes.data() + cut, bytes.size() - cut);
  size += bytes.size() - cut;
  send_buffer(size);
}

void RtpForwarder::send_buffer(size_t size) {
  if (srtp_) size = srtp_->protect_rtp(buffer_, size);
  count(size != 0 && shard_.send_udp(socket_, spec_.to, Bytes(buffer_).first(size)), size);
}

void RtpForwarder::on_data(const DataMessage& message) {
  if (message.bytes.empty()) return;
  if (spec_.framed_data) return send_framed(message);
  count(shard_.send_udp(socket_, spec_.to, message.bytes), message.bytes.size());
}

void RtpForwarder::send_framed(const DataMessage& message) {
  constexpr size_t kHeader = 12;
  size_t size = std::min(message.bytes.size(), kMaxFramed - kHeader);
  uint8_t* out = buffer_.data();
  std::fill_n(out, kHeader, uint8_t{0});
  out[0] = 0x80;
  out[1] = message.binary ? 1 : 0;
  store_u16(out + 2, data_sequence_++);
  store_u32(out + 8, spec_.ssrc);
  std::memcpy(out + kHeader, message.bytes.data(), size);
  send_buffer(kHeader + size);
}

void RtpForwarder::count(bool sent, size_t size) {
  if (!sent) {
    ++counters_.failed;
    return;
  }
  ++counters_.packets;
  counters_.bytes += size;
}

}  // namespace limen::media
