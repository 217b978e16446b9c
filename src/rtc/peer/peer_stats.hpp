// A snapshot of one Peer's figures, for handle_info, event handlers and metrics.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rtc/ice/ice_types.hpp"
#include "rtc/peer/peer_config.hpp"
#include "rtc/peer/peer_events.hpp"

namespace limen::rtc {

// How far a connection has got, in one word.
enum class PeerPhase : uint8_t { gathering, connecting, handshaking, connected, disconnected, failed, closed, count };
std::string_view peer_phase_name(PeerPhase phase);

// What metrics ask of every peer, so it costs next to nothing.
struct PeerGlance {
  PeerPhase phase = PeerPhase::gathering;
  size_t history_bytes = 0;  // notes of what was sent, for retransmission
  size_t data_bytes = 0;     // waiting in data channels, both ways
};

struct DirectionStats {
  uint64_t packets = 0, bytes = 0, bytes_last_second = 0;
  uint64_t nacks = 0;            // in: NACKed packets we asked for; out: asked of us
  uint64_t retransmissions = 0;  // in: RTX received; out: resent
};

struct SubstreamStats {  // one SSRC as received, RTCP view
  uint32_t ssrc = 0, rtx_ssrc = 0;
  uint32_t base = 0;  // clock rate
  int32_t rtt_ms = 0;
  int32_t lost = 0, lost_by_remote = 0;
  int32_t jitter_local_ms = 0, jitter_remote_ms = 0;
  int32_t in_quality = 100, in_media_quality = 100, out_quality = 100, out_media_quality = 100;
  DirectionStats in;
};

struct MlineStats {
  MediaKind kind = MediaKind::audio;
  std::string mid;
  bool send = false, receive = false, nack = false;
  uint32_t nack_queue_ms = 0;
  uint32_t local_ssrc = 0, local_rtx_ssrc = 0;
  int payload_type = -1, rtx_payload_type = -1;  // as last seen; -1 none yet
  Codec codec = Codec::unknown;
  std::array<SubstreamStats, kMaxSubstreams> substreams;
  DirectionStats out;
};

struct PeerStats {
  IceState ice_state = IceState::gathering;
  bool controlling = false, lite = false;
  std::vector<Candidate> local_candidates, remote_candidates;
  std::optional<SelectedPair> selected;
  std::optional<Instant> gathered, ice_connected, dtls_started, dtls_connected;
  DtlsState dtls_state = DtlsState::created;
  DtlsRole dtls_role = DtlsRole::client;
  uint32_t dtls_retransmissions = 0;
  std::string srtp_profile;  // "" = none
  bool sctp = false;
  uint64_t packets_in = 0, bytes_in = 0, packets_out = 0, bytes_out = 0, too_large = 0;
  std::vector<std::pair<std::string, uint64_t>> drops;  // counted reasons, non-zero only
  std::vector<MlineStats> mlines;
};

}  // namespace limen::rtc
