#include "runtime/shard.hpp"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/log.hpp"
#include "runtime/clock.hpp"

namespace limen::runtime {
namespace {

constexpr uint32_t kWakeTag = UINT32_MAX;
constexpr uint32_t kStreamsTag = UINT32_MAX - 1;
constexpr uint32_t kPortTag = 0x80000000;  // this bit: a UdpPortSet's tag
constexpr uint32_t kTcpTag = 0x40000000;   // this one: of TcpConnections; else a SocketId
constexpr int kEvents = 64;

int wait_with_deadline(int epoll_fd, epoll_event* events, Duration timeout) {
  auto seconds = std::chrono::duration_cast<std::chrono::seconds>(timeout);
  timespec limit{static_cast<time_t>(seconds.count()), static_cast<long>((timeout - seconds).count())};
  static std::atomic<bool> fine_grained{true};
  if (fine_grained.load(std::memory_order_relaxed)) {
    int count = epoll_pwait2(epoll_fd, events, kEvents, &limit, nullptr);
    if (count >= 0 || errno != ENOSYS) return count;
    fine_grained.store(false, std::memory_order_relaxed);  // before Linux 5.11
  }
  int64_t ms = (timeout + std::chrono::milliseconds(1) - Duration(1)) / std::chrono::milliseconds(1);
  return epoll_wait(epoll_fd, events, kEvents, static_cast<int>(std::min<int64_t>(ms, 1'000'000)));
}

}  // namespace

Result<std::unique_ptr<Shard>> Shard::create(Setup setup, PacketPool& pool, PostMesh& mesh, Watchdog& watchdog) {
  int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  int wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  std::unique_ptr<Shard> shard(new Shard(std::move(setup), pool, mesh, watchdog, epoll_fd, wake_fd));
  if (epoll_fd < 0 || wake_fd < 0) return fail("cannot make a media loop: {}", std::strerror(errno));
  if (auto watched = shard->watch_sockets(); !watched) return std::unexpected(watched.error());
  return shard;
}

Shard::Shard(Setup setup, PacketPool& pool, PostMesh& mesh, Watchdog& watchdog, int epoll_fd, int wake_fd)
    : index_(setup.index),
      cpu_(setup.cpu),
      epoll_fd_(epoll_fd),
      wake_fd_(wake_fd),
      name_(fmt::format("media {}", setup.index)),
      pool_(pool),
      mesh_(mesh),
      watchdog_(watchdog),
      sockets_(std::move(setup.sockets)),
      wants_writable_(sockets_.size(), false),
      collect_(setup.collect),
      sender_(sockets_, setup.gso),
      receiver_(pool),
      ports_(epoll_fd, kPortTag, pool),
      tcp_(epoll_fd, kTcpTag, std::move(setup.listeners), setup.dscp, pool),
      now_(monotonic_now()) {
  on_packet_ = [this](const Flow& from, Packet packet) {
    if (callbacks_.on_datagram) callbacks_.on_datagram(from, std::move(packet), now_);
  };
  to_tcp_ = [this](SocketId socket, const Datagram& datagram) {
    tcp_.send(socket, *datagram.remote, datagram.bytes, now_);
  };
  tcp_.set_on_closed([this](const Flow& flow) {
    if (callbacks_.on_flow_closed) callbacks_.on_flow_closed(flow, now_);
  });
  after_message_ = [this] {
    tick("a datagram");
    return now_;
  };
  mesh_.set_wake(index_ + 1, [fd = wake_fd_] {
    uint64_t one = 1;
    // Fails only if the counter is full: then the shard is being woken already.
    [[maybe_unused]] ssize_t written = write(fd, &one, sizeof one);
  });
}

Shard::~Shard() {
  mesh_.set_wake(index_ + 1, nullptr);
  timers_.clear();
  if (wake_fd_ >= 0) close(wake_fd_);
  if (epoll_fd_ >= 0) close(epoll_fd_);
}

Result<> Shard::watch_sockets() {
  auto watch = [this](int fd, uint32_t tag) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u32 = tag;
    return epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) == 0;
  };
  bool ok = watch(wake_fd_, kWakeTag) && watch(streams_.fd(), kStreamsTag);
  for (uint32_t i = 0; i < sockets_.size(); ++i) ok = ok && watch(sockets_[i].fd(), i);
  ok = ok && tcp_.watch_listeners();
  if (!ok) return fail("cannot watch the sockets of media loop {}: {}", index_, std::strerror(errno));
  return {};
}

std::vector<BoundSocket> Shard::bound_sockets() const {
  std::vector<BoundSocket> bound;
  for (uint32_t i = 0; i < sockets_.size(); ++i) bound.push_back({i, sockets_[i].local(), i < tcp_.listeners().size()});
  return bound;
}

void Shard::pin_thread() const {
  if (cpu_ < 0) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<size_t>(cpu_), &set);
  int error = pthread_setaffinity_np(pthread_self(), sizeof set, &set);
  if (error != 0) log::warning("", "Cannot pin the {} loop to core {}: {}", name_, cpu_, std::strerror(error));
}

void Shard::run() {
  mesh_.enter(index_ + 1);
  pthread_setname_np(pthread_self(), fmt::format("media-{}", index_).c_str());
  pin_thread();
  while (!stopping_) turn();
}

void Shard::stop() {
  // A closure, so that whatever the caller posted before is still carried out, and sent.
  post([this] { stopping_ = true; });
}

