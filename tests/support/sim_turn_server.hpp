// SimTurnServer: a TURN server on a SimNetwork, over UDP (RFC 8656, long-term credentials of RFC 8489 with MD5 or
// SHA-256), strict where the RFC says that a server must be, with the moods of real ones to choose from.
//
//   SimTurnServer turn(rig.network(), rig.clock(), endpoint("198.18.0.2:3478"), {.user = "u", .password = "p"});
//   turn.expire_nonces();          // the next request of everybody meets "stale nonce"
//   turn.set_silent(true);         // it has vanished
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/sim_network.hpp"
#include "wire/stun/stun_message.hpp"
#include "wire/stun/stun_writer.hpp"

namespace limen::test {

struct SimTurnOptions {
  std::string user = "user";
  std::string password = "secret";
  std::string realm = "sim.example";
  bool authenticates = true;
  bool sha256 = false;                          // offers SHA-256 beside MD5, and takes nothing less
  uint32_t lifetime = 600;                      // seconds, of allocations
  size_t quota = 1000;                          // allocations
  bool forbids_peers = false;                   // 403 to every permission
  bool binds_channels = true;                   // else 400
  std::optional<SocketAddress> alternate = {};  // 300 to every Allocate
  std::optional<IpAddress> relay_v6 = {};       // gives an IPv6 address too, if asked
};

struct SimTurnCounts {
  uint64_t allocates = 0, refreshes = 0, deallocations = 0, permissions = 0, channel_binds = 0;
  uint64_t indications_in = 0, channel_data_in = 0;    // from clients
  uint64_t indications_out = 0, channel_data_out = 0;  // to clients
  uint64_t stale_nonces = 0, unauthorized = 0;
  uint64_t without_permission = 0;  // dropped, either direction
};

class SimTurnServer {
 public:
  SimTurnServer(SimNetwork& network, VirtualClock& clock, const SocketAddress& address, SimTurnOptions options = {});

  ~SimTurnServer();

  void expire_nonces() { ++nonce_number_; }
  void set_silent(bool silent) { silent_ = silent; }
  SimTurnOptions& options() { return options_; }
  const SimTurnCounts& counts() const { return counts_; }
  size_t allocations();
  HostId host() const { return host_; }
  const SocketAddress& address() const { return address_; }

 private:
  struct Allocation {
    SocketAddress client;
    std::map<bool, SimSocketId> relays;  // by "is IPv4"
    Instant expires;
    std::map<IpAddress, Instant> permissions;
    std::map<uint16_t, std::pair<SocketAddress, Instant>> channels;
  };

  void receive(const SimDatagram& datagram);
  void on_request(const stun::Message& request, const SocketAddress& client);
  void on_send(const stun::Message& message, const SocketAddress& client);
  void on_channel_data(const SimDatagram& datagram);
  void on_relayed(const SocketAddress& client, const SimDatagram& datagram);
  void allocate(const stun::Message& request, const SocketAddress& client);
  void refresh(const stun::Message& request, Allocation& allocation);
  void permit(const stun::Message& request, Allocation& allocation);
  void bind_channel(const stun::Message& request, Allocation& allocation);
  bool authentic(const stun::Message& request, const SocketAddress& client);
  void challenge(const stun::Message& request, const SocketAddress& client, uint16_t code);
  void refuse(const stun::Message& request, const SocketAddress& client, uint16_t code, std::string_view reason);
  void finish(stun::MessageWriter& writer, const SocketAddress& client, bool sign);
  void relay(Allocation& allocation, const SocketAddress& peer, Bytes payload);
  void end(const SocketAddress& client);
  Allocation* find(const SocketAddress& client);
  std::string nonce() const;
  std::vector<uint8_t> key() const;

  SimNetwork& network_;
  VirtualClock& clock_;
  SocketAddress address_;
  SimTurnOptions options_;
  HostId host_;
  SimSocketId socket_;
  bool silent_ = false;
  int nonce_number_ = 1;
  std::map<SocketAddress, Allocation> allocations_;  // by client
  SimTurnCounts counts_;
};

}  // namespace limen::test
