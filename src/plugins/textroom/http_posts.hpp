// HttpPosts: public messages on their way to the HTTP backends of rooms (spec plugin-textroom, 4.14).
//
// Control thread; the blocking part runs in the background. A room's messages arrive in order; a slow
// backend delays only its own room, as long as there are others to serve; what is too much is lost.
#pragma once
#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include "base/executor.hpp"
#include "base/result.hpp"

namespace limen::textroom {

class HttpPosts : public std::enable_shared_from_this<HttpPosts> {
 public:
  // Blocks; any thread. Tests have their own.
  using Send = std::function<Result<>(const std::string& url, const std::string& body)>;
  static constexpr size_t kMaxWaiting = 1000;
  static constexpr int kAtOnce = 2;  // background threads are for others too

  HttpPosts(BackgroundPool& pool, Executor& control, Send send)
      : pool_(pool), control_(control), send_(std::move(send)) {}

  void post(std::string room, std::string url, std::string body);
  uint64_t lost() const { return lost_; }

 private:
  struct Job {
    std::string room, url, body;
  };
  void start();
  void run(Job job);

  BackgroundPool& pool_;
  Executor& control_;
  Send send_;
  std::deque<Job> waiting_;
  std::set<std::string> busy_;  // rooms with a message under way
  uint64_t lost_ = 0;
  bool losing_ = false;
};

}  // namespace limen::textroom
