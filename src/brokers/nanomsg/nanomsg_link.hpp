// NanomsgLink: a Nanomsg socket with a thread of its own (spec 6.5, 8.4).
//
// Control thread; received messages are posted to it. What finds no peer waits, bounded; Nanomsg
// itself binds, connects and connects again.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/executor.hpp"
#include "base/result.hpp"
#include "brokers/handover.hpp"
#include "brokers/outbox.hpp"
#include "brokers/wake_fd.hpp"

namespace limen::brokers {

struct NanomsgPlace {
  std::string address;   // "ipc:///tmp/x", "tcp://127.0.0.1:5555"
  bool bind = true;      // else: connect
  bool publish = false;  // NN_PUB, else NN_PAIR
};

class NanomsgLink {
 public:
  static constexpr size_t kLargestMessage = 8192;  // bytes in; the rest is cut off

  // `on_message` is not called when publishing.
  static Result<std::unique_ptr<NanomsgLink>> open(const NanomsgPlace& place, Executor& executor,
                                                   std::function<void(std::string)> on_message,
                                                   OutboxLimits limits = {});
  ~NanomsgLink();  // waits a moment for what can still be sent
  NanomsgLink(const NanomsgLink&) = delete;
  NanomsgLink& operator=(const NanomsgLink&) = delete;

  // The number of older messages that were dropped for it.
  uint64_t send(std::string text);
  OutboxFigures figures() const;
  int socket() const { return socket_; }

 private:
  NanomsgLink(int socket, bool reads, Executor& executor, std::function<void(std::string)> on_message,
              OutboxLimits limits);
  void serve();
  bool write();  // false: the socket is broken
  bool read();
  bool over();
  bool has_output();

  int socket_;
  int receive_fd_ = -1;
  int send_fd_ = -1;
  Handover<std::string> inbox_;
  mutable std::mutex mutex_;
  Outbox<std::string> outbox_;
  bool stopping_ = false;
  WakeFd wake_;
  std::thread thread_;
};

}  // namespace limen::brokers
