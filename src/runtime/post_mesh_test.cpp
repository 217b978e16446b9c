#include "runtime/post_mesh.hpp"

#include <gtest/gtest.h>

#include <semaphore>
#include <thread>

namespace limen::runtime {
namespace {

// A node with a thread that sleeps on a semaphore when there is nothing to do.
class Sleeper {
 public:
  Sleeper(PostMesh& mesh, PostMesh::Node node) : mesh_(mesh), node_(node) {
    mesh_.set_wake(node_, [this] { wake_.release(); });
    thread_ = std::thread([this] { run(); });
  }
  ~Sleeper() {
    mesh_.post(node_, [this] { stop_ = true; });
    thread_.join();
  }
  bool overslept() const { return overslept_; }

 private:
  void run() {
    mesh_.enter(node_);
    Task task;
    while (!stop_) {
      if (mesh_.take(node_, task)) {
        task();
        task = nullptr;
      } else if (mesh_.prepare_sleep(node_)) {
        // A lost wake-up shows as a wait of its full length.
        if (!wake_.try_acquire_for(std::chrono::seconds(20))) overslept_ = true;
        mesh_.woke_up(node_);
      }
    }
  }
  PostMesh& mesh_;
  PostMesh::Node node_;
  std::counting_semaphore<> wake_{0};
  bool stop_ = false;
  std::atomic<bool> overslept_{false};
  std::thread thread_;
};

TEST(PostMesh, ones_own_posts_run_in_order_without_waking) {
  PostMesh mesh(2);
  bool woken = false;
  mesh.set_wake(0, [&] { woken = true; });
  mesh.enter(0);
  std::string order;
  mesh.post(0, [&] { order += 'a'; });
  mesh.post(0, [&] { order += 'b'; });
  EXPECT_TRUE(mesh.has_work(0));
  Task task;
  while (mesh.take(0, task)) task();
  EXPECT_EQ(order, "ab");
  EXPECT_FALSE(woken);
}

TEST(PostMesh, a_sleeper_is_woken_once_until_it_sleeps_again) {
  PostMesh mesh(2);
  int wakes = 0;
  mesh.set_wake(1, [&] { ++wakes; });
  mesh.enter(0);
  mesh.post(1, [] {});
  EXPECT_EQ(wakes, 0) << "awake: no need";
  EXPECT_FALSE(mesh.prepare_sleep(1)) << "there is work";
  Task task;
  while (mesh.take(1, task)) task();
  EXPECT_TRUE(mesh.prepare_sleep(1));
  mesh.post(1, [] {});
  mesh.post(1, [] {});
  EXPECT_EQ(wakes, 1);
}

TEST(PostMesh, a_busy_sender_does_not_starve_another) {
  PostMesh mesh(3);
  std::vector<int> order;
  mesh.enter(0);
  for (int i = 0; i < 100; ++i) mesh.post(2, [&] { order.push_back(0); });
  mesh.enter(1);
  mesh.post(2, [&] { order.push_back(1); });
  Task task;
  for (int i = 0; i < 4 && mesh.take(2, task); ++i) task();
  EXPECT_NE(std::find(order.begin(), order.end(), 1), order.end());
}

TEST(PostMesh, a_thread_that_took_over_a_node_is_the_node) {
  PostMesh mesh(1);
  mesh.enter(0);
  EXPECT_TRUE(mesh.on(0));
  std::thread([&] {
    mesh.enter(0);
    EXPECT_TRUE(mesh.on(0));
  }).join();
  EXPECT_FALSE(mesh.on(0));
}

TEST(PostMesh, many_threads_keep_their_own_order_and_no_wake_up_is_lost) {
  constexpr int kPerSender = 20000;
  constexpr int kForeign = 3;
  PostMesh mesh(3);
  std::array<int, 2 + kForeign> next{};  // by sender, used on node 2's thread only
  std::atomic<int> ran{0};
  std::atomic<bool> in_order{true};
  {
    Sleeper receiver(mesh, 2);
    std::vector<std::thread> senders;
    for (int sender = 0; sender < 2 + kForeign; ++sender) {
      senders.emplace_back([&, sender] {
        if (sender < 2) mesh.enter(static_cast<PostMesh::Node>(sender));
        for (int i = 0; i < kPerSender; ++i) {
          mesh.post(2, [&, sender, i] {
            if (next[static_cast<size_t>(sender)]++ != i) in_order = false;
            ran.fetch_add(1, std::memory_order_release);
          });
          // Lets the receiver fall asleep now and then.
          if (i % 512 == 0) {
            while (ran.load(std::memory_order_acquire) < i) std::this_thread::yield();
          }
        }
      });
    }
    for (std::thread& sender : senders) sender.join();
    while (ran.load(std::memory_order_acquire) < kPerSender * (2 + kForeign) && !receiver.overslept()) {
      std::this_thread::yield();
    }
    EXPECT_FALSE(receiver.overslept());
  }
  EXPECT_EQ(ran.load(), kPerSender * (2 + kForeign));
  EXPECT_TRUE(in_order.load());
}

TEST(PostMesh, clearing_destroys_what_nobody_will_run) {
  auto held = std::make_shared<int>(1);
  PostMesh mesh(2);
  mesh.enter(0);
  mesh.post(1, [held] {});
  mesh.post(0, [held] {});
  std::thread([&] { mesh.post(1, [held] {}); }).join();
  EXPECT_EQ(held.use_count(), 4);
  mesh.clear(1);
  mesh.clear(0);
  EXPECT_EQ(held.use_count(), 1);
}

}  // namespace
}  // namespace limen::runtime
