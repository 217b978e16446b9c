// MediaHost: what it lends to media handlers: UDP ports and SRTP contexts.
#include <utility>

#include "core/media/media_host.hpp"
#include "core/media/srtp_contexts.hpp"
#include "runtime/watchdog.hpp"

namespace limen::core {

Result<UdpPort> MediaHost::open_udp(const UdpBind& bind, UdpReceive receive) {
  if (env_.ports == nullptr) return fail("This media loop has no UDP ports to lend");
  return env_.ports->open(bind, [receive = std::move(receive)](const SocketAddress& from, Packet packet, Instant now) {
    runtime::WatchScope scope("a media port");
    receive(from, std::move(packet), now);
  });
}

void MediaHost::close_udp(UdpPortId port) {
  if (env_.ports != nullptr) env_.ports->close(port);
}

bool MediaHost::send_udp(UdpPortId port, const SocketAddress& to, Bytes datagram) {
  return env_.ports != nullptr && env_.ports->send(port, to, datagram);
}

Result<std::unique_ptr<SrtpProtector>> MediaHost::make_protector(const SrtpMaterial& material) {
  return make_srtp_protector(material);
}

Result<std::unique_ptr<SrtpUnprotector>> MediaHost::make_unprotector(const SrtpMaterial& material) {
  return make_srtp_unprotector(material);
}

}  // namespace limen::core
