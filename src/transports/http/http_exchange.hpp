// HttpExchange: one request's right to one answer, apart from the connection it came over.
//
// Control thread. Answered once; dropped unanswered, the connection is closed without an answer.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "base/executor.hpp"
#include "transports/net/byte_stream.hpp"
#include "transports/net/http_message.hpp"

namespace limen::http {

class HttpExchange {
 public:
  // nullopt: close the connection without an answer.
  using Finish = std::move_only_function<void(std::optional<net::HttpResponse>)>;
  // More of an endless body; nullopt: its end.
  using Push = std::function<void(std::optional<std::string>)>;

  HttpExchange(net::PeerName peer, bool head_only, Finish finish, Push push = {})
      : peer_(std::move(peer)), head_only_(head_only), finish_(std::move(finish)), push_(std::move(push)) {}
  ~HttpExchange() { abort(); }
  HttpExchange(const HttpExchange&) = delete;
  HttpExchange& operator=(const HttpExchange&) = delete;

  const net::PeerName& peer() const { return peer_; }
  bool open() const { return finish_ != nullptr; }
  // Headers that every answer to this request carries.
  void add_headers(net::HttpHeaders headers) { headers_ = std::move(headers); }

  void respond(net::HttpResponse response) {
    if (!finish_) return;
    for (auto& header : headers_) response.headers.push_back(std::move(header));
    response.head_only = head_only_;
    on_gone_ = nullptr;
    std::exchange(finish_, nullptr)(std::move(response));
  }
  // An answer that goes on with push() for as long as both sides like; whoever keeps the exchange is told when the
  // client has gone.
  void stream(net::HttpResponse head, Task on_gone) {
    if (!finish_) return;
    head.endless = head.close = true;
    respond(std::move(head));
    on_gone_ = std::move(on_gone);
    streaming_ = true;
  }
  void push(std::string bytes) {
    if (streaming_ && push_) push_(std::move(bytes));
  }
  void end_stream() {
    on_gone_ = nullptr;
    if (std::exchange(streaming_, false) && push_) push_(std::nullopt);
  }
  void abort() {
    end_stream();
    on_gone_ = nullptr;
    if (finish_) std::exchange(finish_, nullptr)(std::nullopt);
  }

  // Who waits long wants to know that the client has gone meanwhile.
  void on_gone(Task task) { on_gone_ = std::move(task); }
  bool cares_if_gone() const { return on_gone_ != nullptr; }
  void client_gone() {
    finish_ = nullptr;
    streaming_ = false;
    if (on_gone_) std::exchange(on_gone_, nullptr)();
  }

 private:
  net::PeerName peer_;
  bool head_only_;
  net::HttpHeaders headers_;
  Finish finish_;
  Push push_;
  bool streaming_ = false;
  Task on_gone_;
};

}  // namespace limen::http
