#include "core/mdns/mdns_resolver.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <mutex>
#include <utility>
#include <vector>

#include "core/mdns/mdns_sockets.hpp"
#include "wire/mdns/mdns_message.hpp"

namespace limen::core {
namespace {

// This thread waits for the real network, so it reads the real clock.
using Clock = std::chrono::steady_clock;

constexpr std::array<std::chrono::milliseconds, 3> kAsk{std::chrono::milliseconds(0), std::chrono::milliseconds(300),
                                                        std::chrono::milliseconds(1000)};
constexpr Duration kStep = std::chrono::milliseconds(50);  // how soon new names and the end are seen
constexpr int kQueriesPerStep = 32;                        // no burst that would overflow somebody's buffer

std::string lower(std::string name) {
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return name;
}

}  // namespace

// Shared by the control thread and the one that asks.
struct MdnsResolver::Work {
  struct Question {
    std::string name;  // lower case
    Done done;
    Clock::time_point since{};
    size_t asked = 0;
  };

  explicit Work(Executor& control_, bool ipv6_) : control(control_), ipv6(ipv6_) {}

  void run();
  bool take_new(std::vector<Question>& open);
  void ask(MdnsSockets& sockets, std::vector<Question>& open) const;
  void take_answers(Bytes message, std::vector<Question>& open);
  void listen(MdnsSockets& sockets, std::vector<Question>& open);
  void give_up(std::vector<Question>& open, bool all, const std::string& reason);
  void finish(Question& question, Answer answer);

  Executor& control;
  const bool ipv6;
  std::atomic<bool> stopping{false};
  std::mutex mutex;
  std::vector<Question> incoming;  // with the mutex, as below
  size_t waiting = 0;              // incoming and those that are being asked for
  bool running = false;
};

void MdnsResolver::Work::finish(Question& question, Answer answer) {
  {
    std::lock_guard lock(mutex);
    --waiting;
  }
  control.post([done = std::move(question.done), answer = std::move(answer)]() mutable { done(std::move(answer)); });
}

// False: nothing is left to do, and the next name needs a new run.
bool MdnsResolver::Work::take_new(std::vector<Question>& open) {
  std::lock_guard lock(mutex);
  for (Question& question : incoming) {
    question.since = Clock::now();
    open.push_back(std::move(question));
  }
  incoming.clear();
  running = !open.empty();
  return running;
}

void MdnsResolver::Work::ask(MdnsSockets& sockets, std::vector<Question>& open) const {
  int sent = 0;
  // Those asked for least often first: many names that nobody has must not keep a new one waiting.
  for (size_t round = 0; round < kAsk.size(); ++round) {
    for (Question& question : open) {
      if (question.asked != round || Clock::now() - question.since < kAsk[round]) continue;
      if (++sent > kQueriesPerStep) return;
      ++question.asked;
      sockets.send(wire::write_mdns_query(question.name, wire::MdnsType::a));
      if (ipv6) sockets.send(wire::write_mdns_query(question.name, wire::MdnsType::aaaa));
    }
  }
}

void MdnsResolver::Work::take_answers(Bytes message, std::vector<Question>& open) {
  for (const wire::MdnsAnswer& answer : wire::parse_mdns_response(message)) {
    if (answer.address.is_v6() && !ipv6) continue;
    std::erase_if(open, [&](Question& question) {
      if (question.name != answer.name) return false;
      finish(question, {answer.address, {}});
      return true;
    });
  }
}

// One whole step, although our own questions come back at once: the pace of the next ones hangs on it.
void MdnsResolver::Work::listen(MdnsSockets& sockets, std::vector<Question>& open) {
  const Clock::time_point end = Clock::now() + kStep;
  for (auto left = kStep; left > Duration::zero() && !open.empty(); left = end - Clock::now()) {
    sockets.wait(left, [&](Bytes message) { take_answers(message, open); });
  }
}

void MdnsResolver::Work::give_up(std::vector<Question>& open, bool all, const std::string& reason) {
  std::erase_if(open, [&](Question& question) {
    if (!all && Clock::now() - question.since < kPatience) return false;
    finish(question, {std::nullopt, reason});
    return true;
  });
}

void MdnsResolver::Work::run() {
  auto interfaces = runtime::list_interfaces();
  MdnsSockets sockets(interfaces ? *interfaces : std::vector<runtime::Interface>(), ipv6);
  std::vector<Question> open;
  while (!stopping && take_new(open)) {
    if (!sockets.ok()) {
      give_up(open, true, sockets.failure());
      continue;
    }
    ask(sockets, open);
    listen(sockets, open);
    give_up(open, false, "no answer on the local network within 2 s");
  }
}

MdnsResolver::MdnsResolver(Executor& control, BackgroundPool& background, bool ipv6)
    : work_(std::make_shared<Work>(control, ipv6)), control_(control), background_(background) {}

MdnsResolver::~MdnsResolver() {
  work_->stopping = true;
}

void MdnsResolver::resolve(std::string name, Done done) {
  auto refuse = [&](std::string reason) {
    control_.post(
        [done = std::move(done), reason = std::move(reason)]() mutable { done({std::nullopt, std::move(reason)}); });
  };
  if (!wire::is_mdns_name(name)) return refuse("not a name of a local network");
  bool start = false, taken = false;
  {
    std::lock_guard lock(work_->mutex);
    if (work_->waiting < kMaxNames) {
      taken = true;
      ++work_->waiting;
      work_->incoming.push_back({lower(std::move(name)), std::move(done), {}, 0});
      start = !std::exchange(work_->running, true);
    }
  }
  if (!taken) return refuse("too many names wait already");
  if (start) background_.run([work = work_] { work->run(); }, control_, {});
}

}  // namespace limen::core
