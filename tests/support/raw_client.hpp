// RawClient: a TCP, TLS or Unix connection of a test, byte by byte, without blocking.
//
// pump() moves what can be moved; call it from TransportBench::run_until's condition.
#pragma once
#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

namespace limen::test {

class RawClient {
 public:
  static RawClient tcp(uint16_t port, const char* ip = "127.0.0.1") {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(port);
    inet_pton(AF_INET, ip, &where.sin_addr);
    return RawClient(AF_INET, reinterpret_cast<sockaddr*>(&where), sizeof where);
  }
  static RawClient tcp6(uint16_t port) {
    sockaddr_in6 where{};
    where.sin6_family = AF_INET6;
    where.sin6_port = htons(port);
    where.sin6_addr = in6addr_loopback;
    return RawClient(AF_INET6, reinterpret_cast<sockaddr*>(&where), sizeof where);
  }
  static RawClient unix_socket(const std::string& path) {
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    std::strncpy(where.sun_path, path.c_str(), sizeof where.sun_path - 1);
    return RawClient(AF_UNIX, reinterpret_cast<sockaddr*>(&where), sizeof where);
  }
  static RawClient tls(uint16_t port, int version = TLS1_3_VERSION) {
    RawClient client = tcp(port);
    client.context_.reset(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
    SSL_CTX_set_min_proto_version(client.context_.get(), version);
    SSL_CTX_set_max_proto_version(client.context_.get(), version);
    if (version < TLS1_2_VERSION) SSL_CTX_set_cipher_list(client.context_.get(), "ALL:@SECLEVEL=0");
    client.ssl_.reset(SSL_new(client.context_.get()), SSL_free);
    SSL_set_fd(client.ssl_.get(), client.fd_);
    SSL_set_connect_state(client.ssl_.get());
    return client;
  }

  RawClient(RawClient&& other) noexcept
      : input(std::move(other.input)),
        ended(other.ended),
        fd_(std::exchange(other.fd_, -1)),
        output_(std::move(other.output_)),
        context_(std::move(other.context_)),
        ssl_(std::move(other.ssl_)) {}
  ~RawClient() { close(); }

  void send(std::string_view bytes) {
    output_ += bytes;
    pump();
  }
  void close() {
    ssl_.reset();
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  // Ends the sending direction only.
  void finish_sending() { shutdown(fd_, SHUT_WR); }
  // Stops reading: the other side's data piles up.
  void pause_reading() { paused_ = true; }

  void pump() {
    if (fd_ < 0) return;
    while (!output_.empty()) {
      ssize_t sent = ssl_ ? SSL_write(ssl_.get(), output_.data(), static_cast<int>(output_.size()))
                          : ::send(fd_, output_.data(), output_.size(), MSG_NOSIGNAL);
      if (sent <= 0) break;
      output_.erase(0, static_cast<size_t>(sent));
    }
    char chunk[16384];
    while (!paused_ && !ended) {
      ssize_t got = ssl_ ? SSL_read(ssl_.get(), chunk, sizeof chunk) : recv(fd_, chunk, sizeof chunk, 0);
      if (got > 0) {
        input.append(chunk, static_cast<size_t>(got));
        continue;
      }
      int why = ssl_ ? SSL_get_error(ssl_.get(), static_cast<int>(got)) : 0;
      bool later = ssl_ ? why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE
                        : got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
      if (!later) ended = true;
      break;
    }
  }
  SSL* ssl() { return ssl_.get(); }

  std::string input;   // what has been received
  bool ended = false;  // the other side closed, or the connection broke

 private:
  RawClient(int family, const sockaddr* where, socklen_t length) : fd_(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    EXPECT_EQ(connect(fd_, where, length), 0) << std::strerror(errno);
    fcntl(fd_, F_SETFL, fcntl(fd_, F_GETFL) | O_NONBLOCK);
  }

  int fd_ = -1;
  std::string output_;
  bool paused_ = false;
  std::shared_ptr<SSL_CTX> context_;
  std::shared_ptr<SSL> ssl_;
};

}  // namespace limen::test
