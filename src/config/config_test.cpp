#include "config/config_node.hpp"

#include <gtest/gtest.h>

#include "config/describe.hpp"

namespace limen::config {
namespace {

struct Sample {
  bool http = false;
  int port = 8088;
  std::string mode = "plain";
  std::vector<std::string> folders;
  std::optional<uint16_t> extra;
};

template <typename V>
void describe(V& v, Sample& s) {
  v.field("http", s.http, "Serve HTTP");
  v.field("port", s.port, "TCP port").range(1, 65535);
  v.field("mode", s.mode, "How").one_of({"plain", "fancy"}).legacy("style");
  v.field("folders", s.folders, "Where");
  v.field("extra", s.extra, "More");
}

Node parsed(std::string_view text) {
  Result<Node> node = parse_libconfig(text, "x.jcfg");
  EXPECT_TRUE(node) << (node ? "" : node.error().text);
  return node ? *node : Node{};
}

Sample read(std::string_view text, Findings& findings) {
  Sample sample;
  read_group(parsed(text), "general", sample, findings);
  return sample;
}

TEST(Libconfig, scalars_become_text_and_keep_their_line) {
  Node root =
      parsed("general: {\n  port = 0x10\n  big = 5000000000L\n  f = 1.5\n  ok = TRUE\n  s = \"a\" \"b\\x41\"\n}");
  const Node* general = root.find("GENERAL");
  ASSERT_NE(general, nullptr);
  EXPECT_EQ(general->text("port"), "16");
  EXPECT_EQ(general->text("BIG"), "5000000000");
  EXPECT_EQ(general->text("f"), "1.500000");
  EXPECT_TRUE(general->find("ok")->truthy());
  EXPECT_EQ(general->text("s"), "abA");
  EXPECT_EQ(general->find("s")->place.line, 6);
}

TEST(Libconfig, groups_with_dashes_lists_and_arrays) {
  Node root = parsed("room-1234 = { media = ( { type = \"audio\"; }, { type = \"video\"; } ); ids = [ 1, 2 ] };");
  const Node* media = root.find("room-1234")->find("media");
  ASSERT_EQ(media->children.size(), 2u);
  EXPECT_EQ(media->children[1].text("type"), "video");
  EXPECT_EQ(root.find("room-1234")->find("ids")->children[1].value, "2");
}

TEST(Libconfig, an_error_names_file_line_and_reason) {
  Result<Node> node = parse_libconfig("general: {\n  a = \n}", "/etc/janus/janus.jcfg");
  ASSERT_FALSE(node);
  EXPECT_THAT(node.error().text, testing::StartsWith("/etc/janus/janus.jcfg:3: "));
}

TEST(Libconfig, a_key_that_differs_only_in_case_is_a_duplicate) {
  Result<Node> node = parse_libconfig("a = 1\nA = 2\n", "x.jcfg");
  ASSERT_FALSE(node);
  EXPECT_THAT(node.error().text, testing::HasSubstr("x.jcfg:2: 'A' is set twice (first in line 1)"));
}

TEST(Ini, categories_arrows_comments_and_escaped_semicolons) {
  Result<Node> node =
      parse_ini("top = 1 ; c\n[General]\nport => 80\ntext = a\\;b ; gone\n\n[general]\nmore=2\n", "x.cfg");
  ASSERT_TRUE(node) << node.error().text;
  EXPECT_EQ(node->text("top"), "1");
  EXPECT_EQ(node->find("general")->text("port"), "80");
  EXPECT_EQ(node->find("general")->text("text"), "a;b");
  EXPECT_EQ(node->find("general")->text("more"), "2");
}

TEST(Ini, nonsense_is_refused_with_its_line) {
  EXPECT_EQ(parse_ini("[a]\nnonsense\n", "x.cfg").error().text, "x.cfg:2: expected 'key = value' or '[category]'");
  EXPECT_EQ(parse_ini("[]\n", "x.cfg").error().text, "x.cfg:1: a category is written [name]");
}

TEST(Describe, reads_values_and_keeps_defaults) {
  Findings findings;
  Sample sample = read("general: { http = \"yes\"; folders = [\"/a\", \"/b\"]; extra = 7 }", findings);
  EXPECT_TRUE(sample.http);
  EXPECT_EQ(sample.port, 8088);
  EXPECT_EQ(sample.folders, (std::vector<std::string>{"/a", "/b"}));
  EXPECT_EQ(sample.extra, 7);
  EXPECT_TRUE(findings.warnings.empty());
}

TEST(Describe, quoted_numbers_are_numbers) {
  Findings findings;
  EXPECT_EQ(read("general: { port = \"8089\" }", findings).port, 8089);
}

TEST(Describe, an_unknown_key_is_named_with_its_nearest_relative) {
  Findings findings;
  read("general: {\n prot = 1\n zzzzzzzzz = 2\n}", findings);
  EXPECT_THAT(findings.warnings, testing::ElementsAre("x.jcfg:2: unknown key 'prot' (did you mean 'port'?)",
                                                      "x.jcfg:3: unknown key 'zzzzzzzzz'"));
}

TEST(Describe, values_out_of_range_fall_back_with_a_warning) {
  Findings findings;
  Sample sample = read("general: { port = 70000; mode = \"odd\"; extra = 70000 }", findings);
  EXPECT_EQ(sample.port, 8088);
  EXPECT_EQ(sample.mode, "plain");
  EXPECT_EQ(findings.warnings.size(), 3u);
}

TEST(Describe, a_legacy_key_is_read_without_a_warning) {
  Findings findings;
  EXPECT_EQ(read("general: { style = \"fancy\" }", findings).mode, "fancy");
  EXPECT_TRUE(findings.warnings.empty());
}

TEST(Describe, lists_its_fields_for_the_reference) {
  Sample sample;
  FieldLister lister;
  describe(lister, sample);
  ASSERT_EQ(lister.fields.size(), 5u);
  EXPECT_EQ(lister.fields[1].key, "port");
  EXPECT_EQ(lister.fields[1].type, "integer");
  EXPECT_EQ(lister.fields[1].fallback, "8088");
}

}  // namespace
}  // namespace limen::config
