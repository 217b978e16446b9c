#include "runtime/tcp_connections.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/log.hpp"
#include "base/net_address.hpp"
#include "runtime/udp_socket.hpp"

namespace limen::runtime {
namespace {

constexpr size_t kReadBytes = 65536;
constexpr int kReadsPerTurn = 4;
constexpr int kAcceptsPerTurn = 64;
constexpr uint32_t kListenerBit = 0x20000000;  // of tags, beside the set's own bit
constexpr Duration kListenPause = std::chrono::seconds(1);
// The kernel's own buffer is kept small: what waits there can no longer be dropped when it is too old.
constexpr int kKernelBuffer = 128 * 1024;
constexpr uint32_t kMagicCookie = 0x2112a442;
constexpr size_t kStunHeader = 20;

bool looks_like_stun(Bytes frame) {
  return frame.size() >= kStunHeader && frame[0] < 4 && load_u32(frame.data() + 4) == kMagicCookie;
}

void set_options(int fd, bool v4, int dscp) {
  // Best effort: without them the connection works, only worse.
  int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &kKernelBuffer, sizeof kKernelBuffer);
  if (dscp <= 0) return;
  int value = dscp << 2;
  if (v4) setsockopt(fd, IPPROTO_IP, IP_TOS, &value, sizeof value);
  else setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &value, sizeof value);
}

// One customer has an IPv6 /64.
std::string address_key(const IpAddress& ip) {
  auto bytes = ip.bytes().first(ip.is_v4() ? 4 : 8);
  return {bytes.begin(), bytes.end()};
}

}  // namespace

TcpConnections::Connection::Connection(FileDescriptor fd_, const Flow& flow_, uint32_t slot_)
    : fd(std::move(fd_)), flow(flow_), slot(slot_), reader(kMaxDatagram) {}

TcpConnections::TcpConnections(int epoll_fd, uint32_t tag_bit, std::vector<TcpListener> listeners, int dscp,
                               PacketPool& pool, TcpLimits limits)
    : epoll_fd_(epoll_fd),
      tag_bit_(tag_bit),
      listeners_(std::move(listeners)),
      dscp_(dscp),
      pool_(pool),
      limits_(limits) {
  if (!listeners_.empty()) buffer_ = std::make_unique_for_overwrite<uint8_t[]>(kReadBytes);
}

TcpConnections::~TcpConnections() = default;

bool TcpConnections::watch_listeners() {
  for (uint32_t i = 0; i < listeners_.size(); ++i) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u32 = tag_bit_ | kListenerBit | i;
    if (epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, listeners_[i].fd(), &event) != 0) return false;
  }
  return true;
}

TcpConnections::Connection* TcpConnections::find(const Flow& flow) {
  auto it = by_flow_.find(flow);
  return it == by_flow_.end() ? nullptr : it->second.get();
}

int TcpConnections::descriptor(const Flow& flow) const {
  auto it = by_flow_.find(flow);
  return it == by_flow_.end() ? -1 : it->second->fd.get();
}

// Whether one more stranger may come from there; the oldest one may have to go for it.
bool TcpConnections::make_room(const Flow& flow) {
  auto here = strangers_at_.find(address_key(flow.remote.ip));
  if (here != strangers_at_.end() && here->second >= limits_.strangers_per_address) {
    ++stats_.refused_address;
    return false;
  }
  bool full = by_flow_.size() >= limits_.connections;
  if (!full && strangers_ < limits_.strangers) return true;
  if (deadlines_.empty() || slots_[deadlines_.front()] == reading_) {
    ++stats_.refused_full;
    return false;
  }
  ++stats_.evicted;
  remove(*slots_[deadlines_.front()]);
  return true;
}

