// SimNetwork: hosts, NATs and links that carry datagrams in virtual time.
//
// Hosts have addresses and UDP sockets; a host's traffic passes its uplink, then its NAT if it sits
// behind one, then the receiver's NAT and downlink. Links delay, lose, duplicate, reorder, limit the
// rate and refuse what exceeds the MTU. Everything random comes from the seed. Both IP families.
//
// Nothing happens by itself: advance the clock to next_event(), then call deliver_due(). Receivers
// are called from deliver_due() only, never from send(). One thread.
//
//   SimNetwork net(clock, seed);
//   auto a = net.add_host("a", {ip("192.0.2.1")});
//   auto nat = net.add_nat(NatKind::port_restricted, {ip("198.51.100.1")});
//   auto b = net.add_host("b", {ip("10.0.0.2")}, nat);
//   net.set_link(b, {.latency = 20ms, .loss = 0.1});
//   auto socket = net.bind(a, {ip("192.0.2.1"), 5000}, [](const SimDatagram& d) { ... });
//   net.send(socket, destination, bytes);
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/net_address.hpp"
#include "base/strong_id.hpp"
#include "base/time.hpp"
#include "tests/support/seeded_random.hpp"
#include "tests/support/virtual_clock.hpp"

namespace limen::test {

using HostId = StrongId<struct SimHostTag, uint32_t>;
using NatId = StrongId<struct SimNatTag, uint32_t>;  // 0: the public network
using SimSocketId = StrongId<struct SimSocketTag, uint32_t>;

struct SimDatagram {
  SocketAddress from;  // as the receiver sees it
  SocketAddress to;
  std::vector<uint8_t> bytes;
  bool tcp = false;  // a segment of SimTcp: ports and NAT mappings of its own
};

// Loss in runs (Gilbert-Elliott): per packet the link may turn bad or good again.
struct BurstLoss {
  double to_bad = 0;     // probability of good -> bad; 0 turns bursts off
  double to_good = 0.3;  // probability of bad -> good
  double loss_when_bad = 1;
};

// One direction of a host's access link.
struct LinkProfile {
  Duration latency{};
  Duration jitter{};  // uniform [0, jitter] more; order is kept
  double loss = 0;
  BurstLoss burst{};
  double duplicate = 0;
  double reorder = 0;  // this share is held back by reorder_delay and overtaken
  Duration reorder_delay = std::chrono::milliseconds(10);
  uint64_t bits_per_second = 0;  // 0: unlimited
  size_t queue_bytes = 64 * 1024;
  size_t mtu = 1500;  // of the IP packet, headers included
};

enum class NatKind { full_cone, address_restricted, port_restricted, symmetric };

struct SimStats {
  uint64_t sent = 0, delivered = 0;
  uint64_t lost = 0, queue_full = 0, too_big = 0, duplicated = 0;
  uint64_t filtered = 0;     // by a NAT
  uint64_t unreachable = 0;  // no such address, no such socket, partition
};

class SimNetwork {
 public:
  using Receiver = std::function<void(const SimDatagram&)>;
  // Sees each datagram as it leaves a socket (before NATs and loss).
  using Tap = std::function<void(const SimDatagram&)>;

  SimNetwork(VirtualClock& clock, uint64_t seed);

  NatId add_nat(NatKind kind, std::vector<IpAddress> external);
  HostId add_host(std::string name, std::vector<IpAddress> addresses, NatId behind = {});
  void add_address(HostId host, const IpAddress& address);
  void remove_address(HostId host, const IpAddress& address);  // its sockets hear nothing more

  void set_link(HostId host, const LinkProfile& both) { set_link(host, both, both); }
  void set_link(HostId host, const LinkProfile& up, const LinkProfile& down);
  // Nothing passes between the two while cut.
  void set_cut(HostId a, HostId b, bool cut);
  // A firewall before the host that lets only TCP pass.
  void block_udp(HostId host, bool blocked) { hosts_[host.value() - 1].udp_blocked = blocked; }
  // Forgets all mappings: the next datagrams appear from new ports.
  void rebind_nat(NatId nat);
  // Mappings not used by an outgoing datagram for this long disappear; zero: never.
  void set_nat_lifetime(NatId nat, Duration lifetime);

  // Port 0 takes a free one. Asserts that the address is the host's and the port is free.
  SimSocketId bind(HostId host, const SocketAddress& local, Receiver receiver, bool tcp = false);
  void close(SimSocketId socket);
  const SocketAddress& local_address(SimSocketId socket) const;
  void send(SimSocketId socket, const SocketAddress& to, Bytes bytes);

  Instant next_event() const;
  // Hands out everything due at clock.now(); returns how many datagrams arrived.
  size_t deliver_due();

  void set_tap(Tap tap) { tap_ = std::move(tap); }
  const SimStats& stats() const { return stats_; }

 private:
  struct Mapping {
    bool tcp;
    SocketAddress internal;
    SocketAddress destination;  // symmetric only
    SocketAddress external;
    std::set<SocketAddress> contacted;
    Instant last_used;
  };
  struct Nat {
    NatKind kind;
    std::vector<IpAddress> external;
    std::vector<Mapping> mappings;
    Duration lifetime{};
    uint16_t next_port = 20000;
  };
  struct Direction {
    LinkProfile profile;
    bool bad = false;
    Instant busy_until{};
    Instant last_arrival{};
  };
  struct Host {
    std::string name;
    std::vector<IpAddress> addresses;
    uint32_t nat;
    Direction up, down;
    uint16_t next_port = 40000;
    bool udp_blocked = false;
  };
  struct Socket {
    uint32_t host;
    SocketAddress local;
    Receiver receiver;
    bool tcp = false;
  };
  enum class Stage : uint8_t { leaves_host, reaches_host };
  struct InFlight {
    Stage stage;
    uint32_t from_host;
    uint32_t to_host;
    SimDatagram datagram;
  };

  void pass_link(Direction& direction, InFlight packet);
  void route(InFlight packet);
  void enter(uint32_t realm, InFlight packet);
  void arrive(const InFlight& packet);
  uint32_t find_host(uint32_t realm, const IpAddress& address) const;
  uint32_t find_nat(const IpAddress& external) const;
  bool translate_out(Nat& nat, SimDatagram& datagram);
  bool translate_in(Nat& nat, SimDatagram& datagram);
  void drop_old_mappings(Nat& nat);
  Socket* find_socket(uint32_t host, const SocketAddress& local, bool tcp);

  VirtualClock& clock_;
  SeededRandom random_;
  std::vector<Host> hosts_;  // index = id - 1, as below
  std::vector<Nat> nats_;
  std::map<uint32_t, Socket> sockets_;
  uint32_t next_socket_ = 1;
  std::multimap<Instant, InFlight> in_flight_;
  std::set<std::pair<uint32_t, uint32_t>> cuts_;
  Tap tap_;
  SimStats stats_;
};

// Parses or stops the test: for literals.
IpAddress ip(const char* text);
SocketAddress endpoint(const char* text);

}  // namespace limen::test
