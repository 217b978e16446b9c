// UsrsctpSide: one association of usrsctp without threads and sockets: packets in, packets out.
//
// usrsctp is one per process; its timers run when tick() says so. One thread.
#pragma once
#include <usrsctp.h>

#include <array>
#include <cstring>
#include <deque>
#include <map>
#include <vector>

#include "base/bytes.hpp"

namespace limen::test {

struct UsrsctpMessage {
  uint16_t stream = 0;
  uint32_t ppid = 0;
  std::vector<uint8_t> bytes;
};

class UsrsctpSide {
 public:
  explicit UsrsctpSide(bool interleaving = false) {
    static const bool started = start();
    (void)started;
    usrsctp_register_address(this);
    socket_ = usrsctp_socket(AF_CONN, SOCK_STREAM, IPPROTO_SCTP, nullptr, nullptr, 0, nullptr);
    usrsctp_set_non_blocking(socket_, 1);
    int size = 1 << 20;
    usrsctp_setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    usrsctp_setsockopt(socket_, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    int on = 1;
    usrsctp_setsockopt(socket_, IPPROTO_SCTP, SCTP_NODELAY, &on, sizeof on);
    usrsctp_setsockopt(socket_, IPPROTO_SCTP, SCTP_RECVRCVINFO, &on, sizeof on);
    sctp_assoc_value resets{SCTP_FUTURE_ASSOC, SCTP_ENABLE_RESET_STREAM_REQ};
    usrsctp_setsockopt(socket_, IPPROTO_SCTP, SCTP_ENABLE_STREAM_RESET, &resets, sizeof resets);
    sctp_initmsg streams{300, 300, 0, 0};
    usrsctp_setsockopt(socket_, IPPROTO_SCTP, SCTP_INITMSG, &streams, sizeof streams);
    sctp_event event{SCTP_FUTURE_ASSOC, SCTP_STREAM_RESET_EVENT, 1};
    usrsctp_setsockopt(socket_, IPPROTO_SCTP, SCTP_EVENT, &event, sizeof event);
    if (interleaving) interleave();
    sockaddr_conn address = self();
    usrsctp_bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address);
  }
  ~UsrsctpSide() {
    linger hard{1, 0};
    usrsctp_setsockopt(socket_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    usrsctp_close(socket_);
    usrsctp_deregister_address(this);
  }
  UsrsctpSide(const UsrsctpSide&) = delete;
  UsrsctpSide& operator=(const UsrsctpSide&) = delete;

  void connect() {
    sockaddr_conn address = self();
    usrsctp_connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address);
  }
  void handle(Bytes packet) {
    usrsctp_conninput(this, packet.data(), packet.size(), 0);
    receive();
  }
  static void tick(uint32_t milliseconds) { usrsctp_handle_timers(milliseconds); }

  // False: no room, or not connected.
  bool send(uint16_t stream, uint32_t ppid, Bytes bytes, bool unordered = false, uint16_t policy = SCTP_PR_SCTP_NONE,
            uint32_t value = 0) {
    sctp_sendv_spa info{};
    info.sendv_flags = SCTP_SEND_SNDINFO_VALID | SCTP_SEND_PRINFO_VALID;
    info.sendv_sndinfo.snd_sid = stream;
    info.sendv_sndinfo.snd_ppid = htonl(ppid);
    info.sendv_sndinfo.snd_flags = static_cast<uint16_t>(SCTP_EOR | (unordered ? SCTP_UNORDERED : 0));
    info.sendv_prinfo.pr_policy = policy;
    info.sendv_prinfo.pr_value = value;
    return usrsctp_sendv(socket_, bytes.data(), bytes.size(), nullptr, 0, &info, sizeof info, SCTP_SENDV_SPA, 0) ==
           static_cast<ssize_t>(bytes.size());
  }
  bool reset(uint16_t stream) {
    std::array<uint8_t, sizeof(sctp_reset_streams) + sizeof(uint16_t)> raw{};
    auto* request = reinterpret_cast<sctp_reset_streams*>(raw.data());
    request->srs_flags = SCTP_STREAM_RESET_OUTGOING;
    request->srs_number_streams = 1;
    request->srs_stream_list[0] = stream;
    return usrsctp_setsockopt(socket_, IPPROTO_SCTP, SCTP_RESET_STREAMS, request, raw.size()) == 0;
  }

  std::deque<std::vector<uint8_t>> out;
  std::deque<UsrsctpMessage> messages;
  std::vector<uint16_t> reset_by_peer, reset_done;

  // Takes what usrsctp has received.
  void receive() {
    for (;;) {
      static std::vector<uint8_t> room(1 << 19);
      sctp_rcvinfo info{};
      socklen_t info_size = sizeof info;
      unsigned kind = 0;
      int flags = 0;
      ssize_t size =
          usrsctp_recvv(socket_, room.data(), room.size(), nullptr, nullptr, &info, &info_size, &kind, &flags);
      if (size <= 0) return;
      if ((flags & MSG_NOTIFICATION) != 0) {
        notice(Bytes(room).first(static_cast<size_t>(size)));
        continue;
      }
      std::vector<uint8_t>& partial = partial_[info.rcv_sid];
      partial.insert(partial.end(), room.begin(), room.begin() + size);
      if ((flags & MSG_EOR) == 0) continue;
      messages.push_back({info.rcv_sid, ntohl(info.rcv_ppid), std::exchange(partial, {})});
    }
  }

 private:
  static bool start() {
    usrsctp_init_nothreads(0, &UsrsctpSide::output, nullptr);
    usrsctp_sysctl_set_sctp_ecn_enable(0);
    usrsctp_sysctl_set_sctp_blackhole(2);
    return true;
  }
  static int output(void* address, void* buffer, size_t length, uint8_t, uint8_t) {
    auto* bytes = static_cast<uint8_t*>(buffer);
    static_cast<UsrsctpSide*>(address)->out.emplace_back(bytes, bytes + length);
    return 0;
  }
  sockaddr_conn self() {
    sockaddr_conn address{};
    address.sconn_family = AF_CONN;
    address.sconn_port = htons(5000);
    address.sconn_addr = this;
    return address;
  }
  void interleave() {
    constexpr int kInterleavingSupported = 0x1206;  // not in the public header
    int level = 2;
    usrsctp_setsockopt(socket_, IPPROTO_SCTP, SCTP_FRAGMENT_INTERLEAVE, &level, sizeof level);
    sctp_assoc_value on{SCTP_FUTURE_ASSOC, 1};
    usrsctp_setsockopt(socket_, IPPROTO_SCTP, kInterleavingSupported, &on, sizeof on);
  }
  void notice(Bytes bytes) {
    sctp_stream_reset_event event{};
    if (bytes.size() < sizeof event || load_host_u16(bytes.data()) != SCTP_STREAM_RESET_EVENT) return;
    std::memcpy(&event, bytes.data(), sizeof event);
    if ((event.strreset_flags & (SCTP_STREAM_RESET_DENIED | SCTP_STREAM_RESET_FAILED)) != 0) return;
    bool incoming = (event.strreset_flags & SCTP_STREAM_RESET_INCOMING_SSN) != 0;
    for (size_t at = sizeof event; at + 2 <= bytes.size(); at += 2) {
      (incoming ? reset_by_peer : reset_done).push_back(load_host_u16(&bytes[at]));
    }
  }
  static uint16_t load_host_u16(const uint8_t* at) {
    uint16_t value;
    std::memcpy(&value, at, 2);
    return value;
  }

  struct socket* socket_;
  std::map<uint16_t, std::vector<uint8_t>> partial_;
};

}  // namespace limen::test
