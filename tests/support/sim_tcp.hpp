// SimTcp: TCP connections of one host on a SimNetwork: in order, repeated until they arrive, with a beginning
// and an end. What matters of TCP to ICE-TCP; messages keep their boundaries, as RFC 4571 frames would.
//
// Connections are named by flow as runtime/tcp_connections.hpp does. Callbacks come from SimNetwork's
// deliver_due() and from run_due(). One thread.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "base/tx_queue.hpp"
#include "tests/support/sim_network.hpp"

namespace limen::test {

class SimTcp {
 public:
  struct Callbacks {
    std::function<void(const Flow&, Bytes)> on_message;
    std::function<void(const Flow&)> on_closed;  // by the other side, or because nothing arrives
  };
  SimTcp(SimNetwork& network, VirtualClock& clock, HostId host, Callbacks callbacks)
      : network_(network), clock_(clock), host_(host), callbacks_(std::move(callbacks)) {}

  // Connections that come in at `local` have flows of kTcpPassive + index, those that leave from its
  // address kTcpActive + index.
  void listen(SocketId index, const SocketAddress& local);
  // Opens the connection if the flow is an active one; dropped if there is none.
  void send(const Flow& flow, Bytes message);
  void close(const Flow& flow);  // the other side is told
  size_t connections() const { return connections_.size(); }

  Instant next_event() const;
  void run_due();

 private:
  enum class Kind : uint8_t { open, opened, data, seen, reset };
  struct Connection {
    SimSocketId socket;
    SocketAddress remote;
    bool open = false;
    uint32_t next_out = 1, next_in = 1;
    std::map<uint32_t, std::vector<uint8_t>> unseen;   // sent, not acknowledged
    std::map<uint32_t, std::vector<uint8_t>> waiting;  // came before what is missing
    Instant repeat_at = kNever;
    int repeats = 0;
  };
  struct Less {
    bool operator()(const Flow& a, const Flow& b) const {
      return std::pair(a.socket, a.remote) < std::pair(b.socket, b.remote);
    }
  };

  void receive(SocketId socket, const SimDatagram& segment);
  void take(const Flow& flow, Connection& connection, uint32_t number, Bytes payload);
  void transmit(const Connection& connection, Kind kind, uint32_t number, Bytes payload);
  void repeat(Connection& connection);
  void end(const Flow& flow);

  SimNetwork& network_;
  VirtualClock& clock_;
  HostId host_;
  Callbacks callbacks_;
  std::map<SocketId, SimSocketId> listeners_;
  std::map<Flow, std::unique_ptr<Connection>, Less> connections_;
};

}  // namespace limen::test
