// start_pcap, start_text2pcap and stop of the admin API (spec 5.3).
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "tests/support/gateway_rig.hpp"

namespace limen::core {
namespace {

using test::Attached;
using test::GatewayRig;

struct Folder {
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "limen-captures-XXXXXX").string();
    path = mkdtemp(pattern.data());
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  std::string in(std::string_view filename) const {
    return fmt::format(R"(,"folder":"{}/made","filename":"{}")", path, filename);
  }
  std::string path;
};

TEST(Captures, start_show_and_stop) {
  Folder folder;
  GatewayRig rig;
  Attached handle(rig);
  JsonObject reply = rig.ask(handle.on_handle("start_pcap", folder.in("a.pcap")), true);
  EXPECT_EQ(reply.at("janus"), "success");
  EXPECT_FALSE(reply.contains("session_id"));
  JsonObject info = rig.ask(handle.on_handle("handle_info"), true).at("info").as_object();
  EXPECT_EQ(info.at("dump-to-pcap"), true);
  EXPECT_EQ(info.at("pcap-file").get_string(), folder.path + "/made/a.pcap");
  EXPECT_EQ(std::filesystem::file_size(folder.path + "/made/a.pcap"), 24u);
  EXPECT_EQ(rig.error(handle.on_handle("start_text2pcap", folder.in("b.txt")), true), 490);
  EXPECT_FALSE(rig.ask(handle.on_handle("stop_text2pcap"), true).contains("error"));
  EXPECT_EQ(rig.error(handle.on_handle("stop_pcap"), true), 490);
  EXPECT_FALSE(rig.ask(handle.on_handle("handle_info"), true).at("info").as_object().contains("dump-to-pcap"));
}

TEST(Captures, a_name_is_made_up_if_none_is_given) {
  Folder folder;
  GatewayRig rig;
  Attached handle(rig);
  rig.ask(handle.on_handle("start_text2pcap", fmt::format(R"(,"folder":"{}")", folder.path)), true);
  JsonObject info = rig.ask(handle.on_handle("handle_info"), true).at("info").as_object();
  std::string file(info.at("text2pcap-file").get_string());
  EXPECT_TRUE(file.starts_with(folder.path + "/janus-text2pcap-") && file.ends_with(".txt")) << file;
  EXPECT_EQ(info.at("dump-to-text2pcap"), true);
}

TEST(Captures, protected_folders_and_unusable_places_are_refused) {
  Folder folder;
  GatewaySettings settings;
  settings.general.protected_folders = {std::filesystem::canonical(folder.path).string()};
  GatewayRig rig(settings);
  Attached handle(rig);
  JsonObject reply = rig.ask(handle.on_handle("start_pcap", folder.in("a.pcap")), true);
  EXPECT_EQ(reply.at("error").at("code"), 490);
  EXPECT_EQ(reply.at("error").at("reason"), "Error starting pcap dump");
  EXPECT_FALSE(std::filesystem::exists(folder.path + "/made"));
  EXPECT_EQ(rig.error(handle.on_handle("start_pcap", R"(,"folder":"/proc/none")"), true), 490);
  EXPECT_EQ(rig.error(handle.on_handle("start_pcap", R"(,"truncate":-1)"), true), 467);
  EXPECT_EQ(rig.error(handle.on_handle("stop_pcap"), true), 490);
}

TEST(Captures, a_handle_that_goes_while_the_file_opens) {
  Folder folder;
  GatewayRig rig;
  Attached handle(rig);
  auto admin = std::make_shared<test::FakeClient>("admin", false);
  rig.run([&] {
    for (std::string_view verb : {"start_pcap", "detach_handle"}) {
      Request request;
      request.client = admin;
      request.admin = true;
      request.message = *parse_json(handle.on_handle(verb, folder.in("a.pcap")));
      request.reply = [admin](const Json& reply) { admin->got.push_back(reply.as_object()); };
      rig.gateway->handle(std::move(request));
    }
  });
  rig.settle();
  ASSERT_EQ(admin->got.size(), 2u);
  EXPECT_EQ(admin->got[1].at("error").at("code"), 459);
}

}  // namespace
}  // namespace limen::core
