#include "handlers/shared/event_queue.hpp"

#include <gtest/gtest.h>

#include "handlers/shared/handler_settings.hpp"

namespace limen::handlers {
namespace {

TEST(EventQueue, a_group_is_written_as_the_array_would_be) {
  JsonArray events{JsonObject{{"type", 1}, {"event", JsonObject{{"name", "line\nbreak"}, {"list", {1, 2}}}}},
                   JsonObject{}, JsonObject{{"deep", JsonArray{JsonObject{{"x", nullptr}}}}}};
  for (JsonFormat format : {JsonFormat::indented, JsonFormat::plain, JsonFormat::compact}) {
    EventQueue queue;
    for (const Json& event : events) queue.push(write_json(event, format));
    EventQueue::Batch batch = queue.take(true, format);
    EXPECT_EQ(batch.text, write_json(events, format));
    EXPECT_EQ(batch.events, 3u);
    EXPECT_TRUE(queue.empty());
    EXPECT_EQ(queue.bytes(), 0u);
  }
}

TEST(EventQueue, a_group_has_at_most_a_hundred) {
  EventQueue queue;
  for (int i = 0; i < 130; ++i) queue.push("{}");
  EXPECT_EQ(queue.take(true, JsonFormat::compact).events, 100u);
  EXPECT_EQ(queue.take(true, JsonFormat::compact).events, 30u);
  EXPECT_TRUE(queue.empty());
}

TEST(EventQueue, without_grouping_events_leave_one_by_one_in_order) {
  EventQueue queue;
  queue.push("1");
  queue.push("2");
  EXPECT_EQ(queue.take(false, JsonFormat::compact).text, "1");
  EXPECT_EQ(queue.take(false, JsonFormat::compact).text, "2");
}

TEST(EventQueue, the_oldest_are_dropped_and_counted_past_either_limit) {
  EventQueue by_count({.events = 2, .bytes = 1000});
  for (const char* text : {"a", "b", "c"}) by_count.push(text);
  EXPECT_EQ(by_count.dropped(), 1u);
  EXPECT_EQ(by_count.take(false, JsonFormat::compact).text, "b");

  EventQueue by_bytes({.events = 100, .bytes = 10});
  by_bytes.push("12345");
  by_bytes.push("67890");
  by_bytes.push("x");
  EXPECT_EQ(by_bytes.dropped(), 1u);
  EXPECT_EQ(by_bytes.bytes(), 6u);
  by_bytes.push(std::string(11, 'y'));  // can never fit
  EXPECT_TRUE(by_bytes.empty());
  EXPECT_EQ(by_bytes.dropped(), 4u);
}

TEST(EventQueue, a_cap_keeps_the_newest) {
  EventQueue queue;
  for (const char* text : {"a", "b", "c"}) queue.push(text);
  queue.keep_newest(1);
  EXPECT_EQ(queue.size(), 1u);
  EXPECT_EQ(queue.take(false, JsonFormat::compact).text, "c");
}

struct Change {
  std::optional<bool> grouping;
};
template <typename V>
void describe(V& v, Change& c) {
  v.field("grouping", c.grouping, "");
}

TEST(HandlerSettings, tweak_requests_are_checked) {
  int applied = 0;
  auto answer = [&](const Json& request) {
    return write_json(answer_tweak<Change>(request,
                                           [&](Change change) -> std::optional<QueryError> {
                                             if (change.grouping == false) return QueryError{413, "no"};
                                             ++applied;
                                             return std::nullopt;
                                           }),
                      JsonFormat::compact);
  };
  EXPECT_EQ(answer(JsonObject{}), R"j({"error_code":412,"error":"Missing mandatory element (request)"})j");
  EXPECT_EQ(answer(JsonObject{{"request", 1}}),
            R"j({"error_code":413,"error":"Invalid element type (request should be a string)"})j");
  EXPECT_EQ(answer(JsonObject{{"request", "x"}}), R"j({"error_code":411,"error":"Unknown request 'x'"})j");
  EXPECT_EQ(answer(JsonObject{{"request", "tweak"}, {"grouping", 1}}),
            R"j({"error_code":413,"error":"Invalid element type (grouping should be a boolean)"})j");
  EXPECT_EQ(answer(JsonObject{{"request", "tweak"}, {"grouping", false}}), R"j({"error_code":413,"error":"no"})j");
  EXPECT_EQ(applied, 0);
  EXPECT_EQ(answer(JsonObject{{"request", "tweak"}, {"grouping", true}}), R"({"result":200})");
  EXPECT_EQ(applied, 1);
}

}  // namespace
}  // namespace limen::handlers
