#include "brokers/amqp/amqp_link.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "base/log.hpp"
#include "brokers/amqp/amqp_connection.hpp"
#include "brokers/backoff.hpp"
#include "brokers/handover.hpp"
#include "brokers/wake_fd.hpp"

namespace limen::brokers {
namespace {

using namespace std::chrono_literals;
using SteadyTime = std::chrono::steady_clock::time_point;

constexpr size_t kMostUnconfirmed = 1000;
constexpr int kMostAttempts = 20;  // then it may be the message that ends the connections
constexpr int kTurn = 500;         // ms at most between two looks at the heartbeat
constexpr int kBehindTurn = 20;    // ms, while the control thread has too much to read
constexpr auto kGrace = 1000ms;    // for the end

}  // namespace

class AmqpLink::Worker {
 public:
  Worker(AmqpSettings settings, Executor& executor, Callbacks callbacks, OutboxLimits limits)
      : settings_(std::move(settings)),
        inbox_(executor, std::move(callbacks.on_delivery)),
        states_(executor, std::move(callbacks.on_state)),
        outbox_(limits),
        thread_([this] { serve(); }) {}

  ~Worker() {
    inbox_.close();
    states_.close();
    Lock lock(mutex_);
    stopping_ = true;
    end_ = std::chrono::steady_clock::now() + kGrace;
    changed_.notify_all();
    wake_.wake();
    // A write that the broker does not take would last for ever.
    if (!changed_.wait_until(lock, end_ + kGrace, [this] { return finished_; }) && descriptor_ >= 0)
      shutdown(descriptor_, SHUT_RDWR);
    lock.unlock();
    thread_.join();
  }

  Result<> wait_for_first_attempt(std::chrono::milliseconds at_most) {
    Lock lock(mutex_);
    if (!changed_.wait_for(lock, at_most, [this] { return first_attempt_.has_value(); }))
      return fail("{}:{} does not answer", settings_.host, settings_.port);
    return *first_attempt_;
  }

  OutboxFigures figures() const {
    std::scoped_lock lock(mutex_);
    return outbox_.figures();
  }

  uint64_t publish(AmqpMessage message) {
    uint64_t dropped = 0;
    {
      std::scoped_lock lock(mutex_);
      dropped = outbox_.push(std::move(message));
    }
    wake_.wake();
    return dropped;
  }

 private:
  using Lock = std::unique_lock<std::mutex>;

  void serve() {
    Backoff backoff;
    while (!over()) {
      auto connection = AmqpConnection::open(settings_);
      note_attempt(connection);
      std::string problem = connection ? std::string() : connection.error().text;
      if (connection) {
        backoff.reset();
        states_.give({true, {}});
        problem = work(**connection);
        take_back();
        if (problem.empty()) (*connection)->close();
        set_descriptor(-1);
      }
      if (over()) break;
      states_.give({false, problem});
      Lock lock(mutex_);
      changed_.wait_for(lock, backoff.next(), [this] { return stopping_; });
    }
    std::scoped_lock lock(mutex_);
    finished_ = true;
    changed_.notify_all();
  }

  void note_attempt(const Result<std::unique_ptr<AmqpConnection>>& connection) {
    std::scoped_lock lock(mutex_);
    if (!first_attempt_) first_attempt_ = connection ? Result<>() : std::unexpected(connection.error());
    descriptor_ = connection ? (*connection)->descriptor() : -1;
    changed_.notify_all();
  }
  void set_descriptor(int fd) {
    std::scoped_lock lock(mutex_);
    descriptor_ = fd;
  }

  // Until the connection breaks (why) or the end comes ("").
  std::string work(AmqpConnection& connection) {
    next_tag_ = 1;
    for (;;) {
      if (auto read = read_all(connection); !read) return read.error().text;
      if (auto written = write_all(connection); !written) return written.error().text;
      if (nothing_left()) return {};
      bool behind = inbox_.full();
      pollfd fds[] = {{wake_.fd(), POLLIN, 0}, {behind ? -1 : connection.descriptor(), POLLIN, 0}};
      poll(fds, 2, behind ? kBehindTurn : patience());
      if ((fds[0].revents & POLLIN) != 0) wake_.clear();
    }
  }

