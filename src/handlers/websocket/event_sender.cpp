#include "handlers/websocket/event_sender.hpp"

#include <algorithm>

#include "base/log.hpp"

namespace limen::websocket_handler {
namespace {

constexpr std::string_view kTag = "[wsevh]";
constexpr Duration kFirstPause = std::chrono::seconds(1);
constexpr Duration kLongestPause = std::chrono::seconds(8);

}  // namespace

EventSender::EventSender(Executor& executor, MakeSocket make_socket, SenderSettings with,
                         handlers::EventQueue::Limits limits)
    : settings(with), executor_(executor), make_socket_(std::move(make_socket)), queue_(limits), losses_(kTag) {}

EventSender::~EventSender() {
  stop();
}

void EventSender::push(std::string event) {
  if (stopped_) return;
  queue_.push(std::move(event));
  losses_.lost(queue_.dropped() - std::exchange(drops_told_, queue_.dropped()), "the queue is full");
  write_next();
}

void EventSender::stop() {
  if (std::exchange(stopped_, true)) return;
  calm();
  if (!socket_) return;
  if (connected_) socket_->close();
  else socket_->abort();
  socket_.reset();
  connected_ = false;
}

void EventSender::connect() {
  socket_ = make_socket_();
  socket_->connect(bound(&EventSender::on_connected), bound(&EventSender::lose));
  watch();
}

CollectorSocket::Done EventSender::bound(void (EventSender::*member)(const std::string&)) {
  return [self = weak_from_this(), socket = std::weak_ptr(socket_), member](const std::string& problem) {
    auto alive = self.lock();
    if (alive && alive->socket_ && alive->socket_ == socket.lock()) (alive.get()->*member)(problem);
  };
}

void EventSender::on_connected(const std::string& problem) {
  if (!problem.empty()) return lose(problem);
  calm();
  connected_ = true;
  told_ = false;
  pause_ = kFirstPause;
  log::info(kTag, "Connected to the collector");
  if (std::exchange(was_connected_, true) && settings.cap_on_reconnect > 0)
    queue_.keep_newest(settings.cap_on_reconnect);
  if (!writing_.empty()) {
    socket_->write(writing_, bound(&EventSender::on_written));
    watch();
  } else {
    write_next();
  }
}

void EventSender::write_next() {
  if (!connected_ || !writing_.empty() || queue_.empty()) return;
  writing_ = queue_.take(settings.grouping, settings.format).text;
  socket_->write(writing_, bound(&EventSender::on_written));
  watch();
}

void EventSender::on_written(const std::string& problem) {
  if (!problem.empty()) return lose(problem);
  calm();
  writing_.clear();
  write_next();
}

void EventSender::lose(const std::string& problem) {
  calm();
  connected_ = false;
  std::shared_ptr<CollectorSocket> gone = std::exchange(socket_, nullptr);
  gone->abort();
  if (!std::exchange(told_, true)) log::warning(kTag, "No collector ({}); trying again until there is", problem);
  timer_ = executor_.call_after(std::exchange(pause_, std::min<Duration>(pause_ * 2, kLongestPause)), [this] {
    timer_ = {};
    connect();
  });
}

void EventSender::watch() {
  calm();
  timer_ = executor_.call_after(kPatience, [this] {
    timer_ = {};
    lose("it takes too long");
  });
}

void EventSender::calm() {
  if (timer_) executor_.cancel(std::exchange(timer_, {}));
}

}  // namespace limen::websocket_handler
