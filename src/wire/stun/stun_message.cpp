#include "wire/stun/stun_message.hpp"

#include <algorithm>

#include "base/constant_time.hpp"

namespace limen::stun {

namespace {

constexpr size_t kAttributeHeader = 4;
constexpr uint32_t kFingerprintXor = 0x5354554e;
constexpr uint8_t kFamilyV4 = 1;
constexpr uint8_t kFamilyV6 = 2;

constexpr size_t padded(size_t size) {
  return (size + 3) & ~size_t{3};
}

constexpr std::array<uint32_t, 256> make_crc_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value & 1) != 0 ? value >> 1 ^ 0xedb88320u : value >> 1;
    table[i] = value;
  }
  return table;
}
constexpr auto kCrcTable = make_crc_table();

uint32_t crc_update(uint32_t crc, Bytes bytes) {
  for (uint8_t byte : bytes) crc = kCrcTable[(crc ^ byte) & 0xff] ^ crc >> 8;
  return crc;
}

bool comprehension_required(uint16_t type) {
  return type < 0x8000;
}

bool is_known(AttributeType type) {
  switch (type) {
    case AttributeType::mapped_address:
    case AttributeType::username:
    case AttributeType::message_integrity:
    case AttributeType::error_code:
    case AttributeType::unknown_attributes:
    case AttributeType::channel_number:
    case AttributeType::lifetime:
    case AttributeType::xor_peer_address:
    case AttributeType::data:
    case AttributeType::realm:
    case AttributeType::nonce:
    case AttributeType::xor_relayed_address:
    case AttributeType::requested_address_family:
    case AttributeType::even_port:
    case AttributeType::requested_transport:
    case AttributeType::dont_fragment:
    case AttributeType::xor_mapped_address:
    case AttributeType::reservation_token:
    case AttributeType::priority:
    case AttributeType::use_candidate:
    case AttributeType::other_address:
    case AttributeType::software:
    case AttributeType::alternate_server:
    case AttributeType::fingerprint:
    case AttributeType::ice_controlled:
    case AttributeType::ice_controlling:
    case AttributeType::message_integrity_sha256:
    case AttributeType::password_algorithm:
    case AttributeType::password_algorithms:
    case AttributeType::additional_address_family:
    case AttributeType::address_error_code:
    case AttributeType::icmp:
      return true;
    case AttributeType::change_request:
      return false;  // asked by us, never answered: who asks it gets 420
  }
  return false;
}

bool is_xored(AttributeType type) {
  return type == AttributeType::xor_mapped_address || type == AttributeType::xor_peer_address ||
         type == AttributeType::xor_relayed_address;
}

std::optional<SocketAddress> read_address(Bytes value, Bytes xor_pad) {
  ByteReader reader(value);
  reader.skip(1);
  uint8_t family = reader.u8();
  uint16_t port = reader.u16();
  size_t size = family == kFamilyV4 ? 4 : 16;
  Bytes ip = reader.bytes(size);
  if (!reader.ok() || reader.remaining() != 0 || (family != kFamilyV4 && family != kFamilyV6)) return std::nullopt;
  std::array<uint8_t, 16> plain{};
  std::ranges::copy(ip, plain.begin());
  if (!xor_pad.empty()) {
    port = static_cast<uint16_t>(port ^ load_u16(xor_pad.data()));
    for (size_t i = 0; i < size; ++i) plain[i] ^= xor_pad[i];
  }
  if (family == kFamilyV6) return SocketAddress{IpAddress::v6(plain), port};
  return SocketAddress{IpAddress::v4(std::span<const uint8_t, 4>(plain.data(), 4)), port};
}

}  // namespace

uint32_t crc32(Bytes bytes) {
  return ~crc_update(0xffffffffu, bytes);
}

uint32_t crc32(Bytes first, Bytes second) {
  return ~crc_update(crc_update(0xffffffffu, first), second);
}

bool tags_equal(Bytes a, Bytes b) {
  return constant_time_equal(as_text(a), as_text(b));
}

std::optional<Message> Message::parse(Bytes datagram) {
  if (datagram.size() < kHeaderSize || datagram.size() % 4 != 0) return std::nullopt;
  uint16_t type = load_u16(&datagram[0]);
  if ((type & 0xc000) != 0 || load_u32(&datagram[4]) != kMagicCookie) return std::nullopt;
  if (load_u16(&datagram[2]) != datagram.size() - kHeaderSize) return std::nullopt;
  Message message;
  message.raw_ = datagram;
  // The two class bits sit between the method's bits (RFC 5389 figure 3).
  message.class_ = static_cast<MessageClass>((type >> 4 & 1) | (type >> 7 & 2));
  message.method_ = static_cast<Method>((type & 0x000f) | (type >> 1 & 0x0070) | (type >> 2 & 0x0f80));
  if (!message.read_attributes()) return std::nullopt;
  return message;
}

