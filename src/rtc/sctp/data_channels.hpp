// DataChannels: the channels of one peer connection on one SCTP association.
//
// Channels are found by label when sending (spec core, section 7.13): one that is not open is opened,
// reliable and ordered, and used at once. Limits: channels, label and protocol lengths, message size.
// Contract as Peer's; events go into the peer's queue. A shard's thread only. RFC 8831, 8832.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "rtc/peer/event_queue.hpp"
#include "rtc/peer/peer_config.hpp"
#include "rtc/sctp/sctp_association.hpp"
#include "wire/sctp/dcep.hpp"

namespace limen::rtc {

struct DataStats {
  bool established = false;
  size_t channels = 0;
  uint64_t messages_in = 0, bytes_in = 0, messages_out = 0, bytes_out = 0;
  uint64_t refused = 0;  // could not be sent
  uint64_t ignored = 0;  // of the peer's: no such channel, or not understood
  size_t partial_bytes = 0;
  SctpStats sctp;
};

class DataChannels {
 public:
  static constexpr size_t kMaxChannels = 150;
  static constexpr size_t kMaxLabel = 128;
  static constexpr size_t kMaxProtocol = 64;
  static constexpr std::string_view kDefaultLabel = "JanusDataChannel";

  // `random` and `events` must outlive it.
  DataChannels(const SctpConfig& config, DtlsRole role, Random& random, EventQueue& events);

  // Largest message the peer takes (RFC 8841 section 6); 0: any.
  void set_peer_max_message(uint64_t size) { peer_max_message_ = size; }

  // Inputs.
  void start(Instant now);  // DTLS is up
  void handle(Bytes packet, Instant now);
  void handle_timeout(Instant now);
  // By label, opened if need be. False: not sent; if there was no room, DataWritable says when there is.
  bool send(std::string_view label, std::string_view protocol, bool binary, Bytes data, Instant now);
  void close_channel(uint16_t stream, Instant now);
  void close(Instant now);  // at once

  // Outputs.
  Instant next_deadline() const { return association_.next_deadline(); }
  bool poll_transmit(Bytes& packet) { return association_.poll_transmit(packet); }
  DataStats stats() const;

 private:
  struct Channel {
    std::string label;
    std::string protocol;
    SctpSendOptions options;
    bool closing = false;                      // no longer anybody's to use
    bool own_done = false, peer_done = false;  // whose direction has been reset
    std::vector<uint8_t> partial;
  };
  using Map = std::map<uint16_t, Channel>;

  void drain(Instant now);
  void on_event(SctpUp&, Instant now);
  void on_event(SctpMessage& message, Instant now);
  void on_event(SctpPeerResetStreams& reset, Instant now);
  void on_event(SctpStreamReset& reset, Instant now);
  void on_event(SctpWritable&, Instant now);
  void on_event(SctpRestarted&, Instant now);
  void on_event(SctpClosed&, Instant now);
  void on_control(const SctpMessage& message, Instant now);
  void on_open(uint16_t stream, const sctp::DcepOpen& open, Instant now);
  void keep_part(Channel& channel, Bytes bytes);
  void forget_parts(Channel& channel);
  void deliver(uint16_t stream, Channel& channel, bool binary, std::vector<uint8_t> bytes);
  Map::iterator find(std::string_view label);
  Map::iterator open(std::string_view label, std::string_view protocol, Instant now);
  std::optional<uint16_t> free_stream() const;
  void on_peer_reset(Map::iterator at, Instant now);
  void begin_closing(uint16_t stream, Channel& channel, Instant now);
  void forget_if_done(Map::iterator at);
  void lose_all();

  SctpConfig config_;
  DtlsRole role_;
  EventQueue& events_;
  SctpAssociation association_;
  uint64_t peer_max_message_ = 0;
  Map channels_;              // by stream
  size_t partial_bytes_ = 0;  // of all channels
  DataStats stats_;
};

}  // namespace limen::rtc
