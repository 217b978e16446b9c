// UdpPorts: UDP ports beside the peers' own, on one shard, for forwarders, mountpoints, remote publishers.
//
// A shard's thread only. Bounded: so many ports; what a port's socket does not take is dropped.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/net_address.hpp"
#include "base/packet.hpp"
#include "base/result.hpp"
#include "base/strong_id.hpp"

namespace limen {

using UdpPortId = StrongId<struct UdpPortTag>;

struct UdpBind {
  SocketAddress local = {};                 // unspecified ip: every address (of "::" IPv4 ones too); port 0: any
  std::optional<IpAddress> multicast = {};  // join this group
  std::string interface = {};               // name or address to join it on; empty: the system's choice
};

struct UdpPort {
  UdpPortId id;
  SocketAddress local;  // as bound
};

// The packet is uniquely owned: it may be decrypted in place. The port may be closed from inside.
using UdpReceive = std::function<void(const SocketAddress& from, Packet packet, Instant now)>;

class UdpPorts {
 public:
  virtual ~UdpPorts() = default;
  virtual Result<UdpPort> open(const UdpBind& bind, UdpReceive receive) = 0;
  virtual void close(UdpPortId port) = 0;
  // False if it was not sent: no such port, no such address family, or the socket is full.
  virtual bool send(UdpPortId port, const SocketAddress& to, Bytes datagram) = 0;
};

}  // namespace limen
