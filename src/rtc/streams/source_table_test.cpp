#include "rtc/streams/source_table.hpp"

#include <gtest/gtest.h>

namespace limen::rtc {
namespace {

TEST(SourceTable, finds_what_was_bound) {
  SourceTable table;
  table.bind(500, {0, 0, false}, false);
  table.bind(100, {1, 2, true}, true);
  ASSERT_NE(table.find(500), nullptr);
  EXPECT_EQ(table.find(500)->slot, (SourceSlot{0, 0, false}));
  EXPECT_EQ(table.find(100)->slot, (SourceSlot{1, 2, true}));
  EXPECT_EQ(table.find(7), nullptr);
  EXPECT_EQ(table.find(SourceSlot{1, 2, true})->ssrc, 100u);
  EXPECT_EQ(table.find(SourceSlot{1, 2, false}), nullptr);
}

TEST(SourceTable, one_slot_has_one_ssrc_and_one_ssrc_one_slot) {
  SourceTable table;
  table.bind(500, {0, 0, false}, false);
  table.bind(600, {0, 0, false}, false);
  EXPECT_EQ(table.find(500), nullptr);
  table.bind(600, {0, 1, false}, false);
  EXPECT_EQ(table.size(), 1u);
  EXPECT_EQ(table.find(600)->slot.substream, 1);
}

TEST(SourceTable, an_m_line_can_be_forgotten) {
  SourceTable table;
  for (uint32_t i = 0; i < 6; ++i)
    table.bind(10 + i, {static_cast<uint8_t>(i % 2), static_cast<uint8_t>(i / 2), false}, false);
  table.remove(1);
  EXPECT_EQ(table.size(), 3u);
  EXPECT_EQ(table.find(11), nullptr);
  EXPECT_NE(table.find(10), nullptr);
}

}  // namespace
}  // namespace limen::rtc
