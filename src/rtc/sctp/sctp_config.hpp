// Limits and timers of an SctpAssociation, and what it tells its owner. Values.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/time.hpp"

namespace limen::rtc {

// Why something of the peer's was not used.
enum class SctpDrop : uint8_t {
  malformed,
  bad_port,
  bad_checksum,
  bad_tag,
  bad_cookie,
  unexpected_chunk,  // not in this state
  duplicate,
  window_full,
  count
};
std::string_view sctp_drop_name(SctpDrop drop);
using SctpDropCounts = std::array<uint64_t, static_cast<size_t>(SctpDrop::count)>;

struct SctpConfig {
  uint16_t port = 5000;             // both sides', RFC 8841 section 5
  uint16_t outbound_streams = 300;  // spec core, section 7.13
  uint16_t inbound_streams = 300;
  // Of an SCTP packet: fits into IPv6's smallest MTU (1280) with UDP and DTLS around it, so that no
  // path is too narrow for it; chunks cannot be cut again once they have a number.
  size_t max_packet = 1184;
  size_t receive_window = 1 << 20;  // bytes kept for messages that are not complete
  size_t max_message = 256 * 1024;  // largest message taken from the peer
  size_t send_buffer = 4 << 20;     // bytes waiting or on their way, with what they cost; more is refused
  size_t writable_below = 1 << 20;  // after a refusal, when to say that there is room again
  bool zero_checksum = true;        // DTLS around it checks integrity (RFC 9653)
  bool interleaving = true;         // if the peer wants it too (RFC 8260)
  Duration rto_initial = std::chrono::milliseconds(500);
  Duration rto_min = std::chrono::milliseconds(400);
  Duration rto_max = std::chrono::seconds(10);
  Duration delayed_ack = std::chrono::milliseconds(100);
  Duration heartbeat = std::chrono::seconds(30);
  Duration cookie_lifetime = std::chrono::seconds(60);
  uint32_t max_init_retransmissions = 8;
  uint32_t max_retransmissions = 10;
  SctpDropCounts* drop_totals = nullptr;  // drops are counted there as well; outlives the association
};

// How a message is to be sent.
struct SctpSendOptions {
  bool unordered = false;
  std::optional<uint32_t> max_retransmissions;  // then given up (RFC 3758)
  std::optional<Duration> lifetime;             // likewise
};

enum class SctpSendResult : uint8_t { sent, not_connected, bad_stream, empty, too_large, buffer_full };

enum class SctpCloseReason : uint8_t {
  shut_down,  // gracefully, by either side
  aborted,    // by us
  aborted_by_peer,
  no_answer,           // too many retransmissions
  protocol_violation,  // what the peer sent cannot be right
  out_of_resource,     // the peer filled what may be kept for it
};
std::string_view sctp_close_reason_text(SctpCloseReason reason);

struct SctpUp {};
struct SctpMessage {
  uint16_t stream = 0;
  uint32_t ppid = 0;
  std::vector<uint8_t> bytes;
};
// The peer sends on these streams from the start again.
struct SctpPeerResetStreams {
  std::vector<uint16_t> streams;
};
// What we asked for with reset_stream() is done.
struct SctpStreamReset {
  uint16_t stream = 0;
};
struct SctpWritable {};   // after a refused message
struct SctpRestarted {};  // the peer began anew: all streams are as at the start
struct SctpClosed {
  SctpCloseReason reason;
};  // last event

using SctpEvent =
    std::variant<SctpUp, SctpMessage, SctpPeerResetStreams, SctpStreamReset, SctpWritable, SctpRestarted, SctpClosed>;

struct SctpStats {
  uint64_t packets_in = 0, packets_out = 0;
  uint64_t retransmissions = 0;  // chunks
  uint64_t abandoned_messages = 0;
  SctpDropCounts drops{};
  size_t buffered = 0;  // bytes not yet acknowledged
  size_t kept = 0;      // the same with what messages and chunks cost beside their bytes
  size_t held = 0;      // bytes of incomplete messages
  size_t congestion_window = 0, peer_window = 0;
  Duration smoothed_rtt{};
  bool interleaving = false, zero_checksum = false;
};

}  // namespace limen::rtc
