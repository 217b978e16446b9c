#include "transports/net/listening_socket.hpp"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace limen::net {
namespace {

std::string errno_text(int code) {
  return std::generic_category().message(code);
}

sockaddr_storage to_sockaddr(const IpAddress& ip, bool want_v6, uint16_t port, socklen_t& length) {
  sockaddr_storage storage{};
  if (!want_v6) {
    auto* in = reinterpret_cast<sockaddr_in*>(&storage);
    in->sin_family = AF_INET;
    in->sin_port = htons(port);
    std::memcpy(&in->sin_addr, ip.bytes().data(), 4);
    length = sizeof(sockaddr_in);
  } else {
    auto* in6 = reinterpret_cast<sockaddr_in6*>(&storage);
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(port);
    if (ip.is_v6()) std::memcpy(&in6->sin6_addr, ip.bytes().data(), 16);
    length = sizeof(sockaddr_in6);
  }
  return storage;
}

SocketAddress from_sockaddr(const sockaddr_storage& storage) {
  if (storage.ss_family == AF_INET) {
    const auto* in = reinterpret_cast<const sockaddr_in*>(&storage);
    return {IpAddress::v4(ntohl(in->sin_addr.s_addr)), ntohs(in->sin_port)};
  }
  const auto* in6 = reinterpret_cast<const sockaddr_in6*>(&storage);
  return {IpAddress::v6(std::span<const uint8_t, 16>(in6->sin6_addr.s6_addr, 16)), ntohs(in6->sin6_port)};
}

// The addresses of an interface, or of all when `name` is empty; IPv4 first.
std::vector<IpAddress> addresses_of(const std::string& name) {
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return {};
  std::vector<IpAddress> v4;
  std::vector<IpAddress> v6;
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr || (!name.empty() && name != entry->ifa_name)) continue;
    int family = entry->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    sockaddr_storage storage{};
    std::memcpy(&storage, entry->ifa_addr, family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
    IpAddress ip = from_sockaddr(storage).ip;
    (ip.is_v4() ? v4 : v6).push_back(ip);
  }
  freeifaddrs(list);
  v4.insert(v4.end(), v6.begin(), v6.end());
  return v4;
}

// The address to bind; nullopt for all addresses of both families.
Result<std::optional<IpAddress>> address_to_bind(const ListenPlace& place) {
  if (place.ip.empty() && place.interface.empty()) return std::nullopt;
  std::optional<IpAddress> ip = IpAddress::parse(place.ip.empty() ? place.interface : place.ip);
  if (!place.ip.empty() && !ip) return fail("'{}' is not an IP address ({})", place.ip, place.file);
  if (place.interface.empty() || (ip && place.ip.empty())) return ip;
  std::vector<IpAddress> known = addresses_of(place.interface);
  if (known.empty()) return fail("there is no interface '{}' with an IP address ({})", place.interface, place.file);
  if (!ip) return known.front();
  if (std::find(known.begin(), known.end(), *ip) != known.end()) return ip;
  return fail("interface '{}' does not have the address {} ({})", place.interface, place.ip, place.file);
}

std::string bind_error(const ListenPlace& place, const std::string& name, int code) {
  if (code == EADDRINUSE) {
    return fmt::format("{} is already in use by another program: stop that one or change `{}` ({})", name,
                       place.port_key, place.file);
  }
  if (code == EADDRNOTAVAIL) return fmt::format("{}: this machine has no such address ({})", name, place.file);
  if (code == EACCES) {
    return fmt::format(
        "{}: not permitted; ports below 1024 need the capability CAP_NET_BIND_SERVICE, or change `{}` ({})", name,
        place.port_key, place.file);
  }
  return fmt::format("{}: {} ({})", name, errno_text(code), place.file);
}

// A bound and listening descriptor, or -1 with errno set.
int bind_tcp(const std::optional<IpAddress>& ip, uint16_t port, bool v6) {
  int fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  int on = 1;
  int only = ip ? 1 : 0;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (v6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only);
  socklen_t length = 0;
  sockaddr_storage where = to_sockaddr(ip.value_or(IpAddress()), v6, port, length);
  if (bind(fd, reinterpret_cast<sockaddr*>(&where), length) == 0 && listen(fd, SOMAXCONN) == 0) return fd;
  int code = errno;
  ::close(fd);
  errno = code;
  return -1;
}

