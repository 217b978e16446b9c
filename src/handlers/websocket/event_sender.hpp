// EventSender: keeps one WebSocket to a collector open and sends it events in order.
//
// Control thread. When the collector goes, events queue up, bounded, and it is tried again after 1, 2,
// 4, then every 8 seconds (spec 8.4). A message whose writing was cut off is sent again whole.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "base/executor.hpp"
#include "handlers/shared/event_queue.hpp"
#include "handlers/websocket/collector_socket.hpp"

namespace limen::websocket_handler {

struct SenderSettings {
  bool grouping = true;
  JsonFormat format = JsonFormat::compact;
  uint32_t cap_on_reconnect = 0;  // so many of the newest events survive a reconnect; 0: all
};

class EventSender : public std::enable_shared_from_this<EventSender> {
 public:
  static constexpr Duration kPatience = std::chrono::seconds(10);  // with a connect, with a write
  using MakeSocket = std::function<std::shared_ptr<CollectorSocket>()>;

  EventSender(Executor& executor, MakeSocket make_socket, SenderSettings settings,
              handlers::EventQueue::Limits limits = {});
  ~EventSender();

  SenderSettings settings;

  void start() { connect(); }
  void push(std::string event);
  void stop();
  bool connected() const { return connected_; }
  size_t queued() const { return queue_.size(); }
  uint64_t lost() const { return queue_.dropped(); }

 private:
  void connect();
  void on_connected(const std::string& problem);
  void on_written(const std::string& problem);
  void lose(const std::string& problem);
  void write_next();
  void watch();
  void calm();
  // Calls `member` only while `socket` is the one in use.
  CollectorSocket::Done bound(void (EventSender::*member)(const std::string&));

  Executor& executor_;
  MakeSocket make_socket_;
  handlers::EventQueue queue_;
  handlers::LossReport losses_;
  uint64_t drops_told_ = 0;
  std::shared_ptr<CollectorSocket> socket_;
  bool connected_ = false;
  bool was_connected_ = false;
  bool told_ = false;  // of this outage
  bool stopped_ = false;
  std::string writing_;  // kept until it was written
  Duration pause_ = std::chrono::seconds(1);
  TimerId timer_;  // the next attempt, or patience
};

}  // namespace limen::websocket_handler
