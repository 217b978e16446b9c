#include "core/name_lookup.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>

#include "crypto/random.hpp"
#include "rtc/ice/stun_probe.hpp"
#include "runtime/udp_socket.hpp"

namespace limen::core {
namespace {

using Clock = std::chrono::steady_clock;

// CHANGE-REQUEST (RFC 5780), and how long its answer may take to be let in.
constexpr uint32_t kChangeAddress = 4, kChangePort = 2;
constexpr Duration kChangedAnswer = std::chrono::milliseconds(1500);

// This thread waits for the real network, so it reads the real clock.
Instant real_now() {
  return Instant(std::chrono::duration_cast<Duration>(Clock::now().time_since_epoch()));
}

std::optional<IpAddress> address_of(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    return IpAddress::v4(ntohl(reinterpret_cast<const sockaddr_in*>(address)->sin_addr.s_addr));
  }
  if (address->sa_family != AF_INET6) return std::nullopt;
  std::array<uint8_t, 16> bytes{};
  std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr, bytes.size());
  return IpAddress::v6(bytes);
}

struct Socket {
  explicit Socket(int family) : fd(::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {}
  ~Socket() {
    if (fd >= 0) ::close(fd);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int fd;
};

struct NativeAddress {
  explicit NativeAddress(const SocketAddress& address) {
    std::memset(&storage, 0, sizeof storage);
    if (address.ip.is_v4()) {
      auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
      v4->sin_family = AF_INET;
      v4->sin_port = htons(address.port);
      v4->sin_addr.s_addr = htonl(address.ip.v4_host_order());
      size = sizeof *v4;
    } else {
      auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
      v6->sin6_family = AF_INET6;
      v6->sin6_port = htons(address.port);
      std::memcpy(&v6->sin6_addr, address.ip.bytes().data(), 16);
      size = sizeof *v6;
    }
  }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr_storage storage;
  socklen_t size = 0;
};

int wait_ms(Instant deadline) {
  int64_t left = to_ms(deadline - real_now()) + 1;
  return static_cast<int>(std::clamp<int64_t>(left, 0, 1000));
}

// Both: nullptr, or the name of the call that failed.
const char* prepare(const Socket& socket, const SocketAddress& server, uint16_t local_port) {
  if (socket.fd < 0) return "socket";
  NativeAddress any(SocketAddress{server.ip.is_v4() ? IpAddress() : *IpAddress::parse("::"), local_port});
  if (::bind(socket.fd, any.get(), any.size) != 0) return "bind";
  NativeAddress remote(server);
  // Connected: only the server's datagrams arrive, and an unreachable port is an error at once.
  return ::connect(socket.fd, remote.get(), remote.size) != 0 ? "connect" : nullptr;
}

std::optional<SocketAddress> local_address(const Socket& socket) {
  sockaddr_storage raw{};
  socklen_t size = sizeof raw;
  if (::getsockname(socket.fd, reinterpret_cast<sockaddr*>(&raw), &size) != 0) return std::nullopt;
  auto ip = address_of(reinterpret_cast<const sockaddr*>(&raw));
  // Both families have their port at the same place.
  if (!ip) return std::nullopt;
  return SocketAddress{*ip, ntohs(reinterpret_cast<const sockaddr_in*>(&raw)->sin_port)};
}

// Nullptr, or the name of the call that failed. The socket need not be connected.
const char* converse(const Socket& socket, rtc::StunProbe& probe, TxQueue& tx) {
  std::array<uint8_t, 1500> buffer{};
  while (true) {
    for (const TxQueue::Slot& slot : tx.slots()) {
      Bytes bytes = tx.bytes(slot);
      NativeAddress to(slot.flow.remote);
      if (::sendto(socket.fd, bytes.data(), bytes.size(), 0, to.get(), to.size) < 0) return "send";
    }
    tx.clear();
    if (probe.finished()) return nullptr;
    pollfd wanted{.fd = socket.fd, .events = POLLIN, .revents = 0};
    ::poll(&wanted, 1, wait_ms(probe.next_deadline()));
    sockaddr_storage raw{};
    socklen_t raw_size = sizeof raw;
    auto* from = reinterpret_cast<sockaddr*>(&raw);
    ssize_t size = ::recvfrom(socket.fd, buffer.data(), buffer.size(), MSG_DONTWAIT, from, &raw_size);
    if (size > 0) {
      probe.handle(Bytes(buffer.data(), static_cast<size_t>(size)), {0, runtime::from_sockaddr(raw)}, real_now());
    } else if (size < 0 && errno != EAGAIN && errno != EINTR) {
      return "receive";
    }
    if (probe.next_deadline() <= real_now()) probe.handle_timeout(real_now());
  }
}

// Does an answer from another address or port come in?
std::optional<bool> lets_in(const SocketAddress& server, uint32_t change) {
  Socket socket(server.ip.is_v4() ? AF_INET : AF_INET6);
  if (socket.fd < 0) return std::nullopt;
  TxQueue tx;
  crypto::SecureRandom random;
  // First the plain question, so that this port has written to the server.
  rtc::StunProbe first(0, server, tx, random, real_now());
  if (converse(socket, first, tx) != nullptr || !first.mapped()) return std::nullopt;
  rtc::StunProbe changed(0, server, tx, random, real_now(), kChangedAnswer, change);
  if (converse(socket, changed, tx) != nullptr) return std::nullopt;
  return changed.mapped().has_value();
}

}  // namespace

void NameLookup::run() {
  Clock::time_point start = Clock::now();
  addrinfo hints{};
  hints.ai_family = ipv6 ? AF_UNSPEC : AF_INET;
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(name.c_str(), nullptr, &hints, &found) == 0) {
    std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
    for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
      std::optional<IpAddress> candidate = address_of(entry->ai_addr);
      if (candidate && (!address || (address->is_v6() && candidate->is_v4()))) address = candidate;
    }
  }
  elapsed_us = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start).count();
}

