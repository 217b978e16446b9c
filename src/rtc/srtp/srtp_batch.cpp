#include "rtc/srtp/srtp_batch.hpp"

#include <cstring>

namespace limen::rtc {

SrtpStatus SrtpBatch::submit(SrtpSender& sender, const TxQueue& queue, MutableBytes buffer, size_t& size) {
  if (size > buffer.size()) return SrtpStatus::no_room;
  crypto::SrtpJob job;
  SrtpStatus status = sender.admit_rtp(buffer.first(size), buffer.size() - size, false, job);
  if (status != SrtpStatus::ok) return status;
  job.offset = static_cast<uint32_t>(queue.queued_bytes());
  engine_.submit(job);
  size += sender.rtp_overhead();
  return SrtpStatus::ok;
}

bool SrtpBatch::flush(TxQueue& queue) {
  if (engine_.pending() == 0) return true;
  // The queue may have moved its bytes since they were submitted; offsets still hold.
  uint8_t* base = queue.reserve(0).data() - queue.queued_bytes();
  failed_.clear();
  engine_.flush(base, failed_);
  for (const crypto::SrtpJob& job : failed_) std::memset(base + job.offset, 0, job.size);
  return failed_.empty();
}

}  // namespace limen::rtc
