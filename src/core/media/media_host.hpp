// MediaHost: the root object of one shard: handles' media halves by id, and the demultiplexer.
//
// Lives on its shard's thread (in the simulator: everywhere the same one). The driver gives it
// datagrams and time, and after each batch of inputs or executor tasks calls end_of_turn() and then
// sends and clears the TxQueue. MediaPlane makes the hosts and is the only one who posts to them.
#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "api/media.hpp"
#include "base/executor.hpp"
#include "base/latency_histogram.hpp"
#include "base/packet.hpp"
#include "base/random.hpp"
#include "base/tx_queue.hpp"
#include "core/media/media_event.hpp"
#include "core/media/peer_demux.hpp"
#include "core/media/peer_host.hpp"
#include "core/media/relay_set.hpp"
#include "core/media/send_order.hpp"
#include "media/fanout/fanout_hub.hpp"
#include "rtc/peer/peer.hpp"
#include "rtc/peer/shared_sending.hpp"
#include "runtime/deadline_heap.hpp"
#include "runtime/shard.hpp"

namespace limen::core {

// One shard as its MediaHost needs it; everything outlives the host.
struct MediaShardEnv {
  Executor& executor;
  TxQueue& tx;
  PacketPool& packets;
  Random& random;                     // called on the shard's thread
  std::vector<rtc::LocalBase> bases;  // the shard's sockets, for host candidates
  UdpPorts* ports = nullptr;          // for media handlers; none: they get an error
  // Sends and clears the TxQueue now, in the middle of a turn, so that a large fan-out stays in the cache
  // and its first receivers do not wait for the last; none: everything waits for the end of the turn.
  std::function<void()> flush = {};
  ByteStreams* streams = nullptr;     // for TURN over TCP and TLS; none: they fail
  std::function<double()> load = {};  // share of its time that the shard has worked lately, 0 to 1
  // One port for all shards: who has which flow, and who wants to know of changes (the kernel's steering).
  // None: each shard's ports are its own.
  std::shared_ptr<FlowDirectory> directory = {};
  PeerDemux::FlowChanged flow_changed = {};
  // Of TCP flows: it belongs to a peer now; it belongs to none any more. None: there is no TCP.
  std::function<void(const Flow&)> flow_known = {};
  std::function<void(const Flow&)> close_flow = {};
  // Figures of the loop itself, for metrics; none: zeros.
  std::function<runtime::ShardStats()> loop_stats = {};
};

// A datagram that came to another shard than its peer's.
struct ForwardedDatagram {
  Flow from;
  Packet packet;
};

// How a host reaches the rest; each function may be called on the shard's thread.
struct MediaLinks {
  // Another shard (or this one, later): runs there with its host; FIFO per pair.
  std::function<void(uint32_t shard, std::move_only_function<void(MediaShard&)>)> post_shard;
  // To the control thread, in one order: an event of a handle's peer, and a closure that is dropped
  // if the handle has gone by then.
  std::function<void(PeerId, uint32_t generation, MediaEvent)> event;
  std::function<void(PeerId, Task)> post_control;
  // To another shard, first in, first out; false: it has too much waiting, and these are dropped.
  std::function<bool(uint32_t shard, std::vector<ForwardedDatagram>)> forward;
  // Another shard's peer has proved that the flow is its own now.
  std::function<void(uint32_t shard, const Flow&)> flow_lost;
};

struct MediaHostCounters {
  uint64_t handles = 0, peers = 0;
  RelayCounters relays;
  DemuxCounters demux;
  LatencyHistogram inside;         // of media packets that left: time since they were read from their socket
  uint64_t forwarded_in = 0;       // came through another shard
  uint64_t dropped_forwarded = 0;  // for a shard that was too busy
};

// Everything that metrics tell of one shard.
struct ShardReport {
  MediaHostCounters counters;
  rtc::PeerTotals totals;
  std::array<uint64_t, static_cast<size_t>(rtc::PeerPhase::count)> phases{};
  media::FanoutCounters fanout;
  runtime::ShardStats loop;
  size_t recent_packets = 0, recent_bytes = 0;  // kept for retransmission, of all peers together
  size_t history_bytes = 0, data_bytes = 0;     // of the peers
};

class MediaHost final : public MediaShard, private RelayListener {
 public:
  MediaHost(uint32_t index, uint32_t count, MediaShardEnv env, MediaLinks links);
  ~MediaHost() override;

  // Driver's inputs.
  void on_datagram(const Flow& from, Packet packet, Instant now);
  // Of a stranger's first words over TCP: the other shard whose they are.
  std::optional<uint32_t> shard_of_request(Bytes datagram) const { return demux_.shard_of_request(datagram); }
  // From another shard; it has asked expect_forwarded() before.
  void on_forwarded(std::vector<ForwardedDatagram> datagrams, Instant now);
  // Any thread. False: too many wait for this shard already.
  bool expect_forwarded(size_t count);
  void on_flow_lost(const Flow& flow) { demux_.lose(flow); }
  void on_flow_closed(const Flow& flow, Instant now);
  void on_timer(Instant now);
  Instant next_deadline() const { return deadlines_.next(); }
  // Drains the peers that were touched since the last turn; may add to the TxQueue.
  void end_of_turn(Instant now);
  // What was in the TxQueue has been handed to the kernel.
  void sent(Instant now);

