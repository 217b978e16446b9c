// SharedSending: what the peers of one shard share on their way out: encryption in batches and the packets
// kept for retransmission.
//
// The driver calls flush() before the datagrams leave the TxQueue; until then they are plain. A Peer without
// one encrypts each packet at once and keeps its own. Outlives its peers. A shard's thread only.
#pragma once
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
};

}  // namespace limen::rtc
