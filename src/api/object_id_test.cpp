#include "api/object_id.hpp"

#include <gtest/gtest.h>

namespace limen {
namespace {

TEST(ObjectId, categories_name_numbers_in_their_plain_form) {
  EXPECT_EQ(ObjectId::from_category("room-1234", false), ObjectId(uint64_t{1234}));
  EXPECT_EQ(ObjectId::from_category("7", false), ObjectId(uint64_t{7}));
  for (std::string_view wrong : {"room-", "room-0", "room-007", "room-1x", "room--1", "99999999999999999999"}) {
    EXPECT_EQ(ObjectId::from_category(wrong, false), std::nullopt) << wrong;
  }
}

TEST(ObjectId, categories_name_texts_where_texts_are_wanted) {
  EXPECT_EQ(ObjectId::from_category("room-main hall", true), ObjectId(std::string("main hall")));
  EXPECT_EQ(ObjectId::from_category("room-", true), std::nullopt);
}

TEST(ObjectId, requests_give_the_kind_that_is_wanted) {
  JsonObject body{{"n", 5}, {"t", "five"}, {"minus", -5}};
  EXPECT_EQ(require_object_id(body, "n", false), ObjectId(uint64_t{5}));
  EXPECT_EQ(require_object_id(body, "t", true), ObjectId(std::string("five")));
  for (auto [key, strings] : {std::pair{"t", false}, std::pair{"n", true}, std::pair{"minus", false}}) {
    auto id = require_object_id(body, key, strings);
    ASSERT_FALSE(id) << key;
    EXPECT_FALSE(id.error().missing);
  }
  EXPECT_TRUE(require_object_id(body, "absent", false).error().missing);
  EXPECT_EQ(read_object_id(body, "absent", false).value(), std::nullopt);
}

TEST(ObjectId, a_number_and_a_text_that_looks_like_it_differ) {
  EXPECT_NE(ObjectId(uint64_t{5}), ObjectId(std::string("5")));
  EXPECT_EQ(ObjectId(uint64_t{5}).text(), ObjectId(std::string("5")).text());
}

}  // namespace
}  // namespace limen
