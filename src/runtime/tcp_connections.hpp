// TcpConnections: the ICE-TCP connections of one shard (RFC 6544), framed as RFC 4571 says.
//
// Named by flow: kTcpPassive + i are those that came in at listener i, kTcpActive + i those that are opened
// from its address when the first datagram wants to go there. Everything is bounded: connections, those of
// strangers (whom ICE has not authenticated yet) together and per address, the time a stranger has, what waits
// for a slow reader. What a connection does not take is dropped frame by frame, as a full UDP socket would.
// A connection lives as long as the flow has an owner; the first thing a stranger says must be STUN.
//
// The shard's thread, or any before it starts and after it ended.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/packet.hpp"
#include "base/tx_queue.hpp"
#include "runtime/deadline_heap.hpp"
#include "runtime/frame_reader.hpp"
#include "runtime/tcp_listener.hpp"

namespace limen::runtime {

struct TcpLimits {
  size_t connections = 4096;  // both directions
  size_t strangers = 256;     // beyond it the oldest stranger has to go
  size_t strangers_per_address = 16;
  size_t queue_bytes = 256 * 1024;  // per connection
  Duration stranger_time = std::chrono::seconds(10);
  Duration farewell_time = std::chrono::seconds(2);  // to write what is left after close()
};

struct TcpStats {
  uint64_t accepted = 0, opened = 0, closed = 0;
  uint64_t frames_in = 0, frames_out = 0;
  uint64_t refused_full = 0;         // too many connections
  uint64_t refused_address = 0;      // too many strangers at one address
  uint64_t given_away = 0;           // to the shard of their peer
  uint64_t evicted = 0;              // strangers that had to make room
  uint64_t timed_out = 0;            // strangers that did not prove themselves
  uint64_t bad_stream = 0;           // a frame too long, or a stranger that does not speak STUN
  uint64_t dropped_full = 0;         // frames that a slow reader does not get
  uint64_t dropped_no_packet = 0;    // the pool is at its limit
  uint64_t dropped_unconnected = 0;  // to a flow without a connection
};

class TcpConnections {
 public:
  using Sink = std::function<void(const Flow& from, Packet packet)>;
  // A connection with an owner has ended, and not because of close(). Called from handle_timeout() only.
  using OnClosed = std::function<void(const Flow& flow)>;

  // One port for several shards: whose the first frame of a stranger is, if it is another shard's; and the way there.
  using Route = std::function<std::optional<uint32_t>(Bytes first_frame)>;
  using GiveAway = std::function<void(uint32_t shard, FileDescriptor fd, const Flow& flow)>;

  // Its sockets are watched by `epoll_fd` under tags that have `tag_bit` and none above it.
  TcpConnections(int epoll_fd, uint32_t tag_bit, std::vector<TcpListener> listeners, int dscp, PacketPool& pool,
                 TcpLimits limits = {});
  ~TcpConnections();

  bool watch_listeners();  // false: errno says why
  const std::vector<TcpListener>& listeners() const { return listeners_; }
  void set_on_closed(OnClosed on_closed) { on_closed_ = std::move(on_closed); }
  void set_route(Route route, GiveAway give_away) {
    route_ = std::move(route);
    give_away_ = std::move(give_away);
  }
  // A stranger's connection that another shard has accepted; nothing of it has been read.
  void adopt(FileDescriptor fd, const Flow& flow, Instant now);

  // Queues one datagram; flush() writes, also from inside a sink. Opens the connection if the flow is an active one.
  void send(SocketId socket, const SocketAddress& remote, Bytes datagram, Instant now);
  void flush();
  // The flow has an owner now: it is a stranger no longer.
  void known(const Flow& flow);
  // It has none any more: what waits is still written, then it ends.
  void close(const Flow& flow, Instant now);

  void handle_ready(uint32_t tag, uint32_t events, Instant now, const Sink& sink);
  void handle_timeout(Instant now);
  Instant next_deadline() const;

  size_t count() const { return by_flow_.size(); }
  size_t strangers() const { return strangers_; }
  int descriptor(const Flow& flow) const;  // -1: there is no such connection
  const TcpStats& stats() const { return stats_; }

 private:
  struct Connection {
    Connection(FileDescriptor fd_, const Flow& flow_, uint32_t slot_);
    FileDescriptor fd;
    Flow flow;
    uint32_t slot;
    FrameReader reader;
    std::vector<uint8_t> out;  // frames, of which the first `written` bytes have left
    size_t written = 0;
    bool connecting = false;
    bool stranger = true;
    bool heard = false;    // a frame came in
    bool routed = false;   // its first frame is nobody else's
    size_t peeked = 0;     // bytes seen of it
    bool closing = false;  // ends when `out` is written
    bool broken = false;   // ends at once
    bool watching_out = false;
    bool dirty = false;  // in dirty_
  };
  struct FlowHash {
    size_t operator()(const Flow& flow) const noexcept { return SocketAddressHash()(flow.remote) + flow.socket; }
  };

  Connection* find(const Flow& flow);
  Connection* add(FileDescriptor fd, const Flow& flow, bool connecting, Instant now);
  Connection* open(const Flow& flow, Instant now);
  void remove(Connection& connection);  // the owner, if it had one and did not close it, is told later
  bool make_room(const Flow& flow);
  void mark_dirty(Connection& connection);
  void accept_from(size_t listener, Instant now);
  bool belongs_elsewhere(Connection& connection);
  void pause_listeners(Instant now);
  void read(Connection& connection, Instant now, const Sink& sink);
  bool take_frame(Connection& connection, Bytes frame, Instant now, const Sink& sink);
  void write(Connection& connection);
  void watch(Connection& connection, bool out);
  void forget_stranger(Connection& connection);

  int epoll_fd_;
  uint32_t tag_bit_;
  std::vector<TcpListener> listeners_;
  int dscp_;
  PacketPool& pool_;
  TcpLimits limits_;
  OnClosed on_closed_;
  Route route_;
  GiveAway give_away_;
  std::unordered_map<Flow, std::unique_ptr<Connection>, FlowHash> by_flow_;
  std::vector<Connection*> slots_;
  std::vector<uint32_t> free_slots_;
  std::vector<uint32_t> dirty_, round_;  // slots with something to write or to end
  std::unordered_map<std::string, size_t> strangers_at_;
  size_t strangers_ = 0;
  Connection* reading_ = nullptr;     // must outlive the sinks it feeds
  std::vector<Flow> ended_;           // whose owners are to be told
  DeadlineHeap deadlines_;            // strangers and those that are closing, by slot
  Instant listen_again_at_ = kNever;  // out of file descriptors until then
  std::unique_ptr<uint8_t[]> buffer_;
  TcpStats stats_;
};

}  // namespace limen::runtime
