#include "app/service_manager.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/log.hpp"

namespace limen::app {
namespace {

std::optional<int64_t> number_in(const char* variable) {
  const char* text = std::getenv(variable);
  if (text == nullptr) return std::nullopt;
  int64_t value = 0;
  std::string_view view(text);
  auto [end, error] = std::from_chars(view.data(), view.data() + view.size(), value);
  if (error != std::errc() || end != view.data() + view.size() || value <= 0) return std::nullopt;
  return value;
}

std::optional<Duration> wanted_watchdog() {
  std::optional<int64_t> period = number_in("WATCHDOG_USEC");
  if (!period) return std::nullopt;
  // Another process of the service may be the one that is watched.
  if (std::getenv("WATCHDOG_PID") != nullptr && number_in("WATCHDOG_PID") != getpid()) return std::nullopt;
  return std::chrono::microseconds(*period);
}

}  // namespace

ServiceSocket ServiceSocket::from_environment() {
  const char* name = std::getenv("NOTIFY_SOCKET");
  if (name == nullptr || *name == '\0') return {};
  Result<ServiceSocket> socket = open(name);
  if (!socket) {
    log::error("", "{}", socket.error().text);
    return {};
  }
  socket->watchdog_ = wanted_watchdog();
  return std::move(*socket);
}

Result<ServiceSocket> ServiceSocket::open(std::string_view name) {
  bool named = name.front() == '/' || (name.front() == '@' && name.size() > 1);
  if (!named || name.size() >= sizeof(sockaddr_un::sun_path))
    return fail("NOTIFY_SOCKET is neither a path nor an abstract name: '{}'", name);
  ServiceSocket made;
  made.name_ = std::string(name);
  made.fd_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (made.fd_ < 0) return fail("NOTIFY_SOCKET {}: {}", name, std::strerror(errno));
  return made;
}

ServiceSocket::ServiceSocket(ServiceSocket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), name_(std::move(other.name_)), watchdog_(other.watchdog_) {}

ServiceSocket& ServiceSocket::operator=(ServiceSocket&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(name_, other.name_);
  std::swap(watchdog_, other.watchdog_);
  return *this;
}

ServiceSocket::~ServiceSocket() {
  if (fd_ >= 0) close(fd_);
}

Result<> ServiceSocket::send(std::string_view message) const {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, name_.data(), name_.size());
  if (name_.front() == '@') address.sun_path[0] = '\0';
  auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name_.size());
  ssize_t sent = sendto(fd_, message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                        reinterpret_cast<const sockaddr*>(&address), length);
  if (sent < 0) return fail("NOTIFY_SOCKET {}: {}", name_, std::strerror(errno));
  return {};
}

ServiceManager::ServiceManager(ServiceSocket socket, Executor& executor, std::function<ServiceState()> state)
    : socket_(std::move(socket)), executor_(executor), state_(std::move(state)), period_(kStatusPeriod) {
  // Twice as often as asked for, so that one late timer does no harm.
  if (auto watchdog = socket_.watchdog()) period_ = std::min(period_, *watchdog / 2);
}

ServiceManager::~ServiceManager() {
  if (timer_) executor_.cancel(timer_);
}

void ServiceManager::ready() {
  if (!socket_.present()) return;
  last_text_ = state_().text;
  tell(fmt::format("READY=1\nMAINPID={}\nSTATUS={}\n", getpid(), last_text_));
  tick();
}

void ServiceManager::tick() {
  ServiceState state = state_();
  std::string message;
  if (state.alive && socket_.watchdog()) message += "WATCHDOG=1\n";
  if (state.text != last_text_) message += fmt::format("STATUS={}\n", state.text);
  last_text_ = state.text;
  if (!message.empty()) tell(message);
  timer_ = executor_.call_after(period_, [this] { tick(); });
}

void ServiceManager::stopping() {
  if (timer_) executor_.cancel(std::exchange(timer_, {}));
  if (socket_.present()) tell("STOPPING=1\nSTATUS=Stopping\n");
}

void ServiceManager::tell(const std::string& message) {
  Result<> sent = socket_.send(message);
  if (!sent && !std::exchange(failed_, true)) log::warning("", "{}", sent.error().text);
  if (sent) failed_ = false;
}

}  // namespace limen::app