bool Message::read_attributes() {
  ByteReader reader(raw_.subspan(kHeaderSize));
  while (reader.remaining() > 0) {
    auto at = static_cast<uint16_t>(kHeaderSize + reader.position());
    auto type = static_cast<AttributeType>(reader.u16());
    size_t size = reader.u16();
    Bytes value = reader.bytes(size);
    reader.skip(padded(size) - size);
    if (!reader.ok() || fingerprint_at_ != 0) return false;  // FINGERPRINT must be the last (RFC 5389 section 15.5)
    if (type == AttributeType::fingerprint) {
      if (size != 4) return false;
      fingerprint_at_ = at;
    } else if (type == AttributeType::message_integrity_sha256 && integrity256_at_ == 0) {
      if (size < 16 || size > kIntegrity256Size || size % 4 != 0) return false;
      integrity256_at_ = at;
    } else if (integrity_at_ != 0 || integrity256_at_ != 0) {
      continue;  // unprotected, so it does not count (RFC 5389 section 15.4)
    } else if (type == AttributeType::message_integrity) {
      if (size != kIntegritySize) return false;
      integrity_at_ = at;
    }
    if (!take(type, value)) return false;
  }
  return true;
}

bool Message::take(AttributeType type, Bytes value) {
  if (count_ == attributes_.size()) return false;
  attributes_[count_++] = {type, value};
  if (!is_known(type) && comprehension_required(static_cast<uint16_t>(type))) {
    unknown_[unknown_count_++] = static_cast<uint16_t>(type);
  }
  return true;
}

TransactionId Message::transaction_id() const {
  TransactionId id;
  std::copy_n(raw_.begin() + 8, id.size(), id.begin());
  return id;
}

std::optional<Bytes> Message::find(AttributeType type) const {
  for (const AttributeView& attribute : attributes()) {
    if (attribute.type == type) return attribute.value;
  }
  return std::nullopt;
}

std::optional<std::string_view> Message::text(AttributeType type) const {
  auto value = find(type);
  if (!value) return std::nullopt;
  return as_text(*value);
}

std::optional<uint32_t> Message::u32(AttributeType type) const {
  auto value = find(type);
  if (!value || value->size() != 4) return std::nullopt;
  return load_u32(value->data());
}

std::optional<uint64_t> Message::u64(AttributeType type) const {
  auto value = find(type);
  if (!value || value->size() != 8) return std::nullopt;
  return load_u64(value->data());
}

std::optional<SocketAddress> Message::address(AttributeType type) const {
  auto value = find(type);
  if (!value) return std::nullopt;
  // Magic cookie and transaction id follow each other: together they are the pad (RFC 5389 section 15.2).
  return read_address(*value, is_xored(type) ? raw_.subspan(4, 16) : Bytes{});
}

std::optional<SocketAddress> Message::address(AttributeType type, bool v4) const {
  for (const AttributeView& attribute : attributes()) {
    if (attribute.type != type) continue;
    auto found = read_address(attribute.value, is_xored(type) ? raw_.subspan(4, 16) : Bytes{});
    if (found && found->ip.is_v4() == v4) return found;
  }
  return std::nullopt;
}

std::optional<SocketAddress> Message::mapped_address() const {
  auto xored = address(AttributeType::xor_mapped_address);
  return xored ? xored : address(AttributeType::mapped_address);
}

std::optional<ErrorCode> Message::error() const {
  auto value = find(AttributeType::error_code);
  if (!value || value->size() < 4) return std::nullopt;
  uint16_t hundreds = (*value)[2] & 7;
  uint16_t rest = (*value)[3];
  if (hundreds < 3 || hundreds > 6 || rest > 99) return std::nullopt;
  return ErrorCode{static_cast<uint16_t>(hundreds * 100 + rest), as_text(value->subspan(4))};
}

std::optional<uint16_t> Message::channel_number() const {
  auto value = find(AttributeType::channel_number);
  if (!value || value->size() != 4) return std::nullopt;
  uint16_t number = load_u16(value->data());
  if (number < 0x4000 || number > 0x7fff) return std::nullopt;
  return number;
}

std::optional<uint8_t> Message::requested_transport() const {
  auto value = find(AttributeType::requested_transport);
  if (!value || value->size() != 4) return std::nullopt;
  return (*value)[0];
}

bool Message::offers(PasswordAlgorithm algorithm) const {
  auto value = find(AttributeType::password_algorithms);
  if (!value) return false;
  ByteReader reader(*value);
  while (reader.remaining() > 0) {
    uint16_t number = reader.u16();
    size_t parameters = reader.u16();
    reader.skip(padded(parameters));
    if (!reader.ok()) return false;
    if (number == static_cast<uint16_t>(algorithm) && parameters == 0) return true;
  }
  return false;
}

IntegrityInput Message::covered_by(uint16_t at, size_t tag_size) const {
  IntegrityInput input;
  std::copy_n(raw_.begin(), kHeaderSize, input.header.begin());
  size_t covered_length = at - kHeaderSize + kAttributeHeader + tag_size;
  store_u16(&input.header[2], static_cast<uint16_t>(covered_length));
  input.attributes = raw_.subspan(kHeaderSize, at - kHeaderSize);
  return input;
}

std::optional<IntegrityInput> Message::integrity_input() const {
  if (integrity_at_ == 0) return std::nullopt;
  return covered_by(integrity_at_, kIntegritySize);
}

std::optional<IntegrityInput> Message::integrity256_input() const {
  if (integrity256_at_ == 0) return std::nullopt;
  return covered_by(integrity256_at_, find(AttributeType::message_integrity_sha256)->size());
}

bool Message::fingerprint_ok() const {
  if (fingerprint_at_ == 0) return true;
  // FINGERPRINT is the last attribute, so the length field already is what the sender's CRC covered.
  uint32_t stated = load_u32(&raw_[fingerprint_at_ + kAttributeHeader]);
  return stated == (crc32(raw_.first(fingerprint_at_)) ^ kFingerprintXor);
}

}  // namespace limen::stun