TcpConnections::Connection* TcpConnections::add(FileDescriptor fd, const Flow& flow, bool connecting, Instant now) {
  uint32_t slot = static_cast<uint32_t>(slots_.size());
  if (free_slots_.empty()) {
    slots_.push_back(nullptr);
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
  }
  auto made = std::make_unique<Connection>(std::move(fd), flow, slot);
  made->connecting = made->watching_out = connecting;
  epoll_event event{};
  event.events = connecting ? EPOLLIN | EPOLLOUT : EPOLLIN;
  event.data.u32 = tag_bit_ | slot;
  if (epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, made->fd.get(), &event) != 0) {
    free_slots_.push_back(slot);
    ++stats_.refused_full;
    return nullptr;
  }
  slots_[slot] = made.get();
  ++strangers_;
  ++strangers_at_[address_key(flow.remote.ip)];
  deadlines_.set(slot, now + limits_.stranger_time);
  return (by_flow_[flow] = std::move(made)).get();
}

void TcpConnections::forget_stranger(Connection& connection) {
  if (!std::exchange(connection.stranger, false)) return;
  --strangers_;
  auto here = strangers_at_.find(address_key(connection.flow.remote.ip));
  if (--here->second == 0) strangers_at_.erase(here);
}

void TcpConnections::remove(Connection& connection) {
  if (!connection.stranger && !connection.closing) ended_.push_back(connection.flow);
  forget_stranger(connection);
  deadlines_.remove(connection.slot);
  slots_[connection.slot] = nullptr;
  free_slots_.push_back(connection.slot);
  ++stats_.closed;
  Flow flow = connection.flow;
  by_flow_.erase(flow);
}

void TcpConnections::accept_from(size_t listener, Instant now) {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    sockaddr_storage raw{};
    socklen_t size = sizeof raw;
    FileDescriptor fd(
        accept4(listeners_[listener].fd(), reinterpret_cast<sockaddr*>(&raw), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd) {
      if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) pause_listeners(now);
      return;
    }
    Flow flow{kTcpPassive + static_cast<SocketId>(listener), from_sockaddr(raw)};
    // The same port again: the kernel knows that the old connection is over before we do.
    if (Connection* old = find(flow)) remove(*old);
    if (!make_room(flow)) continue;
    set_options(fd.get(), flow.remote.ip.is_v4(), dscp_);
    if (add(std::move(fd), flow, false, now) != nullptr) ++stats_.accepted;
  }
}

void TcpConnections::adopt(FileDescriptor fd, const Flow& flow, Instant now) {
  if (Connection* old = find(flow)) remove(*old);
  if (!make_room(flow)) return;
  Connection* made = add(std::move(fd), flow, false, now);
  if (made == nullptr) return;
  made->routed = true;  // it is not sent round
  ++stats_.accepted;
}

// Looks at a stranger's first frame without taking it, so that the shard that gets the connection finds it whole.
bool TcpConnections::belongs_elsewhere(Connection& connection) {
  if (!route_ || connection.routed || connection.flow.socket >= kTcpActive) return false;
  std::array<uint8_t, kFrameHeader + kMaxDatagram> room;
  ssize_t size = recv(connection.fd.get(), room.data(), room.size(), MSG_PEEK | MSG_DONTWAIT);
  auto have = static_cast<size_t>(std::max<ssize_t>(size, 0));
  size_t whole = have < kFrameHeader ? kFrameHeader : kFrameHeader + load_u16(room.data());
  // Woken without more of it: there will be none.
  if (have > connection.peeked && have < whole && whole <= room.size()) {
    connection.peeked = have;
    // Not to be woken again for what is there already.
    auto wanted = static_cast<int>(whole);
    if (setsockopt(connection.fd.get(), SOL_SOCKET, SO_RCVLOWAT, &wanted, sizeof wanted) == 0) return true;
  }
  connection.routed = true;
  int any = 1;
  setsockopt(connection.fd.get(), SOL_SOCKET, SO_RCVLOWAT, &any, sizeof any);
  if (size <= 0 || whole > have) return false;  // read() says what is wrong with it
  auto shard = route_(Bytes(room).subspan(kFrameHeader, whole - kFrameHeader));
  if (!shard) return false;
  ++stats_.given_away;
  Flow flow = connection.flow;
  epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, connection.fd.get(), nullptr);
  FileDescriptor fd = std::move(connection.fd);
  remove(connection);
  give_away_(*shard, std::move(fd), flow);
  return true;
}

