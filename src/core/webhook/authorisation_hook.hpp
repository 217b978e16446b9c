// AuthorisationHook: asks a web service whether a request may go on (docs/authentication.md).
//
// Control thread; the POSTs run on threads of their own, or where a test says. Every question is answered, once: by the
// service, by what it said before to the same question, or, if it cannot be asked or does not answer in time, by
// `fail_open`. Waiting questions are bounded; equal ones that wait are asked once.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/json.hpp"
#include "base/executor.hpp"
#include "core/webhook/webhook_settings.hpp"
#include "runtime/http_post.hpp"

namespace limen::core {

struct Verdict {
  bool allowed = false;
  std::string reason;                // for the client; "" none
  std::optional<int64_t> keep = {};  // seconds, if the service says how long
  bool answered = true;              // by the service
};

// What the service answered; nullopt: that is no answer (a failure, not a refusal).
std::optional<Verdict> read_verdict(const runtime::HttpAnswer& answer);

class AuthorisationHook {
 public:
  static constexpr size_t kMostRemembered = 20'000;

  using Answered = std::move_only_function<void(Verdict)>;
  // Brings a body there and the answer back, on the control thread, later.
  using Post = std::function<void(std::string body, std::move_only_function<void(runtime::HttpAnswer)> done)>;

  struct Counters {
    uint64_t asked = 0, allowed = 0, refused = 0, remembered = 0, failed = 0, overflowed = 0;
  };

  AuthorisationHook(WebhookSettings settings, Executor& executor);  // on threads of its own
  AuthorisationHook(WebhookSettings settings, Executor& executor, Post post);
  ~AuthorisationHook();

  bool asks_for(std::string_view request) const;
  // What is known already. `question` without anything that differs between equal questions.
  std::optional<Verdict> known(const JsonObject& question);
  // `facts` are sent, too, but do not make another question (ids, say).
  void ask(const JsonObject& question, const JsonObject& facts, Answered done);
  // Answers what waits, as failed; nothing is asked any more.
  void stop();
  const Counters& counters() const { return counters_; }

 private:
  struct Remembered {
    Verdict verdict;
    Instant until;
  };
  class Threads;

  Verdict failure(std::string_view why);
  void answer(const std::string& key, const runtime::HttpAnswer& from);
  void remember(const std::string& key, const Verdict& verdict);

  WebhookSettings settings_;
  Executor& executor_;
  Post post_;
  std::map<std::string, Remembered> remembered_;
  std::map<std::string, std::vector<Answered>> waiting_;
  size_t waiting_count_ = 0;
  bool failing_ = false;  // told in the log already
  bool stopped_ = false;
  Counters counters_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
  std::unique_ptr<Threads> threads_;
};

}  // namespace limen::core
