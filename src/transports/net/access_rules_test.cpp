#include "transports/net/access_rules.hpp"

#include <gtest/gtest.h>

namespace limen::net {
namespace {

TEST(AccessList, empty_list_allows_everybody) {
  EXPECT_TRUE(AccessList::parse("").allows("192.0.2.1"));
  EXPECT_TRUE(AccessList::parse(" , ,").allows("192.0.2.1"));
  EXPECT_TRUE(AccessList::parse(",").empty());
}

TEST(AccessList, prefixes_match_from_the_start_only) {
  AccessList list = AccessList::parse("127., 192.168.0.,2001:db8:");
  EXPECT_TRUE(list.allows("127.0.0.1"));
  EXPECT_TRUE(list.allows("192.168.0.77"));
  EXPECT_FALSE(list.allows("192.168.1.77"));
  EXPECT_FALSE(list.allows("10.127.0.1"));
  EXPECT_TRUE(list.allows("2001:db8::1"));
  EXPECT_FALSE(list.allows("2001:db9::1"));
  EXPECT_FALSE(list.allows(""));
}

TEST(AccessList, ipv4_entries_and_mapped_addresses_mean_the_same) {
  EXPECT_TRUE(AccessList::parse("10.").allows("::ffff:10.0.0.1"));
  EXPECT_TRUE(AccessList::parse("::ffff:10.").allows("10.0.0.1"));
  EXPECT_FALSE(AccessList::parse("10.").allows("::ffff:11.0.0.1"));
  EXPECT_FALSE(AccessList::parse("::ffff:10.").allows("11.0.0.1"));
}

TEST(OriginRules, only_enforced_with_a_configured_origin) {
  EXPECT_TRUE((OriginRules{"", true}.allows("http://evil.example")));
  EXPECT_TRUE((OriginRules{"http://app.example", false}.allows("http://evil.example")));
  OriginRules rules{"http://app.example", true};
  EXPECT_TRUE(rules.allows("http://app.example"));
  EXPECT_FALSE(rules.allows("http://evil.example"));
  EXPECT_FALSE(rules.allows(""));
  EXPECT_EQ(rules.answer(), "http://app.example");
  EXPECT_EQ((OriginRules{"", false}.answer()), "*");
}

}  // namespace
}  // namespace limen::net
