#include "runtime/udp_receiver.hpp"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace limen::runtime {

struct UdpReceiver::Arrays {
  struct alignas(cmsghdr) Control {
    std::array<uint8_t, CMSG_SPACE(sizeof(int))> bytes;
  };
  std::array<mmsghdr, kMessages> headers{};
  std::array<iovec, kMessages> vectors{};
  std::array<sockaddr_storage, kMessages> names{};
  std::array<Control, kMessages> controls{};
  // Uninitialised: pages are touched only as far as the kernel writes.
  std::unique_ptr<uint8_t[]> bytes = std::make_unique_for_overwrite<uint8_t[]>(kMessages * kMessageBytes);

  void prepare() {
    for (size_t i = 0; i < kMessages; ++i) {
      vectors[i] = {bytes.get() + i * kMessageBytes, kMessageBytes};
      msghdr& header = headers[i].msg_hdr;
      header.msg_name = &names[i];
      header.msg_namelen = sizeof names[i];
      header.msg_iov = &vectors[i];
      header.msg_iovlen = 1;
      header.msg_control = controls[i].bytes.data();
      header.msg_controllen = controls[i].bytes.size();
      header.msg_flags = 0;
    }
  }

  // The size of each datagram in a GRO train; 0: it is a single one.
  size_t segment_size(size_t message) {
    msghdr& header = headers[message].msg_hdr;
    for (cmsghdr* control = CMSG_FIRSTHDR(&header); control != nullptr; control = CMSG_NXTHDR(&header, control)) {
      if (control->cmsg_level != IPPROTO_UDP || control->cmsg_type != UDP_GRO) continue;
      int size = 0;
      std::memcpy(&size, CMSG_DATA(control), sizeof size);
      return size > 0 ? static_cast<size_t>(size) : 0;
    }
    return 0;
  }
};

UdpReceiver::UdpReceiver(PacketPool& pool) : pool_(pool), arrays_(std::make_unique<Arrays>()) {}
UdpReceiver::~UdpReceiver() = default;

bool UdpReceiver::receive(const UdpSocket& socket, SocketId id, Instant now, const Sink& sink,
                          const std::function<Instant()>& after_message) {
  arrays_->prepare();
  int count = recvmmsg(socket.fd(), arrays_->headers.data(), kMessages, MSG_DONTWAIT, nullptr);
  ++stats_.system_calls;
  if (count < 0) {
    if (errno == EINTR) return true;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return false;
    // An ICMP error of something sent earlier; the next read gets past it.
    ++stats_.errors;
    return true;
  }
  for (size_t i = 0; i < static_cast<size_t>(count); ++i) {
    ++stats_.messages;
    take_apart(i, arrays_->headers[i].msg_len, id, now, sink);
    now = after_message();
  }
  return static_cast<size_t>(count) == kMessages;
}

void UdpReceiver::take_apart(size_t message, size_t size, SocketId id, Instant now, const Sink& sink) {
  Flow from{id, from_sockaddr(arrays_->names[message])};
  if (size == 0) {
    ++stats_.dropped_empty;
    return;
  }
  if ((arrays_->headers[message].msg_hdr.msg_flags & MSG_TRUNC) != 0) {
    ++stats_.dropped_large;
    return;
  }
  Bytes train(arrays_->bytes.get() + message * kMessageBytes, size);
  size_t segment = arrays_->segment_size(message);
  if (segment == 0) segment = size;
  while (!train.empty()) {
    Bytes datagram = train.first(std::min(segment, train.size()));
    train = train.subspan(datagram.size());
    ++stats_.datagrams;
    stats_.bytes += datagram.size();
    if (datagram.size() > kMaxDatagram) {
      ++stats_.dropped_large;
      continue;
    }
    Packet packet = pool_.copy(datagram, now);
    if (packet) sink(from, std::move(packet));
    else ++stats_.dropped_no_packet;
  }
}

}  // namespace limen::runtime
