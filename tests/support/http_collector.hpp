// HttpCollector: a small HTTP server of a test, on a thread of its own: keeps what is posted to it.
//
// Bounded waits; open() and shut() move it up and down on the same port.
#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace limen::test {

class HttpCollector {
 public:
  struct Post {
    std::string head;  // request line and headers
    std::string body;
  };

  ~HttpCollector() { shut(); }

  // Listens and answers; the port is chosen at the first call and stays.
  void open(int status = 200) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int yes = 1;
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    where.sin_port = htons(port_);
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&where), sizeof where) != 0 || ::listen(listener_, 16) != 0) {
      std::abort();
    }
    socklen_t size = sizeof where;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&where), &size);
    port_ = ntohs(where.sin_port);
    stop_ = false;
    status_ = status;
    thread_ = std::thread([this] { serve(); });
  }
  void shut() {
    if (!thread_.joinable()) return;
    stop_ = true;
    thread_.join();
    ::close(listener_);
  }
  // Accepts and never answers.
  void hang(bool on) { hang_ = on; }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/events"; }

  bool wait_for(size_t count) {
    std::unique_lock lock(mutex_);
    return came_.wait_for(lock, std::chrono::seconds(20), [&] { return posts_.size() >= count; });
  }
  std::vector<Post> posts() {
    std::scoped_lock lock(mutex_);
    return posts_;
  }

 private:
  void serve() {
    std::vector<std::pair<int, std::string>> connections;
    while (!stop_) {
      std::vector<pollfd> wanted{{listener_, POLLIN, 0}};
      for (auto& [fd, input] : connections) wanted.push_back({fd, POLLIN, 0});
      ::poll(wanted.data(), wanted.size(), 10);
      for (size_t i = wanted.size() - 1; i >= 1; --i) {
        if (wanted[i].revents != 0 && !read(connections[i - 1])) {
          ::close(connections[i - 1].first);
          connections.erase(connections.begin() + static_cast<long>(i) - 1);
        }
      }
      if (wanted[0].revents != 0) connections.emplace_back(::accept(listener_, nullptr, nullptr), "");
    }
    for (auto& [fd, input] : connections) ::close(fd);
  }

  bool read(std::pair<int, std::string>& connection) {
    char chunk[65536];
    ssize_t size = ::recv(connection.first, chunk, sizeof chunk, 0);
    if (size <= 0) return false;
    std::string& in = connection.second;
    in.append(chunk, static_cast<size_t>(size));
    for (;;) {
      size_t end = in.find("\r\n\r\n");
      if (end == std::string::npos) return true;
      size_t length = 0;
      size_t at = in.find("Content-Length: ");
      if (at < end) std::from_chars(in.data() + at + 16, in.data() + end, length);
      if (in.size() < end + 4 + length) return true;
      Post post{in.substr(0, end + 2), in.substr(end + 4, length)};
      in.erase(0, end + 4 + length);
      if (hang_) continue;
      {  // before the answer: who sees the answer may look at once
        std::scoped_lock lock(mutex_);
        posts_.push_back(std::move(post));
        came_.notify_all();
      }
      std::string answer = "HTTP/1.1 " + std::to_string(status_) + " X\r\nContent-Length: 2\r\n\r\nok";
      if (::send(connection.first, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) return false;
    }
  }

  int listener_ = -1;
  uint16_t port_ = 0;
  std::atomic<bool> stop_ = false, hang_ = false;
  std::atomic<int> status_ = 200;
  std::thread thread_;
  std::mutex mutex_;
  std::condition_variable came_;
  std::vector<Post> posts_;
};

}  // namespace limen::test
