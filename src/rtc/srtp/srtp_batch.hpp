// SrtpBatch: protects the RTP packets of one loop turn together, so that a multi-buffer
// implementation can work on many of them at once. One per shard; that shard's thread only.
//
// Fan-out writes plain packets into the TxQueue with room for the tag, submits each slot, and calls
// flush() before the queue is sent. Packets of different senders may be mixed; a sender must live
// until the flush.
#pragma once
#include <cstdint>
#include <memory>

#include "base/tx_queue.hpp"
#include "crypto/srtp_cipher.hpp"
#include "rtc/srtp/srtp_session.hpp"

namespace limen::rtc {

class SrtpBatch {
 public:
  explicit SrtpBatch(crypto::SrtpBackend backend = crypto::SrtpBackend::automatic);

  // The slot holds the plain packet followed by sender.rtp_overhead() bytes of room (so its size is
  // already what will be sent). If not ok the slot must not be sent: make it empty or never commit it.
  SrtpStatus submit(SrtpSender& sender, TxQueue& queue, const TxQueue::Slot& slot);
  void flush(TxQueue& queue);
  size_t pending() const { return engine_.pending(); }

 private:
  crypto::SrtpBatchEngine engine_;
};

}  // namespace limen::rtc
