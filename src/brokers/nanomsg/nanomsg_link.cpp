#include "brokers/nanomsg/nanomsg_link.hpp"

#include <nanomsg/nn.h>
#include <nanomsg/pair.h>
#include <nanomsg/pubsub.h>
#include <poll.h>

#include <cerrno>
#include <chrono>

#include "base/log.hpp"

namespace limen::brokers {
namespace {

constexpr std::string_view kTag = "[nanomsg]";
constexpr int kLongestReconnect = 5000;  // ms; the first attempt comes after 100
constexpr int kReceivePatience = 100;    // ms, while the control thread is behind
constexpr auto kGrace = std::chrono::milliseconds(200);

int pollable(int socket, int option) {
  int fd = -1;
  size_t size = sizeof fd;
  return nn_getsockopt(socket, NN_SOL_SOCKET, option, &fd, &size) == 0 ? fd : -1;
}

}  // namespace

Result<std::unique_ptr<NanomsgLink>> NanomsgLink::open(const NanomsgPlace& place, Executor& executor,
                                                       std::function<void(std::string)> on_message,
                                                       OutboxLimits limits) {
  int socket = nn_socket(AF_SP, place.publish ? NN_PUB : NN_PAIR);
  if (socket < 0) return fail("Nanomsg socket: {}", nn_strerror(nn_errno()));
  nn_setsockopt(socket, NN_SOL_SOCKET, NN_RECONNECT_IVL_MAX, &kLongestReconnect, sizeof kLongestReconnect);
  int endpoint = place.bind ? nn_bind(socket, place.address.c_str()) : nn_connect(socket, place.address.c_str());
  if (endpoint < 0) {
    std::string why = nn_strerror(nn_errno());
    nn_close(socket);
    return fail("cannot {} '{}': {}", place.bind ? "bind to" : "connect to", place.address, why);
  }
  return std::unique_ptr<NanomsgLink>(new NanomsgLink(socket, !place.publish, executor, std::move(on_message), limits));
}

NanomsgLink::NanomsgLink(int socket, bool reads, Executor& executor, std::function<void(std::string)> on_message,
                         OutboxLimits limits)
    : socket_(socket),
      receive_fd_(reads ? pollable(socket, NN_RCVFD) : -1),
      send_fd_(pollable(socket, NN_SNDFD)),
      inbox_(executor, std::move(on_message)),
      outbox_(limits),
      thread_([this] { serve(); }) {}

NanomsgLink::~NanomsgLink() {
  inbox_.close();
  {
    std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  wake_.wake();
  thread_.join();
  nn_close(socket_);
}

OutboxFigures NanomsgLink::figures() const {
  std::scoped_lock lock(mutex_);
  return outbox_.figures();
}

uint64_t NanomsgLink::send(std::string text) {
  uint64_t dropped = 0;
  {
    std::scoped_lock lock(mutex_);
    dropped = outbox_.push(std::move(text));
  }
  wake_.wake();
  return dropped;
}

bool NanomsgLink::over() {
  std::scoped_lock lock(mutex_);
  return stopping_;
}

bool NanomsgLink::has_output() {
  std::scoped_lock lock(mutex_);
  return !outbox_.empty();
}

void NanomsgLink::serve() {
  auto end = std::chrono::steady_clock::time_point::max();
  for (;;) {
    bool output = has_output();
    if (over()) {
      auto now = std::chrono::steady_clock::now();
      if (end == std::chrono::steady_clock::time_point::max()) end = now + kGrace;
      if (!output || now >= end) return;
    }
    bool behind = inbox_.full();
    bool ending = end != std::chrono::steady_clock::time_point::max();
    // A negative descriptor is skipped.
    pollfd fds[] = {{ending ? -1 : wake_.fd(), POLLIN, 0},
                    {behind || ending ? -1 : receive_fd_, POLLIN, 0},
                    {output ? send_fd_ : -1, POLLIN, 0}};
    int patience = ending ? static_cast<int>(kGrace.count()) : behind ? kReceivePatience : -1;
    if (poll(fds, 3, patience) < 0 && errno != EINTR) return log::error(kTag, "poll: errno {}", errno);
    if ((fds[0].revents & POLLIN) != 0) wake_.clear();
    if (((fds[1].revents & POLLIN) != 0 && !read()) || ((fds[2].revents & POLLIN) != 0 && !write())) {
      return log::error(kTag, "The socket cannot be used any more: {}", nn_strerror(nn_errno()));
    }
  }
}

bool NanomsgLink::read() {
  while (!inbox_.full()) {
    void* buffer = nullptr;
    int size = nn_recv(socket_, &buffer, NN_MSG, NN_DONTWAIT);
    if (size < 0) return nn_errno() == EAGAIN || nn_errno() == EINTR;
    inbox_.give(std::string(static_cast<const char*>(buffer), std::min(static_cast<size_t>(size), kLargestMessage)));
    nn_freemsg(buffer);
  }
  return true;
}

bool NanomsgLink::write() {
  for (;;) {
    std::string text;
    {
      std::scoped_lock lock(mutex_);
      if (outbox_.empty()) return true;
      text = outbox_.take();
    }
    if (nn_send(socket_, text.data(), text.size(), NN_DONTWAIT) >= 0) continue;
    int code = nn_errno();
    std::scoped_lock lock(mutex_);
    outbox_.push_back_to_front(std::move(text));
    return code == EAGAIN || code == EINTR;
  }
}

}  // namespace limen::brokers
