// SOCK_SEQPACKET: each connection is a client.
#include <boost/asio/posix/stream_descriptor.hpp>

#include <unistd.h>

#include <cerrno>
#include <deque>
#include <map>
#include <system_error>

#include "api/api_error.hpp"
#include "base/log.hpp"
#include "runtime/io_context_of.hpp"
#include "transports/unix_socket/door.hpp"
#include "transports/unix_socket/unix_socket_config.hpp"

namespace limen::unix_socket {
namespace {

using boost::asio::posix::stream_descriptor;
using boost::system::error_code;

constexpr std::string_view kTag = "[pfunix]";
constexpr Duration kPauseWhenExhausted = std::chrono::milliseconds(100);

class Connection final : public Client, public std::enable_shared_from_this<Connection> {
 public:
  using Ended = std::function<void()>;

  Connection(std::shared_ptr<Service> service, int fd, bool admin, Ended ended)
      : service_(std::move(service)),
        descriptor_(runtime::io_context_of(service_->context.io_context()), fd),
        admin_(admin),
        ended_(std::move(ended)),
        id_(fmt::format("{}", service_->context.random().u64())) {}

  void start() {
    service_->notify(id_, {{"event", "connected"}, {"admin_api", admin_}, {"fd", descriptor_.native_handle()}});
    wait_for_input();
  }
  void end(std::string_view why) {
    if (std::exchange(over_, true)) return;
    error_code ignored;  // a descriptor that cannot be closed is closed
    descriptor_.close(ignored);
    auto keep = shared_from_this();
    seat_.reset();
    if (ended_) std::exchange(ended_, nullptr)();
    if (service_->stopped) return;
    log::verbose(kTag, "Connection {} ended: {}", id_, why);
    service_->notify(id_, {{"event", "disconnected"}});
    service_->context.sink().client_gone(keep);
  }

  std::string_view transport() const override { return kPackage; }
  std::string id() const override { return id_; }
  std::string address() const override { return "unix"; }
  void hold(AddressLimits::Seat seat) { seat_ = std::move(seat); }
  void send_event(SessionId /*session*/, const Json& event) override { send(event); }
  // After a timeout the contract wants the connection closed, once all that waits is out.
  void session_over(SessionId /*session*/, bool timeout, bool /*claimed*/) override {
    if (!timeout) return;
    closing_ = true;
    if (queue_.empty()) end_soon("a session timed out");
  }

 private:
  void wait_for_input() {
    descriptor_.async_wait(stream_descriptor::wait_read, [self = shared_from_this()](error_code failure) {
      if (self->over_) return;
      if (failure) return self->end(failure.message());
      self->read();
    });
  }
  void read() {
    std::string text;
    for (size_t n = 0; n < kMessagesPerTurn && !over_ && !service_->stopped; ++n) {
      switch (receive_message(descriptor_.native_handle(), text, kLargestRequest).what) {
        case Received::What::nothing_now:
          return wait_for_input();
        case Received::What::closed:
          return end("the client closed it");
        case Received::What::too_large:
          log::warning(kTag, "A request of more than {} bytes was dropped", kLargestRequest);
          break;
        case Received::What::message:
          on_message(text);
      }
    }
    if (!over_ && !service_->stopped) wait_for_input();
  }
  void on_message(std::string_view text) {
    if (closing_) return;
    service_->take(shared_from_this(), admin_, text, [weak = weak_from_this()](const Json& json) {
      if (auto self = weak.lock()) self->send(json);
    });
  }

  void send(const Json& json) {
    if (over_ || closing_ || service_->stopped) return;
    std::string text = write_json(json, service_->settings.json);
    if (queued_bytes_ + text.size() > kMostQueued) {
      log::warning(kTag, "Client {} reads too slowly: {} bytes wait for it, its connection is closed", id_,
                   queued_bytes_);
      closing_ = true;
      return end_soon("too slow");
    }
    queued_bytes_ += text.size();
    queue_.push_back(std::move(text));
    if (!waiting_) write();
  }
  void write() {
    while (!queue_.empty() && !over_) {
      switch (send_message(descriptor_.native_handle(), queue_.front(), {})) {
        case Sent::later:
          return wait_for_room();
        case Sent::gone:
          return end_soon("it cannot be written to");
        case Sent::too_large:
          log::error(kTag, "A message of {} bytes does not fit a packet and was dropped", queue_.front().size());
          break;
        case Sent::done:
          break;
      }
      queued_bytes_ -= queue_.front().size();
      queue_.pop_front();
    }
    if (closing_) end_soon("a session timed out");
  }
  void wait_for_room() {
    waiting_ = true;
    descriptor_.async_wait(stream_descriptor::wait_write, [self = shared_from_this()](error_code failure) {
      self->waiting_ = false;
      if (self->over_) return;
      if (failure) return self->end(failure.message());
      self->write();
    });
  }
  // Not at once: the core may be in the middle of something that needs this client.
  void end_soon(std::string why) {
    service_->context.executor().post([self = shared_from_this(), why = std::move(why)] { self->end(why); });
  }

