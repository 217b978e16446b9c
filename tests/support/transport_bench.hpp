// TransportBench: a transport on real loopback sockets, before a core that the test plays.
//
// One thread. Sockets are real, time is not: timers fire only when the test moves the clock, so a
// thirty second wait takes none. run_until() bounds every wait in real time.
#pragma once
#include <gtest/gtest.h>
#include <stdlib.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <chrono>
#include <deque>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "api/transport.hpp"
#include "tests/support/seeded_random.hpp"
#include "tests/support/virtual_clock.hpp"

namespace limen::test {

// An executor on an io_context whose clock the test moves.
class BenchExecutor final : public Executor {
 public:
  explicit BenchExecutor(boost::asio::io_context& io) : io_(io) {}
  void post(Task task) override {
    boost::asio::post(io_, [task = std::move(task)]() mutable { task(); });
  }
  Instant now() const override { return clock_.now(); }
  WallTime wall_time() const override { return clock_.wall_time(); }
  TimerId call_at(Instant when, Task task) override {
    TimerId id(next_++);
    timers_.emplace(std::pair(when, id.value()), std::move(task));
    return id;
  }
  void cancel(TimerId timer) override {
    std::erase_if(timers_, [&](const auto& entry) { return entry.first.second == timer.value(); });
  }
  void advance(Duration step) {
    Instant end = clock_.now() + step;
    while (!timers_.empty() && timers_.begin()->first.first <= end) {
      clock_.advance_to(timers_.begin()->first.first);
      Task task = std::move(timers_.begin()->second);
      timers_.erase(timers_.begin());
      task();
    }
    clock_.advance_to(end);
  }
  size_t timers() const { return timers_.size(); }

 private:
  boost::asio::io_context& io_;
  VirtualClock clock_;
  std::map<std::pair<Instant, uint64_t>, Task> timers_;
  uint64_t next_ = 1;
};

// Plays the core: answers ping and create, keeps `hold` unanswered, says unknown verbs are errors.
class BenchSink final : public ApiSink {
 public:
  void handle(Request request) override {
    requests.push_back(request.message);
    admin_flags.push_back(request.admin);
    clients.push_back(request.client);
    const JsonObject* body = request.message.if_object();
    std::string verb = body != nullptr && body->contains("janus") ? std::string(body->at("janus").get_string()) : "";
    Json transaction = body != nullptr && body->contains("transaction") ? body->at("transaction") : Json();
    if (verb == "hold") {
      held.push_back(std::move(request));
    } else if (verb == "create") {
      SessionId session(next_session++);
      owners[session] = request.client;
      request.client->session_created(session);
      request.reply(
          JsonObject{{"janus", "success"}, {"transaction", transaction}, {"data", {{"id", session.value()}}}});
    } else if (verb == "claim") {
      SessionId session(body->at("session_id").to_number<uint64_t>());
      owners.at(session)->session_over(session, false, true);
      owners[session] = request.client;
      request.client->session_created(session);
      request.reply(JsonObject{{"janus", "success"}, {"transaction", transaction}});
    } else if (verb == "big") {
      request.reply(
          JsonObject{{"janus", "success"},
                     {"data", std::string(static_cast<size_t>(body->at("size").to_number<uint64_t>()), 'x')}});
    } else {
      request.reply(JsonObject{{"janus", verb == "ping" ? "pong" : "error"}, {"transaction", transaction}});
    }
  }
  void handle_unparsable(const std::shared_ptr<Client>&, const JsonError&,
                         std::move_only_function<void(const Json&)> reply) override {
    reply(JsonObject{{"janus", "error"}, {"error", {{"code", 454}}}});
  }
  PollCheck check_poll(SessionId session, std::string_view secret, std::string_view token) override {
    last_token = std::string(token);
    if (!api_secret.empty() && secret != api_secret) return PollCheck::unauthorised;
    return owners.contains(session) ? PollCheck::ok : PollCheck::no_such_session;
  }
  void client_gone(const std::shared_ptr<Client>& client) override { gone.insert(client->id()); }
  void notify_transport_event(std::string_view, std::string_view id, Json data) override {
    events.emplace_back(std::string(id), std::move(data));
  }
  bool events_enabled() const override { return with_events; }

  void push(SessionId session, Json event) { owners.at(session)->send_event(session, event); }
  void end_session(SessionId session, bool timeout) {
    owners.at(session)->session_over(session, timeout, false);
    owners.erase(session);
  }

  std::vector<Json> requests;
  std::vector<bool> admin_flags;
  std::vector<std::shared_ptr<Client>> clients;
  std::deque<Request> held;
  std::map<SessionId, std::shared_ptr<Client>> owners;
  std::set<std::string> gone;
  std::vector<std::pair<std::string, Json>> events;
  std::string api_secret, last_token;
  uint64_t next_session = 1000;
  bool with_events = true;
};

class TransportBench : public TransportContext, public BackgroundPool {
 public:
  TransportBench() {
    std::string pattern = (std::filesystem::temp_directory_path() / "limen-bench-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~TransportBench() override {
    transport.reset();
    io.restart();
    io.poll();  // lets cancelled operations release what they hold
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  void write_file(const std::string& name, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(folder_ + "/" + name).parent_path());
    std::ofstream(folder_ + "/" + name, std::ios::trunc) << text;
  }
  std::string path(const std::string& name) const { return folder_ + "/" + name; }

  template <typename Condition>
  bool run_until(Condition condition, std::chrono::seconds bound = std::chrono::seconds(20)) {
    auto end = std::chrono::steady_clock::now() + bound;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      io.restart();
      io.run_one_for(std::chrono::milliseconds(1));
    }
    return true;
  }
  // Everything that is ready now; for "nothing happens" after something else was seen to happen.
  void settle() {
    io.restart();
    io.poll();
  }
  void advance(Duration step) {
    clock.advance(step);
    settle();
  }
  uint16_t port(std::string_view scheme, bool admin = false) const {
    for (const Listening& place : transport->listening()) {
      if (place.scheme == scheme && place.admin == admin) return place.port;
    }
    ADD_FAILURE() << "nothing listens for " << scheme;
    return 0;
  }

  // TransportContext, BackgroundPool
  ApiSink& sink() override { return core; }
  Executor& executor() override { return clock; }
  BackgroundPool& background() override { return *this; }
  Random& random() override { return random_; }
  void* io_context() override { return &io; }
  std::string configs_folder() const override { return folder_; }
  std::string web_folder() const override { return web; }
  std::string default_certificate() const override { return certificate; }
  std::string default_certificate_key() const override { return certificate_key; }
  JsonObject page_facts() const override { return {{"websockets", {{"ws", 8188}}}}; }
  void run(Task work, Executor& back, Task done) override {
    work();
    if (done) back.post(std::move(done));
  }

  boost::asio::io_context io;
  BenchExecutor clock{io};
  BenchSink core;
  std::unique_ptr<Transport> transport;
  std::string web, certificate, certificate_key;

 private:
  SeededRandom random_{7};
  std::string folder_;
};

}  // namespace limen::test
