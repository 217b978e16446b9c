// SOCK_DGRAM: a client is whoever sends from a bound path; answers and events go to that path.
#include <boost/asio/posix/stream_descriptor.hpp>

#include <deque>
#include <map>

#include "base/log.hpp"
#include "runtime/io_context_of.hpp"
#include "transports/unix_socket/door.hpp"
#include "transports/unix_socket/unix_socket_config.hpp"

namespace limen::unix_socket {
namespace {

using boost::asio::posix::stream_descriptor;
using boost::system::error_code;

constexpr std::string_view kTag = "[pfunix]";
constexpr size_t kMostPeers = 1024;  // without sessions; above it, those who have none are forgotten
// A receiver's queue is ten datagrams long and says nothing when there is room again: it is tried.
constexpr Duration kRetry = std::chrono::milliseconds(5);
constexpr Duration kPatience = std::chrono::seconds(30);

struct DatagramState;

class Peer final : public Client, public std::enable_shared_from_this<Peer> {
 public:
  Peer(std::weak_ptr<DatagramState> door, std::string path, std::string id)
      : door_(std::move(door)), path_(std::move(path)), id_(std::move(id)) {}

  std::string_view transport() const override { return kPackage; }
  std::string id() const override { return id_; }
  std::string address() const override { return "unix"; }
  bool connection_oriented() const override { return false; }
  void send_event(SessionId /*session*/, const Json& event) override { send(event); }
  void send(const Json& json);
  void write();

 private:
  void give_up(std::string_view why);

  std::weak_ptr<DatagramState> door_;
  std::string path_;
  std::string id_;
  std::deque<std::string> queue_;
  size_t queued_bytes_ = 0;
  bool waiting_ = false;
  Instant stuck_since_{};
};

struct DatagramState : std::enable_shared_from_this<DatagramState> {
  DatagramState(std::shared_ptr<Service> with, BoundSocket bound, bool is_admin)
      : service(std::move(with)),
        socket(std::move(bound)),
        descriptor(runtime::io_context_of(service->context.io_context()), socket.fd),
        admin(is_admin) {}

  void wait_for_input() {
    descriptor.async_wait(stream_descriptor::wait_read, [self = shared_from_this()](error_code failure) {
      if (self->closed || failure) return;
      self->read();
    });
  }
  void read() {
    std::string text;
    for (size_t n = 0; n < kMessagesPerTurn && !closed; ++n) {
      Received received = receive_message(socket.fd, text, kLargestRequest);
      if (received.what == Received::What::nothing_now) break;
      if (received.what == Received::What::too_large) {
        log::warning(kTag, "A request of more than {} bytes was dropped", kLargestRequest);
      } else if (received.what == Received::What::message) {
        on_message(received.from, text);
      }
    }
    if (!closed) wait_for_input();
  }
  void on_message(const std::string& from, std::string_view text) {
    if (from.empty()) return log::warning(kTag, "A request of a client whose socket is not bound was dropped");
    std::shared_ptr<Peer> peer = peer_at(from);
    service->take(peer, admin, text, [weak = std::weak_ptr(peer)](const Json& json) {
      if (auto self = weak.lock()) self->send(json);
    });
  }
  std::shared_ptr<Peer> peer_at(const std::string& path) {
    std::shared_ptr<Peer>& peer = peers[path];
    if (peer) return peer;
    auto made = std::make_shared<Peer>(weak_from_this(), path, fmt::format("{}", service->context.random().u64()));
    peer = made;
    service->notify(made->id(), {{"event", "connected"},
                                 {"admin_api", admin},
                                 {"fd", socket.fd},
                                 {"type", std::string(name_of(SocketType::dgram))}});
    if (peers.size() > kMostPeers)
      std::erase_if(peers, [](const auto& entry) { return entry.second.use_count() == 1; });
    return made;
  }
  void close() {
    if (std::exchange(closed, true)) return;
    descriptor.release();  // the socket is closed with its path
    close_bound_socket(socket);
    peers.clear();
  }

  std::shared_ptr<Service> service;
  BoundSocket socket;
  stream_descriptor descriptor;
  bool admin;
  std::map<std::string, std::shared_ptr<Peer>> peers;
  bool closed = false;
};

void Peer::send(const Json& json) {
  auto door = door_.lock();
  if (!door || door->closed || door->service->stopped) return;
  std::string text = write_json(json, door->service->settings.json);
  if (queued_bytes_ + text.size() > kMostQueued) return give_up("it reads too slowly");
  queued_bytes_ += text.size();
  queue_.push_back(std::move(text));
  if (!waiting_) {
    stuck_since_ = door->service->context.executor().now();
    write();
  }
}

void Peer::write() {
  auto door = door_.lock();
  if (!door || door->closed) return;
  Executor& executor = door->service->context.executor();
  while (!queue_.empty()) {
    Sent sent = send_message(door->socket.fd, queue_.front(), path_);
    if (sent == Sent::gone) return give_up("nobody is there");
    if (sent == Sent::later) {
      if (executor.now() - stuck_since_ > kPatience) return give_up("it does not read");
      waiting_ = true;
      executor.call_after(kRetry, [weak = weak_from_this()] {
        auto self = weak.lock();
        if (!self) return;
        self->waiting_ = false;
        self->write();
      });
      return;
    }
    if (sent == Sent::too_large)
      log::error(kTag, "A message of {} bytes does not fit a datagram and was dropped", queue_.front().size());
    stuck_since_ = executor.now();
    queued_bytes_ -= queue_.front().size();
    queue_.pop_front();
  }
}

void Peer::give_up(std::string_view why) {
  log::verbose(kTag, "{} messages for '{}' were dropped: {}", queue_.size(), path_, why);
  queue_.clear();
  queued_bytes_ = 0;
}

class DatagramDoor final : public Door {
 public:
  DatagramDoor(std::shared_ptr<Service> service, BoundSocket socket, bool admin)
      : url_(fmt::format("unix:{}", socket.path)),
        state_(std::make_shared<DatagramState>(std::move(service), std::move(socket), admin)) {}
  ~DatagramDoor() override { state_->close(); }
  void start() override { state_->wait_for_input(); }
  void stop() override { state_->close(); }
  size_t connections() const override { return state_->peers.size(); }
  bool admin() const override { return state_->admin; }
  std::string url() const override { return url_; }

 private:
  std::string url_;
  std::shared_ptr<DatagramState> state_;
};

}  // namespace

std::unique_ptr<Door> make_datagram_door(std::shared_ptr<Service> service, BoundSocket socket, bool admin) {
  return std::make_unique<DatagramDoor>(std::move(service), std::move(socket), admin);
}

}  // namespace limen::unix_socket
