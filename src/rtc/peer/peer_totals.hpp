// PeerTotals: what all peers of one shard have done since it started, peers that have gone included; for
// metrics. Each peer counts for itself and here, so reading asks no peer.
//
// A shard's thread only.
#pragma once
#include <cstdint>

#include "rtc/ice/ice_agent.hpp"
#include "rtc/peer/drop_reason.hpp"
#include "rtc/sctp/sctp_config.hpp"

namespace limen::rtc {

struct PeerTotals {
  uint64_t packets_in = 0, bytes_in = 0;    // datagrams of peers: STUN, DTLS, RTP, RTCP
  uint64_t packets_out = 0, bytes_out = 0;  // RTP and RTCP, encrypted
  uint64_t nacks_in = 0, nacks_out = 0;     // packets asked for, not messages
  uint64_t plis_in = 0, plis_out = 0;
  uint64_t firs_in = 0;
  uint64_t retransmissions_in = 0, retransmissions_out = 0;
  uint64_t connected = 0;  // how often a peer came up
  DropCounts drops;
  IceDropCounts ice_drops{};
  SctpDropCounts sctp_drops{};
};

}  // namespace limen::rtc
