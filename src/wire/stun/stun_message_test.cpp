#include "wire/stun/stun_message.hpp"

#include <gtest/gtest.h>

#include <bit>

#include "wire/stun/channel_data.hpp"
#include "wire/stun/stun_writer.hpp"
#include "wire/test_bytes.hpp"

namespace limen::stun {
namespace {

using test::hex;
using test::vec;

// A plain SHA-1 (FIPS 180-4), so that this room's tests need no crypto library.
std::array<uint8_t, 20> sha1(std::vector<uint8_t> data) {
  std::array<uint32_t, 5> h = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  uint64_t bit_count = data.size() * 8;
  data.push_back(0x80);
  while (data.size() % 64 != 56) data.push_back(0);
  for (int shift = 56; shift >= 0; shift -= 8) data.push_back(static_cast<uint8_t>(bit_count >> shift));
  for (size_t block = 0; block < data.size(); block += 64) {
    std::array<uint32_t, 80> w;
    for (size_t i = 0; i < 16; ++i) w[i] = load_u32(&data[block + i * 4]);
    for (size_t i = 16; i < 80; ++i) w[i] = std::rotl(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    auto [a, b, c, d, e] = h;
    for (size_t i = 0; i < 80; ++i) {
      uint32_t f = i < 20 ? (b & c) | (~b & d) : i < 40 || i >= 60 ? b ^ c ^ d : (b & c) | (b & d) | (c & d);
      uint32_t k = i < 20 ? 0x5a827999 : i < 40 ? 0x6ed9eba1 : i < 60 ? 0x8f1bbcdc : 0xca62c1d6;
      uint32_t t = std::rotl(a, 5) + f + e + k + w[i];
      e = d, d = c, c = std::rotl(b, 30), b = a, a = t;
    }
    h = {h[0] + a, h[1] + b, h[2] + c, h[3] + d, h[4] + e};
  }
  std::array<uint8_t, 20> out;
  for (size_t i = 0; i < 5; ++i) store_u32(&out[i * 4], h[i]);
  return out;
}

struct KeyedHmac {
  std::vector<uint8_t> key;  // at most 64 bytes
  std::array<uint8_t, 20> operator()(std::initializer_list<Bytes> parts) const {
    std::vector<uint8_t> inner(64, 0x36), outer(64, 0x5c);
    for (size_t i = 0; i < key.size(); ++i) inner[i] ^= key[i], outer[i] ^= key[i];
    for (Bytes part : parts) inner.insert(inner.end(), part.begin(), part.end());
    auto digest = sha1(inner);
    outer.insert(outer.end(), digest.begin(), digest.end());
    return sha1(outer);
  }
};

KeyedHmac keyed(std::string_view password) {
  return {vec(as_bytes(password))};
}

const std::string_view kPassword = "VOkJxbRl1RmTxUk/WvJxBt";
const TransactionId kId = {0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae};

// RFC 5769 section 2.1.
const auto kRequest = hex(R"(
  00 01 00 58 21 12 a4 42 b7 e7 a7 01 bc 34 d6 86 fa 87 df ae
  80 22 00 10 53 54 55 4e 20 74 65 73 74 20 63 6c 69 65 6e 74
  00 24 00 04 6e 00 01 ff 80 29 00 08 93 2f f9 b1 51 26 3b 36
  00 06 00 09 65 76 74 6a 3a 68 36 76 59 20 20 20
  00 08 00 14 9a ea a7 0c bf d8 cb 56 78 1e f2 b5 b2 d3 f2 49 c1 b5 71 a2
  80 28 00 04 e5 7a 3b cf)");
// Section 2.2.
const auto kResponseV4 = hex(R"(
  01 01 00 3c 21 12 a4 42 b7 e7 a7 01 bc 34 d6 86 fa 87 df ae
  80 22 00 0b 74 65 73 74 20 76 65 63 74 6f 72 20
  00 20 00 08 00 01 a1 47 e1 12 a6 43
  00 08 00 14 2b 91 f5 99 fd 9e 90 c3 8c 74 89 f9 2a f9 ba 53 f0 6b e7 d7
  80 28 00 04 c0 7d 4c 96)");
// Section 2.3.
const auto kResponseV6 = hex(R"(
  01 01 00 48 21 12 a4 42 b7 e7 a7 01 bc 34 d6 86 fa 87 df ae
  80 22 00 0b 74 65 73 74 20 76 65 63 74 6f 72 20
  00 20 00 14 00 02 a1 47 01 13 a9 fa a5 d3 f1 79 bc 25 f4 b5 be d2 b9 d9
  00 08 00 14 a3 82 95 4e 4b e6 7b f1 17 84 c9 7c 82 92 c2 75 bf e3 ed 41
  80 28 00 04 c8 fb 0b 4c)");
// Section 2.4.
const auto kLongTerm = hex(R"(
  00 01 00 60 21 12 a4 42 78 ad 34 33 c6 ad 72 c0 29 da 41 2e
  00 06 00 12 e3 83 9e e3 83 88 e3 83 aa e3 83 83 e3 82 af e3 82 b9 00 00
  00 15 00 1c 66 2f 2f 34 39 39 6b 39 35 34 64 36 4f 4c 33 34 6f 4c 39 46 53 54 76 79 36 34 73 41
  00 14 00 0b 65 78 61 6d 70 6c 65 2e 6f 72 67 00
  00 08 00 14 f6 70 24 65 6d d6 4a 3e 02 b8 e0 71 2e 85 c9 a2 8c a8 96 66)");

TEST(StunMessage, rfc5769_request_is_read_and_authenticated) {
  auto message = Message::parse(kRequest);
  ASSERT_TRUE(message);
  EXPECT_TRUE(message->is(Method::binding, MessageClass::request));
  EXPECT_EQ(message->transaction_id(), kId);
  EXPECT_EQ(message->text(AttributeType::software), "STUN test client");
  EXPECT_EQ(message->text(AttributeType::username), "evtj:h6vY");
  EXPECT_EQ(message->u32(AttributeType::priority), 0x6e0001ffu);
  EXPECT_EQ(message->u64(AttributeType::ice_controlled), 0x932ff9b151263b36u);
  EXPECT_TRUE(message->has_fingerprint());
  EXPECT_TRUE(message->fingerprint_ok());
  EXPECT_TRUE(message->integrity_ok(keyed(kPassword)));
  EXPECT_FALSE(message->integrity_ok(keyed("VOkJxbRl1RmTxUk/WvJxBu")));
  EXPECT_TRUE(message->unknown_required().empty());
}

TEST(StunMessage, rfc5769_responses_give_the_mapped_address) {
  auto v4 = Message::parse(kResponseV4);
  ASSERT_TRUE(v4);
  EXPECT_TRUE(v4->is(Method::binding, MessageClass::success));
  EXPECT_EQ(v4->mapped_address()->to_string(), "192.0.2.1:32853");
  EXPECT_TRUE(v4->fingerprint_ok());
  EXPECT_TRUE(v4->integrity_ok(keyed(kPassword)));
  auto v6 = Message::parse(kResponseV6);
  ASSERT_TRUE(v6);
  EXPECT_EQ(*v6->mapped_address(), *SocketAddress::parse("[2001:db8:1234:5678:11:2233:4455:6677]:32853"));
  EXPECT_TRUE(v6->fingerprint_ok());
  EXPECT_TRUE(v6->integrity_ok(keyed(kPassword)));
}

TEST(StunMessage, rfc5769_long_term_credentials) {
  auto message = Message::parse(kLongTerm);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->text(AttributeType::realm), "example.org");
  EXPECT_EQ(message->text(AttributeType::nonce), "f//499k954d6OL34oL9FSTvy64sA");
  EXPECT_FALSE(message->has_fingerprint());
  EXPECT_TRUE(message->fingerprint_ok());
  EXPECT_TRUE(message->integrity_ok(KeyedHmac{hex("e8ca7ad59d5eb0518e312911d2dab2a9")}));
}

TEST(StunMessage, one_changed_bit_anywhere_is_noticed) {
  for (size_t i = 0; i < kRequest.size(); ++i) {
    auto changed = kRequest;
    changed[i] ^= 0x01;
    auto message = Message::parse(changed);
    bool accepted = message && message->has_fingerprint() && message->fingerprint_ok();
    EXPECT_FALSE(accepted) << "byte " << i;
  }
}

TEST(StunMessage, every_truncation_is_refused) {
  for (size_t size = 0; size < kRequest.size(); ++size) {
    EXPECT_FALSE(Message::parse(Bytes(kRequest).first(size))) << size;
  }
}

TEST(StunMessage, structure_errors_are_refused) {
  const char* refused[] = {
      "00 01 00 00 21 12 a4 43 00 00 00 00 00 00 00 00 00 00 00 00",                          // cookie
      "40 01 00 00 21 12 a4 42 00 00 00 00 00 00 00 00 00 00 00 00",                          // first bits
      "00 01 00 04 21 12 a4 42 00 00 00 00 00 00 00 00 00 00 00 00",                          // length
      "00 01 00 04 21 12 a4 42 00 00 00 00 00 00 00 00 00 00 00 00 00 06 00 08",              // value past the end
      "00 01 00 08 21 12 a4 42 00 00 00 00 00 00 00 00 00 00 00 00 00 08 00 04 00 00 00 00",  // short integrity
      "00 01 00 08 21 12 a4 42 00 00 00 00 00 00 00 00 00 00 00 00 80 28 00 03 00 00 00 00",  // short fingerprint
      // something behind FINGERPRINT
      "00 01 00 0c 21 12 a4 42 00 00 00 00 00 00 00 00 00 00 00 00 80 28 00 04 00 00 00 00 00 25 00 00",
  };
  for (const char* text : refused) EXPECT_FALSE(Message::parse(hex(text))) << text;
}

TEST(StunMessage, too_many_attributes_are_refused) {
  std::vector<uint8_t> buffer(1200);
  for (size_t count : {kMaxAttributes, kMaxAttributes + 1}) {
    MessageWriter writer(buffer, MessageClass::request, Method::binding, kId);
    for (size_t i = 0; i < count; ++i) writer.add_flag(AttributeType::use_candidate);
    EXPECT_EQ(Message::parse(writer.finish()).has_value(), count == kMaxAttributes);
  }
}

TEST(StunMessage, unknown_comprehension_required_attributes_are_reported) {
  std::vector<uint8_t> buffer(200);
  MessageWriter writer(buffer, MessageClass::request, Method::binding, kId);
  writer.add_flag(static_cast<AttributeType>(0x7ffe));
  writer.add_flag(static_cast<AttributeType>(0xc057));  // optional range
  writer.add_flag(static_cast<AttributeType>(0x0003));  // CHANGE-REQUEST of RFC 3489
  auto message = Message::parse(writer.finish());
  ASSERT_TRUE(message);
  EXPECT_EQ(std::vector<uint16_t>(message->unknown_required().begin(), message->unknown_required().end()),
            (std::vector<uint16_t>{0x7ffe, 0x0003}));
}

TEST(StunMessage, attributes_behind_integrity_do_not_count) {
  std::vector<uint8_t> buffer(200);
  MessageWriter writer(buffer, MessageClass::request, Method::binding, kId);
  writer.add_integrity(keyed(kPassword));
  writer.add_flag(AttributeType::use_candidate);
  writer.add_flag(static_cast<AttributeType>(0x7ffe));
  writer.add_fingerprint();
  auto message = Message::parse(writer.finish());
  ASSERT_TRUE(message);
  EXPECT_FALSE(message->has(AttributeType::use_candidate));
  EXPECT_TRUE(message->unknown_required().empty());
  EXPECT_TRUE(message->fingerprint_ok());
  EXPECT_TRUE(message->integrity_ok(keyed(kPassword)));
}

TEST(StunMessage, wrong_sizes_of_values_give_nothing) {
  std::vector<uint8_t> buffer(300);
  MessageWriter writer(buffer, MessageClass::request, Method::allocate, kId);
  writer.add(AttributeType::priority, hex("01 02 03"));
  writer.add(AttributeType::ice_controlling, hex("01 02 03 04"));
  writer.add(AttributeType::xor_mapped_address, hex("00 01 00 00 01 02 03 04 05"));
  writer.add(AttributeType::xor_peer_address, hex("00 03 00 00 01 02 03 04"));
  writer.add(AttributeType::error_code, hex("00 00 07 00"));
  writer.add(AttributeType::channel_number, hex("3f ff 00 00"));
  auto message = Message::parse(writer.finish());
  ASSERT_TRUE(message);
  EXPECT_FALSE(message->u32(AttributeType::priority));
  EXPECT_FALSE(message->u64(AttributeType::ice_controlling));
  EXPECT_FALSE(message->mapped_address());
  EXPECT_FALSE(message->address(AttributeType::xor_peer_address));
  EXPECT_FALSE(message->error());
  EXPECT_FALSE(message->channel_number());
  EXPECT_FALSE(message->integrity_ok(keyed(kPassword)));
}

// The RFC pads with spaces where this writer pads with zeros, so only sizes and meaning can be equal.
TEST(StunWriter, writes_what_the_parser_reads) {
  std::vector<uint8_t> buffer(kMaxControlMessage);
  MessageWriter writer(buffer, MessageClass::request, Method::binding, kId);
  writer.add_text(AttributeType::software, "STUN test client");
  writer.add_u32(AttributeType::priority, 0x6e0001ff);
  writer.add_u64(AttributeType::ice_controlled, 0x932ff9b151263b36);
  writer.add_text(AttributeType::username, "evtj:h6vY");
  writer.add_integrity(keyed(kPassword));
  writer.add_fingerprint();
  Bytes bytes = writer.finish();
  ASSERT_EQ(bytes.size(), kRequest.size());
  EXPECT_EQ(vec(bytes.first(72)), vec(Bytes(kRequest).first(72)));
  auto message = Message::parse(bytes);
  ASSERT_TRUE(message);
  EXPECT_TRUE(message->fingerprint_ok());
  EXPECT_TRUE(message->integrity_ok(keyed(kPassword)));
}

TEST(StunWriter, addresses_errors_and_turn_values_survive) {
  auto v4 = *SocketAddress::parse("203.0.113.7:3478");
  auto v6 = *SocketAddress::parse("[2001:db8::5]:49152");
  std::vector<uint8_t> buffer(kMaxControlMessage);
  MessageWriter writer(buffer, MessageClass::error, Method::channel_bind, kId);
  writer.add_address(AttributeType::mapped_address, v4);
  writer.add_address(AttributeType::xor_relayed_address, v4);
  writer.add_address(AttributeType::xor_peer_address, v6);
  writer.add_error(438, "Stale Nonce");
  writer.add_channel_number(0x4001);
  writer.add_requested_transport(17);
  uint16_t unknown[] = {0x1234, 0x0055};
  writer.add_unknown_attributes(unknown);
  auto message = Message::parse(writer.finish());
  ASSERT_TRUE(message);
  EXPECT_TRUE(message->is(Method::channel_bind, MessageClass::error));
  EXPECT_EQ(message->mapped_address(), v4);
  EXPECT_EQ(message->address(AttributeType::xor_relayed_address), v4);
  EXPECT_EQ(message->address(AttributeType::xor_peer_address), v6);
  EXPECT_EQ(message->error()->code, 438);
  EXPECT_EQ(message->error()->reason, "Stale Nonce");
  EXPECT_EQ(message->channel_number(), 0x4001);
  EXPECT_EQ(message->requested_transport(), 17);
  EXPECT_EQ(vec(*message->find(AttributeType::unknown_attributes)), hex("12 34 00 55"));
}

TEST(StunWriter, every_class_and_method_round_trips) {
  std::vector<uint8_t> buffer(20);
  for (int c = 0; c < 4; ++c) {
    for (unsigned m = 0; m < 0x1000; m += 7) {
      MessageWriter writer(buffer, static_cast<MessageClass>(c), static_cast<Method>(m), kId);
      auto message = Message::parse(writer.finish());
      ASSERT_TRUE(message);
      EXPECT_TRUE(message->is(static_cast<Method>(m), static_cast<MessageClass>(c))) << c << " " << m;
    }
  }
}

TEST(StunWriter, what_does_not_fit_gives_nothing) {
  for (size_t room = 0; room < 52; ++room) {
    std::vector<uint8_t> buffer(room);
    MessageWriter writer(buffer, MessageClass::request, Method::binding, kId);
    writer.add_integrity(keyed(kPassword));
    writer.add_fingerprint();
    EXPECT_TRUE(writer.finish().empty()) << room;
  }
}

TEST(ChannelData, round_trip_with_and_without_padding) {
  std::vector<uint8_t> buffer(64);
  auto payload = hex("01 02 03 04 05");
  EXPECT_EQ(write_channel_data(0x4002, payload, false, buffer), 9u);
  EXPECT_EQ(write_channel_data(0x4002, payload, true, buffer), 12u);
  auto parsed = parse_channel_data(Bytes(buffer).first(12));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->channel, 0x4002);
  EXPECT_EQ(vec(parsed->payload), payload);
  EXPECT_EQ(write_channel_data(0x4002, payload, true, MutableBytes(buffer).first(11)), 0u);
}

TEST(ChannelData, malformed_frames_are_refused) {
  for (const char* text : {"", "40", "40 01 00", "40 01 00 02 ff", "3f ff 00 00", "50 00 00 00"}) {
    EXPECT_FALSE(parse_channel_data(hex(text))) << text;
  }
}

}  // namespace
}  // namespace limen::stun
