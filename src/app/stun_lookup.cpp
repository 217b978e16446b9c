#include "app/stun_lookup.hpp"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "crypto/random.hpp"
#include "rtc/ice/stun_probe.hpp"
#include "runtime/clock.hpp"
#include "runtime/udp_socket.hpp"

namespace limen::app {
namespace {

struct Resolved {
  SocketAddress address;
  sockaddr_storage raw{};
  socklen_t size = 0;
  int family = AF_INET;
};

Result<Resolved> resolve(const std::string& host, uint16_t port, bool ipv6) {
  addrinfo hints{};
  hints.ai_family = ipv6 ? AF_UNSPEC : AF_INET;
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* list = nullptr;
  int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
  if (error != 0 || list == nullptr)
    return fail("The STUN server '{}' cannot be resolved: {}", host, gai_strerror(error));
  Resolved out;
  out.family = list->ai_family;
  out.size = list->ai_addrlen;
  std::memcpy(&out.raw, list->ai_addr, list->ai_addrlen);
  freeaddrinfo(list);
  char text[NI_MAXHOST];
  getnameinfo(reinterpret_cast<sockaddr*>(&out.raw), out.size, text, sizeof text, nullptr, 0, NI_NUMERICHOST);
  out.address = {IpAddress::parse(text).value_or(IpAddress()), port};
  return out;
}

// Sends what the probe wants and feeds it what comes, until it is finished.
Result<> drive(rtc::StunProbe& probe, TxQueue& tx, int file, const SocketAddress& server) {
  while (true) {
    for (const TxQueue::Slot& slot : tx.slots()) {
      Bytes bytes = tx.bytes(slot);
      if (::send(file, bytes.data(), bytes.size(), 0) < 0 && errno != EAGAIN) {
        return fail("sending to it: {}", std::strerror(errno));
      }
    }
    tx.clear();
    if (probe.finished()) return {};
    Instant now = runtime::monotonic_now();
    int wait = static_cast<int>(std::max<int64_t>(0, to_ms(probe.next_deadline() - now)) + 1);
    pollfd waiting{file, POLLIN, 0};
    if (::poll(&waiting, 1, wait) > 0) {
      std::array<uint8_t, 2048> buffer;
      ssize_t got = ::recv(file, buffer.data(), buffer.size(), 0);
      if (got < 0) return fail("receiving from it: {}", std::strerror(errno));
      probe.handle(Bytes(buffer).first(static_cast<size_t>(got)), Flow{0, server}, runtime::monotonic_now());
    }
    probe.handle_timeout(runtime::monotonic_now());
  }
}

}  // namespace

Result<StunLookup> look_up_public_address(const std::string& host, uint16_t port, bool ipv6) {
  Result<Resolved> server = resolve(host, port, ipv6);
  if (!server) return std::unexpected(server.error());
  int file = socket(server->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (file < 0 || connect(file, reinterpret_cast<sockaddr*>(&server->raw), server->size) != 0) {
    int reason = errno;
    if (file >= 0) close(file);
    return fail("The STUN server {} cannot be reached: {}", server->address.to_string(), std::strerror(reason));
  }
  TxQueue tx;
  crypto::SecureRandom random;
  rtc::StunProbe probe(0, server->address, tx, random, runtime::monotonic_now());
  Result<> driven = drive(probe, tx, file, server->address);
  close(file);
  if (!driven) return fail("The STUN server {}: {}", server->address.to_string(), driven.error().text);
  if (!probe.mapped())
    return fail("The STUN server {} gave no address: {}", server->address.to_string(), probe.failure());
  return StunLookup{server->address, *probe.mapped()};
}

}  // namespace limen::app
