#include "runtime/byte_stream_set.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "runtime/udp_socket.hpp"

namespace limen::runtime {

struct ByteStreamSet::Stream {
  ~Stream() {
    if (fd >= 0) ::close(fd);
  }
  uint64_t id = 0;
  int fd = -1;
  bool connected = false;
  bool closed = false;
  bool watches_writable = false;
  std::vector<uint8_t> waiting;
  size_t written = 0;  // of `waiting`
  StreamCallbacks callbacks;
};

namespace {

constexpr size_t kBuffer = 64 * 1024;
constexpr int kEvents = 64;

bool would_block(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

}  // namespace

ByteStreamSet::ByteStreamSet() : epoll_fd_(epoll_create1(EPOLL_CLOEXEC)), buffer_(kBuffer) {}

ByteStreamSet::~ByteStreamSet() {
  streams_.clear();
  if (epoll_fd_ >= 0) ::close(epoll_fd_);
}

Result<StreamId> ByteStreamSet::connect(const SocketAddress& to, StreamCallbacks callbacks) {
  if (streams_.size() >= kMaxStreams) return fail("{} connections are open on this media loop already", kMaxStreams);
  auto stream = std::make_shared<Stream>();
  stream->fd = socket(to.ip.is_v4() ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (stream->fd < 0) return fail("cannot open a TCP socket: {}", std::strerror(errno));
  int on = 1;
  setsockopt(stream->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_storage raw{};
  socklen_t size = to_sockaddr(to, 0, raw);
  if (::connect(stream->fd, reinterpret_cast<sockaddr*>(&raw), size) != 0 && errno != EINPROGRESS) {
    return fail("cannot connect: {}", std::strerror(errno));
  }
  stream->id = ++last_id_;
  stream->callbacks = std::move(callbacks);
  stream->watches_writable = true;
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT;
  event.data.u64 = stream->id;
  if (epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, stream->fd, &event) != 0) {
    return fail("cannot watch a TCP socket: {}", std::strerror(errno));
  }
  StreamId id(stream->id);
  streams_.emplace(stream->id, std::move(stream));
  return id;
}

void ByteStreamSet::watch(Stream& stream, bool writable) {
  if (std::exchange(stream.watches_writable, writable) == writable) return;
  epoll_event event{};
  event.events = writable ? EPOLLIN | EPOLLOUT : EPOLLIN;
  event.data.u64 = stream.id;
  epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, stream.fd, &event);
}

// Errors show when the socket is read: nothing is called from here.
bool ByteStreamSet::write_waiting(Stream& stream) {
  while (stream.written < stream.waiting.size()) {
    ssize_t sent = ::send(stream.fd, stream.waiting.data() + stream.written, stream.waiting.size() - stream.written,
                          MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) return would_block(errno);
    stream.written += static_cast<size_t>(sent);
  }
  stream.waiting.clear();
  stream.written = 0;
  return true;
}

bool ByteStreamSet::send(StreamId id, Bytes bytes) {
  auto it = streams_.find(id.value());
  if (it == streams_.end()) return false;
  Stream& stream = *it->second;
  if (stream.waiting.size() - stream.written + bytes.size() > kMaxWaiting) return false;
  if (stream.written > kMaxWaiting) {
    stream.waiting.erase(stream.waiting.begin(), stream.waiting.begin() + static_cast<ptrdiff_t>(stream.written));
    stream.written = 0;
  }
  stream.waiting.insert(stream.waiting.end(), bytes.begin(), bytes.end());
  if (!stream.connected) return true;
  if (!write_waiting(stream)) return false;
  watch(stream, !stream.waiting.empty());
  return true;
}

void ByteStreamSet::close(StreamId id) {
  auto it = streams_.find(id.value());
  if (it == streams_.end()) return;
  it->second->closed = true;
  // The descriptor may live until a callback returns: it is not watched until then.
  epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, it->second->fd, nullptr);
  streams_.erase(it);
}

void ByteStreamSet::end(const std::shared_ptr<Stream>& stream, int error, Instant now) {
  close(StreamId(stream->id));
  auto ended = std::move(stream->callbacks.ended);
  if (ended) ended(error == 0 ? "the connection was closed" : std::strerror(error), now);
}

void ByteStreamSet::handle_ready(Instant now) {
  std::array<epoll_event, kEvents> events;
  int count = epoll_wait(epoll_fd_, events.data(), kEvents, 0);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<size_t>(i)];
    const uint64_t id = event.data.u64;  // a copy: the structure is packed, no reference may lead into it
    auto it = streams_.find(id);
    if (it == streams_.end()) continue;  // closed by one before it
    std::shared_ptr<Stream> stream = it->second;
    if ((event.events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0) on_writable(stream, now);
    if (!stream->closed && (event.events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) on_readable(stream, now);
  }
}

void ByteStreamSet::on_writable(const std::shared_ptr<Stream>& stream, Instant now) {
  if (!stream->connected) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(stream->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return end(stream, error, now);
    stream->connected = true;
    if (stream->callbacks.connected) stream->callbacks.connected(now);
    if (stream->closed) return;
  }
  if (!write_waiting(*stream)) return end(stream, errno, now);
  watch(*stream, !stream->waiting.empty());
}

void ByteStreamSet::on_readable(const std::shared_ptr<Stream>& stream, Instant now) {
  for (int i = 0; i < kReadsPerTurn && !stream->closed; ++i) {
    ssize_t size = recv(stream->fd, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (size < 0 && would_block(errno)) return;
    if (size <= 0) return end(stream, size == 0 ? 0 : errno, now);
    if (stream->callbacks.received) stream->callbacks.received(Bytes(buffer_.data(), static_cast<size_t>(size)), now);
  }
}

}  // namespace limen::runtime
