#include "media/forward/rtp_receiver.hpp"

#include <array>
#include <utility>

#include "wire/codec/video_facts.hpp"
#include "wire/rtcp/rtcp_writer.hpp"

namespace limen::media {

Result<std::unique_ptr<RtpReceiver>> RtpReceiver::open(MediaShard& shard, ReceiveSpec spec, OnPacket on_packet) {
  std::unique_ptr<RtpReceiver> receiver(new RtpReceiver(shard, std::move(spec), std::move(on_packet)));
  if (auto keyed = receiver->set_srtp(receiver->spec_.srtp); !keyed) return std::unexpected(keyed.error());
  if (auto opened = receiver->open_sockets(); !opened) return std::unexpected(opened.error());
  return receiver;
}

RtpReceiver::RtpReceiver(MediaShard& shard, ReceiveSpec spec, OnPacket on_packet)
    : shard_(shard), spec_(std::move(spec)), on_packet_(std::move(on_packet)) {
  only_ = {
      .codec = spec_.codec, .mline = spec_.mline, .substream = 0, .extensions = spec_.extensions, .dependency = {}};
}

RtpReceiver::~RtpReceiver() {
  shard_.close_udp(socket_);
  shard_.close_udp(rtcp_socket_);
}

Result<> RtpReceiver::open_sockets() {
  auto take = [this](const SocketAddress& from, Packet packet, Instant) { on_datagram(from, std::move(packet)); };
  auto port = shard_.open_udp(spec_.bind, take);
  if (!port) return std::unexpected(port.error());
  socket_ = port->id;
  local_ = port->local;
  if (!spec_.rtcp_bind) return {};
  auto rtcp = shard_.open_udp(*spec_.rtcp_bind, [this](const SocketAddress& from, Packet packet, Instant) {
    // Also the empty RTP packets that only tell where they come from.
    if (packet.size() >= 2 && packet.data()[0] >> 6 == 2) rtcp_from_ = from;
    else ++counters_.foreign;
  });
  if (!rtcp) return std::unexpected(rtcp.error());
  rtcp_socket_ = rtcp->id;
  rtcp_local_ = rtcp->local;
  return {};
}

Result<> RtpReceiver::set_srtp(std::optional<SrtpMaterial> srtp) {
  if (!srtp) {
    unprotector_.reset();
    protector_.reset();
    return {};
  }
  auto unprotector = shard_.make_unprotector(*srtp);
  auto protector = shard_.make_protector(*srtp);
  if (!unprotector) return std::unexpected(unprotector.error());
  if (!protector) return std::unexpected(protector.error());
  unprotector_ = std::move(*unprotector);
  protector_ = std::move(*protector);
  return {};
}

void RtpReceiver::on_datagram(const SocketAddress& from, Packet packet) {
  if (looks_like_rtcp(packet.bytes())) {
    rtcp_from_ = from;
    return;
  }
  if (!looks_like_rtp(packet.bytes())) {
    ++counters_.foreign;
    return;
  }
  if (unprotector_) {
    size_t size = unprotector_->unprotect_rtp(packet.mutable_bytes());
    if (size == 0) {
      ++counters_.unauthentic;
      return;
    }
    packet.set_size(size);
  }
  ReceivedStream* stream = &only_;
  if (spec_.choose) {
    auto header = parse_rtp_header(packet.bytes());
    if (!header) {
      ++counters_.malformed;
      return;
    }
    stream = spec_.choose(*header);
  }
  if (stream != nullptr) take(*stream, from, std::move(packet));
  else ++counters_.foreign;
}

void RtpReceiver::take(ReceivedStream& stream, const SocketAddress& from, Packet packet) {
  auto parsed = parse_rtp(std::move(packet), stream.extensions);
  if (!parsed) {
    ++counters_.malformed;
    return;
  }
  rtp_from_ = from;
  ++counters_.packets;
  counters_.bytes += parsed->packet.size();
  parsed->mline = stream.mline;
  parsed->substream = stream.substream;
  parsed->codec = stream.codec;
  parsed->video = parse_video_facts(stream.codec, parsed->payload());
  if (parsed->extensions.dependency_size != 0) {
    if (auto descriptor = stream.dependency.read(parsed->dependency_descriptor())) apply(*descriptor, parsed->video);
  }
  on_packet_(*parsed);
}

bool RtpReceiver::ask_keyframe(uint32_t media_ssrc) {
  bool apart = rtcp_from_ && rtcp_socket_;
  const std::optional<SocketAddress>& to = rtcp_from_ ? rtcp_from_ : rtp_from_;
  if (!to) return false;
  std::array<uint8_t, 64 + SrtpProtector::kMaxGrowth> buffer{};
  rtcp::CompoundWriter writer(MutableBytes(buffer).first(64));
  // A compound packet begins with a report (RFC 3550 section 6.1).
  if (!spec_.reduced_rtcp) writer.add(rtcp::ReceiverReport{.ssrc = kOwnSsrc, .blocks = {}});
  writer.add(rtcp::PictureLoss{.sender_ssrc = kOwnSsrc, .media_ssrc = media_ssrc});
  size_t size = writer.written().size();
  if (protector_) size = protector_->protect_rtcp(buffer, size);
  return size != 0 && shard_.send_udp(apart ? rtcp_socket_ : socket_, *to, Bytes(buffer).first(size));
}

}  // namespace limen::media
