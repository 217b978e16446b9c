#include "app/command_line.hpp"

#include <gtest/gtest.h>

namespace limen::app {
namespace {

core::GatewaySettings applied(std::vector<std::string> arguments) {
  CommandLineOutcome outcome = parse_command_line(arguments);
  EXPECT_FALSE(outcome.stop) << outcome.text;
  core::GatewaySettings settings;
  apply(outcome.options, settings);
  return settings;
}

TEST(CommandLine, short_long_attached_and_bundled_forms_mean_the_same) {
  EXPECT_EQ(applied({"-d", "7"}).general.debug_level, 7);
  EXPECT_EQ(applied({"-d7"}).general.debug_level, 7);
  EXPECT_EQ(applied({"--debug-level=7"}).general.debug_level, 7);
  EXPECT_EQ(applied({"--debug-level", "7"}).general.debug_level, 7);
  core::GatewaySettings bundled = applied({"-26bo", "-1203.0.113.7"});
  EXPECT_TRUE(bundled.nat.keep_private_host);
  EXPECT_TRUE(bundled.media.ipv6);
  EXPECT_TRUE(bundled.general.daemonize);
  EXPECT_FALSE(bundled.general.debug_colors);
  EXPECT_EQ(bundled.nat.nat_1_1_mapping, "203.0.113.7");
}

TEST(CommandLine, what_is_not_given_leaves_the_file_alone) {
  core::GatewaySettings settings;
  settings.general.session_timeout = 12;
  settings.general.server_name = "from the file";
  settings.media.ipv6 = true;
  apply(parse_command_line({}).options, settings);
  EXPECT_EQ(settings.general.session_timeout, 12);
  EXPECT_EQ(settings.general.server_name, "from the file");
  EXPECT_TRUE(settings.media.ipv6);
}

TEST(CommandLine, the_level_is_clamped) {
  EXPECT_EQ(applied({"-d", "99"}).general.debug_level, 7);
}

TEST(CommandLine, a_stun_server_may_carry_its_port) {
  EXPECT_EQ(applied({"-S", "stun.example.org"}).nat.stun_port, 3478);
  core::NatSettings nat = applied({"-S", "stun.example.org:3479"}).nat;
  EXPECT_EQ(nat.stun_server, "stun.example.org");
  EXPECT_EQ(nat.stun_port, 3479);
}

TEST(CommandLine, of_a_repeated_option_the_last_one_holds) {
  CommandLineOutcome outcome = parse_command_line({"-d", "7", "-n", "one", "-b", "--debug-level=1", "-n", "two", "-b"});
  ASSERT_FALSE(outcome.stop) << outcome.text;
  EXPECT_EQ(outcome.options.debug_level, 1);
  EXPECT_EQ(outcome.options.server_name, "two");
  EXPECT_TRUE(outcome.options.daemon);
}

TEST(CommandLine, an_unknown_option_is_named_and_fails) {
  CommandLineOutcome outcome = parse_command_line({"-Z"});
  EXPECT_TRUE(outcome.stop);
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.text, testing::HasSubstr("Unknown option -Z"));
}

TEST(CommandLine, a_value_of_the_wrong_kind_fails) {
  CommandLineOutcome outcome = parse_command_line({"-d", "loud"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.text, testing::HasSubstr("loud"));
}

TEST(CommandLine, help_lists_every_option_and_succeeds) {
  CommandLineOutcome outcome = parse_command_line({"--help"});
  EXPECT_TRUE(outcome.stop);
  EXPECT_EQ(outcome.exit_code, 0);
  for (const char* name : {"-V",
                           "-b",
                           "-p",
                           "-N",
                           "--log-stdout",
                           "-L",
                           "-R",
                           "-l",
                           "-H",
                           "-i",
                           "-P",
                           "-C",
                           "-F",
                           "-c",
                           "-k",
                           "-K",
                           "-S",
                           "-1",
                           "-2",
                           "-E",
                           "-X",
                           "-6",
                           "-O",
                           "-f",
                           "-I",
                           "-T",
                           "-Q",
                           "-t",
                           "-W",
                           "-r",
                           "-B",
                           "-n",
                           "-s",
                           "-m",
                           "-d",
                           "-D",
                           "-o",
                           "-M",
                           "-a",
                           "-A",
                           "--token-auth-secret",
                           "-e",
                           "-w",
                           "--check-config"}) {
    EXPECT_THAT(outcome.text, testing::HasSubstr(name));
  }
}

}  // namespace
}  // namespace limen::app
