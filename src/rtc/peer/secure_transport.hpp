// SecureTransport: the path under a Peer's media: ICE finds it, DTLS keys it, SRTP protects it.
//
// It takes the peer's datagrams apart (RFC 7983), runs the handshake over the first valid pair, and
// says when media may flow, when the path broke, and why it ended. Contract as Peer's: one input,
// then the events are in the queue and the datagrams in the TxQueue. A shard's thread only.
// RFC 8445, 5763, 5764; failure timing of spec 7.2, demultiplexing of spec 7.5.
#pragma once
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "base/packet.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "base/tx_queue.hpp"
#include "rtc/dtls/dtls_endpoint.hpp"
#include "rtc/ice/ice_agent.hpp"
#include "rtc/peer/drop_reason.hpp"
#include "rtc/peer/event_queue.hpp"
#include "rtc/peer/hot_lines.hpp"
#include "rtc/peer/packet_observer.hpp"
#include "rtc/peer/peer_config.hpp"
#include "rtc/peer/peer_stats.hpp"
#include "rtc/peer/shared_sending.hpp"
#include "rtc/srtp/srtp_session.hpp"

namespace limen::rtc {

class SecureTransport {
 public:
  // Media that overtook the end of the handshake is kept, so much of it.
  static constexpr size_t kMaxEarly = 16;

  enum class Inbound : uint8_t { nothing, rtp, rtcp };

  SecureTransport(const PeerConfig& config, TxQueue& tx, Random& random, EventQueue& events, DropCounts& drops,
                  Instant now, SharedSending* shared);
  ~SecureTransport();

  // Inputs. If media comes in, `packet` is now plain RTP or RTCP.
  Inbound handle(const Flow& from, Packet& packet, Instant now);
  void handle_timeout(Instant now);
  void flow_closed(const Flow& flow, Instant now);
  void set_remote(const RemoteTransport& remote, Instant now);
  void add_remote_candidate(const Candidate& candidate, Instant now);
  void remote_candidates_done(Instant now);
  void start_checks(Instant now);
  void restart_ice(const IceCredentials& local, const IceCredentials& remote, Instant now);
  void add_relay(const LocalBase& base, Instant now);
  void relays_done(Instant now);
  void remove_relay(SocketId socket, Instant now);
  void close(Instant now);
  // Is shown RTP and RTCP before it is encrypted; null ends it.
  void observe(PacketObserver* observer) { observer_ = observer; }

  // Media may flow: set once, when Connected is announced.
  bool up() const { return up_since_.has_value(); }
  Instant up_since() const { return *up_since_; }
  bool closed() const { return closed_; }
  Instant next_deadline() const;
  // A packet that came before the keys, once they are there; empty if there is none.
  Packet take_early(Flow& from);

  // Media out: fill the first bytes of reserve(), then send. False if it could not be sent.
  MutableBytes reserve(size_t plain);
  bool send_rtp(MutableBytes reserved, size_t plain);
  // The same bytes as once before (a retransmission without RTX).
  bool send_rtp_again(MutableBytes reserved, size_t plain);
  bool send_rtcp(MutableBytes reserved, size_t plain);
  // Application data over DTLS (SCTP packets): what came in, one record at a time, and out.
  bool take_data(std::vector<uint8_t>& record);
  bool send_data(Bytes record, Instant now);

  DtlsRole role() const { return role_; }
  // Of all peers of the shard.
  PeerTotals& totals() { return totals_; }
  const IceAgent& ice() const { return ice_; }
  void fill(PeerStats& stats) const;
  void find_hot_lines(HotLines& lines) const;

 private:
  Inbound handle_media(const Flow& from, Packet& packet, bool rtp, Instant now);
  void drain(Instant now);
  void drain_dtls(Instant now);
  void on_ice_state(IceState state);
  void on_pair(const SelectedPair& pair, Instant now);
  void on_keys(const crypto::SrtpKeyingMaterial& keys);
  void start_dtls(Instant now);
  void come_up(Instant now);
  void fail(CloseReason reason);
  void update_path();
  Instant ice_give_up_at() const;
  void count_out(size_t bytes);
  bool may_send() const { return has_path_ && up() && !closed_; }

  const PeerConfig& config_;
  TxQueue& tx_;
  EventQueue& events_;
  DropCounts& drops_;
  SharedSending* shared_;                   // null: every packet is encrypted at once
  std::unique_ptr<PeerTotals> own_totals_;  // if none are shared
  PeerTotals& totals_;
  IceAgent ice_;
  std::unique_ptr<DtlsEndpoint> dtls_;  // null without encryption
  std::unique_ptr<SrtpSender> srtp_out_;
  std::unique_ptr<SrtpReceiver> srtp_in_;

  PacketObserver* observer_ = nullptr;
  bool remote_known_ = false;
  DtlsRole role_ = DtlsRole::client;
  bool has_path_ = false;
  bool was_selected_ = false;
  Flow path_;
  std::optional<Instant> up_since_;
  std::optional<Instant> dtls_started_;
  bool closed_ = false;

  struct Early {
    Flow from;
    Packet packet;
  };
  std::vector<Early> early_;
  std::deque<std::vector<uint8_t>> data_in_;  // emptied after every input
  uint64_t packets_in_ = 0, bytes_in_ = 0, packets_out_ = 0, bytes_out_ = 0;
};

}  // namespace limen::rtc
