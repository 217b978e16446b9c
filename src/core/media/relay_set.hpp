// RelaySet: the TURN relays of one shard's peers. To everybody above it a relay is a socket: flows whose number
// is_relay() go through it, and what comes out of it comes from such a flow.
//
// Each peer has allocations of its own, for its server's quotas and credentials are per connection. Relays are made
// for an owner and told to the listener when they are there, or not; they are given back when the owner goes, which
// may take some seconds more. The shard's thread only.
#pragma once
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "api/media.hpp"
#include "base/executor.hpp"
#include "base/packet.hpp"
#include "base/random.hpp"
#include "base/tx_queue.hpp"
#include "core/media/relay_link.hpp"
#include "rtc/ice/ice_types.hpp"
#include "rtc/turn/turn_client.hpp"

namespace limen::core {

// Called from the shard's loop and from open(), never from take_out().
class RelayListener {
 public:
  virtual ~RelayListener() = default;
  virtual void on_relay(PeerId owner, const rtc::LocalBase& base) = 0;
  virtual void on_relays_done(PeerId owner) = 0;
  virtual void on_relay_lost(PeerId owner, SocketId socket) = 0;
  // `lost`: it had worked until now.
  virtual void on_relay_failed(PeerId owner, const std::string& server, const std::string& why, bool lost) = 0;
  virtual void on_relayed(const Flow& from, Packet packet, Instant now) = 0;
};

struct RelayCounters {
  uint64_t relays = 0;  // now
  uint64_t allocated = 0, failed = 0, lost = 0;
  uint64_t messages_in = 0, messages_out = 0;
};

class RelaySet {
 public:
  static constexpr size_t kMaxPerOwner = 4;
  static constexpr size_t kMaxRelays = 8192;
  static constexpr Duration kConnectPatience = std::chrono::seconds(5);
  // Nobody waits for a server that has not answered in this time: it is asked, and used if it answers after all.
  static constexpr Duration kSilenceRemembered = std::chrono::seconds(30);
  static constexpr size_t kMaxSilent = 64;

  // Everything outlives the set; `ports` and `streams` may be missing.
  RelaySet(Executor& executor, PacketPool& packets, Random& random, UdpPorts* ports, ByteStreams* streams,
           RelayListener& listener);
  ~RelaySet();
  RelaySet(const RelaySet&) = delete;
  RelaySet& operator=(const RelaySet&) = delete;

  // on_relays_done() follows, at once if there are no servers.
  void open(PeerId owner, const std::vector<rtc::RelayServer>& servers);
  // Gives its relays back; nothing of them is told any more.
  void close(PeerId owner);
  // Sends what is in `tx` for relays and takes it out.
  void take_out(TxQueue& tx);

  RelayCounters counters() const;
  bool empty() const { return relays_.empty(); }

 private:
  struct Relay {
    SocketId socket = kNoSocket;
    PeerId owner;  // 0: nobody's any more
    rtc::RelayServer server;
    std::unique_ptr<rtc::TurnClient> client;
    std::shared_ptr<RelayLink> link;
    bool announced = false;  // it works, or has failed: nobody waits for it
    bool works = false;
    Instant connect_by = kNever;
  };
  using RelayPtr = std::shared_ptr<Relay>;

  RelayPtr find(SocketId socket) const;
  RelayPtr make(PeerId owner, const rtc::RelayServer& server);
  void connect(Relay& relay, Instant now);
  void on_message(SocketId socket, Packet packet, Instant now);
  void on_broken(SocketId socket, std::string why, Instant now);
  void on_timer();
  // Events and messages of a relay; then what follows for the whole.
  void settle(Relay& relay, Instant now);
  void on_event(Relay& relay, rtc::TurnAllocated& event);
  void on_event(Relay& relay, rtc::TurnFailed& event);
  void on_event(Relay& relay, rtc::TurnRedirected& event, Instant now);
  void on_event(Relay& relay, rtc::TurnPeerRefused& event);
  void announce_end(Relay& relay);
  bool waiting_for(PeerId owner) const;
  bool was_silent(const SocketAddress& server, Instant now);
  void send_all();
  void arm_for(const Relay& relay);
  void arm(Instant when);
  static Instant deadline(const Relay& relay);

  Executor& executor_;
  PacketPool& packets_;
  Random& random_;
  UdpPorts* ports_;
  ByteStreams* streams_;
  RelayListener& listener_;
  TxQueue out_;  // for servers; its flows carry the relay's number
  std::unordered_map<SocketId, RelayPtr> relays_;
  std::unordered_map<SocketAddress, Instant, SocketAddressHash> silent_;  // servers, until when
  SocketId last_socket_ = kRelaySockets;
  TimerId timer_;
  Instant armed_for_ = kNever;
  RelayCounters counters_;
};

}  // namespace limen::core