  std::shared_ptr<Service> service_;
  stream_descriptor descriptor_;
  bool admin_;
  Ended ended_;
  std::string id_;
  AddressLimits::Seat seat_;  // what this connection counts as
  std::deque<std::string> queue_;
  size_t queued_bytes_ = 0;
  bool waiting_ = false;
  bool closing_ = false;
  bool over_ = false;
};

// What the accept loop needs after its door is gone.
struct AcceptState : std::enable_shared_from_this<AcceptState> {
  AcceptState(std::shared_ptr<Service> with, BoundSocket bound, bool is_admin)
      : service(std::move(with)),
        socket(std::move(bound)),
        descriptor(runtime::io_context_of(service->context.io_context()), socket.fd),
        admin(is_admin) {}

  void accept_when_ready() {
    descriptor.async_wait(stream_descriptor::wait_read, [self = shared_from_this()](error_code failure) {
      if (self->closed || failure) return;
      self->accept_all();
    });
  }
  void accept_all() {
    for (;;) {
      int fd = accept_connection(socket.fd);
      if (fd >= 0) {
        exhausted = false;
        receive(fd);
        continue;
      }
      if (errno == EINTR || errno == ECONNABORTED) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK) return accept_when_ready();
      return rest(errno);
    }
  }
  void receive(int fd) {
    AddressLimits* limits = service->context.limits();
    AddressLimits::Seat seat = limits == nullptr ? nullptr : limits->take_connection("unix");
    if (limits != nullptr && !seat) return turn_away(fd);
    uint64_t number = next++;
    auto connection = std::make_shared<Connection>(service, fd, admin, [weak = weak_from_this(), number] {
      if (auto self = weak.lock()) self->connections.erase(number);
    });
    connection->hold(std::move(seat));
    connections.emplace(number, connection);
    connection->start();
  }
  static void turn_away(int fd) {
    JsonObject error{{"code", static_cast<int>(ApiErrorCode::transport_specific)},
                     {"reason", "Too many connections over Unix sockets"}};
    // Whoever does not take it at once learns less.
    (void)send_message(fd, write_json(JsonObject{{"janus", "error"}, {"error", std::move(error)}}, JsonFormat::compact),
                       {});
    ::close(fd);
  }
  // No file descriptors or memory left: connections stay in the kernel's queue for a moment.
  void rest(int code) {
    if (!std::exchange(exhausted, true))
      log::error(kTag, "Cannot accept connections: {}", std::generic_category().message(code));
    timer = service->context.executor().call_after(kPauseWhenExhausted, [self = shared_from_this()] {
      self->timer = {};
      if (!self->closed) self->accept_when_ready();
    });
  }
  void close() {
    if (std::exchange(closed, true)) return;
    if (timer) service->context.executor().cancel(timer);
    descriptor.release();  // the socket is closed with its path
    close_bound_socket(socket);
    auto all = std::exchange(connections, {});
    for (auto& [number, connection] : all) connection->end("the server stops");
  }

  std::shared_ptr<Service> service;
  BoundSocket socket;
  stream_descriptor descriptor;
  bool admin;
  std::map<uint64_t, std::shared_ptr<Connection>> connections;
  uint64_t next = 0;
  TimerId timer;
  bool exhausted = false;
  bool closed = false;
};

class ConnectionDoor final : public Door {
 public:
  ConnectionDoor(std::shared_ptr<Service> service, BoundSocket socket, bool admin)
      : url_(fmt::format("unix:{}", socket.path)),
        state_(std::make_shared<AcceptState>(std::move(service), std::move(socket), admin)) {}
  ~ConnectionDoor() override { state_->close(); }
  void start() override { state_->accept_when_ready(); }
  void stop() override { state_->close(); }
  size_t connections() const override { return state_->connections.size(); }
  bool admin() const override { return state_->admin; }
  std::string url() const override { return url_; }

 private:
  std::string url_;
  std::shared_ptr<AcceptState> state_;
};

}  // namespace

std::unique_ptr<Door> make_connection_door(std::shared_ptr<Service> service, BoundSocket socket, bool admin) {
  return std::make_unique<ConnectionDoor>(std::move(service), std::move(socket), admin);
}

}  // namespace limen::unix_socket
