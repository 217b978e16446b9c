// PeerPair: two Peers, each on a host of a SimNetwork, driven on virtual time.
//
// `a` stands for the browser (it offers and controls), `b` for the server. Both keep what happened to
// them; `b` can echo. Nothing waits: run_until() moves the clock from event to event. One thread.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/packet.hpp"
#include "rtc/peer/peer.hpp"
#include "tests/support/seeded_random.hpp"
#include "tests/support/sim_network.hpp"
#include "tests/support/virtual_clock.hpp"

namespace limen::test {

class PeerSide {
 public:
  PeerSide(SimNetwork& network, VirtualClock& clock, std::string name, IpAddress address, uint64_t seed,
           NatId behind = {});

  // Before connecting; may be changed by the test.
  rtc::PeerConfig config;
  rtc::PeerMediaConfig media;
  rtc::DtlsRole dtls_role = rtc::DtlsRole::client;

  void create();
  rtc::Peer& peer() { return *peer_; }
  void destroy() { peer_.reset(); }
  bool created() const { return peer_ != nullptr; }
  rtc::Candidate candidate() const;
  rtc::RemoteTransport transport() const;  // as the other side learns it
  void handle(const SocketAddress& from, Bytes bytes);
  // Sends what is queued, takes the events. After every input.
  void settle();

  // A made-up VP8 (or audio) packet through the peer.
  bool send_media(uint8_t mline, uint16_t sequence, uint32_t timestamp, bool keyframe = false, size_t size = 200);
  // Bytes straight from this side's socket, around the peer.
  void send_raw(const SocketAddress& to, Bytes bytes) { network_.send(socket_, to, bytes); }
  const SocketAddress& address() const { return network_.local_address(socket_); }
  // The host loses its address and gets another, of which the peer knows nothing.
  void move_to(const IpAddress& address);

  PacketPool pool;  // outlives all packets below
  bool echo = false;
  bool mute_dtls = false;  // its handshake datagrams get lost
  bool connected = false;
  std::optional<rtc::CloseReason> closed;
  std::vector<RtpPacket> rtp;
  std::vector<RtcpFeedback> feedback;
  std::vector<rtc::MediaStateChanged> media_states;
  std::vector<rtc::SlowLinkDetected> slow_links;
  std::vector<rtc::DtlsStateChanged> dtls_states;
  std::vector<rtc::IceState> ice_states;
  std::vector<rtc::SelectedPair> pairs;
  std::vector<rtc::DataChannelOpened> channels;
  std::vector<rtc::DataReceived> data;
  std::vector<uint16_t> closed_channels;
  size_t writable_events = 0;
  size_t connected_events = 0;
  size_t failed_after_connect = 0;

 private:
  void take(rtc::PeerEvent& event);

  SimNetwork& network_;
  VirtualClock& clock_;
  HostId host_;
  SimSocketId socket_;
  SeededRandom random_;
  TxQueue tx_;
  std::unique_ptr<rtc::Peer> peer_;
};

class PeerPair {
 public:
  explicit PeerPair(uint64_t seed = 1);

  // Creates both, exchanges descriptions and candidates.
  void start();
  // start() and run until both are connected.
  [[nodiscard]] bool connect(Duration bound = std::chrono::seconds(10));
  bool run_until(const std::function<bool()>& done, Duration bound);
  void run_for(Duration duration);
  void restart_ice();
  void cut(bool on) { network.set_cut(host_a_, host_b_, on); }
  // Of a's access: both directions, or what a sends and what a gets.
  void set_link(const LinkProfile& link) { network.set_link(host_a_, link); }
  void set_link(const LinkProfile& up, const LinkProfile& down) { network.set_link(host_a_, up, down); }

  VirtualClock clock;
  SimNetwork network;
  PeerSide a;
  PeerSide b;

 private:
  HostId host_a_;
  HostId host_b_;
};

// Audio on m-line 0, video (VP8 with RTX) on m-line 1, both ways; SSRCs of `base`.
rtc::PeerMediaConfig audio_video(uint32_t base);
// What `local` sends is what `remote` may expect.
void expect_ssrcs(rtc::PeerMediaConfig& local, const rtc::PeerMediaConfig& remote);

}  // namespace limen::test
