// ServiceManager: tells systemd (or whoever made NOTIFY_SOCKET) that the server is ready, what it does, that it
// is alive and that it stops. Without that variable it says nothing.
//
// Control thread. The watchdog is fed only while all loops turn. sd_notify(3), sd_watchdog_enabled(3).
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/executor.hpp"
#include "base/result.hpp"

namespace limen::app {

// The datagram socket that NOTIFY_SOCKET names.
class ServiceSocket {
 public:
  // What the variables say: NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID. A name that cannot be one is logged.
  static ServiceSocket from_environment();

  ServiceSocket() = default;
  ServiceSocket(ServiceSocket&& other) noexcept;
  ServiceSocket& operator=(ServiceSocket&& other) noexcept;
  ~ServiceSocket();

  bool present() const { return fd_ >= 0; }
  // How often the watchdog must be fed at least; nothing: not at all.
  std::optional<Duration> watchdog() const { return watchdog_; }
  // "READY=1\nSTATUS=..."; never waits.
  Result<> send(std::string_view message) const;

 private:
  static Result<ServiceSocket> open(std::string_view name);

  int fd_ = -1;
  std::string name_;  // '@' stands for an abstract name's zero byte
  std::optional<Duration> watchdog_;
};

struct ServiceState {
  bool alive = true;
  std::string text;  // one line
};

class ServiceManager {
 public:
  static constexpr Duration kStatusPeriod = std::chrono::seconds(5);

  ServiceManager(ServiceSocket socket, Executor& executor, std::function<ServiceState()> state);
  ~ServiceManager();

  void ready();
  void stopping();

 private:
  void tell(const std::string& message);
  void tick();

  ServiceSocket socket_;
  Executor& executor_;
  std::function<ServiceState()> state_;
  Duration period_;
  std::string last_text_;
  bool failed_ = false;  // and said so
  TimerId timer_;
};

}  // namespace limen::app
