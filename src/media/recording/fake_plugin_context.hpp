// A PluginContext for the tests of recordings: background work runs when the test says so.
#pragma once
#include <deque>
#include <string>
#include <utility>

#include "api/plugin.hpp"
#include "base/random.hpp"

namespace limen::media::test {

class FakeExecutor final : public Executor {
 public:
  void post(Task task) override { tasks.push_back(std::move(task)); }
  Instant now() const override { return clock; }
  WallTime wall_time() const override { return wall; }
  TimerId call_at(Instant, Task) override { return {}; }
  void cancel(TimerId) override {}
  void run() {
    while (!tasks.empty()) {
      Task task = std::move(tasks.front());
      tasks.pop_front();
      task();
    }
  }
  Instant clock{};
  WallTime wall{1'700'000'000'000'000};
  std::deque<Task> tasks;
};

class FakePool final : public BackgroundPool {
 public:
  void run(Task work, Executor& back, Task done) override {
    if (!stopped) jobs.push_back({std::move(work), &back, std::move(done)});
  }
  void run_all() {
    while (!jobs.empty()) {
      Job job = std::move(jobs.front());
      jobs.pop_front();
      job.work();
      job.back->post(std::move(job.done));
    }
  }
  struct Job {
    Task work;
    Executor* back;
    Task done;
  };
  std::deque<Job> jobs;
  bool stopped = false;
};

class NoRandom final : public Random {
 public:
  void fill(MutableBytes out) override { std::fill(out.begin(), out.end(), uint8_t{7}); }
};

class FakePluginContext : public PluginContext {
 public:
  Executor& executor() override { return control; }
  BackgroundPool& background() override { return pool; }
  Random& random() override { return random_; }
  std::string configs_folder() const override { return ""; }
  uint32_t shard_count() const override { return 1; }
  bool events_enabled() const override { return false; }
  void notify_event(Json) override {}
  bool signed_tokens() const override { return false; }
  bool token_allows(std::string_view, std::string_view) const override { return false; }
  bool path_allowed(const std::string& path) const override { return path.find("/protected/") == std::string::npos; }
  std::string recordings_tmp_ext() const override { return tmp_ext; }
  void run() {
    pool.run_all();
    control.run();
  }

  FakeExecutor control;
  FakePool pool;
  std::string tmp_ext;

 private:
  NoRandom random_;
};

}  // namespace limen::media::test
