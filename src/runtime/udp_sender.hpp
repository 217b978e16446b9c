// UdpSender: sends a loop turn's TxQueue with as few system calls and stack traversals as it can.
//
// Datagrams are grouped by flow in their order; runs of equal size (the last may be shorter) leave as
// one UDP_SEGMENT message, everything of one socket in one sendmmsg. Where the kernel or device refuses
// GSO, that socket goes on without, for good. What a full socket does not take waits in a bounded
// backlog. One thread.
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/histogram.hpp"
#include "base/tx_queue.hpp"
#include "runtime/flow_groups.hpp"
#include "runtime/udp_socket.hpp"

struct mmsghdr;

namespace limen::runtime {

struct TxStats {
  uint64_t datagrams = 0, bytes = 0;
  uint64_t messages = 0;  // what the kernel was given: a GSO run counts once
  uint64_t gso_runs = 0;
  uint64_t system_calls = 0;
  uint64_t gso_refused = 0;     // runs that had to be sent one by one
  uint64_t queued = 0;          // went to a backlog
  uint64_t dropped_full = 0;    // backlog full
  uint64_t dropped_error = 0;   // the kernel refused: no route, too large, ...
  uint64_t dropped_socket = 0;  // no such socket
  BatchHistogram batches;       // datagrams per message
  uint64_t waiting = 0;         // in the backlogs now
  uint64_t waiting_bytes = 0;
};

class UdpSender {
 public:
  static constexpr size_t kMaxSegments = 64;        // UDP_MAX_SEGMENTS of older kernels
  static constexpr size_t kMaxRunBytes = 65000;     // fits an IP packet with its headers
  static constexpr size_t kMaxMessages = 64;        // per system call
  static constexpr size_t kMaxVectors = 1024;       // datagrams per system call
  static constexpr size_t kBacklogBytes = 1 << 20;  // per socket
  static constexpr int kRefusalsBeforeGivingUp = 8;

  // sendmmsg's parameters and result; tests put a reluctant kernel here.
  using SendMany = std::function<int(int fd, mmsghdr* messages, unsigned count, int flags)>;

  // `sockets` by SocketId; they outlive the sender. An empty function is sendmmsg itself.
  UdpSender(std::span<const UdpSocket> sockets, bool gso, SendMany send_many = {});
  ~UdpSender();

  // Takes the datagrams of sockets that are not ours.
  using Elsewhere = std::function<void(SocketId socket, const Datagram& datagram)>;
  // Sends or queues everything in `tx` (and leaves it: the caller clears).
  void send(const TxQueue& tx, const Elsewhere& elsewhere = {});
  // The socket can take data again.
  void writable(SocketId socket);
  bool backlogged(SocketId socket) const { return !ports_[socket].backlog.empty(); }
  bool gso(SocketId socket) const { return ports_[socket].gso; }
  TxStats stats() const;

 private:
  struct Waiting {
    SocketAddress remote;
    std::vector<uint8_t> bytes;
  };
  struct Port {
    int fd = -1;
    uint32_t scope = 0;
    bool gso = false;
    int refusals = 0;  // in a row
    std::deque<Waiting> backlog;
    size_t backlog_bytes = 0;
    std::vector<Datagram> items;  // of this turn, grouped by flow
  };
  struct Arrays;  // mmsghdr, iovec, control: reused
  struct Progress {
    size_t done = 0;  // datagrams sent or dropped
    bool full = false;
  };

  // As much of `items` as one system call takes.
  Progress send_batch(Port& port, std::span<const Datagram> items, bool gso);
  Progress after_error(Port& port, std::span<const Datagram> items, size_t run, int error);
  void build(const Port& port, std::span<const Datagram> items, bool gso);
  void count_sent(Port& port, std::span<const Datagram> items, size_t messages);
  void queue(Port& port, std::span<const Datagram> items);

  std::vector<Port> ports_;
  SendMany send_many_;
  std::unique_ptr<Arrays> arrays_;
  FlowGroups groups_;
  std::vector<Datagram> waiting_;
  TxStats stats_;
};

}  // namespace limen::runtime
