// Peer: one sans-IO WebRTC peer connection: ICE + DTLS + SRTP (+ SCTP) + RTP streams.
//
// Contract: call one input, then drain poll_event(); datagrams are written to the TxQueue given at
// construction. It owns no socket, thread, timer, clock or lock. Input never throws and never aborts:
// malformed input is a counted drop. A shard's thread only.
// RFC 8445, 8839 (ICE), 5764 (DTLS-SRTP), 7983 (demultiplexing), 3550/3711/4585/4588 (RTP), 8843 (BUNDLE).
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "base/packet.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "base/tx_queue.hpp"
#include "rtc/peer/hot_lines.hpp"
#include "rtc/peer/packet_observer.hpp"
#include "rtc/peer/peer_config.hpp"
#include "rtc/peer/peer_events.hpp"
#include "rtc/peer/peer_stats.hpp"
#include "wire/rtp/rtp_packet.hpp"

namespace limen::rtc {

class SharedSending;

class Peer {
 public:
  // `tx`, `random` and `shared` must outlive the peer. With `shared`, what it writes to `tx` is encrypted only
  // when shared->flush(tx) is called; without, at once.
  Peer(PeerConfig config, TxQueue& tx, Random& random, Instant now, SharedSending* shared = nullptr);
  ~Peer();

  // Inputs -------------------------------------------------------------------------------------
  // A datagram that belongs to this peer. `packet` is uniquely owned: it is decrypted in place.
  void handle(const Flow& from, Packet packet, Instant now);
  void handle_timeout(Instant now);
  // A TCP connection that belongs to this peer has ended.
  void flow_closed(const Flow& flow, Instant now);

  // The remote description: credentials first; a change of them is an ICE restart (with `local`
  // the new own ones). Checks start when `start` is true or with the first remote candidate.
  void set_remote(const RemoteTransport& remote, Instant now);
  void add_remote_candidate(const Candidate& candidate, Instant now);
  void remote_candidates_done(Instant now);
  void start_checks(Instant now);
  void restart_ice(const IceCredentials& local, const IceCredentials& remote, Instant now);
  // Relays of ours, see IceAgent.
  void add_relay(const LocalBase& base, Instant now);
  void relays_done(Instant now);
  void remove_relay(SocketId socket, Instant now);
  void set_media(const PeerMediaConfig& media, Instant now);
  void set_tuning(const PeerTuning& tuning);

  // Media out; dropped and counted before Connected. Returns false if it was not sent.
  bool send(const OutgoingRtp& rtp, Instant now);
  void send(const RtcpFeedback& feedback, Instant now);
  // Data out on a channel by label (opened if need be). See rtc/sctp.
  bool send_data(std::string_view label, std::string_view protocol, bool binary, Bytes data, Instant now);
  // Shows RTP and RTCP as they are without encryption, both ways; null ends it. Outlives the peer.
  void observe(PacketObserver* observer);
  // Sends close_notify and BYE; nothing leaves afterwards.
  void close(Instant now);

  // Outputs ------------------------------------------------------------------------------------
  Instant next_deadline() const;      // kNever if nothing is to be done
  bool poll_event(PeerEvent& event);  // false: nothing more

  // For the demultiplexer, see rtc/ice/ice_agent.hpp: my ufrag; does this authenticated flow belong
  // to me; how the transaction ids of my requests start.
  const IceCredentials& local_credentials() const;
  bool owns(const Flow& flow) const;
  uint32_t transaction_tag() const;
  PeerStats stats(Instant now) const;
  PeerGlance glance() const;
  // What sending on an m-line touches. Good for as long as the configuration stays.
  void find_hot_lines(uint8_t mline, HotLines& lines) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace limen::rtc
