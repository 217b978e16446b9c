// The end of an association: RFC 9260 section 9.
#include "rtc/sctp/association_state.hpp"

namespace limen::rtc {

using State = SctpAssociation::State;
using sctp::ChunkType;

void State::on_shutdown(const sctp::RawChunk& chunk) {
  auto tsn = sctp::read_shutdown(chunk);
  if (!tsn) return drop(SctpDrop::malformed);
  if (!open() || phase == Phase::shutdown_ack_sent) return drop(SctpDrop::unexpected_chunk);
  SentChunks::Outcome outcome = transfer->sent.handle_cumulative(*tsn, now);
  if (!outcome.valid) return abort(sctp::Cause::protocol_violation, SctpCloseReason::protocol_violation);
  on_acknowledged(outcome, false);
  if (phase == Phase::shutdown_sent) {
    // Both at once.
    phase = Phase::shutdown_ack_sent;
    send_chunk(ChunkType::shutdown_ack, 0, {});
    shutdown_at = now + rto.value();
    return;
  }
  phase = Phase::shutdown_received;
  progress_shutdown();
}

void State::on_shutdown_ack() {
  if (phase != Phase::shutdown_sent && phase != Phase::shutdown_ack_sent) return drop(SctpDrop::unexpected_chunk);
  send_alone(peer.tag, [](sctp::PacketWriter& writer) { writer.add_raw(ChunkType::shutdown_complete, 0, {}); });
  end(SctpCloseReason::shut_down);
}

void State::progress_shutdown() {
  if (phase != Phase::shutdown_pending && phase != Phase::shutdown_received) return;
  if (!transfer->queue.empty() || !transfer->sent.empty()) return;
  if (phase == Phase::shutdown_pending) {
    phase = Phase::shutdown_sent;
    std::array<uint8_t, 4> cumulative;
    store_u32(cumulative.data(), static_cast<uint32_t>(transfer->received.cumulative()));
    send_chunk(ChunkType::shutdown, 0, cumulative);
  } else {
    phase = Phase::shutdown_ack_sent;
    send_chunk(ChunkType::shutdown_ack, 0, {});
  }
  shutdown_at = now + rto.value();
}

void State::on_shutdown_timeout() {
  shutdown_at = kNever;
  if (!count_error()) return;
  rto.back_off();
  phase = phase == Phase::shutdown_sent ? Phase::shutdown_pending : Phase::shutdown_received;
  progress_shutdown();
}

void State::abort(sctp::Cause cause, SctpCloseReason reason, Bytes detail) {
  if (peer.tag != 0) {
    alone.clear();
    send_alone(peer.tag, [&](sctp::PacketWriter& writer) { writer.add_cause(ChunkType::abort, 0, cause, detail); });
  }
  end(reason);
}

void State::end(SctpCloseReason reason) {
  if (phase == Phase::ended) return;
  phase = Phase::ended;
  transfer.reset();
  together.clear();
  cookie = {};
  events.push_back(SctpClosed{reason});
}

}  // namespace limen::rtc
