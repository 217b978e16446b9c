// LoadHost: the load tester's peers on one shard: ICE, DTLS, SRTP, sources, and what arrived.
//
// Peer number n owns socket number n, as a real client would, so a datagram's socket says whose it
// is. Most receivers only read RTP headers, which need no keys; a share of them decrypts everything and
// checks every byte. The shard's thread; control posts to it.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/executor.hpp"
#include "base/latency_histogram.hpp"
#include "base/random.hpp"
#include "rtc/peer/peer.hpp"
#include "runtime/deadline_heap.hpp"
#include "runtime/shard.hpp"
#include "tools/load/media_source.hpp"
#include "tools/load/sdp_text.hpp"
#include "tools/load/stream_tally.hpp"

namespace limen::load {

struct LoadPeerSetup {
  rtc::PeerConfig config;
  bool inspect = false;  // decrypt and check what comes
  bool send = false;     // run a source as soon as it is connected
  double phase = 0;      // of the source
  SourceProfile source;
};

inline constexpr uint8_t kPlainAudioType = 111, kPlainVideoType = 96;

// An encoder that sends plain RTP to a mountpoint's ports.
struct PlainSourceSetup {
  SocketAddress audio, video;
  double phase = 0;
  SourceProfile source;
};

struct HostTotals {
  uint32_t peers = 0, connected = 0, with_media = 0, closed = 0;
  StreamTotals streams;
  uint64_t sent = 0, not_sent = 0;
  uint64_t checked = 0, corrupt = 0;
  uint64_t keyframe_requests = 0;
  LatencyHistogram latency;
  std::map<std::string, uint64_t> drops, profiles;
  void add(const HostTotals& other);
};

class LoadHost {
 public:
  // Called on the shard's thread, once per peer each; `failed` has a reason.
  struct Reports {
    std::function<void(uint32_t peer)> connected;
    std::function<void(uint32_t peer)> first_media;
    std::function<void(uint32_t peer, std::string reason)> closed;
  };
  // `poll` > 0: sleeps so long at the end of each turn, so that packets find nobody to wake. On one
  // machine the kernel does the waking on the sender's time, which no network would.
  LoadHost(runtime::Shard& shard, Random& random, Reports reports, Duration poll);
  ~LoadHost();
  runtime::ShardCallbacks callbacks();

  // Posted by control.
  void create(uint32_t peer, LoadPeerSetup setup);
  void connect(uint32_t peer, RemoteSide remote);
  // In place of a peer: a source on the peer's socket, from now until it is removed.
  void create_plain_source(uint32_t peer, PlainSourceSetup setup);
  void remove(uint32_t peer);
  HostTotals totals() const;
  void restart_counting();

 private:
  struct Stream {
    uint32_t ssrc;
    StreamTally tally;
  };
  struct LoadPeer {
    LoadPeerSetup setup;
    std::unique_ptr<rtc::Peer> peer;          // none: a plain source
    std::unique_ptr<PlainSourceSetup> plain;  // else none
    rtc::PeerMediaConfig media;
    std::vector<MediaSource> sources;  // one, or one for each layer of a simulcast
    std::vector<Stream> streams;
    bool connected = false, got_media = false, touched = false;
  };

  void on_datagram(const Flow& from, Packet packet, Instant now);
  void on_timer(Instant now);
  void end_of_turn(Instant now);
  void touch(uint32_t peer);
  void settle(uint32_t peer, Instant now);
  void count(uint32_t number, LoadPeer& load, Bytes rtp);
  void on_event(uint32_t number, LoadPeer& load, rtc::PeerEvent& event);
  void check(LoadPeer& load, const RtpPacket& packet);
  void start_source(uint32_t number, LoadPeer& load);
  void run_sources(LoadPeer& load, Instant now);
  void send(LoadPeer& load, const SourcePacket& source, int mline, Instant now);
  void run_plain_source(uint32_t number, LoadPeer& load);

  runtime::Shard& shard_;
  Random& random_;
  Reports reports_;
  Duration poll_;
  uint32_t taken_ = 0;                            // datagrams in this turn
  std::vector<std::unique_ptr<LoadPeer>> peers_;  // by socket
  std::vector<uint32_t> touched_;
  runtime::DeadlineHeap peer_deadlines_, source_deadlines_;
  HostTotals totals_;  // all but what is summed up when asked
};

}  // namespace limen::load
