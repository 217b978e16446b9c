// rooms: wire base
// RTP datagrams after decryption: header, extensions, padding, RTX, and what is made of them.
#include <cstdlib>
#include <vector>

#include "wire/rtp/rtp_parser.hpp"
#include "wire/rtp/rtp_writer.hpp"

using namespace limen;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

PacketPool& pool() {
  static PacketPool instance;
  return instance;
}

bool same_facts(const RtpPacket& a, const RtpPacket& b) {
  return a.extensions.audio_level == b.extensions.audio_level &&
         a.extensions.video_orientation == b.extensions.video_orientation &&
         a.extensions.capture_time == b.extensions.capture_time &&
         as_text(a.dependency_descriptor()) == as_text(b.dependency_descriptor()) &&
         as_text(a.layers_allocation()) == as_text(b.layers_allocation()) &&
         as_text(a.payload()) == as_text(b.payload());
}

void forward(const RtpPacket& packet, const ExtensionMap& map) {
  std::vector<uint8_t> out(kMaxRtpHeader + packet.payload_size);
  RtpSenderValues values{.ssrc = 7, .mid = packet.mid(), .transport_sequence = 5, .abs_send_time = 6};
  WrittenRtp written = write_rtp(OutgoingRtp::same_as(packet), values, map, out);
  require(static_cast<bool>(written));
  Packet copy = pool().copy(Bytes(out).first(written.size), Instant{});
  if (!copy) return;  // headers that grow may exceed the largest datagram
  auto again = parse_rtp(copy, map);
  require(again && again->ssrc == 7 && again->sequence == packet.sequence && same_facts(packet, *again));
}

void retransmit(Bytes plain) {
  std::vector<uint8_t> out(plain.size() + 2);
  size_t size = wrap_rtx(plain, {.ssrc = 8, .sequence = 9, .payload_type = 97}, out);
  Packet copy = pool().copy(Bytes(out).first(size), Instant{});
  if (!copy) return;
  auto rtx = parse_rtp(std::move(copy), {});
  auto header = parse_rtp_header(plain);
  require(rtx && header);
  require(unwrap_rtx(*rtx, header->ssrc, header->payload_type));
  require(as_text(rtx->packet.bytes()) == as_text(plain));
}

}  // namespace

// The first twelve bytes are the extension ids, the rest is the datagram.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < kExtensionKinds) return 0;
  ExtensionMap map;
  for (size_t i = 0; i < kExtensionKinds; ++i) {
    bool taken = map.kind(data[i]).has_value();
    map.set(static_cast<ExtensionKind>(i), taken ? uint8_t{0} : data[i]);
  }
  Bytes datagram(data + kExtensionKinds, size - kExtensionKinds);
  (void)datagram_kind(datagram);
  Packet packet = pool().copy(datagram, Instant{});
  if (!packet) return 0;
  auto parsed = parse_rtp(std::move(packet), map);
  if (!parsed) return 0;
  forward(*parsed, map);
  retransmit(datagram);
  (void)unwrap_rtx(*parsed, 1, 2);
  return 0;
}