void StunTest::run() {
  NameLookup lookup{.name = server, .ipv6 = ipv6, .address = std::nullopt};
  lookup.run();
  if (!lookup.address) {
    failure = StunFailure::unresolved;
    return;
  }
  server_address = SocketAddress{*lookup.address, port};
  Socket socket(lookup.address->is_v4() ? AF_INET : AF_INET6);
  if (const char* what = prepare(socket, *server_address, local_port); what != nullptr) return fail_request(what);

  TxQueue tx;
  crypto::SecureRandom random;
  rtc::StunProbe probe(0, *server_address, tx, random, real_now());
  if (const char* what = converse(socket, probe, tx); what != nullptr) return fail_request(what);
  elapsed_us = to_us(probe.elapsed());
  mapped = probe.mapped();
  local = local_address(socket);
  if (mapped && ask_elsewhere && probe.other_address()) {
    SocketAddress other = *probe.other_address();
    NativeAddress native(other);
    if (::connect(socket.fd, native.get(), native.size) != 0) return;
    rtc::StunProbe second(0, other, tx, random, real_now());
    if (converse(socket, second, tx) == nullptr) mapped_elsewhere = second.mapped();
    ask_others();
  }
  if (mapped) return;
  reason = std::string(probe.failure());
  failure = StunFailure::answer;
}

void StunTest::ask_others() {
  std::optional<bool> anybody = lets_in(*server_address, kChangeAddress | kChangePort);
  if (!anybody) return;
  if (*anybody) {
    filtering = NatFiltering::endpoint_independent;
    return;
  }
  std::optional<bool> same_address = lets_in(*server_address, kChangePort);
  if (!same_address) return;
  filtering = *same_address ? NatFiltering::address_dependent : NatFiltering::address_and_port_dependent;
}

void StunTest::fail_request(std::string_view what) {
  failure = StunFailure::request;
  reason = fmt::format("{}: {}", what, std::strerror(errno));
}

std::string_view stun_failure_text(StunFailure failure) {
  switch (failure) {
    case StunFailure::none:
      return "answered";
    case StunFailure::unresolved:
      return "its name cannot be resolved";
    case StunFailure::request:
      return "it cannot be reached";
    case StunFailure::answer:
      return "it gave no address";
  }
  return "";
}

}  // namespace limen::core
