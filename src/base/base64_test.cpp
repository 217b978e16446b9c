#include "base/base64.hpp"

#include <gtest/gtest.h>

namespace limen {
namespace {

std::string round(std::string_view text) {
  return to_base64(Bytes(reinterpret_cast<const uint8_t*>(text.data()), text.size()));
}

TEST(Base64, vectors_of_rfc_4648) {
  EXPECT_EQ(round(""), "");
  EXPECT_EQ(round("f"), "Zg==");
  EXPECT_EQ(round("fo"), "Zm8=");
  EXPECT_EQ(round("foo"), "Zm9v");
  EXPECT_EQ(round("foobar"), "Zm9vYmFy");
}

TEST(Base64, is_read_with_and_without_padding_but_not_from_another_alphabet) {
  std::vector<uint8_t> fo{'f', 'o'};
  EXPECT_EQ(from_base64("Zm8="), fo);
  EXPECT_EQ(from_base64("Zm8"), fo);
  EXPECT_EQ(from_base64("Zm8=rest"), fo);
  EXPECT_EQ(from_base64(""), std::vector<uint8_t>{});
  EXPECT_EQ(from_base64("Zm8_"), std::nullopt);
  EXPECT_EQ(from_base64("Zm 8"), std::nullopt);
}

}  // namespace
}  // namespace limen
