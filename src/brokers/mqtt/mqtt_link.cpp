#include "brokers/mqtt/mqtt_link.hpp"

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "base/log.hpp"
#include "brokers/backoff.hpp"
#include "brokers/handover.hpp"
#include "brokers/mqtt/paho_client.hpp"

namespace limen::brokers {
namespace {

using namespace std::chrono_literals;

constexpr auto kConnectPatience = 15s;
constexpr auto kSubscribePatience = 10s;
constexpr int kMostAttempts = 20;                    // then it may be the message that ends the connections
constexpr size_t kLargestMessage = 8 * 1024 * 1024;  // bytes; larger requests are dropped

}  // namespace

std::optional<int> mqtt_version_of(std::string_view text) {
  if (text == "3.1") return 3;
  if (text == "3.1.1") return 4;
  if (text == "5" || text == "5.0") return 5;
  return std::nullopt;
}

class MqttLink::Worker final : public PahoClient::Listener {
 public:
  Worker(MqttSettings settings, Executor& executor, Callbacks callbacks, OutboxLimits limits)
      : settings_(std::move(settings)),
        inbox_(executor, std::move(callbacks.on_message)),
        states_(executor, std::move(callbacks.on_state)),
        outbox_(limits),
        thread_([this] { serve(); }) {}
  ~Worker() override {
    inbox_.close();
    states_.close();
    {
      std::scoped_lock lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    thread_.join();
  }

  OutboxFigures figures() const {
    std::scoped_lock lock(mutex_);
    return outbox_.figures();
  }

  uint64_t publish(MqttMessage message) {
    uint64_t dropped = 0;
    {
      std::scoped_lock lock(mutex_);
      dropped = outbox_.push(std::move(message));
    }
    wake_.notify_all();
    return dropped;
  }

  // Listener
  void on_connected() override { note(Phase::connected, 0, {}); }
  void on_connect_failed(int code, std::string text) override { note(Phase::lost, code, std::move(text)); }
  void on_lost(std::string text) override { note(Phase::lost, 0, std::move(text)); }
  bool on_message(MqttMessage message) override {
    if (inbox_.full()) return false;
    if (message.payload.size() > kLargestMessage) {
      log::warning("[mqtt]", "A message of {} bytes was dropped", message.payload.size());
      return true;
    }
    inbox_.give(std::move(message));
    return true;
  }
  void on_done(uint64_t tag, PahoClient::Outcome outcome) override {
    size_t refused = 0;
    {
      std::scoped_lock lock(mutex_);
      if (outcome == PahoClient::Outcome::failed) {
        failed_ = true;
      } else {
        size_t found = sent_.erase(tag);
        if (outcome == PahoClient::Outcome::refused) {
          refused = found;
          failed_ |= found == 0;  // not a message: a subscription
        }
      }
      last_done_ = tag;
    }
    wake_.notify_all();
    if (refused > 0) log::warning("[mqtt]", "The broker does not take a message: it was dropped");
  }

 private:
  enum class Phase : uint8_t { connecting, connected, lost };
  using Lock = std::unique_lock<std::mutex>;

  void serve() {
    Backoff backoff;
    for (bool first = true; !over(); first = false) {
      if (!first) states_.give({MqttState::What::reconnecting, 0, {}});
      if (connect_once()) {
        backoff.reset();
        states_.give({MqttState::What::connected, 0, {}});
        work();
      }
      if (over()) break;
      Lock lock(mutex_);
      states_.give({was_connected_ ? MqttState::What::disconnected : MqttState::What::failed, code_, reason_});
      was_connected_ = false;
      wake_.wait_for(lock, backoff.next(), [this] { return stopping_; });
    }
    say_goodbye();
    client_.reset();
  }

  bool connect_once() {
    // The old client goes only now: by this time its threads have come to rest.
    client_.reset();
    take_back();
    {
      std::scoped_lock lock(mutex_);
      phase_ = Phase::connecting;
      failed_ = false;
    }
    auto made = PahoClient::make(settings_, *this);
    if (!made) {
      note(Phase::lost, -1, made.error().text);
      return false;
    }
    client_ = std::move(*made);
    if (!client_->connect()) return false;
    Lock lock(mutex_);
    if (!wake_.wait_for(lock, kConnectPatience, [this] { return phase_ != Phase::connecting || stopping_; })) {
      reason_ = "no answer";
      code_ = 0;
      return false;
    }
    if (phase_ != Phase::connected) return false;
    lock.unlock();
    was_connected_ = subscribe_all();
    return was_connected_;
  }

  bool subscribe_all() {
    for (const MqttSubscription& subscription : settings_.subscriptions) {
      uint64_t tag = ++next_tag_;
      client_->subscribe(subscription, tag);
      Lock lock(mutex_);
      bool in_time = wake_.wait_for(lock, kSubscribePatience,
                                    [&] { return last_done_ == tag || phase_ != Phase::connected || stopping_; });
      if (in_time && phase_ == Phase::connected && !failed_) continue;
      if (phase_ == Phase::connected) reason_ = fmt::format("cannot subscribe to '{}'", subscription.topic);
      return false;
    }
    if (settings_.hello) client_->publish(*settings_.hello, ++next_tag_);
    return true;
  }

  // Until the connection is lost.
  void work() {
    for (;;) {
      MqttMessage message;
      uint64_t tag = ++next_tag_;
      {
        Lock lock(mutex_);
        wake_.wait(lock, [this] { return stopping_ || phase_ != Phase::connected || failed_ || can_send(); });
        if (phase_ != Phase::connected || failed_ || (stopping_ && !can_send())) return;
        message = outbox_.take();
        ++message.attempts;
        sent_.emplace(tag, message);
      }
      client_->publish(message, tag);
    }
  }
  bool can_send() const { return !outbox_.empty() && sent_.size() < window(); }
  size_t window() const { return static_cast<size_t>(std::max(1, settings_.max_buffered)); }

  // What was not confirmed is sent again, in its order.
  void take_back() {
    std::scoped_lock lock(mutex_);
    for (auto at = sent_.rbegin(); at != sent_.rend(); ++at) {
      if (at->second.attempts < kMostAttempts) outbox_.push_back_to_front(std::move(at->second));
    }
    sent_.clear();
  }

  void say_goodbye() {
    if (!client_ || !was_connected_) return;
    auto patience = std::chrono::milliseconds(settings_.disconnect_timeout);
    auto wait_for = [&](uint64_t tag) {
      Lock lock(mutex_);
      wake_.wait_for(lock, patience, [&] { return last_done_ == tag || phase_ != Phase::connected; });
    };
    {
      Lock lock(mutex_);
      wake_.wait_for(lock, patience, [&] { return sent_.empty() || phase_ != Phase::connected; });
      if (phase_ != Phase::connected) return;
    }
    if (settings_.goodbye) {
      uint64_t tag = ++next_tag_;
      if (client_->publish(*settings_.goodbye, tag)) wait_for(tag);
    }
    uint64_t tag = ++next_tag_;
    if (client_->disconnect(tag)) wait_for(tag);
  }

  void note(Phase phase, int code, std::string text) {
    {
      std::scoped_lock lock(mutex_);
      phase_ = phase;
      code_ = code;
      reason_ = std::move(text);
    }
    wake_.notify_all();
  }
  bool over() {
    std::scoped_lock lock(mutex_);
    return stopping_;
  }

  const MqttSettings settings_;
  Handover<MqttMessage> inbox_;
  Handover<MqttState> states_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  Outbox<MqttMessage> outbox_;
  std::map<uint64_t, MqttMessage> sent_;  // and not confirmed
  Phase phase_ = Phase::connecting;
  int code_ = 0;
  std::string reason_;
  bool failed_ = false;  // of this connection: something could not be done, it is made anew
  bool stopping_ = false;
  uint64_t last_done_ = 0;
  // Own thread only.
  uint64_t next_tag_ = 0;
  bool was_connected_ = false;
  std::unique_ptr<PahoClient> client_;
  std::thread thread_;
};

MqttLink::MqttLink(MqttSettings settings, Executor& executor, Callbacks callbacks, OutboxLimits limits)
    : worker_(std::make_unique<Worker>(std::move(settings), executor, std::move(callbacks), limits)) {}

MqttLink::~MqttLink() = default;

OutboxFigures MqttLink::figures() const {
  return worker_->figures();
}

uint64_t MqttLink::publish(MqttMessage message) {
  return worker_->publish(std::move(message));
}

}  // namespace limen::brokers