  // Handles; called by tasks that MediaPlane posts.
  void add_handle(PeerId id);
  void remove_handle(PeerId id);
  void install_handler(PeerId id, const std::string& module,
                       std::move_only_function<std::unique_ptr<MediaHandler>(MediaContext&)> factory);
  void with_handler(PeerId id, std::move_only_function<void(MediaHandler&)> task);
  void create_peer(PeerId id, uint32_t generation, rtc::PeerConfig config);
  void destroy_peer(PeerId id);
  // After create_peer() with relays_coming: where its relays are; once, also if there are none.
  void set_relays(PeerId id, uint32_t generation, const std::vector<rtc::RelayServer>& servers);
  void capture(PeerId id, std::shared_ptr<CaptureFile> file);
  void with_peer(PeerId id, std::move_only_function<void(rtc::Peer&, Instant)> task);
  void with_all_peers(const std::function<void(rtc::Peer&, Instant)>& task);
  std::optional<rtc::PeerStats> stats(PeerId id) const;
  MediaHostCounters counters() const;
  // Looks at a few peers per turn, so that no packet waits for it; then calls `done`, on this thread.
  void survey(std::move_only_function<void(ShardReport)> done);

  // MediaShard, as media handlers see it.
  uint32_t index() const override { return index_; }
  uint32_t count() const override { return count_; }
  PacketPool& packets() override { return env_.packets; }
  Instant now() const override { return env_.executor.now(); }
  MediaContext* find(PeerId peer) override;
  void post(uint32_t shard, std::move_only_function<void(MediaShard&)> task) override;
  TimerId call_at(Instant when, Task task) override { return env_.executor.call_at(when, std::move(task)); }
  void cancel(TimerId timer) override { env_.executor.cancel(timer); }
  Result<UdpPort> open_udp(const UdpBind& bind, UdpReceive receive) override;
  void close_udp(UdpPortId port) override;
  bool send_udp(UdpPortId port, const SocketAddress& to, Bytes datagram) override;
  Result<std::unique_ptr<SrtpProtector>> make_protector(const SrtpMaterial& material) override;
  Result<std::unique_ptr<SrtpUnprotector>> make_unprotector(const SrtpMaterial& material) override;

 private:
  friend class PeerHost;
  struct Survey;
  void go_on(std::unique_ptr<Survey> survey);
  // Before `host` sends a packet. Sends what is there if it has become much, but never between two packets
  // of one host, which are to leave as one run.
  void before_send(const PeerHost& host, uint8_t mline);
  void deliver(const PeerDemux::Match& match, const Flow& from, Packet packet, Instant now);
  void forward(uint32_t shard, const Flow& from, Packet packet);
  void send_forwarded(uint32_t shard);
  // A peer was used: its events, deadline and demultiplexer entries are looked at before the turn ends.
  void touch(PeerHost& host);
  void settle(PeerHost& host, Instant now);
  void note_origin(const Packet& source);
  // Enters the peer's ufrag and tag; a peer whose ufrag is taken is closed (false).
  bool name_peer(PeerHost& host);
  void forget_peer(PeerHost& host);
  // What a peer that is gone has left for its relays, then they themselves.
  void release_relays(PeerId id);
  void on_relay(PeerId owner, const rtc::LocalBase& base) override;
  void on_relays_done(PeerId owner) override;
  void on_relay_lost(PeerId owner, SocketId socket) override;
  void on_relay_failed(PeerId owner, const std::string& server, const std::string& why, bool lost) override;
  void on_relayed(const Flow& from, Packet packet, Instant now) override { on_datagram(from, std::move(packet), now); }
  PeerHost* host(PeerId id) const;
  uint32_t free_slot();

  uint32_t index_;
  uint32_t count_;
  MediaShardEnv env_;
  MediaLinks links_;
  rtc::SharedSending sending_;  // outlives the peers
  RelaySet relays_;             // as this
  SendOrder order_;
  struct Origin {
    Instant received_at;
    uint32_t packets;
  };
  std::vector<Origin> origins_;  // of what is in the TxQueue
  LatencyHistogram inside_;
  std::vector<std::unique_ptr<PeerHost>> slots_;
  std::vector<uint32_t> free_slots_;
  std::unordered_map<PeerId, uint32_t> by_id_;
  std::vector<uint32_t> touched_;    // slots; settled when the turn ends
  runtime::DeadlineHeap deadlines_;  // by slot
  Flow last_from_;
  PeerDemux demux_;                                         // to slot
  std::vector<std::vector<ForwardedDatagram>> forwarding_;  // by shard, until the turn ends
  std::atomic<size_t> forwarded_waiting_{0};
  uint64_t forwarded_in_ = 0;
  uint64_t dropped_forwarded_ = 0;
};

}  // namespace limen::core
