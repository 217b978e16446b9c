// Message: a STUN message (Binding, and TURN's methods) read in place, nothing copied.
//
// RFC 5389 / 8489 (STUN), 5766 / 8656 (TURN), 8445 section 16 (ICE attributes). Any thread; the
// datagram must outlive the view. Structure is checked once, in parse(); getters return nothing when
// the attribute is absent or its size is wrong.
#pragma once
#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>

#include "base/bytes.hpp"
#include "base/net_address.hpp"

namespace limen::stun {

enum class MessageClass : uint8_t { request = 0, indication = 1, success = 2, error = 3 };

enum class Method : uint16_t {
  binding = 0x001,
  allocate = 0x003,
  refresh = 0x004,
  send = 0x006,
  data = 0x007,
  create_permission = 0x008,
  channel_bind = 0x009,
};

enum class AttributeType : uint16_t {
  mapped_address = 0x0001,
  change_request = 0x0003,  // RFC 5780
  username = 0x0006,
  message_integrity = 0x0008,
  error_code = 0x0009,
  unknown_attributes = 0x000a,
  channel_number = 0x000c,
  lifetime = 0x000d,
  xor_peer_address = 0x0012,
  data = 0x0013,
  realm = 0x0014,
  nonce = 0x0015,
  xor_relayed_address = 0x0016,
  requested_address_family = 0x0017,
  even_port = 0x0018,
  requested_transport = 0x0019,
  dont_fragment = 0x001a,
  xor_mapped_address = 0x0020,
  message_integrity_sha256 = 0x001c,  // RFC 8489, as the next
  password_algorithm = 0x001d,
  reservation_token = 0x0022,
  priority = 0x0024,
  use_candidate = 0x0025,
  additional_address_family = 0x8000,  // RFC 8656, as the next
  address_error_code = 0x8001,
  password_algorithms = 0x8002,  // RFC 8489
  icmp = 0x8004,                 // RFC 8656
  software = 0x8022,
  alternate_server = 0x8023,
  fingerprint = 0x8028,
  ice_controlled = 0x8029,
  ice_controlling = 0x802a,
  other_address = 0x802c,  // RFC 5780
};

inline constexpr size_t kHeaderSize = 20;
inline constexpr uint32_t kMagicCookie = 0x2112a442;
inline constexpr size_t kIntegritySize = 20;  // HMAC-SHA1
inline constexpr size_t kIntegrity256Size = 32;
inline constexpr size_t kMaxAttributes = 64;  // more is refused

using TransactionId = std::array<uint8_t, 12>;
using IntegrityTag = std::array<uint8_t, kIntegritySize>;

// How a password becomes the key of long-term credentials (RFC 8489 section 18.5).
enum class PasswordAlgorithm : uint16_t { md5 = 1, sha256 = 2 };

struct ErrorCode {
  uint16_t code = 0;  // 300..699
  std::string_view reason;
};

struct AttributeView {
  AttributeType type;
  Bytes value;  // without padding
};

// What MESSAGE-INTEGRITY covers: the header with its length field as if the attribute were the last,
// then the attributes before it. The HMAC runs over both in that order.
struct IntegrityInput {
  std::array<uint8_t, kHeaderSize> header;
  Bytes attributes;
};

class Message {
 public:
  // Nothing if it is not a well-formed STUN message that fills `datagram` exactly.
  static std::optional<Message> parse(Bytes datagram);

  MessageClass message_class() const { return class_; }
  Method method() const { return method_; }
  bool is(Method method, MessageClass message_class) const { return method_ == method && class_ == message_class; }
  TransactionId transaction_id() const;
  Bytes raw() const { return raw_; }

  // Attributes that count: those before MESSAGE-INTEGRITY (or -SHA256), these two, and FINGERPRINT behind them.
  std::span<const AttributeView> attributes() const { return {attributes_.data(), count_}; }
  std::optional<Bytes> find(AttributeType type) const;  // the first one
  bool has(AttributeType type) const { return find(type).has_value(); }

