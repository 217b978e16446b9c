// RelayLink: the way from a shard to one TURN server: a UDP port of its own, or a TCP or TLS connection.
//
// What comes from the server is handed out message by message, as packets; what goes there leaves at once or is
// lost, as a datagram may be. Callbacks are called from the shard's loop, never from inside a call, and the link may
// be destroyed from inside one of them. The shard's thread only.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/byte_streams.hpp"
#include "base/packet.hpp"
#include "base/udp_ports.hpp"
#include "crypto/tls_client.hpp"
#include "rtc/turn/relay_server.hpp"

namespace limen::core {

struct RelayLinkCallbacks {
  std::function<void(Instant now)> ready;  // messages can be sent
  std::function<void(Packet message, Instant now)> message;
  std::function<void(std::string why, Instant now)> broken;
};

class RelayLink : public std::enable_shared_from_this<RelayLink> {
 public:
  // `ports`, `streams` and `packets` outlive the link; either of the first two may be missing.
  RelayLink(UdpPorts* ports, ByteStreams* streams, PacketPool& packets, RelayLinkCallbacks callbacks)
      : ports_(ports), streams_(streams), packets_(packets), callbacks_(std::move(callbacks)) {}
  ~RelayLink();
  RelayLink(const RelayLink&) = delete;
  RelayLink& operator=(const RelayLink&) = delete;

  // Again for another server: leaves the first one. With UDP the link is ready when it returns.
  Result<> open(const rtc::RelayServer& server);
  void send(Bytes message);
  bool over_stream() const { return server_.transport != rtc::TurnTransport::udp; }

 private:
  Result<> open_port();
  Result<> open_stream();
  void close();
  void on_connected(Instant now);
  void on_bytes(Bytes bytes, Instant now);
  void on_plain(Bytes bytes, Instant now);
  void on_broken(std::string why, Instant now);
  void send_encrypted();

  UdpPorts* ports_;
  ByteStreams* streams_;
  PacketPool& packets_;
  RelayLinkCallbacks callbacks_;
  rtc::RelayServer server_;
  UdpPortId port_;
  StreamId stream_;
  std::unique_ptr<crypto::TlsClient> tls_;
  bool announced_ = false;
  std::vector<uint8_t> unread_;  // the beginning of a message
};

}  // namespace limen::core