uint16_t bound_port(int fd) {
  sockaddr_storage where{};
  socklen_t length = sizeof where;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&where), &length) != 0) return 0;
  return from_sockaddr(where).port;
}

Result<ListeningSocket> open_tcp(const ListenPlace& place) {
  auto ip = address_to_bind(place);
  if (!ip) return std::unexpected(ip.error());
  bool v6 = !*ip || (*ip)->is_v6();
  ListeningSocket open;
  open.name = *ip ? fmt::format("{}", SocketAddress{**ip, place.port}.to_string())
                  : fmt::format("port {} (all addresses)", place.port);
  open.fd = bind_tcp(*ip, place.port, v6);
  if (open.fd < 0 && !*ip && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL)) {
    v6 = false;  // IPv6 is switched off on this machine
    open.fd = bind_tcp(*ip, place.port, v6);
  }
  if (open.fd < 0) return std::unexpected(Error{bind_error(place, open.name, errno)});
  open.family = v6 ? AF_INET6 : AF_INET;
  open.port = bound_port(open.fd);
  bool everywhere = !*ip || (*ip)->is_unspecified();
  open.url_host = everywhere ? "localhost" : v6 ? fmt::format("[{}]", (*ip)->to_string()) : (*ip)->to_string();
  return open;
}

bool somebody_listens(const sockaddr_un& where) {
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return false;
  bool alive = connect(fd, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0 || errno == EAGAIN;
  ::close(fd);
  return alive;
}

Result<ListeningSocket> open_unix(const ListenPlace& place) {
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  const std::string& path = place.unix_path;
  if (path.size() >= sizeof where.sun_path) {
    return fail("'{}' is too long for a Unix socket: at most {} bytes ({})", path, sizeof where.sun_path - 1,
                place.file);
  }
  std::memcpy(where.sun_path, path.c_str(), path.size());
  struct stat facts{};
  if (lstat(path.c_str(), &facts) == 0) {
    if (!S_ISSOCK(facts.st_mode)) return fail("'{}' exists and is not a socket ({})", path, place.file);
    if (somebody_listens(where)) return fail("'{}' is already in use by another program ({})", path, place.file);
    unlink(path.c_str());  // left behind; if it cannot be removed, bind says so
  }
  ListeningSocket open{.fd = -1, .family = AF_UNIX, .port = 0, .name = path, .url_host = {}, .unix_path = path};
  open.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (open.fd >= 0 && bind(open.fd, reinterpret_cast<sockaddr*>(&where), sizeof where) == 0 &&
      listen(open.fd, SOMAXCONN) == 0) {
    return open;
  }
  int code = errno;
  if (open.fd >= 0) ::close(open.fd);
  return fail("Unix socket '{}': {} ({})", path, errno_text(code), place.file);
}

}  // namespace

Result<ListeningSocket> open_listening_socket(const ListenPlace& place) {
  return place.unix_path.empty() ? open_tcp(place) : open_unix(place);
}

void close_listening_socket(ListeningSocket& socket) {
  if (socket.fd >= 0) ::close(socket.fd);
  socket.fd = -1;
  remove_unix_path(socket);
}

void remove_unix_path(const ListeningSocket& socket) {
  if (!socket.unix_path.empty()) unlink(socket.unix_path.c_str());
}

PeerName peer_of(int fd) {
  sockaddr_storage where{};
  socklen_t length = sizeof where;
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&where), &length) != 0) return {"unknown", 0};
  if (where.ss_family != AF_INET && where.ss_family != AF_INET6) return {"unix", 0};
  SocketAddress address = from_sockaddr(where);
  return {address.ip.to_string(), address.port};
}

void prepare_connection(int fd) {
  int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // fails on Unix sockets, which have no delay
}

}  // namespace limen::net
