#include "wire/stun/turn_frames.hpp"

#include <gtest/gtest.h>

#include "wire/stun/channel_data.hpp"
#include "wire/stun/stun_message.hpp"
#include "wire/stun/stun_writer.hpp"

namespace limen::stun {
namespace {

using enum TurnFrame::Status;

TEST(TurnFrames, messages_and_channel_data_follow_each_other) {
  std::vector<uint8_t> stream(256);
  MessageWriter writer(stream, MessageClass::request, Method::refresh, {});
  writer.add_u32(AttributeType::lifetime, 600);
  size_t message = writer.finish().size();
  std::vector<uint8_t> payload{1, 2, 3, 4, 5};
  size_t data = write_channel_data(0x4001, payload, true, MutableBytes(stream).subspan(message));
  stream.resize(message + data);

  TurnFrame first = next_turn_frame(stream);
  EXPECT_EQ(first.status, complete);
  EXPECT_EQ(first.size, message);
  EXPECT_EQ(first.consumed, message);
  TurnFrame second = next_turn_frame(Bytes(stream).subspan(message));
  EXPECT_EQ(second.status, complete);
  EXPECT_EQ(second.size, 9u);
  EXPECT_EQ(second.consumed, 12u);
  for (size_t i = 0; i < message; ++i) EXPECT_EQ(next_turn_frame(Bytes(stream).first(i)).status, incomplete) << i;
  for (size_t i = message; i < message + data; ++i) {
    EXPECT_EQ(next_turn_frame(Bytes(stream).subspan(message, i - message)).status, incomplete) << i;
  }
}

TEST(TurnFrames, what_is_neither_breaks_the_stream) {
  std::vector<uint8_t> http{'G', 'E', 'T', ' ', '/', ' ', 'H', 'T'};
  EXPECT_EQ(next_turn_frame(http).status, incomplete) << "looks like ChannelData of a length yet to come";
  std::vector<uint8_t> rtp{0x80, 0x60, 0, 1};
  EXPECT_EQ(next_turn_frame(rtp).status, broken);
  std::vector<uint8_t> no_cookie(20);
  EXPECT_EQ(next_turn_frame(no_cookie).status, broken);
  std::vector<uint8_t> odd{0, 1, 0, 3, 0x21, 0x12, 0xa4, 0x42};
  EXPECT_EQ(next_turn_frame(odd).status, broken);
}

TEST(StunMessage, password_algorithms_are_understood_and_bounded) {
  std::vector<uint8_t> room(128);
  auto with = [&](std::vector<uint8_t> value) {
    MessageWriter writer(room, MessageClass::error, Method::allocate, {});
    writer.add(AttributeType::password_algorithms, value);
    return Message::parse(writer.finish()).value();
  };
  EXPECT_TRUE(with({0, 1, 0, 0, 0, 2, 0, 0}).offers(PasswordAlgorithm::sha256));
  EXPECT_TRUE(with({0, 1, 0, 0, 0, 2, 0, 0}).offers(PasswordAlgorithm::md5));
  EXPECT_FALSE(with({0, 1, 0, 0}).offers(PasswordAlgorithm::sha256));
  EXPECT_TRUE(with({0, 9, 0, 3, 1, 2, 3, 0, 0, 2, 0, 0}).offers(PasswordAlgorithm::sha256));
  EXPECT_FALSE(with({0, 9, 0, 99, 0, 2, 0, 0}).offers(PasswordAlgorithm::sha256));
}

TEST(StunMessage, both_integrities_may_stand_behind_each_other) {
  std::vector<uint8_t> room(256);
  auto sum = [](auto size) {
    return [](std::initializer_list<Bytes> parts) {
      std::array<uint8_t, decltype(size)::value> tag{};
      size_t at = 0;
      for (Bytes part : parts) {
        for (uint8_t byte : part) {
          tag[at % tag.size()] ^= static_cast<uint8_t>(byte + at);
          ++at;
        }
      }
      return tag;
    };
  };
  auto short_tag = sum(std::integral_constant<size_t, 20>());
  auto long_tag = sum(std::integral_constant<size_t, 32>());
  MessageWriter writer(room, MessageClass::request, Method::refresh, {});
  writer.add_u32(AttributeType::lifetime, 600);
  writer.add_integrity(short_tag);
  writer.add_integrity256(long_tag);
  writer.add_fingerprint();
  Bytes bytes = writer.finish();
  auto message = Message::parse(bytes);
  ASSERT_TRUE(message);
  EXPECT_TRUE(message->integrity_ok(short_tag));
  EXPECT_TRUE(message->integrity256_ok(long_tag));
  EXPECT_TRUE(message->fingerprint_ok());
  std::vector<uint8_t> changed(bytes.begin(), bytes.end());
  changed[27] ^= 1;
  auto forged = Message::parse(changed);
  ASSERT_TRUE(forged);
  EXPECT_FALSE(forged->integrity256_ok(long_tag));
}

}  // namespace
}  // namespace limen::stun