  Result<> read_all(AmqpConnection& connection) {
    while (!inbox_.full()) {
      auto input = connection.read();
      if (!input) return std::unexpected(input.error());
      if (std::holds_alternative<AmqpConnection::Nothing>(*input)) return {};
      if (auto* confirmed = std::get_if<AmqpConnection::Confirmed>(&*input)) on_confirmed(*confirmed);
      else inbox_.give(std::move(std::get<AmqpDelivery>(*input)));
    }
    return {};
  }

  Result<> write_all(AmqpConnection& connection) {
    while (unconfirmed_.size() < kMostUnconfirmed) {
      AmqpMessage message;
      {
        std::scoped_lock lock(mutex_);
        if (outbox_.empty()) return {};
        message = outbox_.take();
      }
      ++message.attempts;
      unconfirmed_.push_back({next_tag_++, std::move(message)});
      if (auto sent = connection.publish(unconfirmed_.back().message); !sent) return sent;
    }
    return {};
  }

  void on_confirmed(const AmqpConnection::Confirmed& confirmed) {
    auto covered = [&](const Unconfirmed& entry) {
      return confirmed.multiple ? entry.tag <= confirmed.tag : entry.tag == confirmed.tag;
    };
    if (confirmed.refused) {
      log::warning("[rabbitmq]", "The broker does not take {} messages: they were dropped",
                   std::count_if(unconfirmed_.begin(), unconfirmed_.end(), covered));
    }
    std::erase_if(unconfirmed_, covered);
  }

  // What was not confirmed is published again, in its order.
  void take_back() {
    std::scoped_lock lock(mutex_);
    for (auto at = unconfirmed_.rbegin(); at != unconfirmed_.rend(); ++at) {
      if (at->message.attempts < kMostAttempts) outbox_.push_back_to_front(std::move(at->message));
    }
    unconfirmed_.clear();
  }

  bool nothing_left() {
    std::scoped_lock lock(mutex_);
    if (!stopping_) return false;
    return (outbox_.empty() && unconfirmed_.empty()) || std::chrono::steady_clock::now() >= end_;
  }
  int patience() {
    std::scoped_lock lock(mutex_);
    if (!stopping_) return kTurn;
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end_ - std::chrono::steady_clock::now());
    return std::clamp(static_cast<int>(left.count()), 1, kTurn);
  }
  bool over() {
    std::scoped_lock lock(mutex_);
    return stopping_;
  }

  struct Unconfirmed {
    uint64_t tag = 0;
    AmqpMessage message;
  };

  const AmqpSettings settings_;
  Handover<AmqpDelivery> inbox_;
  Handover<AmqpState> states_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Outbox<AmqpMessage> outbox_;
  std::optional<Result<>> first_attempt_;
  int descriptor_ = -1;  // while it is open
  bool stopping_ = false;
  bool finished_ = false;
  SteadyTime end_ = SteadyTime::max();
  WakeFd wake_;
  // Own thread only.
  std::deque<Unconfirmed> unconfirmed_;
  uint64_t next_tag_ = 1;
  std::thread thread_;
};

AmqpLink::AmqpLink(AmqpSettings settings, Executor& executor, Callbacks callbacks, OutboxLimits limits)
    : worker_(std::make_unique<Worker>(std::move(settings), executor, std::move(callbacks), limits)) {}

AmqpLink::~AmqpLink() = default;

Result<> AmqpLink::wait_for_first_attempt(std::chrono::milliseconds at_most) {
  return worker_->wait_for_first_attempt(at_most);
}

OutboxFigures AmqpLink::figures() const {
  return worker_->figures();
}

uint64_t AmqpLink::publish(AmqpMessage message) {
  return worker_->publish(std::move(message));
}

}  // namespace limen::brokers
