#include "core/webhook/authorisation_hook.hpp"

#include <algorithm>

#include "base/bytes.hpp"
#include "base/log.hpp"
#include "crypto/digest.hpp"
#include "runtime/background_threads.hpp"

namespace limen::core {
namespace {

constexpr std::string_view kTag = "[webhook]";
constexpr size_t kLongestReason = 200;

// Questions hold tokens: what is remembered holds their digest only.
std::string key_of(const JsonObject& question) {
  crypto::Sha256Digest digest = crypto::sha256(as_bytes(write_json(question, JsonFormat::compact)));
  return std::string(as_text(digest));
}

// As the service sent it, shortened, in printable characters.
std::string harmless(std::string_view text) {
  std::string out(text.substr(0, kLongestReason));
  std::ranges::replace_if(out, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  return out;
}

}  // namespace

std::optional<Verdict> read_verdict(const runtime::HttpAnswer& answer) {
  bool refused = answer.status == 401 || answer.status == 403;
  if (!refused && (answer.status < 200 || answer.status > 299)) return std::nullopt;
  Verdict out;
  out.allowed = !refused;
  if (answer.body.empty()) return out;
  auto json = parse_json(answer.body);
  if (!json || !json->is_object()) return refused ? std::optional(out) : std::nullopt;
  const JsonObject& body = json->get_object();
  if (const Json* allow = body.if_contains("allow"); allow != nullptr && !refused) {
    if (!allow->is_bool()) return std::nullopt;
    out.allowed = allow->get_bool();
  }
  if (const Json* reason = body.if_contains("reason"); reason != nullptr && reason->is_string()) {
    out.reason = harmless(std::string_view(reason->get_string()));
  }
  if (const Json* keep = body.if_contains("cache"); keep != nullptr && keep->is_int64()) {
    out.keep = std::clamp<int64_t>(keep->get_int64(), 0, 86'400);
  }
  return out;
}

class AuthorisationHook::Threads {
 public:
  Threads(const WebhookSettings& settings, Executor& executor)
      : to_{settings.url, settings.authorization, settings.ca_file, std::chrono::milliseconds(settings.timeout)},
        executor_(executor),
        threads_(settings.connections) {
    threads_.start();
  }
  void post(std::string body, std::move_only_function<void(runtime::HttpAnswer)> done) {
    auto answer = std::make_shared<runtime::HttpAnswer>();
    threads_.run([this, answer, body = std::move(body)] { *answer = runtime::http_post(to_, body, stopping_); },
                 executor_, [answer, done = std::move(done)]() mutable { done(std::move(*answer)); });
  }
  void stop() {
    stopping_ = true;
    threads_.stop();
  }

 private:
  const runtime::HttpPost to_;
  Executor& executor_;
  std::atomic<bool> stopping_{false};
  runtime::BackgroundThreads threads_;
};

AuthorisationHook::AuthorisationHook(WebhookSettings settings, Executor& executor, Post post)
    : settings_(std::move(settings)), executor_(executor), post_(std::move(post)) {}

AuthorisationHook::AuthorisationHook(WebhookSettings settings, Executor& executor)
    : AuthorisationHook(settings, executor, nullptr) {
  threads_ = std::make_unique<Threads>(settings_, executor_);
  post_ = [this](std::string body, auto done) { threads_->post(std::move(body), std::move(done)); };
}

AuthorisationHook::~AuthorisationHook() {
  stop();
}

void AuthorisationHook::stop() {
  stopped_ = true;
  if (threads_) threads_->stop();
  for (auto& [key, questions] : std::exchange(waiting_, {})) {
    for (Answered& done : questions) done(failure("the server stops"));
  }
}

bool AuthorisationHook::asks_for(std::string_view request) const {
  return std::ranges::find(settings_.requests, request) != settings_.requests.end();
}

std::optional<Verdict> AuthorisationHook::known(const JsonObject& question) {
  auto found = remembered_.find(key_of(question));
  if (found == remembered_.end()) return std::nullopt;
  if (found->second.until <= executor_.now()) {
    remembered_.erase(found);
    return std::nullopt;
  }
  ++counters_.remembered;
  return found->second.verdict;
}

void AuthorisationHook::ask(const JsonObject& question, const JsonObject& facts, Answered done) {
  if (stopped_) return done(failure("the server stops"));
  if (waiting_count_ >= settings_.queue) {
    ++counters_.overflowed;
    return done(failure("too many questions wait"));
  }
  std::string key = key_of(question);
  ++waiting_count_;
  std::vector<Answered>& questions = waiting_[key];
  questions.push_back(std::move(done));
  if (questions.size() > 1) return;
  ++counters_.asked;
  JsonObject body = question;
  for (const auto& fact : facts) body[fact.key()] = fact.value();
  post_(write_json(body, JsonFormat::compact),
        [this, weak = std::weak_ptr(alive_), key = std::move(key)](const runtime::HttpAnswer& from) {
          if (!weak.expired()) answer(key, from);
        });
}

void AuthorisationHook::answer(const std::string& key, const runtime::HttpAnswer& from) {
  auto found = waiting_.find(key);
  if (found == waiting_.end()) return;
  std::vector<Answered> questions = std::move(found->second);
  waiting_.erase(found);
  waiting_count_ -= questions.size();
  auto verdict = read_verdict(from);
  if (verdict) {
    if (std::exchange(failing_, false)) log::info(kTag, "The authorisation service answers again");
    (verdict->allowed ? counters_.allowed : counters_.refused) += questions.size();
    remember(key, *verdict);
  }
  std::string why = from.status == 0 ? from.problem : fmt::format("status {}", from.status);
  for (Answered& done : questions) done(verdict ? *verdict : failure(why));
}

void AuthorisationHook::remember(const std::string& key, const Verdict& verdict) {
  int64_t seconds = verdict.keep.value_or(settings_.cache_time);
  if (seconds <= 0) return;
  if (remembered_.size() >= kMostRemembered) {
    std::erase_if(remembered_, [now = executor_.now()](const auto& one) { return one.second.until <= now; });
    if (remembered_.size() >= kMostRemembered) remembered_.clear();
  }
  remembered_[key] = {verdict, executor_.now() + std::chrono::seconds(seconds)};
}

Verdict AuthorisationHook::failure(std::string_view why) {
  ++counters_.failed;
  if (!std::exchange(failing_, true)) {
    log::warning(kTag, "No answer of the authorisation service ({}): requests are {}", why,
                 settings_.fail_open ? "allowed" : "refused");
  }
  return {.allowed = settings_.fail_open, .reason = "the authorisation service does not answer", .answered = false};
}

}  // namespace limen::core
