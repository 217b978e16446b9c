#include "wire/stun/stun_writer.hpp"

#include <algorithm>

namespace limen::stun {

namespace {

constexpr uint32_t kFingerprintXor = 0x5354554e;

uint16_t message_type(MessageClass message_class, Method method) {
  auto c = static_cast<unsigned>(message_class);
  auto m = static_cast<unsigned>(method);
  return static_cast<uint16_t>((m & 0x0f) | (c & 1) << 4 | (m & 0x70) << 1 | (c & 2) << 7 | (m & 0xf80) << 2);
}

bool is_xored(AttributeType type) {
  return type == AttributeType::xor_mapped_address || type == AttributeType::xor_peer_address ||
         type == AttributeType::xor_relayed_address;
}

}  // namespace

MessageWriter::MessageWriter(MutableBytes out, MessageClass message_class, Method method, const TransactionId& id)
    : writer_(out), id_(id) {
  writer_.u16(message_type(message_class, method));
  writer_.u16(0);
  writer_.u32(kMagicCookie);
  writer_.bytes(id);
}

void MessageWriter::add(AttributeType type, Bytes value) {
  writer_.u16(static_cast<uint16_t>(type));
  writer_.u16(static_cast<uint16_t>(value.size()));
  writer_.bytes(value);
  writer_.zeros((4 - value.size() % 4) % 4);
}

void MessageWriter::add_u32(AttributeType type, uint32_t value) {
  uint8_t raw[4];
  store_u32(raw, value);
  add(type, raw);
}

void MessageWriter::add_u64(AttributeType type, uint64_t value) {
  uint8_t raw[8];
  store_u64(raw, value);
  add(type, raw);
}

void MessageWriter::add_address(AttributeType type, const SocketAddress& address) {
  std::array<uint8_t, 20> raw{};
  Bytes ip = address.ip.bytes();
  raw[1] = address.ip.is_v4() ? 1 : 2;
  store_u16(&raw[2], address.port);
  std::ranges::copy(ip, raw.begin() + 4);
  if (is_xored(type)) {
    std::array<uint8_t, 16> pad;
    store_u32(pad.data(), kMagicCookie);
    std::ranges::copy(id_, pad.begin() + 4);
    raw[2] ^= pad[0];
    raw[3] ^= pad[1];
    for (size_t i = 0; i < ip.size(); ++i) raw[4 + i] ^= pad[i];
  }
  add(type, Bytes(raw).first(4 + ip.size()));
}

void MessageWriter::add_error(uint16_t code, std::string_view reason) {
  reason = reason.substr(0, 127);
  std::array<uint8_t, 4 + 127> raw{};
  raw[2] = static_cast<uint8_t>(code / 100);
  raw[3] = static_cast<uint8_t>(code % 100);
  std::ranges::copy(as_bytes(reason), raw.begin() + 4);
  add(AttributeType::error_code, Bytes(raw).first(4 + reason.size()));
}

void MessageWriter::add_unknown_attributes(std::span<const uint16_t> types) {
  std::array<uint8_t, kMaxAttributes * 2> raw{};
  size_t count = std::min(types.size(), kMaxAttributes);
  for (size_t i = 0; i < count; ++i) store_u16(&raw[i * 2], types[i]);
  add(AttributeType::unknown_attributes, Bytes(raw).first(count * 2));
}

void MessageWriter::add_channel_number(uint16_t number) {
  add_u32(AttributeType::channel_number, uint32_t{number} << 16);
}

void MessageWriter::add_requested_transport(uint8_t protocol) {
  add_u32(AttributeType::requested_transport, uint32_t{protocol} << 24);
}

void MessageWriter::add_fingerprint() {
  set_length(8);
  add_u32(AttributeType::fingerprint, crc32(writer_.written()) ^ kFingerprintXor);
}

Bytes MessageWriter::finish() {
  set_length(0);
  return writer_.ok() ? writer_.written() : Bytes{};
}

void MessageWriter::set_length(size_t still_to_come) {
  writer_.patch_u16(2, static_cast<uint16_t>(writer_.size() - kHeaderSize + still_to_come));
}

}  // namespace limen::stun
