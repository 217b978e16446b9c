// SrtpBatch: protects the RTP packets of one loop turn together, so that a multi-buffer
// implementation can work on many of them at once. One per shard; that shard's thread only.
//
// Fan-out reserves a slot with room for the tag, writes the plain packet, submits, commits the size
// that submit() returned, and calls flush() before the queue is sent or anything reads the bytes.
// Packets of different senders may be mixed; a sender must live until the flush.
#pragma once
#include <cstdint>
#include <vector>

#include "base/tx_queue.hpp"
#include "crypto/srtp_cipher.hpp"
#include "rtc/srtp/srtp_session.hpp"

namespace limen::rtc {

class SrtpBatch {
 public:
  explicit SrtpBatch(crypto::SrtpBackend backend = crypto::SrtpBackend::automatic) : engine_(backend) {}

  // `buffer` is what queue.reserve() has just returned, its first `size` bytes the plain packet. If
  // ok, `size` is what to commit; otherwise nothing must be committed.
  SrtpStatus submit(SrtpSender& sender, const TxQueue& queue, MutableBytes buffer, size_t& size);
  // Protects everything submitted to `queue`. False if the crypto library failed for a packet (its
  // bytes are wiped, so that nothing plain leaves).
  bool flush(TxQueue& queue);
  size_t pending() const { return engine_.pending(); }

 private:
  crypto::SrtpBatchEngine engine_;
  std::vector<crypto::SrtpJob> failed_;
};

}  // namespace limen::rtc
