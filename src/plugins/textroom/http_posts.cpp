#include "plugins/textroom/http_posts.hpp"

#include "base/log.hpp"
#include "base/url_text.hpp"

namespace limen::textroom {

void HttpPosts::post(std::string room, std::string url, std::string body) {
  if (waiting_.size() >= kMaxWaiting) {
    ++lost_;
    if (!std::exchange(losing_, true)) {
      log::warning("", "TextRoom: HTTP backends are too slow, messages to {} are not posted", without_credentials(url));
    }
    return;
  }
  losing_ = false;
  waiting_.push_back({std::move(room), std::move(url), std::move(body)});
  start();
}

void HttpPosts::start() {
  while (busy_.size() < kAtOnce) {
    auto next = std::ranges::find_if(waiting_, [this](const Job& job) { return !busy_.contains(job.room); });
    if (next == waiting_.end()) return;
    Job job = std::move(*next);
    waiting_.erase(next);
    run(std::move(job));
  }
}

void HttpPosts::run(Job job) {
  busy_.insert(job.room);
  auto outcome = std::make_shared<Result<>>();
  auto work = [send = send_, url = job.url, body = std::move(job.body), outcome] { *outcome = send(url, body); };
  auto done = [weak = weak_from_this(), room = job.room, url = job.url, outcome] {
    if (!*outcome)
      log::warning("", "TextRoom: a message was not posted to {}: {}", without_credentials(url), outcome->error().text);
    if (auto self = weak.lock()) {
      self->busy_.erase(room);
      self->start();
    }
  };
  pool_.run(std::move(work), control_, std::move(done));
}

}  // namespace limen::textroom
