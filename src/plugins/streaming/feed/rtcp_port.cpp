#include "plugins/streaming/feed/rtcp_port.hpp"

#include <algorithm>
#include <array>

#include "wire/rtcp/rtcp_writer.hpp"

namespace limen::streaming {
namespace {
constexpr size_t kLongest = 64;
}  // namespace

Result<std::unique_ptr<RtcpPort>> RtcpPort::open(MediaShard& shard, const UdpBind& bind,
                                                 std::unique_ptr<SrtpProtector> protector) {
  std::unique_ptr<RtcpPort> out(new RtcpPort(shard, std::move(protector)));
  auto port =
      shard.open_udp(bind, [own = out.get()](const SocketAddress& from, Packet, Instant) { own->peer_ = from; });
  if (!port) return std::unexpected(port.error());
  out->socket_ = port->id;
  out->local_ = port->local;
  return out;
}

RtcpPort::~RtcpPort() {
  shard_.close_udp(socket_);
}

bool RtcpPort::send(Bytes packet) {
  if (!peer_) return false;
  std::array<uint8_t, kLongest + SrtpProtector::kMaxGrowth> buffer{};
  std::ranges::copy(packet, buffer.begin());
  size_t size = packet.size();
  if (protector_) size = protector_->protect_rtcp(buffer, size);
  return size != 0 && shard_.send_udp(socket_, *peer_, Bytes(buffer).first(size));
}

bool RtcpPort::ask_keyframe(uint32_t media_ssrc) {
  std::array<uint8_t, kLongest> buffer{};
  rtcp::CompoundWriter writer(buffer);
  writer.add(rtcp::PictureLoss{.sender_ssrc = kOwnSsrc, .media_ssrc = media_ssrc});
  return send(writer.written());
}

bool RtcpPort::tell_estimate(uint32_t media_ssrc, uint64_t bps) {
  std::array<uint8_t, kLongest> buffer{};
  rtcp::CompoundWriter writer(buffer);
  writer.add(rtcp::ReceiverEstimate{.sender_ssrc = kOwnSsrc, .bps = bps, .ssrcs = {media_ssrc}});
  return send(writer.written());
}

}  // namespace limen::streaming
