// Ports and limits of this machine.
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app/doctor/checks.hpp"
#include "app/network_setup.hpp"
#include "crypto/random.hpp"
#include "runtime/port_picker.hpp"
#include "runtime/udp_socket.hpp"
#include "runtime/usable_cores.hpp"
#include "transports/http/http_config.hpp"
#include "transports/websockets/websockets_config.hpp"

namespace limen::app {
namespace {

constexpr rlim_t kComfortableFiles = 4096;

struct ListeningPort {
  bool wanted;
  const char* name;
  uint16_t port;
  const std::string& ip;
};

// Why it cannot be opened; empty: it can.
std::string try_to_listen(const SocketAddress& address) {
  sockaddr_storage raw{};
  socklen_t size = runtime::to_sockaddr(address, 0, raw);
  int file = socket(address.ip.is_v4() ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int one = 1;
  // As the server does: a connection of the last run that is still closing is no obstacle.
  bool ok = file >= 0 && setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 &&
            bind(file, reinterpret_cast<sockaddr*>(&raw), size) == 0 && listen(file, 1) == 0;
  std::string why = ok ? "" : std::strerror(errno);
  if (file >= 0) close(file);
  return why;
}

void check_port(const ListeningPort& wanted, FindingList& findings) {
  if (!wanted.wanted) return;
  auto ip = wanted.ip.empty() ? std::optional(IpAddress()) : IpAddress::parse(wanted.ip);
  if (!ip) return;  // a name: the transport says what it thinks of it
  std::string area = fmt::format("{} port {}", wanted.name, wanted.port);
  std::string why = try_to_listen({*ip, wanted.port});
  if (why.empty()) return findings.fine(area, "free");
  findings.problem(area, fmt::format("cannot be opened on {}: {}", ip->to_string(), why),
                   fmt::format("is a server running already? `ss -ltnp sport = :{}` shows who has it; or choose "
                               "another port",
                               wanted.port));
}

void check_http_ports(const std::string& folder, FindingList& findings) {
  config::Findings ignored;
  auto http = http::read_http_config(folder, ignored);
  if (!http) return;
  const auto& [general, admin, cors, certificates] = *http;
  check_port({general.http, "HTTP", general.port, general.ip}, findings);
  check_port({general.https, "HTTPS", general.secure_port, general.secure_ip}, findings);
  check_port({admin.admin_http, "admin HTTP", admin.admin_port, admin.admin_ip}, findings);
  check_port({admin.admin_https, "admin HTTPS", admin.admin_secure_port, admin.admin_secure_ip}, findings);
}

void check_websocket_ports(const std::string& folder, FindingList& findings) {
  config::Findings ignored;
  auto ws = websockets::read_websockets_config(folder, ignored);
  if (!ws) return;
  const auto& [general, admin, cors, certificates] = *ws;
  check_port({general.ws && general.ws_unix.empty(), "WebSocket", general.ws_port, general.ws_ip}, findings);
  check_port({general.wss && general.wss_unix.empty(), "secure WebSocket", general.wss_port, general.wss_ip}, findings);
  check_port({admin.admin_ws && admin.admin_ws_unix.empty(), "admin WebSocket", admin.admin_ws_port, admin.admin_ws_ip},
             findings);
  check_port({admin.admin_wss && admin.admin_wss_unix.empty(), "secure admin WebSocket", admin.admin_wss_port,
              admin.admin_wss_ip},
             findings);
}

void check_files(FindingList& findings) {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  std::string text = files.rlim_max == RLIM_INFINITY ? "as many as wanted"
                                                     : fmt::format("{} (used as far as allowed)", files.rlim_max);
  if (files.rlim_max >= kComfortableFiles) return findings.fine("open files", text);
  findings.warning("open files", text,
                   "each client of HTTP or WebSocket takes one: LimitNOFILE=65536 in the systemd unit, or ulimit -Hn");
}

void check_socket(FindingList& findings) {
  runtime::UdpOptions options;
  auto socket = runtime::UdpSocket::open({IpAddress::v4(0x7f000001)}, 0, options);
  if (!socket) return findings.problem("UDP", socket.error().error.text, "the server cannot work without UDP sockets");
  // The kernel reports twice what it was asked for (socket(7)).
  int granted = socket->receive_buffer() / 2;
  if (granted >= options.receive_buffer) {
    findings.fine("UDP buffers", fmt::format("{} kB", granted / 1024));
  } else {
    findings.warning("UDP buffers",
                     fmt::format("the system grants {} kB of {} kB: bursts of media will be lost under load",
                                 granted / 1024, options.receive_buffer / 1024),
                     fmt::format("sysctl -w net.core.rmem_max={0} net.core.wmem_max={0}", options.receive_buffer));
  }
  int none = 0;
  bool gso = setsockopt(socket->fd(), IPPROTO_UDP, UDP_SEGMENT, &none, sizeof none) == 0;
  if (gso && socket->gro()) return findings.fine("UDP offload", "GSO and GRO are there");
  findings.warning("UDP offload", fmt::format("{} missing", gso ? "GRO is" : "GSO is"),
                   "it works, with more load; Linux 5.0 or newer has both");
}

void check_single_port(const NetworkSetup& network, uint16_t port, bool tcp, uint32_t loops, FindingList& findings) {
  auto opened = runtime::open_shared_sockets(network.bind, port, {}, tcp, loops);
  if (!opened) {
    return findings.problem("media ports", opened.error().text,
                            fmt::format("end what uses port {0} (`ss -tulnp sport = :{0}`), or choose another "
                                        "single_port",
                                        port));
  }
  findings.fine("media ports",
                fmt::format("{}, port {} for all {} media threads: free", tcp ? "UDP and TCP" : "UDP", port, loops));
}

}  // namespace

void check_listening_ports(const LoadedSettings& loaded, FindingList& findings) {
  check_http_ports(loaded.configs_folder, findings);
  check_websocket_ports(loaded.configs_folder, findings);
}

void check_media_ports(const LoadedSettings& loaded, FindingList& findings) {
  auto network = list_local_network(loaded.settings);
  if (!network) return findings.problem("media ports", network.error().text, {});
  auto loops = static_cast<uint32_t>(loaded.settings.general.event_loops);
  if (loops == 0) loops = runtime::usable_cores();
  if (int port = loaded.settings.media.single_port; port != 0) {
    return check_single_port(*network, static_cast<uint16_t>(port), loaded.settings.nat.ice_tcp, loops, findings);
  }
  runtime::PortRange range;
  if (auto given = core::parse_port_range(loaded.settings.media.rtp_port_range)) range = {given->first, given->second};
  runtime::UdpOptions options;
  options.dscp = loaded.settings.media.dscp;
  crypto::SecureRandom random;
  std::vector<runtime::LoopSockets> held;
  for (uint32_t loop = 0; loop < loops; ++loop) {
    auto opened =
        runtime::open_sockets(network->bind, range, options, loaded.settings.nat.ice_tcp, random, loop, loops);
    if (!opened) {
      return findings.problem("media ports", opened.error().text,
                              fmt::format("{} media threads need {} free ports: widen rtp_port_range, lower "
                                          "event_loops, or end what uses them (`ss -lunpt`)",
                                          loops, loops));
    }
    held.push_back(std::move(*opened));
  }
  std::string where = range.any() ? "any port" : fmt::format("ports {} to {}", range.min, range.max);
  findings.fine("media ports", fmt::format("{}, {}: {} media threads find theirs",
                                           loaded.settings.nat.ice_tcp ? "UDP and TCP" : "UDP", where, loops));
  if (!range.any()) return;
  findings.warning("media ports", "any UDP port may be chosen",
                   "behind a firewall or in a container set rtp_port_range and let those UDP ports through");
}

void check_limits(const LoadedSettings&, FindingList& findings) {
  check_files(findings);
  check_socket(findings);
}

}  // namespace limen::app
