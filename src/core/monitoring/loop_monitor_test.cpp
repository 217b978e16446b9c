#include "core/monitoring/loop_monitor.hpp"

#include <gtest/gtest.h>

#include "tests/support/seeded_random.hpp"
#include "tests/support/sim_executor.hpp"

namespace limen::core {
namespace {

using namespace std::chrono_literals;

// A loop that can hang: what is posted meanwhile runs when it goes on.
class HangingLoop final : public Executor {
 public:
  explicit HangingLoop(limen::test::SimExecutor& loop) : loop_(loop) {}
  void post(Task task) override {
    if (hangs) waiting_.push_back(std::move(task));
    else loop_.post(std::move(task));
  }
  Instant now() const override { return loop_.now(); }
  WallTime wall_time() const override { return loop_.wall_time(); }
  TimerId call_at(Instant when, Task task) override { return loop_.call_at(when, std::move(task)); }
  void cancel(TimerId timer) override { loop_.cancel(timer); }

  void go_on() {
    hangs = false;
    for (Task& task : std::exchange(waiting_, {})) loop_.post(std::move(task));
  }
  bool hangs = false;

 private:
  limen::test::SimExecutor& loop_;
  std::vector<Task> waiting_;
};

class LoopMonitorTest : public ::testing::Test {
 protected:
  MediaShardEnv env(HangingLoop& loop) { return {loop, tx_, pool_, random_, {}}; }

  limen::test::VirtualClock clock_;
  limen::test::SimScheduler world_{clock_, 1};
  limen::test::SimExecutor& control_ = world_.add_executor("control");
  TxQueue tx_;
  PacketPool pool_{64};
  limen::test::SeededRandom random_{1};
  HangingLoop first_{world_.add_executor("media 0")}, second_{world_.add_executor("media 1")};
  MediaPlane plane_{control_, [this] {
                      std::vector<MediaShardEnv> shards;
                      shards.push_back(env(first_));
                      shards.push_back(env(second_));
                      return shards;
                    }()};
  LoopMonitor monitor_{control_, plane_};
};

TEST_F(LoopMonitorTest, loops_that_turn_are_not_lost) {
  monitor_.start();
  world_.run_for(60s);
  EXPECT_TRUE(monitor_.lost().empty());
}

TEST_F(LoopMonitorTest, a_loop_that_hangs_is_lost_after_a_while_and_found_when_it_goes_on) {
  monitor_.start();
  world_.run_for(10s);
  second_.hangs = true;
  world_.run_for(4s);
  EXPECT_TRUE(monitor_.lost().empty());
  world_.run_for(3s);
  EXPECT_EQ(monitor_.lost(), std::vector<uint32_t>{1});
  second_.go_on();
  world_.run_for(500ms);  // the next question comes later
  EXPECT_TRUE(monitor_.lost().empty());
  EXPECT_GE(monitor_.round_trips()[1], 5s);
}

TEST_F(LoopMonitorTest, an_answer_after_its_end_harms_nobody) {
  HangingLoop& loop = second_;
  loop.hangs = true;
  {
    LoopMonitor brief(control_, plane_);
    brief.start();
    world_.run_for(1s);
  }
  loop.go_on();
  world_.run_for(10s);
  EXPECT_EQ(control_.pending_timers(), 0U);
}

}  // namespace
}  // namespace limen::core
