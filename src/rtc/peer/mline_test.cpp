#include "rtc/peer/mline.hpp"

#include <gtest/gtest.h>

#include "rtc/peer/drop_reason.hpp"
#include "rtc/peer/event_queue.hpp"

namespace limen::rtc {
namespace {

TEST(Mline, knows_what_a_payload_type_is_for) {
  MlineConfig config;
  config.payloads = {{96, Codec::vp8, 90000, 97}, {98, Codec::h264, 90000, std::nullopt}};
  Mline mline;
  mline.configure(config);
  EXPECT_EQ(mline.payload(96).payload->codec, Codec::vp8);
  EXPECT_FALSE(mline.payload(96).rtx);
  EXPECT_EQ(mline.payload(97).payload->payload_type, 96);
  EXPECT_TRUE(mline.payload(97).rtx);
  EXPECT_EQ(mline.payload(98).payload->codec, Codec::h264);
  EXPECT_EQ(mline.payload(99).payload, nullptr);
  config.payloads.clear();
  mline.configure(config);
  EXPECT_EQ(mline.payload(96).payload, nullptr);
}

TEST(Mline, finds_slots_by_rid) {
  MlineConfig config;
  config.rids = {"q", "f", ""};
  Mline mline;
  mline.configure(config);
  EXPECT_TRUE(mline.has_rids());
  EXPECT_EQ(mline.slot_of_rid("q"), 0);
  EXPECT_EQ(mline.slot_of_rid("f"), 1);
  EXPECT_EQ(mline.slot_of_rid(""), std::nullopt);
  EXPECT_EQ(mline.slot_of_rid("h"), std::nullopt);
}

TEST(EventQueue, gives_events_in_order_also_while_new_ones_come) {
  EventQueue queue;
  PeerEvent event;
  EXPECT_FALSE(queue.poll(event));
  queue.push(Connected{});
  queue.push(IceStateChanged{IceState::ready});
  ASSERT_TRUE(queue.poll(event));
  EXPECT_TRUE(std::holds_alternative<Connected>(event));
  queue.push(Closed{CloseReason::ice_failed});
  ASSERT_TRUE(queue.poll(event));
  EXPECT_TRUE(std::holds_alternative<IceStateChanged>(event));
  ASSERT_TRUE(queue.poll(event));
  EXPECT_TRUE(std::holds_alternative<Closed>(event));
  EXPECT_FALSE(queue.poll(event));
  EXPECT_TRUE(queue.empty());
}

TEST(DropCounts, lists_what_happened_by_name) {
  DropCounts drops;
  drops.add(Drop::unknown_ssrc, 3);
  drops.add_in(SrtpStatus::replayed);
  std::vector<std::pair<std::string, uint64_t>> out;
  drops.append_to(out);
  ASSERT_EQ(out.size(), 2u);
  EXPECT_EQ(out[0], (std::pair<std::string, uint64_t>("unknown SSRC", 3)));
  EXPECT_EQ(out[1].first, "SRTP " + std::string(srtp_status_name(SrtpStatus::replayed)));
  for (size_t i = 0; i < static_cast<size_t>(Drop::count); ++i) EXPECT_NE(drop_name(static_cast<Drop>(i)), "unknown");
}

}  // namespace
}  // namespace limen::rtc
