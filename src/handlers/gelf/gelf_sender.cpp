#include "handlers/gelf/gelf_sender.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "base/log.hpp"
#include "handlers/gelf/gelf_message.hpp"
#include "handlers/shared/gzip.hpp"

namespace limen::gelf_handler {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr std::string_view kTag = "[gelfevh]";
constexpr auto kConnectPatience = 5000ms;
constexpr auto kWritePatience = 10'000ms;
constexpr size_t kLargestCompressed = 8 * 1024 * 1024;

}  // namespace

GelfSender::GelfSender(GelfSettings settings, handlers::EventQueue::Limits limits)
    : settings_(std::move(settings)), version_(1), queue_(limits), losses_(kTag), thread_([this] { serve(); }) {}

GelfSender::~GelfSender() {
  stop(0ms);
}

void GelfSender::push(std::string message) {
  {
    std::scoped_lock lock(mutex_);
    queue_.push(std::move(message));
    losses_.lost(queue_.dropped() - std::exchange(drops_told_, queue_.dropped()), "the queue is full");
  }
  wake_.notify_one();
}

GelfSettings GelfSender::settings() const {
  std::scoped_lock lock(mutex_);
  return settings_;
}

void GelfSender::change(GelfSettings settings) {
  std::scoped_lock lock(mutex_);
  settings_ = std::move(settings);
  ++version_;
}

size_t GelfSender::queued() const {
  std::scoped_lock lock(mutex_);
  return queue_.size();
}

uint64_t GelfSender::lost() const {
  std::scoped_lock lock(mutex_);
  return losses_.total();
}

void GelfSender::stop(std::chrono::milliseconds grace) {
  if (!thread_.joinable()) return;
  {
    std::scoped_lock lock(mutex_);
    stopping_ = true;
    end_ = steady_clock::now() + grace;
  }
  stop_fd_.wake();
  wake_.notify_one();
  thread_.join();
}

void GelfSender::serve() {
  std::string message;
  for (;;) {
    GelfSettings settings;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [&] { return stopping_ || !queue_.empty() || !message.empty(); });
      if ((queue_.empty() && message.empty()) || steady_clock::now() > end_) break;
      settings = settings_;
      if (version_ != connected_version_) close_socket();
      connected_version_ = version_;
      if (message.empty()) message = queue_.take(false, JsonFormat::compact).text;
    }
    if (deliver(message, settings)) {
      message.clear();
    } else if (!pause()) {
      break;
    }
  }
  if (!message.empty()) give_up(1, "the server ends");
  close_socket();
}

// False: it has to be tried again.
bool GelfSender::deliver(const std::string& message, const GelfSettings& settings) {
  if (socket_ >= 0 && settings.tcp && peer_has_gone()) close_socket();
  if (socket_ < 0 && !connect(settings)) return false;
  if (!settings.tcp) {
    send_datagrams(message, settings);
    return true;
  }
  if (send_stream(message) && send_stream(std::string_view("\0", 1))) {
    backoff_.reset();
    return true;
  }
  close_socket();
  return false;
}

bool GelfSender::connect(const GelfSettings& settings) {
  addrinfo wanted{};
  wanted.ai_socktype = settings.tcp ? SOCK_STREAM : SOCK_DGRAM;
  addrinfo* found = nullptr;
  int code = getaddrinfo(settings.backend.c_str(), std::to_string(settings.port).c_str(), &wanted, &found);
  std::string problem = code == 0 ? "no address works" : gai_strerror(code);
  for (addrinfo* at = found; code == 0 && at != nullptr && socket_ < 0; at = at->ai_next) {
    socket_ = socket(at->ai_family, at->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, at->ai_protocol);
    if (socket_ < 0) continue;
    int failure = ::connect(socket_, at->ai_addr, at->ai_addrlen) == 0 ? 0 : errno;
    if (failure == EINPROGRESS) {
      socklen_t length = sizeof failure;
      if (!wait_for(POLLOUT, kConnectPatience)) failure = ETIMEDOUT;
      else getsockopt(socket_, SOL_SOCKET, SO_ERROR, &failure, &length);
    }
    if (failure == 0) continue;
    problem = std::generic_category().message(failure);
    close_socket();
  }
  if (found != nullptr) freeaddrinfo(found);
  if (socket_ >= 0) {
    log::info(kTag, "Sending to {}:{}", settings.backend, settings.port);
    told_ = false;
    return true;
  }
  if (!std::exchange(told_, true))
    log::warning(kTag, "No collector at {}:{} ({}); trying again until there is", settings.backend, settings.port,
                 problem);
  return false;
}

bool GelfSender::send_stream(std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t size = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (size > 0) {
      bytes.remove_prefix(static_cast<size_t>(size));
    } else if (errno == EINTR) {
      continue;
    } else if (errno != EAGAIN || !wait_for(POLLOUT, kWritePatience)) {
      return false;
    }
  }
  return true;
}

void GelfSender::send_datagrams(const std::string& message, const GelfSettings& settings) {
  std::string zipped;
  if (settings.compress) zipped = handlers::gzip(message, settings.compression, kLargestCompressed).value_or("");
  uint64_t id = 0;
  if (getrandom(&id, sizeof id, 0) != sizeof id) return give_up(1, "no random number");
  auto datagrams = gelf_datagrams(zipped.empty() ? message : zipped, settings.max_message_len, id);
  if (!datagrams) return give_up(1, "larger than 128 chunks");
  for (const std::string& datagram : *datagrams) {
    ssize_t size = send(socket_, datagram.data(), datagram.size(), MSG_NOSIGNAL);
    if (size < 0 && errno == EAGAIN && wait_for(POLLOUT, kWritePatience))
      size = send(socket_, datagram.data(), datagram.size(), MSG_NOSIGNAL);
    // The first failure may tell of an earlier datagram that nobody took.
    if (size < 0) size = send(socket_, datagram.data(), datagram.size(), MSG_NOSIGNAL);
    if (size >= 0) continue;
    std::string why = std::generic_category().message(errno);
    close_socket();
    return give_up(1, why);
  }
}

// Cut short when the end comes.
bool GelfSender::wait_for(short what, std::chrono::milliseconds at_most) {
  auto end = steady_clock::now() + at_most;
  for (;;) {
    {
      std::scoped_lock lock(mutex_);
      end = std::min(end, end_);
    }
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - steady_clock::now()).count();
    if (left < 0) return false;
    pollfd fds[] = {{socket_, what, 0}, {urgent() ? -1 : stop_fd_.fd(), POLLIN, 0}};
    if (poll(fds, 2, static_cast<int>(left) + 1) < 0 && errno != EINTR) return false;
    if (fds[0].revents != 0) return true;
  }
}

bool GelfSender::peer_has_gone() {
  char byte = 0;
  ssize_t size = recv(socket_, &byte, 1, MSG_DONTWAIT | MSG_PEEK);
  return size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR);
}

void GelfSender::close_socket() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
}

bool GelfSender::pause() {
  std::unique_lock lock(mutex_);
  return !wake_.wait_for(lock, backoff_.next(), [this] { return stopping_; });
}

bool GelfSender::urgent() const {
  std::scoped_lock lock(mutex_);
  return stopping_;
}

void GelfSender::give_up(uint64_t messages, std::string_view why) {
  std::scoped_lock lock(mutex_);
  losses_.lost(messages, why);
}

}  // namespace limen::gelf_handler