// Out of descriptors or memory: waiting connections would only keep the loop busy.
void TcpConnections::pause_listeners(Instant now) {
  for (const TcpListener& listener : listeners_) epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, listener.fd(), nullptr);
  listen_again_at_ = now + kListenPause;
}

TcpConnections::Connection* TcpConnections::open(const Flow& flow, Instant now) {
  const TcpListener& base = listeners_[flow.socket - kTcpActive];
  bool v4 = base.local().ip.is_v4();
  if (v4 != flow.remote.ip.is_v4() || !make_room(flow)) return nullptr;
  FileDescriptor fd(socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) {
    ++stats_.refused_full;
    return nullptr;
  }
  set_options(fd.get(), v4, dscp_);
  sockaddr_storage raw{};
  socklen_t size = to_sockaddr({base.local().ip, 0}, base.scope(), raw);
  if (bind(fd.get(), reinterpret_cast<sockaddr*>(&raw), size) != 0) return nullptr;
  size = to_sockaddr(flow.remote, base.scope(), raw);
  if (connect(fd.get(), reinterpret_cast<sockaddr*>(&raw), size) != 0 && errno != EINPROGRESS) return nullptr;
  Connection* made = add(std::move(fd), flow, true, now);
  if (made != nullptr) ++stats_.opened;
  return made;
}

void TcpConnections::send(SocketId socket, const SocketAddress& remote, Bytes datagram, Instant now) {
  Flow flow{socket, remote};
  Connection* connection = find(flow);
  bool may_open = socket >= kTcpActive && socket - kTcpActive < listeners_.size();
  if (connection == nullptr && may_open) connection = open(flow, now);
  if (connection == nullptr || connection->broken || datagram.size() > kMaxDatagram) {
    ++stats_.dropped_unconnected;
    return;
  }
  size_t waiting = connection->out.size() - connection->written;
  if (waiting + kFrameHeader + datagram.size() > limits_.queue_bytes) {
    ++stats_.dropped_full;
    return;
  }
  std::array<uint8_t, kFrameHeader> header{};
  store_u16(header.data(), static_cast<uint16_t>(datagram.size()));
  connection->out.insert(connection->out.end(), header.begin(), header.end());
  connection->out.insert(connection->out.end(), datagram.begin(), datagram.end());
  ++stats_.frames_out;
  mark_dirty(*connection);
}

void TcpConnections::mark_dirty(Connection& connection) {
  if (!std::exchange(connection.dirty, true)) dirty_.push_back(connection.slot);
}

void TcpConnections::flush() {
  round_.swap(dirty_);
  for (uint32_t slot : round_) {
    Connection* connection = slots_[slot];
    if (connection == nullptr || !std::exchange(connection->dirty, false)) continue;
    if (!connection->connecting && !connection->broken) write(*connection);
    bool ends = connection->broken || (connection->closing && connection->out.empty());
    if (ends && connection == reading_) mark_dirty(*connection);
    else if (ends) remove(*connection);
  }
  round_.clear();
}

void TcpConnections::write(Connection& connection) {
  while (connection.written < connection.out.size()) {
    ssize_t sent = ::send(connection.fd.get(), connection.out.data() + connection.written,
                          connection.out.size() - connection.written, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) {
      connection.broken = errno != EAGAIN && errno != EWOULDBLOCK;
      break;
    }
    connection.written += static_cast<size_t>(sent);
  }
  bool done = connection.written == connection.out.size();
  if (done) connection.out.clear();
  else
    connection.out.erase(connection.out.begin(), connection.out.begin() + static_cast<ptrdiff_t>(connection.written));
  connection.written = 0;
  watch(connection, !done && !connection.broken);
}

