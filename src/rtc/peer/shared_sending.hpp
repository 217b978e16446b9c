// SharedSending: what the peers of one shard share: encryption in batches, the packets kept for retransmission,
// and the sum of what they have done.
//
// The driver calls flush() before the datagrams leave the TxQueue; until then they are plain. A Peer without
// one encrypts each packet at once and keeps its own. Outlives its peers. A shard's thread only.
#pragma once
#include "rtc/peer/peer_totals.hpp"
#include "rtc/srtp/srtp_batch.hpp"
#include "rtc/streams/recent_packets.hpp"

namespace limen::rtc {

class SharedSending {
 public:
  // Encrypts what peers have written into `tx` since the last call.
  void flush(TxQueue& tx) {
    if (batch.pending() != 0) batch.flush(tx);
  }

  SrtpBatch batch;
  RecentPackets recent;
  PeerTotals totals;
};

}  // namespace limen::rtc
