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

  HttpExchange(net::PeerName peer, bool head_only, Finish finish)
      : peer_(std::move(peer)), head_only_(head_only), finish_(std::move(finish)) {}
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
  void abort() {
    on_gone_ = nullptr;
    if (finish_) std::exchange(finish_, nullptr)(std::nullopt);
  }

  // Who waits long wants to know that the client has gone meanwhile.
  void on_gone(Task task) { on_gone_ = std::move(task); }
  bool cares_if_gone() const { return on_gone_ != nullptr; }
  void client_gone() {
    finish_ = nullptr;
    if (on_gone_) std::exchange(on_gone_, nullptr)();
  }

 private:
  net::PeerName peer_;
  bool head_only_;
  net::HttpHeaders headers_;
  Finish finish_;
  Task on_gone_;
};

}  // namespace limen::http
