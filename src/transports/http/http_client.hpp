// HttpClient: one HTTP request as the core sees it. A session made by it keeps it as the name under
// which its events are queued; the connection may be long gone.
//
// Control thread.
#pragma once
#include <fmt/core.h>

#include <memory>
#include <string>

#include "api/transport.hpp"
#include "transports/http/long_polls.hpp"

namespace limen::http {

class HttpClient final : public Client {
 public:
  HttpClient(uint64_t id, std::string address, std::weak_ptr<LongPolls> polls)
      : id_(id), address_(std::move(address)), polls_(std::move(polls)) {}

  std::string_view transport() const override { return "janus.transport.http"; }
  std::string id() const override { return fmt::format("{}", id_); }
  std::string address() const override { return address_; }
  bool connection_oriented() const override { return false; }

  void send_event(SessionId session, const Json& event) override {
    if (auto polls = polls_.lock()) polls->push(session, id_, event);
  }
  void session_created(SessionId session) override {
    if (auto polls = polls_.lock()) polls->open(session, id_);
  }
  void session_over(SessionId session, bool /*timeout*/, bool claimed) override {
    if (auto polls = polls_.lock()) polls->close(session, id_, claimed);
  }

 private:
  uint64_t id_;
  std::string address_;
  std::weak_ptr<LongPolls> polls_;
};

}  // namespace limen::http