void Shard::turn() {
  ++stats_.turns;
  std::array<epoll_event, kEvents> events;
  int count = wait(events.data());
  Instant began = now_;
  run_posts();
  for (int i = 0; i < count; ++i)
    handle_ready(events[static_cast<size_t>(i)].data.u32, events[static_cast<size_t>(i)].events);
  run_timers();
  if (callbacks_.end_of_turn) callbacks_.end_of_turn(now_);
  tick("the end of a turn");
  flush();
  stats_.busy.add(now_ - began);
  note_work(now_ - began);
}

void Shard::note_work(Duration worked) {
  constexpr Duration kPeriod = std::chrono::milliseconds(100);
  worked_ += worked;
  Duration passed = now_ - load_at_;
  if (passed < kPeriod) return;
  load_ = std::min(1.0, static_cast<double>(worked_.count()) / static_cast<double>(passed.count()));
  worked_ = Duration{0};
  load_at_ = now_;
}

int Shard::wait(epoll_event* events) {
  constexpr Duration kLongest = std::chrono::seconds(60);
  Duration timeout = std::clamp(next_deadline() - std::max(now_, Instant{}), Duration::zero(), kLongest);
  bool sleeps = timeout > Duration::zero() && mesh_.prepare_sleep(index_ + 1);
  int count = wait_with_deadline(epoll_fd_, events, sleeps ? timeout : Duration::zero());
  if (sleeps) {
    mesh_.woke_up(index_ + 1);
    ++stats_.sleeps;
  }
  now_ = monotonic_now();
  WatchScope::last_name = nullptr;
  return count;
}

Instant Shard::next_deadline() const {
  Instant next = std::min({timers_.next(), send_at_, tcp_.next_deadline()});
  return callbacks_.next_deadline ? std::min(next, callbacks_.next_deadline()) : next;
}

void Shard::run_posts() {
  Task task;
  for (int i = 0; i < kPostsPerTurn && mesh_.take(index_ + 1, task); ++i) {
    task();
    task = nullptr;
    ++stats_.tasks;
    tick("a posted closure");
  }
}

void Shard::handle_ready(uint32_t tag, uint32_t events) {
  if (tag == kWakeTag) {
    uint64_t count = 0;
    [[maybe_unused]] ssize_t got =
        read(wake_fd_, &count, sizeof count);  // nothing to read: woken by a post seen already
    return;
  }
  if (tag == kStreamsTag) {
    streams_.handle_ready(now_);
    return tick("a connection to a server");
  }
  if ((tag & kPortTag) != 0) {
    ports_.handle_ready(tag, now_);
    return tick("a media port");
  }
  if ((tag & kTcpTag) != 0) {
    tcp_.handle_ready(tag, events, now_, on_packet_);
    return tick("a TCP connection");
  }
  if ((events & EPOLLOUT) != 0) {
    sender_.writable(tag);
    watch_writable(tag, sender_.backlogged(tag));
  }
  if ((events & (EPOLLIN | EPOLLERR)) == 0) return;
  for (int i = 0; i < kReadsPerTurn; ++i) {
    if (!receiver_.receive(sockets_[tag], tag, now_, on_packet_, after_message_)) return;
  }
}

void Shard::run_timers() {
  Task task;
  Instant due = now_;
  Instant expected = next_deadline();
  if (expected <= due) stats_.late.add(due - expected);
  // A timer that re-arms itself for "at once" has to wait for the next turn.
  for (size_t left = timers_.size(); left > 0 && timers_.pop_due(due, task); --left) {
    task();
    task = nullptr;
    ++stats_.timers;
    tick("a timer");
  }
  if (tcp_.next_deadline() <= now_) tcp_.handle_timeout(now_);
  if (!callbacks_.on_timer || !callbacks_.next_deadline || callbacks_.next_deadline() > now_) return;
  callbacks_.on_timer(now_);
  tick("peers' timers");
}

// Media may wait a moment for more media, so that more datagrams share one GSO run; what ICE and DTLS
// push waits for nothing, and takes along what is there.
bool Shard::may_wait() {
  if (collect_ == Duration::zero() || tx_.urgent() || stopping_ || tx_.queued_bytes() >= kCollectBytes) return false;
  if (send_at_ == kNever) send_at_ = now_ + collect_;
  return now_ < send_at_;
}

void Shard::flush() {
  if (tx_.empty()) return tcp_.flush();
  if (may_wait()) return;
  send_now();
  tick("sending");
}

void Shard::send_now() {
  send_at_ = kNever;
  sender_.send(tx_, to_tcp_);
  tx_.clear();
  tcp_.flush();
  if (callbacks_.sent) callbacks_.sent(monotonic_now());
  for (uint32_t i = 0; i < sockets_.size(); ++i) watch_writable(i, sender_.backlogged(i));
}

void Shard::watch_writable(SocketId socket, bool wanted) {
  if (wants_writable_[socket] == wanted) return;
  wants_writable_[socket] = wanted;
  epoll_event event{};
  event.events = wanted ? EPOLLIN | EPOLLOUT : EPOLLIN;
  event.data.u32 = socket;
  epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, sockets_[socket].fd(), &event);
}

void Shard::tick(const char* what) {
  Instant now = monotonic_now();
  watchdog_.check(now - now_, name_.c_str(), what, now);
  now_ = now;
  WatchScope::last_name = nullptr;
}

ShardStats Shard::stats() const {
  ShardStats stats = stats_;
  stats.rx = receiver_.stats();
  stats.tx = sender_.stats();
  stats.tcp = tcp_.stats();
  stats.ports = ports_.stats();
  stats.open_ports = ports_.count();
  stats.packets_allocated = pool_.allocated();
  stats.cpu = thread_cpu_time();
  return stats;
}

void Shard::post(Task task) {
  mesh_.post(index_ + 1, std::move(task));
}

WallTime Shard::wall_time() const {
  return wall_now();
}

}  // namespace limen::runtime