void TcpConnections::watch(Connection& connection, bool out) {
  if (std::exchange(connection.watching_out, out) == out) return;
  epoll_event event{};
  event.events = out ? EPOLLIN | EPOLLOUT : EPOLLIN;
  event.data.u32 = tag_bit_ | connection.slot;
  epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, connection.fd.get(), &event);
}

void TcpConnections::known(const Flow& flow) {
  Connection* connection = find(flow);
  if (connection == nullptr || !connection->stranger || connection->closing) return;
  forget_stranger(*connection);
  deadlines_.remove(connection->slot);
}

void TcpConnections::close(const Flow& flow, Instant now) {
  Connection* connection = find(flow);
  if (connection == nullptr || connection->closing) return;
  connection->closing = true;
  deadlines_.set(connection->slot, now + limits_.farewell_time);
  mark_dirty(*connection);
}

void TcpConnections::handle_ready(uint32_t tag, uint32_t events, Instant now, const Sink& sink) {
  uint32_t index = tag & ~(tag_bit_ | kListenerBit);
  if ((tag & kListenerBit) != 0) return accept_from(index, now);
  Connection* connection = index < slots_.size() ? slots_[index] : nullptr;
  if (connection == nullptr) return;  // ended earlier in this turn
  if (connection->connecting && (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(connection->fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return remove(*connection);
    connection->connecting = false;
  }
  if (connection->connecting) return;
  if ((events & EPOLLIN) != 0 && (events & (EPOLLERR | EPOLLHUP)) == 0 && belongs_elsewhere(*connection)) return;
  if ((events & EPOLLOUT) != 0) write(*connection);
  reading_ = connection;
  if ((events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) read(*connection, now, sink);
  reading_ = nullptr;
  if (connection->broken || connection->closing) mark_dirty(*connection);
  if (connection->broken) remove(*connection);
}

void TcpConnections::read(Connection& connection, Instant now, const Sink& sink) {
  auto take = [&](Bytes frame) { return take_frame(connection, frame, now, sink); };
  for (int i = 0; i < kReadsPerTurn && !connection.broken; ++i) {
    ssize_t size = recv(connection.fd.get(), buffer_.get(), kReadBytes, MSG_DONTWAIT);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (size <= 0) {
      connection.broken = true;
      return;
    }
    if (connection.closing) continue;  // nobody listens any more
    if (!connection.reader.feed({buffer_.get(), static_cast<size_t>(size)}, take)) {
      connection.broken = true;
      ++stats_.bad_stream;
    }
  }
}

bool TcpConnections::take_frame(Connection& connection, Bytes frame, Instant now, const Sink& sink) {
  if (!std::exchange(connection.heard, true) && !looks_like_stun(frame)) return false;
  ++stats_.frames_in;
  Packet packet = pool_.copy(frame, now);
  if (packet) sink(connection.flow, std::move(packet));
  else ++stats_.dropped_no_packet;
  return true;
}

void TcpConnections::handle_timeout(Instant now) {
  if (now >= listen_again_at_) {
    listen_again_at_ = kNever;
    if (!watch_listeners()) log::warning("", "Cannot watch the ICE-TCP listeners again: {}", std::strerror(errno));
  }
  while (deadlines_.next() <= now) {
    Connection& connection = *slots_[deadlines_.front()];
    if (connection.stranger && !connection.closing) ++stats_.timed_out;
    remove(connection);
  }
  std::vector<Flow> ended = std::exchange(ended_, {});
  if (!on_closed_) return;
  for (const Flow& flow : ended) on_closed_(flow);
}

Instant TcpConnections::next_deadline() const {
  if (!ended_.empty()) return Instant{};
  return std::min(deadlines_.next(), listen_again_at_);
}

}  // namespace limen::runtime
