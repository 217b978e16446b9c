#include "transports/http/api_target.hpp"

#include <gtest/gtest.h>

namespace limen::http {
namespace {

TEST(ApiPath, belongs_to_the_base_path_or_not) {
  EXPECT_TRUE(parse_api_path("/janus", "/janus"));
  EXPECT_TRUE(parse_api_path("/janus/", "/janus"));
  EXPECT_FALSE(parse_api_path("/janusx", "/janus"));
  EXPECT_FALSE(parse_api_path("/jan", "/janus"));
  EXPECT_FALSE(parse_api_path("/", "/janus"));
  EXPECT_FALSE(parse_api_path("", "/janus"));
  EXPECT_TRUE(parse_api_path("/gateway/api/1", "/gateway/api"));
  EXPECT_EQ(parse_api_path("/12", "/")->session, 12u);
}

TEST(ApiPath, has_a_session_and_a_handle) {
  auto path = parse_api_path("/janus/12/34", "/janus");
  ASSERT_TRUE(path);
  EXPECT_EQ(path->session, 12u);
  EXPECT_EQ(path->handle, 34u);
  EXPECT_TRUE(path->has_handle);
  EXPECT_FALSE(path->too_deep);
  EXPECT_TRUE(parse_api_path("/janus/1/2/3", "/janus")->too_deep);
  EXPECT_FALSE(parse_api_path("/janus/1/2/", "/janus")->too_deep);
  EXPECT_FALSE(parse_api_path("/janus/1/", "/janus")->has_handle);
  EXPECT_FALSE(parse_api_path("/janus/", "/janus")->deeper);
}

TEST(ApiPath, ids_are_plain_decimal_numbers) {
  for (const char* name : {"abc", "12x", "+1", "1.5", "0x10", "-", "--1", ""}) {
    EXPECT_EQ(parse_api_path(std::string("/janus/") + name, "/janus")->session, 0u) << name;
  }
  EXPECT_EQ(parse_api_path("/janus/9007199254740991", "/janus")->session, 9007199254740991u);
  EXPECT_EQ(parse_api_path("/janus/-1", "/janus")->session, 18446744073709551615u);
  EXPECT_EQ(parse_api_path("/janus/99999999999999999999", "/janus")->session, 18446744073709551615u);
}

TEST(Query, values_are_found_and_decoded) {
  EXPECT_EQ(query_value("rid=1&maxev=5", "maxev"), "5");
  EXPECT_EQ(query_value("token=a%2Bb%3d+c", "token"), "a+b= c");
  EXPECT_EQ(query_value("a=1&a=2", "a"), "1");
  EXPECT_EQ(query_value("flag", "flag"), "");
  EXPECT_EQ(query_value("MaxEv=5", "maxev"), "5");
  EXPECT_EQ(query_value("maxevil=5", "maxev"), std::nullopt);
  EXPECT_EQ(query_value("a=%4", "a"), std::nullopt);
  EXPECT_EQ(query_value("a=%zz", "a"), std::nullopt);
  EXPECT_EQ(query_value("", "a"), std::nullopt);
}

TEST(Query, maxev_is_at_least_one) {
  EXPECT_EQ(max_events(""), 1u);
  EXPECT_EQ(max_events("maxev=0"), 1u);
  EXPECT_EQ(max_events("maxev=-3"), 1u);
  EXPECT_EQ(max_events("maxev=abc&rid=77"), 1u);
  EXPECT_EQ(max_events("maxev=5"), 5u);
  EXPECT_EQ(max_events("maxev=+5"), 5u);
  EXPECT_EQ(max_events("maxev=%205"), 5u);
  EXPECT_EQ(max_events("maxev=99999999999999999999"), 1u);
}

TEST(Target, path_and_query_are_split) {
  EXPECT_EQ(split_target("/a?b=c?d").path, "/a");
  EXPECT_EQ(split_target("/a?b=c?d").query, "b=c?d");
  EXPECT_EQ(split_target("/a#x?y").path, "/a");
  EXPECT_EQ(split_target("").path, "");
}

ApiResult<Json> body(std::string_view text, std::string_view path = "/janus") {
  return read_api_body(text, *parse_api_path(path, "/janus"));
}

TEST(ApiBody, ids_of_the_path_fill_in_missing_ones) {
  auto message = body(R"({"janus":"x"})", "/janus/12/34");
  ASSERT_TRUE(message);
  EXPECT_EQ(message->at("session_id"), 12);
  EXPECT_EQ(message->at("handle_id"), 34);
  EXPECT_EQ(body(R"({"session_id":"13"})", "/janus/12")->at("session_id"), 12);
  EXPECT_EQ(body(R"({"session_id":12})", "/janus/12")->at("session_id"), 12);
  EXPECT_EQ(body(R"({"session_id":12})")->at("session_id"), 12);
}

TEST(ApiBody, ids_that_differ_are_refused) {
  auto session = body(R"({"session_id":13})", "/janus/12");
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error(), ApiError(ApiErrorCode::invalid_request_path, "Conflicting session ID (payload and path)"));
  EXPECT_FALSE(body(R"({"session_id":-12})", "/janus/12"));
  auto handle = body(R"({"session_id":12,"handle_id":6})", "/janus/12/5");
  ASSERT_FALSE(handle);
  EXPECT_EQ(handle.error(), ApiError(ApiErrorCode::invalid_request_path, "Conflicting handle ID (payload and path)"));
}

TEST(ApiBody, only_objects_are_requests) {
  EXPECT_EQ(body("{\"janus\": ").error().number(), 454);
  EXPECT_EQ(body("hello").error().number(), 454);
  EXPECT_EQ(body("[1, 2]").error().number(), 455);
  EXPECT_EQ(body("\"create\"").error().number(), 454);
  EXPECT_EQ(body("{}{}").error().number(), 454);
  EXPECT_TRUE(body("{\n\nx").error().reason.starts_with("JSON error: on line 3: ")) << body("{\n\nx").error().reason;
  EXPECT_EQ(body(std::string(100'000, '[')).error().number(), 454);
}

}  // namespace
}  // namespace limen::http
