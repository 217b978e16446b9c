#include "core/turn_trial.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <utility>

#include "base/tx_queue.hpp"
#include "crypto/random.hpp"
#include "crypto/tls_client.hpp"
#include "rtc/turn/turn_client.hpp"
#include "runtime/udp_socket.hpp"
#include "wire/stun/turn_frames.hpp"

namespace limen::core {
namespace {

constexpr Duration kConnectPatience = std::chrono::seconds(5);

// This thread waits for the real network, so it reads the real clock.
Instant real_now() {
  return Instant(std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch()));
}

class Conversation {
 public:
  explicit Conversation(TurnTrial& test)
      : test_(test), stream_(test.server.transport != rtc::TurnTransport::udp), client_(config(test), tx_, random_) {}
  ~Conversation() {
    if (fd_ >= 0) ::close(fd_);
  }

  void run() {
    Instant began = real_now();
    if (!connect()) return;
    if (test_.server.transport == rtc::TurnTransport::tls && !shake_hands()) return;
    client_.start({0, test_.server.address}, real_now());
    while (test_.relayed.empty() && test_.failure.empty()) turn();
    test_.elapsed_us = to_us(real_now() - began);
    client_.close(real_now());
    while (!client_.ended()) turn();
  }

 private:
  static rtc::TurnConfig config(const TurnTrial& test) {
    rtc::TurnConfig config;
    config.user = test.server.user;
    config.password = test.server.password;
    config.stream = test.server.transport != rtc::TurnTransport::udp;
    config.want_v6 = test.server.ipv6;
    return config;
  }

  bool fail(std::string why) {
    if (test_.failure.empty()) test_.failure = std::move(why);
    return false;
  }

  bool connect() {
    const SocketAddress& to = test_.server.address;
    if (fd_ >= 0) ::close(fd_);
    fd_ = ::socket(to.ip.is_v4() ? AF_INET : AF_INET6,
                   (stream_ ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd_ < 0) return fail(fmt::format("no socket: {}", std::strerror(errno)));
    sockaddr_storage raw{};
    socklen_t size = runtime::to_sockaddr(to, 0, raw);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&raw), size) == 0) return true;
    if (errno != EINPROGRESS) return fail(std::strerror(errno));
    if (!wait(POLLOUT, real_now() + kConnectPatience))
      return fail("it cannot be reached: no connection within 5 seconds");
    int error = 0;
    size = sizeof error;
    ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
    return error == 0 || fail(std::strerror(error));
  }

  bool shake_hands() {
    std::string name = test_.server.host.empty() ? test_.server.address.ip.to_string() : test_.server.host;
    auto tls = crypto::TlsClient::create({name, test_.server.verify_tls});
    if (!tls) return fail(tls.error().text);
    tls_ = std::move(*tls);
    tls_->start();
    Instant patience = real_now() + kConnectPatience;
    while (!tls_->established()) {
      send_raw(tls_->take_outgoing());
      if (!wait(POLLIN, patience)) return fail("no TLS handshake within 5 seconds");
      if (!receive()) return false;
      if (!tls_->failure().empty()) return fail(tls_->failure());
    }
    send_raw(tls_->take_outgoing());
    return true;
  }

  bool wait(short what, Instant deadline) {
    pollfd wanted{.fd = fd_, .events = what, .revents = 0};
    int64_t left = std::clamp<int64_t>(to_ms(deadline - real_now()) + 1, 0, 10'000);
    return ::poll(&wanted, 1, static_cast<int>(left)) > 0;
  }

  void turn() {
    send_messages();
    Instant deadline = client_.next_deadline();
    if (deadline != kNever && wait(POLLIN, deadline) && !receive()) client_.fail(test_.failure);
    take_messages();
    if (client_.next_deadline() <= real_now()) client_.handle_timeout(real_now());
    rtc::TurnEvent event;
    while (client_.poll_event(event)) on_event(event);
    send_messages();
  }

  void on_event(const rtc::TurnEvent& event) {
    if (auto* allocated = std::get_if<rtc::TurnAllocated>(&event)) {
      test_.relayed = allocated->relayed;
      test_.mapped = allocated->mapped;
    } else if (auto* failed = std::get_if<rtc::TurnFailed>(&event)) {
      fail(failed->text);
    } else if (auto* redirected = std::get_if<rtc::TurnRedirected>(&event)) {
      test_.server.address = redirected->server;
      unread_.clear();
      if (!connect() || (tls_ && !shake_hands())) return client_.fail(test_.failure);
      client_.start({0, test_.server.address}, real_now());
    }
  }

  void send_messages() {
    for (const TxQueue::Slot& slot : tx_.slots()) {
      Bytes message = tx_.bytes(slot);
      if (!tls_) {
        send_raw({message.begin(), message.end()});
      } else if (tls_->send(message)) {
        send_raw(tls_->take_outgoing());
      }
    }
    tx_.clear();
  }

  // A few hundred bytes always fit; if the network refuses, no answer comes, and that is said.
  void send_raw(const std::vector<uint8_t>& bytes) {
    if (bytes.empty()) return;
    [[maybe_unused]] ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }

  bool receive() {
    std::array<uint8_t, 16384> buffer;
    ssize_t size = ::recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size < 0) return errno == EAGAIN || errno == EINTR || fail(std::strerror(errno));
    if (size == 0 && stream_) return fail("it closed the connection");
    Bytes bytes(buffer.data(), static_cast<size_t>(size));
    if (!stream_) {
      client_.handle(bytes, real_now());
    } else if (tls_) {
      bool alive = tls_->receive(bytes);
      std::vector<uint8_t> plain = tls_->take_plain();
      unread_.insert(unread_.end(), plain.begin(), plain.end());
      if (!alive) return fail(tls_->failure());
    } else {
      unread_.insert(unread_.end(), bytes.begin(), bytes.end());
    }
    return true;
  }

  void take_messages() {
    while (!unread_.empty()) {
      stun::TurnFrame frame = stun::next_turn_frame(unread_);
      if (frame.status == stun::TurnFrame::Status::broken) return client_.fail("it does not speak TURN");
      if (frame.status == stun::TurnFrame::Status::incomplete) return;
      client_.handle(Bytes(unread_).first(frame.size), real_now());
      unread_.erase(unread_.begin(), unread_.begin() + static_cast<ptrdiff_t>(frame.consumed));
    }
  }

  TurnTrial& test_;
  bool stream_;
  TxQueue tx_;
  crypto::SecureRandom random_;
  rtc::TurnClient client_;
  std::unique_ptr<crypto::TlsClient> tls_;
  std::vector<uint8_t> unread_;
  int fd_ = -1;
};

}  // namespace

void TurnTrial::run() {
  Conversation(*this).run();
}

}  // namespace limen::core
