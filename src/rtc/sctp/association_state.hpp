// The inside of SctpAssociation, shared by its sources: one per concern.
//
// sctp_association.cpp (inputs, timers), association_handshake.cpp (beginning), association_ending.cpp
// (end), association_receive.cpp (chunks in), association_transmit.cpp (packets out).
#pragma once
#include <array>
#include <deque>
#include <optional>
#include <vector>

#include "rtc/sctp/congestion_window.hpp"
#include "rtc/sctp/reassembly.hpp"
#include "rtc/sctp/received_tsns.hpp"
#include "rtc/sctp/rto.hpp"
#include "rtc/sctp/sctp_association.hpp"
#include "rtc/sctp/send_queue.hpp"
#include "rtc/sctp/sent_chunks.hpp"
#include "rtc/sctp/state_cookie.hpp"
#include "rtc/sctp/stream_resets.hpp"
#include "wire/sctp/packet_reader.hpp"
#include "wire/sctp/packet_writer.hpp"

namespace limen::rtc {

struct SctpAssociation::State {
  enum class Phase : uint8_t {
    closed,
    cookie_wait,
    cookie_echoed,
    established,
    shutdown_pending,
    shutdown_sent,
    shutdown_received,
    shutdown_ack_sent,
    ended,
  };
  // Everything that begins with an association and ends with it; made when it is established.
  struct Transfer {
    Transfer(const SctpConfig& config, uint32_t local_tsn, uint32_t peer_tsn, uint16_t outbound_streams);
    SendQueue queue;
    SentChunks sent;
    CongestionWindow window;
    ReceivedTsns received;
    Reassembly reassembly;
    StreamResets resets;
  };
  struct PeerOffer {  // what the peer's INIT or INIT ACK said
    uint32_t tag = 0, tsn = 0, window = 0;
    uint16_t outbound = 0, inbound = 0;
    bool forward_tsn = false, re_config = false, i_data = false, zero_checksum = false;
  };

  State(const SctpConfig& config, Random& random);

  // Beginning.
  sctp::InitChunk own_init() const;
  void send_init();
  void on_init(const sctp::CommonHeader& header, const sctp::RawChunk& chunk);
  void on_init_ack(const sctp::RawChunk& chunk);
  void send_cookie_echo();
  bool on_cookie_echo(const sctp::CommonHeader& header, const sctp::RawChunk& chunk);
  void on_cookie_ack();
  void establish(const PeerOffer& peer);
  void restart(const StateCookie& cookie);
  static PeerOffer offer_of(const StateCookie& cookie);
  static PeerOffer offer_of(const sctp::InitChunk& init, bool zero_checksum);

  // Chunks in; the return values say whether the rest of the packet is to be read.
  void handle(Bytes packet);
  bool tag_fits(const sctp::CommonHeader& header, const sctp::RawChunk& first) const;
  bool checksum_fits(const sctp::PacketReader& reader, const sctp::RawChunk& first) const;
  bool handle_chunk(const sctp::CommonHeader& header, const sctp::RawChunk& chunk);
  bool handle_unknown(const sctp::RawChunk& chunk);
  void on_data(const sctp::RawChunk& chunk);
  void accept_data(const sctp::DataChunk& data, uint64_t tsn);
  void on_sack(const sctp::RawChunk& chunk);
  void on_acknowledged(const SentChunks::Outcome& outcome, bool full);
  void on_forward_tsn(const sctp::RawChunk& chunk);
  void on_reconfig(const sctp::RawChunk& chunk);
  void on_reconfig_parameter(const sctp::ReconfigParameter& parameter);
  void apply(const StreamResets::Answer& answer);
  void on_heartbeat_ack(const sctp::RawChunk& chunk);
  void after_data();
  void drain_reassembly();

  // End.
  void on_shutdown(const sctp::RawChunk& chunk);
  void on_shutdown_ack();
  void progress_shutdown();
  void abort(sctp::Cause cause, SctpCloseReason reason, Bytes detail = {});
  void end(SctpCloseReason reason);

  // Time.
  void handle_timeout();
  void on_handshake_timeout();
  void on_retransmission_timeout();
  void on_shutdown_timeout();
  void on_heartbeat_timeout();
  bool count_error();  // false: that was one too many
  Instant next_deadline() const;

  // Packets out.
  bool poll_transmit(Bytes& packet);
  bool build(sctp::PacketWriter& out);
  void give_up_late();
  void add_control(sctp::PacketWriter& out);
  void add_sack(sctp::PacketWriter& out);
  void add_skip(sctp::PacketWriter& out);
  void add_reset(sctp::PacketWriter& out);
  bool add_retransmissions(sctp::PacketWriter& out);
  bool add_new_data(sctp::PacketWriter& out);
  bool may_send_new(size_t size) const;
  // Alone in a packet (handshake and end), or with whatever goes next.
  template <typename Add>
  void send_alone(uint32_t tag, Add add);
  void send_chunk(sctp::ChunkType type, uint8_t flags, Bytes value);
  void send_reconfig(const sctp::ReconfigChunk& chunk);

  bool open() const { return phase >= Phase::established && phase != Phase::ended; }
  bool accepts_data() const {
    return phase == Phase::established || phase == Phase::shutdown_pending || phase == Phase::shutdown_sent;
  }
  size_t buffered() const { return transfer ? transfer->queue.bytes() + transfer->sent.bytes() : 0; }
  static constexpr size_t kCost = 256;  // of a message that waits, or of a chunk on its way
  size_t kept() const;
  size_t receive_room() const;
  void drop(SctpDrop reason) {
    ++stats.drops[static_cast<size_t>(reason)];
    if (config.drop_totals != nullptr) ++(*config.drop_totals)[static_cast<size_t>(reason)];
  }
  void tell_writable();

  SctpConfig config;
  Random& random;
  CookieSecret secret;
  Instant now{};
  Phase phase = Phase::closed;
  uint32_t local_tag, local_tsn;
  PeerOffer peer;
  std::vector<uint8_t> cookie;  // to be echoed
  uint16_t outbound_streams = 0, inbound_streams = 0;
  bool interleaving = false;
  std::optional<Transfer> transfer;  // once established
  RetransmissionTimeout rto;

  Instant handshake_at = kNever, retransmit_at = kNever, shutdown_at = kNever, heartbeat_at = kNever, sack_at = kNever;
  uint32_t handshake_tries = 0, errors = 0;
  bool sack_due = false, data_in_packet = false, odd_packet = false;
  bool skip_due = false, retransmit_now = false, refused = false;
  Instant last_sent_at{};
  std::optional<uint64_t> heartbeat_nonce;
  Instant heartbeat_sent{};
  size_t peer_window = 0;
  uint64_t abandoned_known = 0;  // the peer was told about

  std::deque<std::vector<uint8_t>> alone;     // whole packets
  std::deque<std::vector<uint8_t>> together;  // whole chunks
  std::vector<uint8_t> out;
  std::deque<SctpEvent> events;
  SctpStats stats;
};

// Small, because each is an answer to something; a peer that asks more gets no answer.
inline constexpr size_t kMaxReplies = 16;

template <typename Add>
void SctpAssociation::State::send_alone(uint32_t tag, Add add) {
  if (alone.size() >= kMaxReplies) return;
  std::vector<uint8_t> room(config.max_packet);
  sctp::PacketWriter writer(room, config.port, config.port, tag);
  add(writer);
  room.resize(writer.finish(true).size());
  alone.push_back(std::move(room));
}

}  // namespace limen::rtc
