// Shard: one media thread: an epoll loop over its own UDP sockets and ICE-TCP connections, posts, timers and
// one TxQueue.
//
// A turn: wait -> posts -> datagrams -> timers -> end_of_turn -> send everything. now() stands still
// within one callback. Constructed and bound by Runtime before its thread starts; after that
// everything but post() belongs to its own thread.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/executor.hpp"
#include "base/histogram.hpp"
#include "base/packet.hpp"
#include "base/tx_queue.hpp"
#include "runtime/byte_stream_set.hpp"
#include "runtime/post_mesh.hpp"
#include "runtime/tcp_connections.hpp"
#include "runtime/timer_queue.hpp"
#include "runtime/udp_port_set.hpp"
#include "runtime/udp_receiver.hpp"
#include "runtime/udp_sender.hpp"
#include "runtime/udp_socket.hpp"
#include "runtime/watchdog.hpp"

struct epoll_event;

namespace limen::runtime {

// What a shard drives. Empty functions are not called.
struct ShardCallbacks {
  std::function<void(const Flow& from, Packet packet, Instant now)> on_datagram = {};
  std::function<void(Instant now)> on_timer = {};  // next_deadline() has passed
  std::function<Instant()> next_deadline = {};
  std::function<void(Instant now)> end_of_turn = {};                       // last chance to fill the TxQueue
  std::function<void(Instant now)> sent = {};                              // what was in it has left
  std::function<void(const Flow& flow, Instant now)> on_flow_closed = {};  // a TCP connection with an owner ended
};

struct BoundSocket {
  SocketId id = 0;
  SocketAddress address;
  bool tcp = false;  // a listener has the same address; see kTcpPassive
};

struct ShardStats {
  RxStats rx;
  TxStats tx;
  TcpStats tcp;
  uint64_t turns = 0;
  uint64_t tasks = 0;
  uint64_t timers = 0;
  uint64_t sleeps = 0;
  UdpPortStats ports;  // that media handlers opened
  size_t open_ports = 0;
  size_t packets_allocated = 0;
  DurationHistogram busy;  // a turn, from waking up to the last datagram sent: what comes in meanwhile waits so long
  DurationHistogram late;  // how much after their time timers ran
  Duration cpu{0};         // of the thread
};

class Shard final : public Executor {
 public:
  struct Setup {
    uint32_t index = 0;
    std::vector<UdpSocket> sockets;
    std::vector<TcpListener> listeners = {};  // one for each of the sockets, or none
    int dscp = 0;                             // of TCP connections
    bool gso = true;
    int cpu = -1;  // pin the thread to it; -1: do not
    size_t packet_limit = 65536;
    // Datagrams wait this long for more to the same destination (see Shard::may_wait); 0: no longer than
    // the turn.
    Duration collect{0};
  };
  // Node index + 1 of `mesh`. The pool outlives every packet, of other shards too, so Runtime keeps it.
  static Result<std::unique_ptr<Shard>> create(Setup setup, PacketPool& pool, PostMesh& mesh, Watchdog& watchdog);
  ~Shard() override;

  uint32_t index() const { return index_; }
  std::vector<BoundSocket> bound_sockets() const;
  std::span<const UdpSocket> sockets() const { return sockets_; }  // before the thread starts
  TxQueue& tx() { return tx_; }
  UdpPorts& ports() { return ports_; }
  ByteStreams& streams() { return streams_; }
  TcpConnections& tcp() { return tcp_; }
  // Sends and clears the TxQueue before the turn ends. Its own thread, from a callback.
  void send_now();
  PacketPool& packets() { return pool_; }
  // Share of its time that it has worked lately, 0 to 1. Its own thread.
  double load() const { return load_; }
  // Before the thread starts.
  void set_callbacks(ShardCallbacks callbacks) { callbacks_ = std::move(callbacks); }

  // The thread's body: returns after stop(). Tests call it on a thread of their own.
  void run();
  // Any thread. What the caller has posted before is still run, and sent.
  void stop();
  // From its own thread (post a closure that asks).
  ShardStats stats() const;

  void post(Task task) override;
  Instant now() const override { return now_; }
  WallTime wall_time() const override;
  TimerId call_at(Instant when, Task task) override { return timers_.add(when, std::move(task)); }
  void cancel(TimerId timer) override { timers_.cancel(timer); }

 private:
  Shard(Setup setup, PacketPool& pool, PostMesh& mesh, Watchdog& watchdog, int epoll_fd, int wake_fd);
  Result<> watch_sockets();
  void turn();
  int wait(epoll_event* events);
  void run_posts();
  void run_timers();
  void note_work(Duration worked);
  void flush();
  bool may_wait();
  void handle_ready(uint32_t tag, uint32_t events);
  void watch_writable(SocketId socket, bool wanted);
  Instant next_deadline() const;
  void pin_thread() const;
  void tick(const char* what);  // reads the clock, tells the watchdog

  static constexpr size_t kCollectBytes = 256 * 1024;  // more than this does not wait
  static constexpr int kPostsPerTurn = 1024;
  static constexpr int kReadsPerTurn = 4;  // recvmmsg calls per socket

  uint32_t index_;
  int cpu_;
  int epoll_fd_;
  int wake_fd_;
  std::string name_;
  PacketPool& pool_;
  PostMesh& mesh_;
  Watchdog& watchdog_;
  std::vector<UdpSocket> sockets_;
  std::vector<bool> wants_writable_;
  TxQueue tx_;
  Duration collect_;
  Instant send_at_ = kNever;  // when what waits in tx_ leaves; kNever: nothing waits
  UdpSender sender_;
  UdpReceiver receiver_;
  UdpPortSet ports_;
  ByteStreamSet streams_;
  TcpConnections tcp_;
  UdpReceiver::Sink on_packet_;
  UdpSender::Elsewhere to_tcp_;
  std::function<Instant()> after_message_;
  TimerQueue timers_;
  ShardCallbacks callbacks_;
  Instant now_{};
  double load_ = 0;
  Duration worked_{0};  // since load_ was taken last
  Instant load_at_{};
  bool stopping_ = false;
  ShardStats stats_;
};

}  // namespace limen::runtime
