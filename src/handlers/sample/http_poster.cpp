#include "handlers/sample/http_poster.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <atomic>

#include "base/log.hpp"
#include "handlers/shared/gzip.hpp"

namespace limen::sample_handler {
namespace {

constexpr std::string_view kTag = "[sampleevh]";

using SteadyTime = std::chrono::steady_clock::time_point;

void start_curl_once() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

size_t discard(char*, size_t size, size_t count, void*) {
  return size * count;
}

}  // namespace

// The easy handle with what stays the same from POST to POST; it keeps the connection alive.
class HttpPoster::Curl {
 public:
  Curl() : easy_(curl_easy_init(), curl_easy_cleanup) {
    for (const char* header : {"Content-Type: application/json", "Expect:"}) append(plain_, header);
    for (const char* header : {"Content-Type: application/json", "Expect:", "Content-Encoding: gzip"}) {
      append(zipped_, header);
    }
  }

  // Empty: it reached the collector, whatever that said.
  std::string post(const std::string& body, bool zipped, const PostSettings& settings) {
    CURL* easy = easy_.get();
    if (easy == nullptr) return "libcurl could not be set up";
    curl_easy_reset(easy);
    curl_easy_setopt(easy, CURLOPT_URL, settings.backend.c_str());
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);  // a name server that is silent does not hold up the end
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(settings.timeout.count()));
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.data());
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, (zipped ? zipped_ : plain_).get());
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, discard);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, settings.verify_peer ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, settings.verify_peer ? 2L : 0L);
    if (!settings.user.empty() && !settings.password.empty()) {
      curl_easy_setopt(easy, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
      curl_easy_setopt(easy, CURLOPT_USERNAME, settings.user.c_str());
      curl_easy_setopt(easy, CURLOPT_PASSWORD, settings.password.c_str());
    }
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, &Curl::still_wanted);
    curl_easy_setopt(easy, CURLOPT_XFERINFODATA, this);
    CURLcode result = curl_easy_perform(easy);
    return result == CURLE_OK ? std::string() : curl_easy_strerror(result);
  }

  // A transfer under way ends then; any thread.
  void end_at(SteadyTime when) { end_.store(when); }

 private:
  using Headers = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

  static void append(Headers& list, const char* header) {
    curl_slist* longer = curl_slist_append(list.get(), header);
    if (longer == nullptr) return;
    (void)list.release();  // it is the same list, longer
    list.reset(longer);
  }
  static int still_wanted(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return std::chrono::steady_clock::now() > static_cast<Curl*>(self)->end_.load() ? 1 : 0;
  }

  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> easy_;
  Headers plain_{nullptr, curl_slist_free_all};
  Headers zipped_{nullptr, curl_slist_free_all};
  std::atomic<SteadyTime> end_{SteadyTime::max()};
};

HttpPoster::HttpPoster(PostSettings settings, handlers::EventQueue::Limits limits)
    : settings_(std::move(settings)), queue_(limits), losses_(kTag) {
  start_curl_once();
  curl_ = std::make_unique<Curl>();
  thread_ = std::thread([this] { serve(); });
}

HttpPoster::~HttpPoster() {
  stop(std::chrono::milliseconds(0));
}

void HttpPoster::push(std::string event) {
  {
    std::scoped_lock lock(mutex_);
    queue_.push(std::move(event));
    uint64_t dropped = queue_.dropped() - std::exchange(drops_told_, queue_.dropped());
    counters_.lost += dropped;
    losses_.lost(dropped, "the queue is full");
  }
  wake_.notify_one();
}

PostSettings HttpPoster::settings() const {
  std::scoped_lock lock(mutex_);
  return settings_;
}

void HttpPoster::change(PostSettings settings) {
  std::scoped_lock lock(mutex_);
  settings_ = std::move(settings);
}

HttpPoster::Counters HttpPoster::counters() const {
  std::scoped_lock lock(mutex_);
  Counters counters = counters_;
  counters.queued = queue_.size();
  return counters;
}

void HttpPoster::stop(std::chrono::milliseconds grace) {
  if (!thread_.joinable()) return;
  {
    std::scoped_lock lock(mutex_);
    stopping_ = true;
    end_ = std::chrono::steady_clock::now() + grace;
    curl_->end_at(end_);
  }
  wake_.notify_one();
  thread_.join();
}

void HttpPoster::serve() {
  for (;;) {
    handlers::EventQueue::Batch batch;
    PostSettings settings;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty() || std::chrono::steady_clock::now() > end_) return;
      settings = settings_;
      batch = queue_.take(settings.grouping, settings.format);
    }
    deliver(batch, settings);
  }
}

void HttpPoster::deliver(const handlers::EventQueue::Batch& batch, const PostSettings& settings) {
  std::optional<std::string> zipped;
  if (settings.compress) {
    zipped = handlers::gzip(batch.text, settings.compression, kLargestCompressed);
    if (!zipped) return give_up(batch.events, "larger than 8 KiB when compressed");
  }
  constexpr std::chrono::milliseconds kLongestPause{60'000};
  std::chrono::milliseconds length = settings.backoff;
  for (uint32_t attempt = 0;; ++attempt) {
    std::string problem = curl_->post(zipped ? *zipped : batch.text, zipped.has_value(), settings);
    if (problem.empty()) {
      std::scoped_lock lock(mutex_);
      ++counters_.posts;
      counters_.events += batch.events;
      return;
    }
    if (attempt >= settings.max_retransmissions || !pause(length)) return give_up(batch.events, problem);
    length = std::min(length * 2, kLongestPause);
  }
}

bool HttpPoster::pause(std::chrono::milliseconds length) {
  std::unique_lock lock(mutex_);
  return !wake_.wait_for(lock, length, [this] { return stopping_; });
}

void HttpPoster::give_up(size_t events, std::string_view why) {
  std::scoped_lock lock(mutex_);
  counters_.lost += events;
  losses_.lost(events, why);
}

}  // namespace limen::sample_handler
