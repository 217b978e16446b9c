// Engine: the tester's threads: control (the calling one), media shards with a socket for every peer.
//
// Control thread only, but for what is posted inside. Peers are named by a number from 0; the first ones may be
// sources with a thread of their own, the others are dealt out to the shards.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/random.hpp"
#include "base/result.hpp"
#include "crypto/certificate.hpp"
#include "runtime/control_loop.hpp"
#include "runtime/shard.hpp"
#include "tools/load/load_host.hpp"
#include "tools/load/options.hpp"

namespace limen::load {

// When a peer got how far; nothing: not yet.
struct PeerProgress {
  std::optional<Instant> connected, first_media;
  std::string closed;  // why; empty: it is not
};

class Engine {
 public:
  // Opens `peers` sockets at `address`. The first `sources` peers only send: with `source_thread` they are apart.
  static Result<std::unique_ptr<Engine>> create(const Options& options, uint32_t peers, uint32_t sources,
                                                const IpAddress& address, Random& random);
  ~Engine();

  runtime::ControlLoop& control() { return control_; }
  boost::asio::io_context& io();
  Random& random() { return random_; }
  void start();

  // The description's side of a new peer; create_peer() makes it.
  LocalSide local_side(uint32_t peer, bool feedback);
  void create_peer(uint32_t peer, const LocalSide& local, bool controlling, bool send, bool inspect);
  void connect_peer(uint32_t peer, RemoteSide remote);
  // Instead of create_peer(): plain RTP from the peer's socket.
  void create_plain_source(uint32_t peer, PlainSourceSetup setup);
  void remove_peer(uint32_t peer);
  const SocketAddress& address(uint32_t peer) const { return sockets_[peer].address; }
  const PeerProgress& progress(uint32_t peer) const { return progress_[peer]; }

  void restart_counting();
  boost::asio::awaitable<HostTotals> totals();

 private:
  // Where a peer lives: a host knows it by its slot there.
  struct Seat {
    uint32_t shard = 0, slot = 0;
  };

  Engine(const Options& options, uint32_t peers, uint32_t sources, Random& random);
  Result<> open(const IpAddress& address);
  LoadHost::Reports reports(uint32_t shard);

  const Options& options_;
  Random& random_;
  const uint32_t apart_;                       // sources on shard 0, which nobody else is on
  std::vector<Seat> seats_;                    // by peer
  std::vector<std::vector<uint32_t>> seated_;  // peers by shard and slot
  std::shared_ptr<const crypto::Certificate> certificate_;
  std::vector<std::unique_ptr<PacketPool>> pools_;
  runtime::Watchdog watchdog_;
  runtime::PostMesh mesh_;
  runtime::ControlLoop control_;
  std::vector<std::unique_ptr<runtime::Shard>> shards_;
  std::vector<std::unique_ptr<LoadHost>> hosts_;
  std::vector<std::thread> threads_;
  std::vector<runtime::BoundSocket> sockets_;  // by peer
  std::vector<PeerProgress> progress_;
};

}  // namespace limen::load
