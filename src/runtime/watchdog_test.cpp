#include "runtime/watchdog.hpp"

#include <gtest/gtest.h>

#include "base/log.hpp"

namespace limen::runtime {
namespace {

using std::chrono::milliseconds;

class WatchdogTest : public testing::Test {
 protected:
  void SetUp() override {
    log::set_sink([this](const log::Line& line) { lines_.emplace_back(line.text); });
    WatchScope::last_name = nullptr;
  }
  void TearDown() override {
    log::set_sink({});
    WatchScope::last_name = nullptr;
  }
  void check(int ms, int now_ms) { dog_.check(milliseconds(ms), "media 0", "a timer", Instant(milliseconds(now_ms))); }

  Watchdog dog_;
  std::vector<std::string> lines_;
};

TEST_F(WatchdogTest, five_milliseconds_are_fine) {
  check(5, 1000);
  EXPECT_EQ(dog_.reports(), 0u);
  EXPECT_TRUE(lines_.empty());
}

TEST_F(WatchdogTest, names_the_module_that_held_the_loop) {
  WatchScope scope(interned_name("janus.plugin.echotest"));
  check(42, 1000);
  EXPECT_EQ(lines_, (std::vector<std::string>{"janus.plugin.echotest held the media 0 loop for 42 ms"}));
}

TEST_F(WatchdogTest, says_so_at_most_once_a_second_per_module) {
  for (int i = 0; i < 10; ++i) check(20, 1000 + i * 50);
  WatchScope scope("other");
  check(20, 1500);
  EXPECT_EQ(lines_.size(), 2u);
  EXPECT_EQ(dog_.reports(), 11u);
  WatchScope::last_name = nullptr;
  check(30, 2100);
  EXPECT_EQ(lines_.back(), "a timer held the media 0 loop for 30 ms (9 more times since the last report)");
}

TEST_F(WatchdogTest, interned_names_are_the_same_pointer) {
  EXPECT_EQ(interned_name("x.y"), interned_name(std::string("x.") + "y"));
}

}  // namespace
}  // namespace limen::runtime
