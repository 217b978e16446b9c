// MessageWriter: builds a STUN message into a caller's buffer.
//
// RFC 5389 / 8489. Order: attributes, then add_integrity() if wanted, then add_fingerprint(), then
// finish(). What does not fit makes finish() return an empty span.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

#include "base/bytes.hpp"
#include "base/net_address.hpp"
#include "wire/stun/stun_message.hpp"

namespace limen::stun {

// Enough for every message this server sends, TURN Send indications aside.
inline constexpr size_t kMaxControlMessage = 1200;

class MessageWriter {
 public:
  MessageWriter(MutableBytes out, MessageClass message_class, Method method, const TransactionId& id);

  void add(AttributeType type, Bytes value);
  void add_text(AttributeType type, std::string_view value) { add(type, as_bytes(value)); }
  void add_flag(AttributeType type) { add(type, {}); }  // USE-CANDIDATE, DONT-FRAGMENT
  void add_u32(AttributeType type, uint32_t value);     // PRIORITY, LIFETIME
  void add_u64(AttributeType type, uint64_t value);     // ICE-CONTROLLED/CONTROLLING
  // XORed for the XOR types, plain for the others.
  void add_address(AttributeType type, const SocketAddress& address);
  void add_error(uint16_t code, std::string_view reason);
  void add_unknown_attributes(std::span<const uint16_t> types);
  void add_channel_number(uint16_t number);
  void add_requested_transport(uint8_t protocol);  // 17 UDP
  // REQUESTED- or ADDITIONAL-ADDRESS-FAMILY.
  void add_address_family(AttributeType type, bool v4) { add_u32(type, v4 ? 0x01000000 : 0x02000000); }

  // `hmac` is HMAC-SHA1 with its key in it: hmac(std::initializer_list<Bytes> parts) -> 20 bytes, as
  // crypto::HmacSha1.
  template <typename KeyedHmac>
  void add_integrity(const KeyedHmac& hmac) {
    set_length(kIntegritySize + 4);
    std::initializer_list<Bytes> covered = {writer_.written()};
    IntegrityTag tag = hmac(covered);
    add(AttributeType::message_integrity, tag);
  }
  // `hmac`: HMAC-SHA256, as above.
  template <typename KeyedHmac>
  void add_integrity256(const KeyedHmac& hmac) {
    set_length(kIntegrity256Size + 4);
    std::initializer_list<Bytes> covered = {writer_.written()};
    auto tag = hmac(covered);
    add(AttributeType::message_integrity_sha256, tag);
  }
  void add_fingerprint();

  // The whole message; empty if it did not fit.
  Bytes finish();

 private:
  void set_length(size_t still_to_come);

  ByteWriter writer_;
  TransactionId id_;
};

}  // namespace limen::stun
