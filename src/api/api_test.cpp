#include <gtest/gtest.h>

#include "api/event_handler.hpp"
#include "api/json.hpp"
#include "api/plugin.hpp"
#include "api/request_reader.hpp"

namespace limen {
namespace {

TEST(Json, writes_three_formats) {
  Json value = {{"janus", "success"}, {"ids", {1, 2}}, {"empty", JsonObject{}}, {"none", JsonArray{}}};
  EXPECT_EQ(write_json(value, JsonFormat::compact), R"({"janus":"success","ids":[1,2],"empty":{},"none":[]})");
  EXPECT_EQ(write_json(value, JsonFormat::plain), R"({"janus": "success", "ids": [1, 2], "empty": {}, "none": []})");
  EXPECT_EQ(
      write_json(value, JsonFormat::indented),
      "{\n   \"janus\": \"success\",\n   \"ids\": [\n      1,\n      2\n   ],\n   \"empty\": {},\n   \"none\": []\n}");
}

TEST(Json, writes_what_it_read) {
  for (std::string_view text :
       {R"({"a":"q\"\\\n\u0001é/"})", R"([true,false,null,-5,18446744073709551615,1.5,-0.25])", "[3.0]"}) {
    auto value = parse_json(text);
    ASSERT_TRUE(value) << text;
    EXPECT_EQ(write_json(*value, JsonFormat::compact), text);
  }
}

TEST(Json, says_where_the_mistake_is) {
  auto broken = parse_json("{\n  \"a\": 1,\n  bad\n}");
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().line, 3);
  EXPECT_FALSE(broken.error().text.empty());
  EXPECT_FALSE(parse_json(""));
  EXPECT_FALSE(parse_json("{\"a\":"));
  EXPECT_FALSE(parse_json("{} x"));
  EXPECT_TRUE(parse_json(" {} \n"));
}

TEST(Json, a_document_is_an_object_or_an_array_of_usable_values) {
  for (std::string_view text : {"5", "\"x\"", "null", "true", " 5 ", "{} 5"}) EXPECT_FALSE(parse_json(text)) << text;
  for (std::string_view text : {R"({"a":"\u0000"})", R"({"\u0000":1})", R"({"a":[{"b":"x\u0000"}]})", R"([1e400])"}) {
    EXPECT_FALSE(parse_json(text)) << text;
    EXPECT_FALSE(parse_json_sequence(text)) << text;
  }
  EXPECT_FALSE(parse_json_sequence("{} 5"));
  EXPECT_EQ(parse_json_sequence("{}[] {}")->size(), 3U);
}

TEST(Json, refuses_deep_nesting) {
  EXPECT_TRUE(parse_json(std::string(60, '[') + std::string(60, ']')));
  EXPECT_FALSE(parse_json(std::string(70, '[') + std::string(70, ']')));
  EXPECT_FALSE(parse_json(std::string(1000000, '[')));
}

TEST(Json, reads_several_values_in_a_row) {
  auto values = parse_json_sequence(R"({"a":1}{"b":2}  [3])");
  ASSERT_TRUE(values);
  ASSERT_EQ(values->size(), 3U);
  EXPECT_EQ((*values)[1].at("b").as_int64(), 2);
  EXPECT_FALSE(parse_json_sequence(R"({"a":1}{"b":)"));
  EXPECT_FALSE(parse_json_sequence("  "));
}

TEST(EventMask, is_made_from_names) {
  EXPECT_EQ(event_mask_from_text("ALL"), kAllEvents);
  EXPECT_EQ(event_mask_from_text("none"), 0U);
  EXPECT_EQ(event_mask_from_text("sessions, Handles,nonsense"), 3U);
  EXPECT_EQ(event_mask_from_text("core ,jsep"), 8U);
}

struct Sample {
  std::string name;
  std::optional<uint32_t> count;
};
template <typename V>
void describe(V& v, Sample& s) {
  v.field("name", s.name, "");
  v.field("count", s.count, "");
}

struct LenientSample {
  Lenient<std::string> name;
  Lenient<uint32_t> count;
};
template <typename V>
void describe(V& v, LenientSample& s) {
  v.field("name", s.name, "");
  v.field("count", s.count, "");
}

TEST(RequestReader, lenient_properties_of_other_types_are_passed_over_but_not_numbers_that_do_not_fit) {
  auto read = [](std::string_view text) { return read_request<LenientSample>(parse_json(text)->as_object()); };
  EXPECT_EQ(read(R"({"name":"a","count":3})")->count, 3u);
  auto other = read(R"({"name":5,"count":"x"})");
  ASSERT_TRUE(other);
  EXPECT_FALSE(other->name);
  EXPECT_FALSE(other->count);
  EXPECT_EQ(read(R"({"count":-1})").error().text, "Invalid element type (count should be a positive integer)");
  EXPECT_TRUE(entry_object(*parse_json("5")).empty());
  EXPECT_EQ(entry_object(*parse_json(R"({"a":1})")).size(), 1u);
}

TEST(RequestReader, speaks_the_protocols_error_texts) {
  auto read = [](std::string_view text) { return read_request<Sample>(parse_json(text)->as_object()); };
  EXPECT_EQ(read("{}").error().text, "Missing mandatory element (name)");
  EXPECT_EQ(read(R"({"name":1})").error().text, "Invalid element type (name should be a string)");
  EXPECT_EQ(read(R"({"name":"x","count":-1})").error().text,
            "Invalid element type (count should be a positive integer)");
  EXPECT_EQ(read(R"({"name":"x","count":7})")->count, 7U);
}

TEST(Reply, dropped_unresolved_answers_with_an_error) {
  int code = 0;
  {
    Reply reply([&](Reply::Outcome outcome) { code = outcome.code; });
  }
  EXPECT_EQ(code, 462);
}

TEST(Reply, resolves_once_even_when_moved) {
  int calls = 0;
  {
    Reply reply([&](Reply::Outcome) { ++calls; });
    Reply moved(std::move(reply));
    moved.ack("hint");
  }
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace limen
