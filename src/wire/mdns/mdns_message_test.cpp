#include "wire/mdns/mdns_message.hpp"

#include <gtest/gtest.h>

namespace limen::wire {
namespace {

using namespace std::string_view_literals;

// A response: one question, then A and AAAA of it by a pointer to its name.
const std::string_view kResponse =
    "\x00\x00\x84\x00\x00\x01\x00\x02\x00\x00\x00\x00"
    "\x04HOST\x05local\x00\x00\x01\x00\x01"
    "\xc0\x0c\x00\x01\x80\x01\x00\x00\x00\x78\x00\x04\xc0\x00\x02\x07"
    "\xc0\x0c\x00\x1c\x80\x01\x00\x00\x00\x78\x00\x10\xfd\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x07"sv;

TEST(MdnsMessage, a_query_is_one_question) {
  EXPECT_EQ(as_text(write_mdns_query("abc.local", MdnsType::a)),
            "\0\0\0\0\0\x01\0\0\0\0\0\0\x03"
            "abc\x05local\0\0\x01\0\x01"sv);
  EXPECT_EQ(as_text(write_mdns_query("abc.local", MdnsType::aaaa)),
            "\0\0\0\0\0\x01\0\0\0\0\0\0\x03"
            "abc\x05local\0\0\x1c\0\x01"sv);
}

TEST(MdnsMessage, what_is_no_name_is_not_asked_for) {
  for (std::string_view name :
       {""sv, ".local"sv, "local"sv, "a..local"sv, "a.local."sv, "a.example"sv, "a b.local"sv}) {
    EXPECT_FALSE(is_mdns_name(name)) << name;
    EXPECT_TRUE(write_mdns_query(name, MdnsType::a).empty()) << name;
  }
  EXPECT_FALSE(is_mdns_name(std::string(64, 'a') + ".local"));
  EXPECT_TRUE(is_mdns_name(std::string(63, 'a') + ".LOCAL"));
  EXPECT_TRUE(is_mdns_name("3f7a1e6c-1f5e-4e0c-8a2e-0d5f4b3c2a19.local"));
}

TEST(MdnsMessage, a_response_gives_addresses_by_name) {
  auto answers = parse_mdns_response(as_bytes(kResponse));
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(answers[0].name, "host.local");
  EXPECT_EQ(answers[0].address.to_string(), "192.0.2.7");
  EXPECT_EQ(answers[1].name, "host.local");
  EXPECT_EQ(answers[1].address.to_string(), "fd00::7");
}

TEST(MdnsMessage, every_truncation_is_survived) {
  for (size_t size = 0; size < kResponse.size(); ++size) {
    EXPECT_LE(parse_mdns_response(as_bytes(kResponse.substr(0, size))).size(), 1u);
  }
}

TEST(MdnsMessage, queries_and_refusals_are_no_answers) {
  std::string message(kResponse);
  message[2] = 0;
  EXPECT_TRUE(parse_mdns_response(as_bytes(message)).empty());
  message[2] = '\x84';
  message[3] = 3;
  EXPECT_TRUE(parse_mdns_response(as_bytes(message)).empty());
}

TEST(MdnsMessage, pointers_that_lead_forward_or_in_circles_end_the_reading) {
  for (std::string_view pointer : {"\xc0\x0c"sv, "\xc0\x0d"sv, "\xff\xff"sv, "\x01x\xc0\x0c"sv}) {
    std::string message("\0\0\x84\0\0\0\0\x01\0\0\0\0"sv);
    message.append(pointer).append("\0\x01\0\x01\0\0\0\0\0\x04\x01\x02\x03\x04"sv);
    EXPECT_TRUE(parse_mdns_response(as_bytes(message)).empty());
  }
}

TEST(MdnsMessage, records_of_the_wrong_size_or_class_are_left_out) {
  std::string_view head = "\0\0\x84\0\0\0\0\x01\0\0\0\0\x01x\x05local\0"sv;
  for (std::string_view tail :
       {"\0\x01\0\x01\0\0\0\0\0\x03\x01\x02\x03"sv, "\0\x1c\0\x01\0\0\0\0\0\x04\x01\x02\x03\x04"sv,
        "\0\x01\0\x03\0\0\0\0\0\x04\x01\x02\x03\x04"sv, "\0\x10\0\x01\0\0\0\0\0\x04\x01\x02\x03\x04"sv}) {
    EXPECT_TRUE(parse_mdns_response(as_bytes(std::string(head).append(tail))).empty());
  }
}

}  // namespace
}  // namespace limen::wire
