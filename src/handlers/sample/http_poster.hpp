// HttpPoster: brings events to an HTTP collector, one POST after the other, on a thread of its own.
//
// push(), settings() and change() from the control thread; they wait for nothing but a short lock. A
// collector that cannot be reached is tried again with growing pauses while later events queue up,
// bounded; its answers are not looked at (spec 8.4).
#pragma once
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "api/json.hpp"
#include "handlers/shared/event_queue.hpp"

namespace limen::sample_handler {

struct PostSettings {
  std::string backend;         // URL
  std::string user, password;  // Basic authentication; both or none
  bool grouping = true;
  JsonFormat format = JsonFormat::compact;
  bool compress = false;
  int compression = 6;                        // 0 to 9
  uint32_t max_retransmissions = 5;           // further attempts
  std::chrono::milliseconds backoff{100};     // before the first of them; doubles
  bool verify_peer = true;                    // HTTPS: the collector's certificate
  std::chrono::milliseconds timeout{10'000};  // of one attempt
};

class HttpPoster {
 public:
  // A compressed body may be as large as this; larger ones are lost.
  static constexpr size_t kLargestCompressed = 8192;

  struct Counters {
    uint64_t posts = 0;   // that reached the collector
    uint64_t events = 0;  // in them
    uint64_t lost = 0;    // dropped from the full queue, too large, or given up
    size_t queued = 0;    // now
  };

  explicit HttpPoster(PostSettings settings, handlers::EventQueue::Limits limits = {});
  ~HttpPoster();
  HttpPoster(const HttpPoster&) = delete;
  HttpPoster& operator=(const HttpPoster&) = delete;

  void push(std::string event);
  PostSettings settings() const;
  void change(PostSettings settings);  // from the next POST on
  Counters counters() const;
  // Sends what is queued, for so long at most, without further attempts; then ends the thread.
  void stop(std::chrono::milliseconds grace);

 private:
  class Curl;
  void serve();
  void deliver(const handlers::EventQueue::Batch& batch, const PostSettings& settings);
  bool pause(std::chrono::milliseconds length);  // false: cut short, the end is near
  void give_up(size_t events, std::string_view why);

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  PostSettings settings_;
  handlers::EventQueue queue_;
  uint64_t drops_told_ = 0;
  Counters counters_;
  handlers::LossReport losses_;
  bool stopping_ = false;
  std::chrono::steady_clock::time_point end_ = std::chrono::steady_clock::time_point::max();
  std::unique_ptr<Curl> curl_;
  std::thread thread_;
};

}  // namespace limen::sample_handler
