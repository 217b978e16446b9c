#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "config/category_edit.hpp"
#include "config/config_node.hpp"

namespace limen::config {
namespace {

constexpr std::string_view kText =
    "# rooms: { not this one }\n"
    "general: {\n\tjson = \"plain\"\t# \"room-1: {\"\n\tlist = (1, [2], { a = \"}\" })\n}\n"
    "/* room-1: { } */ motto = \"two\" \"strings\";\n"
    "Room-1: {\n\tdescription = \"One \\\" }\"\n};\n"
    "room-12 = { pin = \"x\" }  // last\n";

TEST(CategoryEdit, replaces_in_place_and_leaves_the_rest_alone) {
  auto changed = with_category(kText, Syntax::libconfig, "room-1",
                               {{"description", "New \"one\"\n\\"}, {"history", int64_t{5}}, {"is_private", true}});
  ASSERT_TRUE(changed) << changed.error().text;
  size_t at = kText.find("Room-1: {");
  EXPECT_EQ(changed->substr(0, at), kText.substr(0, at));
  EXPECT_TRUE(changed->ends_with("}\nroom-12 = { pin = \"x\" }  // last\n"));
  auto node = parse_libconfig(*changed, "x");
  ASSERT_TRUE(node);
  const Node* room = node->find("room-1");
  ASSERT_NE(room, nullptr);
  EXPECT_EQ(room->text("description"), "New \"one\"\n\\");
  EXPECT_EQ(room->text("history"), "5");
  EXPECT_TRUE(room->find("is_private")->truthy());
  EXPECT_EQ(room->children.size(), 3U);
}

TEST(CategoryEdit, appends_and_removes_again) {
  auto added = with_category(kText, Syntax::libconfig, "room-77", {{"secret", "s"}});
  ASSERT_TRUE(added);
  EXPECT_EQ(*added, std::string(kText) + "\nroom-77: {\n\tsecret = \"s\"\n}\n");
  auto gone = without_category(*added, Syntax::libconfig, "room-77");
  EXPECT_EQ(*gone, std::string(kText) + "\n");
  EXPECT_EQ(*without_category(kText, Syntax::libconfig, "room-5"), kText);
  auto shorter = without_category(kText, Syntax::libconfig, "room-12");
  EXPECT_TRUE(shorter->ends_with("};\n  // last\n"));
}

TEST(CategoryEdit, refuses_what_the_syntax_cannot_say) {
  EXPECT_FALSE(with_category(kText, Syntax::libconfig, "room-my room", {}));
  EXPECT_FALSE(with_category(kText, Syntax::libconfig, "a{}", {}));
  EXPECT_FALSE(with_category("room-1: {", Syntax::libconfig, "room-2", {}));
  EXPECT_FALSE(with_category("[a]\n", Syntax::ini, "b]", {}));
  EXPECT_FALSE(with_category("[a]\n", Syntax::ini, "b", {{"key", "two\n[lines]"}}));
}

TEST(CategoryEdit, lists_of_groups_are_written_and_read_again) {
  EntryGroups media{{{"mid", std::string("a")}, {"port", int64_t{5002}}}, {{"mid", std::string("v")}, {"svc", true}}};
  auto changed = with_category(kText, Syntax::libconfig, "mp", {{"type", std::string("rtp")}, {"media", media}});
  ASSERT_TRUE(changed) << changed.error().text;
  auto node = parse_libconfig(*changed, "x");
  ASSERT_TRUE(node);
  const Node* list = node->find("mp")->find("media");
  ASSERT_EQ(list->children.size(), 2U);
  EXPECT_EQ(list->children[0].text("port"), "5002");
  EXPECT_TRUE(list->children[1].find("svc")->truthy());
  EXPECT_FALSE(with_category("", Syntax::ini, "mp", {{"media", media}}));
}

TEST(CategoryEdit, ini_files_too) {
  std::string_view text = "; top\n[general]\nevents = yes\n[room-1]\npin = 1\n\n[room-2]\npin = 2\n";
  auto changed = with_category(text, Syntax::ini, "room-1", {{"secret", "s"}});
  EXPECT_EQ(*changed, "; top\n[general]\nevents = yes\n[room-1]\nsecret = s\n[room-2]\npin = 2\n");
  EXPECT_EQ(*without_category(text, Syntax::ini, "room-2"), "; top\n[general]\nevents = yes\n[room-1]\npin = 1\n\n");
}

TEST(CategoryEdit, a_room_has_one_entry_under_either_name) {
  std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / "limen-category-room";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "janus.plugin.x.cfg") << "[1234]\ndescription = by hand\n";
  ASSERT_TRUE(save_room(folder, "janus.plugin.x", "1234", {{"description", std::string("changed")}}));
  auto file = read_module(folder, "janus.plugin.x");
  EXPECT_EQ((*file)->find("1234"), nullptr);
  EXPECT_EQ((*file)->find("room-1234")->text("description"), "changed");
  ASSERT_TRUE(remove_room(folder, "janus.plugin.x", "1234"));
  EXPECT_EQ((*read_module(folder, "janus.plugin.x"))->find("room-1234"), nullptr);
  std::filesystem::remove_all(folder);
}

TEST(CategoryEdit, the_file_is_replaced_and_keeps_its_mode) {
  std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / "limen-category-edit";
  std::filesystem::create_directories(folder);
  std::filesystem::path file = folder / "janus.plugin.x.jcfg";
  std::filesystem::remove(file);
  EXPECT_FALSE(save_category(folder, "janus.plugin.x", "room-1", {}));
  std::ofstream(file) << "general: { }\n";
  std::filesystem::permissions(file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  ASSERT_TRUE(save_category(folder, "janus.plugin.x", "room-1", {{"pin", "1"}}));
  EXPECT_EQ((*read_module(folder, "janus.plugin.x"))->find("room-1")->text("pin"), "1");
  ASSERT_TRUE(remove_category(folder, "janus.plugin.x", "room-1"));
  EXPECT_EQ((*read_module(folder, "janus.plugin.x"))->find("room-1"), nullptr);
  EXPECT_EQ(std::filesystem::status(file).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace limen::config
