#include "plugins/audiobridge/plain_port.hpp"

#include <array>
#include <cstring>
#include <utility>
#include <vector>

#include "wire/rtp/rtp_parser.hpp"

namespace limen::audiobridge {

Result<std::unique_ptr<PlainPort>> PlainPort::open(MediaShard& shard, const PlainRange& range, OnPacket on_packet) {
  uint32_t low = (range.low + 1u) & ~1u;
  uint32_t count = range.high >= low ? (range.high - low) / 2 + 1 : 0;
  std::unique_ptr<PlainPort> out(new PlainPort(shard, std::move(on_packet)));
  for (uint32_t i = 0; i < count && i < kMostTries; ++i) {
    UdpBind bind;
    bind.local.port = static_cast<uint16_t>(low + (range.start + i) % count * 2);
    auto port = shard.open_udp(bind, [own = out.get()](const SocketAddress& from, Packet packet, Instant) {
      own->on_datagram(from, std::move(packet));
    });
    if (!port) continue;
    out->socket_ = port->id;
    out->port_ = port->local.port;
    return out;
  }
  return fail("No free port between {} and {}", range.low, range.high);
}

PlainPort::~PlainPort() {
  if (port_ != 0) shard_.close_udp(socket_);
}

void PlainPort::set(PlainFacts facts) {
  facts_ = std::move(facts);
  extensions_ = {};
  extensions_.set(ExtensionKind::audio_level, facts_.level_id);
}

void PlainPort::on_datagram(const SocketAddress& from, Packet packet) {
  if (facts_.remote && from.ip != facts_.remote->ip) return;
  auto parsed = parse_rtp(std::move(packet), extensions_);
  if (!parsed) return;
  parsed->codec = facts_.codec;
  on_packet_(*parsed);
}

void PlainPort::send(Bytes payload, uint16_t sequence, uint32_t timestamp) {
  std::array<uint8_t, 1500> bytes;
  if (!facts_.remote || payload.size() + kRtpFixedHeader > bytes.size()) return;
  bytes[0] = 0x80;
  bytes[1] = facts_.payload_type & 0x7f;
  store_u16(&bytes[2], sequence);
  store_u32(&bytes[4], timestamp);
  store_u32(&bytes[8], facts_.ssrc);
  std::memcpy(&bytes[kRtpFixedHeader], payload.data(), payload.size());
  // A full queue drops it, as the network might.
  shard_.send_udp(socket_, *facts_.remote, Bytes(bytes).first(kRtpFixedHeader + payload.size()));
}

}  // namespace limen::audiobridge