  // Never validated as UTF-8.
  std::optional<std::string_view> text(AttributeType type) const;  // USERNAME, REALM, NONCE, SOFTWARE
  std::optional<uint32_t> u32(AttributeType type) const;           // PRIORITY, LIFETIME
  std::optional<uint64_t> u64(AttributeType type) const;           // ICE-CONTROLLED/CONTROLLING, RESERVATION-TOKEN
  std::optional<SocketAddress> address(AttributeType type) const;  // XOR-... is undone for the XOR types
  std::optional<SocketAddress> mapped_address() const;             // XOR-MAPPED-ADDRESS, else MAPPED-ADDRESS
  // Of an attribute that may be there once per family (XOR-RELAYED-ADDRESS with ADDITIONAL-ADDRESS-FAMILY).
  std::optional<SocketAddress> address(AttributeType type, bool v4) const;
  std::optional<ErrorCode> error() const;
  std::optional<uint16_t> channel_number() const;      // 0x4000..0x7fff
  std::optional<uint8_t> requested_transport() const;  // protocol number: 17 UDP
  // Does PASSWORD-ALGORITHMS offer it, in a form that can be repeated?
  bool offers(PasswordAlgorithm algorithm) const;

  // Comprehension-required attributes (below 0x8000) this server does not know: answer 420, or
  // drop a response. Types listed by the peer in UNKNOWN-ATTRIBUTES are another matter: find() it.
  std::span<const uint16_t> unknown_required() const { return {unknown_.data(), unknown_count_}; }

  // Nothing if there is no MESSAGE-INTEGRITY.
  std::optional<IntegrityInput> integrity_input() const;
  std::optional<Bytes> integrity() const { return find(AttributeType::message_integrity); }
  // `hmac` is HMAC-SHA1 with its key in it: hmac(std::initializer_list<Bytes> parts) -> 20 bytes, as
  // crypto::HmacSha1. Constant time compare.
  template <typename KeyedHmac>
  bool integrity_ok(const KeyedHmac& hmac) const;

  // The same of MESSAGE-INTEGRITY-SHA256, which also covers MESSAGE-INTEGRITY. `hmac` is HMAC-SHA256 with its
  // key in it; a tag that was cut short (RFC 8489 section 14.6) is compared as far as it goes.
  std::optional<IntegrityInput> integrity256_input() const;
  template <typename KeyedHmac>
  bool integrity256_ok(const KeyedHmac& hmac) const;

  bool has_fingerprint() const { return has(AttributeType::fingerprint); }
  // True if there is none, or it is right.
  bool fingerprint_ok() const;

 private:
  Message() = default;
  bool read_attributes();
  bool take(AttributeType type, Bytes value);
  IntegrityInput covered_by(uint16_t at, size_t tag_size) const;

  Bytes raw_;
  MessageClass class_ = MessageClass::request;
  Method method_ = Method::binding;
  uint16_t integrity_at_ = 0;  // offset of MESSAGE-INTEGRITY's header; 0: none
  uint16_t integrity256_at_ = 0;
  uint16_t fingerprint_at_ = 0;
  uint8_t count_ = 0;
  uint8_t unknown_count_ = 0;
  std::array<AttributeView, kMaxAttributes> attributes_;
  std::array<uint16_t, kMaxAttributes> unknown_;
};

// CRC-32 (ISO 3309, as in Ethernet) of FINGERPRINT, before the XOR with 0x5354554e.
uint32_t crc32(Bytes bytes);
uint32_t crc32(Bytes first, Bytes second);

bool tags_equal(Bytes a, Bytes b);  // constant time in the contents

template <typename KeyedHmac>
bool Message::integrity_ok(const KeyedHmac& hmac) const {
  auto input = integrity_input();
  if (!input) return false;
  std::initializer_list<Bytes> parts = {input->header, input->attributes};
  IntegrityTag expected = hmac(parts);
  return tags_equal(*integrity(), expected);
}

template <typename KeyedHmac>
bool Message::integrity256_ok(const KeyedHmac& hmac) const {
  auto input = integrity256_input();
  if (!input) return false;
  std::initializer_list<Bytes> parts = {input->header, input->attributes};
  auto expected = hmac(parts);
  Bytes tag = *find(AttributeType::message_integrity_sha256);
  return tags_equal(tag, Bytes(expected).first(tag.size()));
}

}  // namespace limen::stun
