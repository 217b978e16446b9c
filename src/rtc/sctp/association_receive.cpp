// What comes in: RFC 9260 sections 6.2 and 8.5, RFC 3758 section 3.6, RFC 6525 section 5.2.
#include <algorithm>
#include <utility>

#include "rtc/sctp/association_state.hpp"

namespace limen::rtc {

using State = SctpAssociation::State;
using sctp::ChunkType;

namespace {

bool is(const sctp::RawChunk& chunk, ChunkType type) {
  return chunk.type == static_cast<uint8_t>(type);
}

}  // namespace

void State::handle(Bytes packet) {
  auto reader = sctp::PacketReader::open(packet);
  auto chunk = reader ? reader->next() : std::nullopt;
  if (!chunk) return drop(SctpDrop::malformed);
  const sctp::CommonHeader& header = reader->header();
  if (header.source_port != config.port || header.destination_port != config.port) return drop(SctpDrop::bad_port);
  if (!checksum_fits(*reader, *chunk)) return drop(SctpDrop::bad_checksum);
  if (!tag_fits(header, *chunk)) return drop(SctpDrop::bad_tag);
  data_in_packet = false;
  while (chunk && handle_chunk(header, *chunk) && phase != Phase::ended) chunk = reader->next();
  if (reader->malformed()) drop(SctpDrop::malformed);
  if (phase != Phase::ended && data_in_packet) after_data();
  if (phase != Phase::ended) tell_writable();
}

bool State::checksum_fits(const sctp::PacketReader& reader, const sctp::RawChunk& first) const {
  bool may_be_zero = config.zero_checksum && !is(first, ChunkType::init) && !is(first, ChunkType::cookie_echo);
  return (may_be_zero && reader.header().checksum == 0) || reader.checksum_is_right();
}

bool State::tag_fits(const sctp::CommonHeader& header, const sctp::RawChunk& first) const {
  uint32_t tag = header.verification_tag;
  if (is(first, ChunkType::init)) return tag == 0;
  if (is(first, ChunkType::cookie_echo)) return true;  // the cookie says which
  if (is(first, ChunkType::abort) || is(first, ChunkType::shutdown_complete)) {
    bool reflected = (first.flags & sctp::kReflectedTag) != 0;
    return reflected ? peer.tag != 0 && tag == peer.tag : tag == local_tag;
  }
  return tag == local_tag;
}

bool State::handle_chunk(const sctp::CommonHeader& header, const sctp::RawChunk& chunk) {
  switch (static_cast<ChunkType>(chunk.type)) {
    case ChunkType::init:
      if (header.verification_tag == 0) on_init(header, chunk);
      return false;  // stands alone
    case ChunkType::init_ack:
      on_init_ack(chunk);
      return false;
    case ChunkType::cookie_echo:
      return on_cookie_echo(header, chunk);
    case ChunkType::cookie_ack:
      on_cookie_ack();
      return true;
    case ChunkType::data:
    case ChunkType::i_data:
      on_data(chunk);
      return true;
    case ChunkType::sack:
      on_sack(chunk);
      return true;
    case ChunkType::heartbeat:
      if (phase >= Phase::cookie_echoed) send_chunk(ChunkType::heartbeat_ack, 0, chunk.value);
      return true;
    case ChunkType::heartbeat_ack:
      on_heartbeat_ack(chunk);
      return true;
    case ChunkType::abort:
      if (phase != Phase::closed) end(SctpCloseReason::aborted_by_peer);
      return false;
    case ChunkType::error: {
      auto cause = sctp::read_cause(chunk);
      // The cookie was too old: from the start.
      if (cause && cause->code == static_cast<uint16_t>(sctp::Cause::stale_cookie) && phase == Phase::cookie_echoed) {
        phase = Phase::cookie_wait;
        on_handshake_timeout();
      }
      return true;
    }
    case ChunkType::shutdown:
      on_shutdown(chunk);
      return true;
    case ChunkType::shutdown_ack:
      on_shutdown_ack();
      return false;
    case ChunkType::shutdown_complete:
      if (phase == Phase::shutdown_ack_sent) end(SctpCloseReason::shut_down);
      return false;
    case ChunkType::re_config:
      on_reconfig(chunk);
      return true;
    case ChunkType::forward_tsn:
    case ChunkType::i_forward_tsn:
      on_forward_tsn(chunk);
      return true;
  }
  return handle_unknown(chunk);
}

bool State::handle_unknown(const sctp::RawChunk& chunk) {
  // The two highest bits: go on with the packet; report.
  drop(SctpDrop::unexpected_chunk);
  if ((chunk.type & 0x40) != 0 && open()) {
    std::array<uint8_t, 8> cause{
        0, static_cast<uint8_t>(sctp::Cause::unrecognized_chunk), 0, 8, chunk.type, chunk.flags, 0, 4};
    send_chunk(ChunkType::error, 0, cause);
  }
  return (chunk.type & 0x80) != 0;
}

void State::on_data(const sctp::RawChunk& chunk) {
  if (!accepts_data()) return drop(SctpDrop::unexpected_chunk);
  auto data = sctp::read_data(chunk);
  if (!data) return abort(sctp::Cause::protocol_violation, SctpCloseReason::protocol_violation);
  if (data->interleaved != interleaving) {
    return abort(sctp::Cause::protocol_violation, SctpCloseReason::protocol_violation);
  }
  if (data->payload.empty()) {
    std::array<uint8_t, 4> tsn;
    store_u32(tsn.data(), data->tsn);
    return abort(sctp::Cause::no_user_data, SctpCloseReason::protocol_violation, tsn);
  }
  data_in_packet = true;
  if (data->immediate || phase == Phase::shutdown_sent) sack_due = true;
  uint64_t tsn = transfer->received.unwrap(data->tsn);
  switch (transfer->received.look(tsn)) {
    case ReceivedTsns::Verdict::duplicate:
      drop(SctpDrop::duplicate);
      transfer->received.note_duplicate(data->tsn);
      sack_due = true;
      return;
    case ReceivedTsns::Verdict::too_far:
      drop(SctpDrop::window_full);
      sack_due = true;
      return;
    case ReceivedTsns::Verdict::fresh:
      break;
  }
  accept_data(*data, tsn);
}

void State::accept_data(const sctp::DataChunk& data, uint64_t tsn) {
  if (receive_room() < data.payload.size()) {
    // What closes the first hole is taken beyond the window, so that things can go on; to a limit.
    if (tsn != transfer->received.cumulative() + 1) {
      drop(SctpDrop::window_full);
      sack_due = true;
      return;
    }
    if (transfer->reassembly.held() > 2 * config.receive_window) {
      return abort(sctp::Cause::out_of_resource, SctpCloseReason::out_of_resource);
    }
  }
  transfer->received.add(tsn);
  if (data.stream >= inbound_streams) {
    std::array<uint8_t, 8> cause{0, static_cast<uint8_t>(sctp::Cause::invalid_stream), 0, 8};
    store_u16(&cause[4], data.stream);
    send_chunk(ChunkType::error, 0, cause);
    return;
  }
  switch (transfer->reassembly.add(data, tsn)) {
    case Reassembly::Outcome::ok:
      return drain_reassembly();
    case Reassembly::Outcome::violation:
      return abort(sctp::Cause::protocol_violation, SctpCloseReason::protocol_violation);
    case Reassembly::Outcome::too_large:
      return abort(sctp::Cause::out_of_resource, SctpCloseReason::out_of_resource);
  }
}

void State::drain_reassembly() {
  SctpMessage message;
  while (transfer->reassembly.poll(message)) events.push_back(std::move(message));
}

// RFC 9260 section 6.2: every second packet, and at once when something is missing.
void State::after_data() {
  odd_packet = !odd_packet;
  if (transfer->received.has_holes() || !odd_packet) sack_due = true;
  if (!sack_due && sack_at == kNever) sack_at = now + config.delayed_ack;
  if (auto answer = transfer->resets.settle(transfer->received.cumulative())) apply(*answer);
}

void State::on_sack(const sctp::RawChunk& chunk) {
  if (!open()) return drop(SctpDrop::unexpected_chunk);
  auto sack = sctp::read_sack(chunk);
  if (!sack) return drop(SctpDrop::malformed);
  bool full = transfer->sent.flight() + config.max_packet >= transfer->window.bytes();
  uint64_t before = transfer->sent.cumulative();
  SentChunks::Outcome outcome = transfer->sent.handle(*sack, transfer->window.in_recovery(), now);
  if (!outcome.valid) return abort(sctp::Cause::protocol_violation, SctpCloseReason::protocol_violation);
  // One that was overtaken says nothing new about the window.
  if (static_cast<int32_t>(sack->cumulative_tsn - static_cast<uint32_t>(before)) >= 0) {
    peer_window = sack->receiver_window;
    if (peer_window == 0) errors = 0;  // it is alive, and says to wait
  }
  on_acknowledged(outcome, full);
  progress_shutdown();
}

void State::on_acknowledged(const SentChunks::Outcome& outcome, bool full) {
  if (outcome.round_trip) rto.on_round_trip(*outcome.round_trip);
  if (outcome.acked > 0) errors = 0;
  transfer->window.on_ack(transfer->sent.cumulative(), outcome.acked, outcome.advanced, full);
  if (outcome.loss) {
    if (!transfer->window.in_recovery()) retransmit_now = true;
    transfer->window.on_loss(transfer->sent.last_sent());
    retransmit_at = now + rto.value();
  }
  if (transfer->sent.empty()) retransmit_at = kNever;
  else if (outcome.advanced) retransmit_at = now + rto.value();
  if (outcome.advanced && transfer->sent.abandoned() > 0) skip_due = true;
}

void State::on_forward_tsn(const sctp::RawChunk& chunk) {
  if (!accepts_data()) return drop(SctpDrop::unexpected_chunk);
  auto forward = sctp::read_forward_tsn(chunk);
  if (!forward) return drop(SctpDrop::malformed);
  if (forward->interleaved != interleaving) {
    return abort(sctp::Cause::protocol_violation, SctpCloseReason::protocol_violation);
  }
  data_in_packet = true;
  sack_due = true;
  uint64_t tsn = transfer->received.unwrap(forward->new_cumulative_tsn);
  if (tsn <= transfer->received.cumulative()) return;
  if (tsn > transfer->received.cumulative() + ReceivedTsns::kMaxAhead) return drop(SctpDrop::malformed);
  for (size_t i = 0; i < forward->stream_count(); ++i) {
    if (forward->stream(i).stream >= inbound_streams) return drop(SctpDrop::malformed);
  }
  transfer->received.skip_to(tsn);
  transfer->reassembly.skip(*forward, tsn);
  drain_reassembly();
}

void State::on_reconfig(const sctp::RawChunk& chunk) {
  if (!open()) return drop(SctpDrop::unexpected_chunk);
  auto reconfig = sctp::read_reconfig(chunk);
  if (!reconfig) return drop(SctpDrop::malformed);
  on_reconfig_parameter(reconfig->first);
  if (reconfig->second) on_reconfig_parameter(*reconfig->second);
}

void State::on_reconfig_parameter(const sctp::ReconfigParameter& parameter) {
  if (parameter.type != sctp::ReconfigType::response) {
    return apply(transfer->resets.handle_request(parameter, transfer->received.cumulative()));
  }
  errors = 0;
  auto done = transfer->resets.handle_response(parameter, now + rto.value());
  if (!done) return;
  for (uint16_t stream : done->streams) {
    if (done->performed) transfer->queue.reset(stream);
    events.push_back(SctpStreamReset{stream});
  }
}

void State::apply(const StreamResets::Answer& answer) {
  send_reconfig({answer.response, std::nullopt});
  if (!answer.reset) return;
  std::vector<uint16_t> streams = answer.streams;
  std::erase_if(streams, [this](uint16_t stream) { return stream >= inbound_streams; });
  if (streams.empty() && !answer.streams.empty()) return;
  transfer->reassembly.reset_streams(streams);
  events.push_back(SctpPeerResetStreams{std::move(streams)});
}

void State::on_heartbeat_ack(const sctp::RawChunk& chunk) {
  auto info = sctp::read_heartbeat_info(chunk);
  if (!info || info->size() != 8 || heartbeat_nonce != load_u64(info->data())) {
    return drop(SctpDrop::unexpected_chunk);
  }
  heartbeat_nonce.reset();
  errors = 0;
  rto.on_round_trip(now - heartbeat_sent);
}

}  // namespace limen::rtc
