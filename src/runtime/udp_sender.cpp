#include "runtime/udp_sender.hpp"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/log.hpp"

namespace limen::runtime {

struct UdpSender::Arrays {
  struct alignas(cmsghdr) Control {
    std::array<uint8_t, CMSG_SPACE(sizeof(uint16_t))> bytes;
  };
  std::array<mmsghdr, kMaxMessages> headers{};
  std::array<sockaddr_storage, kMaxMessages> names{};
  std::array<Control, kMaxMessages> controls{};
  std::array<size_t, kMaxMessages> runs{};  // datagrams per message
  std::array<iovec, kMaxVectors> vectors{};
  size_t count = 0;

  void set_segment_size(msghdr& header, size_t message, size_t size) {
    header.msg_control = controls[message].bytes.data();
    header.msg_controllen = controls[message].bytes.size();
    cmsghdr* control = CMSG_FIRSTHDR(&header);
    control->cmsg_level = IPPROTO_UDP;
    control->cmsg_type = UDP_SEGMENT;
    control->cmsg_len = CMSG_LEN(sizeof(uint16_t));
    auto value = static_cast<uint16_t>(size);
    std::memcpy(CMSG_DATA(control), &value, sizeof value);
  }
};

UdpSender::UdpSender(std::span<const UdpSocket> sockets, bool gso, SendMany send_many)
    : send_many_(send_many ? std::move(send_many) : SendMany(&sendmmsg)), arrays_(std::make_unique<Arrays>()) {
  for (const UdpSocket& socket : sockets) {
    Port port;
    port.fd = socket.fd();
    port.scope = socket.scope();
    port.gso = gso;
    ports_.push_back(std::move(port));
  }
}

UdpSender::~UdpSender() = default;

void UdpSender::send(const TxQueue& tx, const Elsewhere& elsewhere) {
  groups_.visit(tx, [this, &elsewhere](SocketId socket, const Datagram& datagram) {
    if (socket < ports_.size()) ports_[socket].items.push_back(datagram);
    else if (elsewhere && is_tcp(socket)) elsewhere(socket, datagram);
    else ++stats_.dropped_socket;
  });
  for (Port& port : ports_) {
    std::span<const Datagram> items = port.items;
    bool full = !port.backlog.empty();
    while (!items.empty() && !full) {
      Progress progress = send_batch(port, items, port.gso);
      items = items.subspan(progress.done);
      full = progress.full;
    }
    if (!items.empty()) queue(port, items);
    port.items.clear();
  }
}

void UdpSender::writable(SocketId socket) {
  Port& port = ports_[socket];
  bool full = false;
  while (!port.backlog.empty() && !full) {
    waiting_.clear();
    for (const Waiting& one : port.backlog) {
      if (waiting_.size() == kMaxVectors) break;
      waiting_.push_back({&one.remote, one.bytes});
    }
    Progress progress = send_batch(port, waiting_, port.gso);
    full = progress.full;
    for (size_t i = 0; i < progress.done; ++i) {
      port.backlog_bytes -= port.backlog.front().bytes.size();
      port.backlog.pop_front();
    }
  }
}

UdpSender::Progress UdpSender::send_batch(Port& port, std::span<const Datagram> items, bool gso) {
  build(port, items, gso);
  int sent = send_many_(port.fd, arrays_->headers.data(), static_cast<unsigned>(arrays_->count), MSG_DONTWAIT);
  ++stats_.system_calls;
  if (sent <= 0) return after_error(port, items, arrays_->runs[0], errno);
  Progress progress;
  for (size_t i = 0; i < static_cast<size_t>(sent); ++i) progress.done += arrays_->runs[i];
  count_sent(port, items.first(progress.done), static_cast<size_t>(sent));
  return progress;
}

UdpSender::Progress UdpSender::after_error(Port& port, std::span<const Datagram> items, size_t run, int error) {
  if (error == EINTR) return {};
  if (error == EAGAIN || error == EWOULDBLOCK) return {0, true};
  if (run == 1) {
    ++stats_.dropped_error;
    return {1, false};
  }
  // A GSO run was refused: by the device (EIO), by an old kernel, or because a segment exceeds the
  // MTU, which single datagrams survive as fragments.
  ++stats_.gso_refused;
  if (error == EIO || ++port.refusals >= kRefusalsBeforeGivingUp) {
    if (port.gso) log::info("", "UDP segmentation offload is refused ({}); sending without", std::strerror(error));
    port.gso = false;
  }
  Progress total;
  while (total.done < run && !total.full) {
    Progress progress = send_batch(port, items.subspan(total.done, run - total.done), false);
    total.done += progress.done;
    total.full = progress.full;
  }
  return total;
}

void UdpSender::build(const Port& port, std::span<const Datagram> items, bool gso) {
  Arrays& arrays = *arrays_;
  arrays.count = 0;
  size_t vector = 0;
  while (!items.empty() && arrays.count < kMaxMessages && vector < kMaxVectors) {
    size_t run = gso ? gso_run(items, std::min(kMaxSegments, kMaxVectors - vector), kMaxRunBytes) : 1;
    size_t message = arrays.count++;
    msghdr& header = arrays.headers[message].msg_hdr;
    header = {};
    header.msg_name = &arrays.names[message];
    header.msg_namelen = to_sockaddr(*items[0].remote, port.scope, arrays.names[message]);
    header.msg_iov = &arrays.vectors[vector];
    header.msg_iovlen = run;
    for (const Datagram& item : items.first(run)) {
      // sendmsg does not write through this pointer.
      arrays.vectors[vector++] = {const_cast<uint8_t*>(item.bytes.data()), item.bytes.size()};
    }
    if (run > 1) arrays.set_segment_size(header, message, items[0].bytes.size());
    arrays.runs[message] = run;
    items = items.subspan(run);
  }
}

void UdpSender::count_sent(Port& port, std::span<const Datagram> items, size_t messages) {
  stats_.datagrams += items.size();
  for (const Datagram& item : items) stats_.bytes += item.bytes.size();
  stats_.messages += messages;
  for (size_t i = 0; i < messages; ++i) {
    stats_.batches.add(arrays_->runs[i]);
    if (arrays_->runs[i] == 1) continue;
    ++stats_.gso_runs;
    port.refusals = 0;
  }
}

TxStats UdpSender::stats() const {
  TxStats stats = stats_;
  for (const Port& port : ports_) {
    stats.waiting += port.backlog.size();
    stats.waiting_bytes += port.backlog_bytes;
  }
  return stats;
}

void UdpSender::queue(Port& port, std::span<const Datagram> items) {
  for (const Datagram& item : items) {
    if (port.backlog_bytes + item.bytes.size() > kBacklogBytes) {
      ++stats_.dropped_full;
      continue;
    }
    port.backlog.push_back({*item.remote, {item.bytes.begin(), item.bytes.end()}});
    port.backlog_bytes += item.bytes.size();
    ++stats_.queued;
  }
}

}  // namespace limen::runtime
