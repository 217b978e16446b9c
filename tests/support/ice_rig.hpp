// IceRig: ICE agents on a SimNetwork, wired as two servers' shards would wire them.
//
// Each endpoint owns its sockets, its TxQueue and its agent; run_*() moves virtual time from event to
// event. One thread.
//
//   IceRig rig(seed);
//   auto& a = rig.add("a", {ip("192.0.2.1")}, {.controlling = true});
//   auto& b = rig.add("b", {ip("192.0.2.2")}, {});
//   rig.exchange(a, b);
//   ASSERT_TRUE(rig.run_until([&] { return a.ready() && b.ready(); }, 5s));
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rtc/ice/ice_agent.hpp"
#include "rtc/turn/turn_client.hpp"
#include "tests/support/seeded_random.hpp"
#include "tests/support/sim_network.hpp"
#include "tests/support/sim_tcp.hpp"
#include "tests/support/virtual_clock.hpp"

namespace limen::test {

class IceRig;

struct IceEndpointConfig {
  bool controlling = false;
  bool lite = false;
  bool aggressive = false;
  bool consent = true;
  bool keepalive_by_request = false;
  bool ipv6 = true;
  bool tcp = false;  // TCP beside UDP on each address
  uint64_t tie_breaker = 0;
  std::vector<SocketAddress> stun_servers = {};
  // A relay at this server, by UDP.
  std::optional<SocketAddress> turn_server = {};
  std::string turn_user = "user";
  std::string turn_password = "secret";
  bool turn_v6 = false;
  bool relay_only = false;
  std::vector<SocketAddress> advertised = {};  // of the first address (1:1 NAT)
};

class IceEndpoint {
 public:
  rtc::IceAgent& agent() { return *agent_; }
  const std::vector<rtc::IceState>& states() const { return states_; }
  const std::vector<rtc::SelectedPair>& selections() const { return selections_; }
  bool connected() const { return agent_->selected() != nullptr; }
  bool ready() const { return agent_->state() == rtc::IceState::ready; }
  bool gathered() const { return gathered_; }
  HostId host() const { return host_; }

  // Something that is not STUN, over the selected pair; false without one.
  bool send_data(std::string_view text);
  // What arrived so, from flows that the agent owns.
  const std::vector<std::string>& received() const { return received_; }
  uint64_t strays() const { return strays_; }  // data from flows that it does not own

  // A new address of the host: binds a socket, without telling the agent.
  SocketAddress address(size_t base = 0) const { return bases_[base].address; }
  // Ends the TCP connection that carries data.
  void drop_connection();
  size_t tcp_connections() const { return tcp_ ? tcp_->connections() : 0; }
  // Feeds a datagram as if it had come from there.
  void inject(const SocketAddress& from, Bytes datagram, size_t base = 0);
  uint64_t datagrams_sent() const { return datagrams_sent_; }

  // Its relay: null without `turn_server`. What it said, and what failed.
  rtc::TurnClient* turn() { return turn_.get(); }
  const std::vector<rtc::TurnEvent>& turn_events() const { return turn_events_; }
  bool relayed() const;  // the selected pair's own side is the relay
  void close_turn();

 private:
  friend class IceRig;
  void flush();
  void start_turn(const IceEndpointConfig& config);
  void on_turn(const SimDatagram& datagram);
  bool drain_turn();  // true: it said something
  void drain_agent();
  void receive(const Flow& from, Bytes datagram);
  void transmit(const Flow& to, Bytes datagram);
  void add_tcp();

  IceRig* rig_ = nullptr;
  HostId host_;
  std::vector<rtc::LocalBase> bases_;
  std::vector<SimSocketId> sockets_;
  std::unique_ptr<SimTcp> tcp_;
  TxQueue tx_;
  std::unique_ptr<rtc::IceAgent> agent_;
  std::unique_ptr<rtc::TurnClient> turn_;
  TxQueue turn_tx_;
  SimSocketId turn_socket_;
  SocketAddress turn_server_;
  std::vector<rtc::TurnEvent> turn_events_;
  std::vector<rtc::IceState> states_;
  std::vector<rtc::SelectedPair> selections_;
  std::vector<std::string> received_;
  uint64_t strays_ = 0;
  uint64_t datagrams_sent_ = 0;
  bool gathered_ = false;
};

class IceRig {
 public:
  explicit IceRig(uint64_t seed);

  IceEndpoint& add(const std::string& name, std::vector<IpAddress> addresses, const IceEndpointConfig& config,
                   NatId behind = {});
  // A STUN server that answers Binding requests at this address.
  void add_stun_server(const SocketAddress& address);

  // Credentials and all candidates gathered so far both ways, then "no more".
  void exchange(IceEndpoint& a, IceEndpoint& b);
  void give_credentials(IceEndpoint& from, IceEndpoint& to);
  void give_candidates(IceEndpoint& from, IceEndpoint& to);
  // New credentials on both sides, candidates exchanged anew.
  void restart(IceEndpoint& a, IceEndpoint& b);

  bool run_until(const std::function<bool()>& done, Duration bound);
  void run_for(Duration duration);
  // After inputs that were given to the agents directly: sends what they have to say.
  void drain();

  rtc::IceCredentials make_credentials();
  VirtualClock& clock() { return clock_; }
  SimNetwork& network() { return network_; }
  SeededRandom& random() { return random_; }

 private:
  friend class IceEndpoint;
  void step(Instant until);

  VirtualClock clock_;
  SeededRandom random_;
  SimNetwork network_;
  std::vector<std::unique_ptr<IceEndpoint>> endpoints_;
};

}  // namespace limen::test
