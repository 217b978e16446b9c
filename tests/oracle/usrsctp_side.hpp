// UsrsctpSide: one association of usrsctp without threads and sockets: packets in, packets out.
//
// usrsctp is one per process; its timers run when its UsrsctpClock is moved. One thread.
#pragma once
#include <usrsctp.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <map>
#include <utility>
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
  static constexpr uint32_t kPathMtu = 1191;
  explicit UsrsctpSide(bool interleaving = false) {
    static const bool started = start();
    (void)started;
    sides()[name_] = this;
    usrsctp_register_address(as_address(name_));
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
    for (uint16_t type : {SCTP_STREAM_RESET_EVENT, SCTP_PARTIAL_DELIVERY_EVENT, SCTP_ASSOC_CHANGE}) {
      sctp_event event{SCTP_FUTURE_ASSOC, type, 1};
      usrsctp_setsockopt(socket_, IPPROTO_SCTP, SCTP_EVENT, &event, sizeof event);
    }
    // As browsers set them.
    sctp_rtoinfo timeouts{SCTP_FUTURE_ASSOC, 500, 10000, 400};
    usrsctp_setsockopt(socket_, IPPROTO_SCTP, SCTP_RTOINFO, &timeouts, sizeof timeouts);
    if (interleaving) interleave();
    sockaddr_conn address = self();
    usrsctp_bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address);
  }
  ~UsrsctpSide() {
    linger hard{1, 0};
    usrsctp_setsockopt(socket_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    usrsctp_close(socket_);
    usrsctp_deregister_address(as_address(name_));
    sides().erase(name_);
  }
  UsrsctpSide(const UsrsctpSide&) = delete;
  UsrsctpSide& operator=(const UsrsctpSide&) = delete;

  void connect() {
    sockaddr_conn address = self();
    usrsctp_connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    set_path();
  }
  void listen() { usrsctp_listen(socket_, 1); }
  void handle(Bytes packet) {
    usrsctp_conninput(as_address(name_), packet.data(), packet.size(), 0);
    receive();
  }

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

  void shut_down() { usrsctp_shutdown(socket_, SHUT_WR); }

  std::deque<std::vector<uint8_t>> out;
  std::deque<UsrsctpMessage> messages;
  std::vector<uint16_t> reset_by_peer, reset_done;
  bool lost = false;  // the association has ended

  // Takes what usrsctp has received.
  void receive() {
    if (struct socket* accepted = usrsctp_accept(socket_, nullptr, nullptr)) {
      usrsctp_close(std::exchange(socket_, accepted));
      usrsctp_set_non_blocking(socket_, 1);
      set_path();
    }
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
    usrsctp_sysctl_set_sctp_vtag_time_wait(0);
    return true;
  }
  static int output(void* address, void* buffer, size_t length, uint8_t, uint8_t) {
    auto* bytes = static_cast<uint8_t*>(buffer);
    auto side = sides().find(reinterpret_cast<uintptr_t>(address));
    if (side != sides().end()) side->second->out.emplace_back(bytes, bytes + length);
    return 0;
  }
  sockaddr_conn self() {
    sockaddr_conn address{};
    address.sconn_family = AF_CONN;
    address.sconn_port = htons(5000);
    address.sconn_addr = as_address(name_);
    return address;
  }
  void set_path() {
    sockaddr_conn address = self();
    sctp_paddrparams path{};
    std::memcpy(&path.spp_address, &address, sizeof address);
    path.spp_flags = SPP_PMTUD_DISABLE;
    path.spp_pathmtu = kPathMtu;
    usrsctp_setsockopt(socket_, IPPROTO_SCTP, SCTP_PEER_ADDR_PARAMS, &path, sizeof path);
  }
  void interleave() {
    constexpr int kInterleavingSupported = 0x1206;  // not in the public header
    int level = 2;
    usrsctp_setsockopt(socket_, IPPROTO_SCTP, SCTP_FRAGMENT_INTERLEAVE, &level, sizeof level);
    sctp_assoc_value on{SCTP_FUTURE_ASSOC, 1};
    usrsctp_setsockopt(socket_, IPPROTO_SCTP, kInterleavingSupported, &on, sizeof on);
  }
  void notice(Bytes bytes) {
    uint16_t type = bytes.size() < 2 ? 0 : load_host_u16(bytes.data());
    if (type == SCTP_ASSOC_CHANGE) {
      sctp_assoc_change change{};
      std::memcpy(&change, bytes.data(), std::min(bytes.size(), sizeof change));
      lost = lost || change.sac_state == SCTP_COMM_LOST || change.sac_state == SCTP_SHUTDOWN_COMP;
    }
    if (type == SCTP_PARTIAL_DELIVERY_EVENT) {
      // The rest of a message that was partly handed out has been given up.
      sctp_pdapi_event event{};
      std::memcpy(&event, bytes.data(), std::min(bytes.size(), sizeof event));
      partial_.erase(static_cast<uint16_t>(event.pdapi_stream));
    }
    sctp_stream_reset_event event{};
    if (bytes.size() < sizeof event || type != SCTP_STREAM_RESET_EVENT) return;
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

  // Sockets may outlive their side a little: each has a name that is never used again.
  static std::map<uintptr_t, UsrsctpSide*>& sides() {
    static std::map<uintptr_t, UsrsctpSide*> all;
    return all;
  }
  static uintptr_t next_name() {
    static uintptr_t last = 0;
    return ++last;
  }
  static void* as_address(uintptr_t name) { return reinterpret_cast<void*>(name); }

  uintptr_t name_ = next_name();
  struct socket* socket_;
  std::map<uint16_t, std::vector<uint8_t>> partial_;
};

}  // namespace limen::test
