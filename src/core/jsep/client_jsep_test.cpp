#include "core/jsep/client_jsep.hpp"

#include <gtest/gtest.h>

namespace limen::core {
namespace {

ApiResult<ClientJsep> parse(std::string_view text) {
  return parse_client_jsep(boost::json::parse(text));
}

TEST(ClientJsep, takes_defaults_where_members_are_missing) {
  auto jsep = parse(R"({"type":"OFFER","sdp":"v=0"})");
  ASSERT_TRUE(jsep);
  EXPECT_EQ(jsep->type, JsepType::offer);
  EXPECT_EQ(jsep->sdp, "v=0");
  EXPECT_TRUE(jsep->trickle);
  EXPECT_EQ(jsep->rid_order, RidOrder::high_first);
  EXPECT_FALSE(jsep->force_relay);
  EXPECT_FALSE(jsep->e2ee);
  EXPECT_FALSE(jsep->svc);
}

TEST(ClientJsep, reads_every_member) {
  auto jsep = parse(R"({"type":"answer","sdp":"x","trickle":false,"rid_order":"lmh","force_relay":true,"e2ee":true,
                       "svc":[{"mid":"1","svc":"L3T3"}]})");
  ASSERT_TRUE(jsep);
  EXPECT_EQ(jsep->type, JsepType::answer);
  EXPECT_FALSE(jsep->trickle);
  EXPECT_EQ(jsep->rid_order, RidOrder::low_first);
  EXPECT_TRUE(jsep->force_relay);
  EXPECT_TRUE(jsep->e2ee);
  EXPECT_TRUE(jsep->svc);
}

TEST(ClientJsep, refuses_with_the_code_and_text_of_the_api) {
  struct Case {
    std::string_view text;
    int code;
    std::string_view reason;
  };
  const Case cases[] = {
      {R"("x")", 455, "Invalid jsep object"},
      {"null", 455, "Invalid jsep object"},
      {"[]", 455, "Invalid jsep object"},
      {"{}", 456, "JSEP error: missing mandatory element (type)"},
      {R"({"type":"foo"})", 456, "JSEP error: missing mandatory element (sdp)"},
      {R"({"type":"offer","trickle":"x"})", 456, "JSEP error: missing mandatory element (sdp)"},
      {R"({"type":5,"sdp":""})", 467, "JSEP error: invalid element type (type should be a string)"},
      {R"({"type":"offer","sdp":4})", 467, "JSEP error: invalid element type (sdp should be a string)"},
      {R"({"type":"foo","sdp":""})", 464, "JSEP error: unknown message type 'foo'"},
      {R"({"type":"pranswer","sdp":""})", 464, "JSEP error: unknown message type 'pranswer'"},
      {R"({"type":"offer","sdp":"","trickle":1})", 467,
       "JSEP error: invalid element type (trickle should be a boolean)"},
      {R"({"type":"offer","sdp":"","rid_order":1})", 467,
       "JSEP error: invalid element type (rid_order should be a string)"},
      {R"({"type":"offer","sdp":"","force_relay":1})", 467,
       "JSEP error: invalid element type (force_relay should be a boolean)"},
      {R"({"type":"offer","sdp":"","e2ee":1})", 467, "JSEP error: invalid element type (e2ee should be a boolean)"},
  };
  for (const Case& c : cases) {
    auto jsep = parse(c.text);
    ASSERT_FALSE(jsep) << c.text;
    EXPECT_EQ(jsep.error().number(), c.code) << c.text;
    EXPECT_EQ(jsep.error().reason, c.reason);
  }
}

TEST(ClientJsep, ignores_malformed_svc_and_unknown_rid_orders) {
  for (std::string_view svc : {"[]", "5", R"([{"svc":"L3T3"}])", R"([{"mid":"0"}])", R"([{"mid":1,"svc":"L1T1"}])",
                               R"([{"mindex":-1,"svc":"L1T1"}])", "[1]"}) {
    auto jsep = parse(R"({"type":"offer","sdp":"","rid_order":"foo","svc":)" + std::string(svc) + "}");
    ASSERT_TRUE(jsep) << svc;
    EXPECT_FALSE(jsep->svc) << svc;
    EXPECT_EQ(jsep->rid_order, RidOrder::high_first);
  }
  EXPECT_TRUE(parse(R"({"type":"offer","sdp":"","svc":[{"mindex":0,"svc":"L1T2"}]})")->svc);
}

}  // namespace
}  // namespace limen::core
