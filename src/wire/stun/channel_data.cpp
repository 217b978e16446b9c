#include "wire/stun/channel_data.hpp"

namespace limen::stun {

std::optional<ChannelData> parse_channel_data(Bytes datagram) {
  ByteReader reader(datagram);
  uint16_t channel = reader.u16();
  Bytes payload = reader.bytes(reader.u16());
  if (!reader.ok() || channel < 0x4000 || channel > 0x4fff) return std::nullopt;
  return ChannelData{channel, payload};
}

size_t write_channel_data(uint16_t channel, Bytes payload, bool pad, MutableBytes out) {
  if (payload.size() > 0xffff) return 0;
  ByteWriter writer(out);
  writer.u16(channel);
  writer.u16(static_cast<uint16_t>(payload.size()));
  writer.bytes(payload);
  if (pad) writer.zeros((4 - payload.size() % 4) % 4);
  return writer.ok() ? writer.size() : 0;
}

}  // namespace limen::stun
