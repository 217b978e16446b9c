#include "rtc/sctp/sctp_association.hpp"

#include <algorithm>
#include <utility>

#include "rtc/sctp/association_state.hpp"

namespace limen::rtc {

using State = SctpAssociation::State;

std::string_view sctp_drop_name(SctpDrop drop) {
  static constexpr std::array<std::string_view, static_cast<size_t>(SctpDrop::count)> kNames = {
      "malformed", "bad port", "bad checksum", "bad tag", "bad cookie", "unexpected chunk", "duplicate", "window full"};
  return drop < SctpDrop::count ? kNames[static_cast<size_t>(drop)] : "unknown";
}

std::string_view sctp_close_reason_text(SctpCloseReason reason) {
  switch (reason) {
    case SctpCloseReason::shut_down:
      return "shut down";
    case SctpCloseReason::aborted:
      return "aborted";
    case SctpCloseReason::aborted_by_peer:
      return "aborted by the peer";
    case SctpCloseReason::no_answer:
      return "no answer";
    case SctpCloseReason::protocol_violation:
      return "protocol violation";
    case SctpCloseReason::out_of_resource:
      return "out of resource";
  }
  return "";
}

SctpAssociation::State::Transfer::Transfer(const SctpConfig& config, uint32_t local_tsn, uint32_t peer_tsn,
                                           uint16_t outbound_streams)
    : sent(queue, local_tsn),
      window(config.max_packet),
      received(peer_tsn),
      reassembly(config.max_message),
      resets(local_tsn, peer_tsn, outbound_streams) {}

SctpAssociation::State::State(const SctpConfig& c, Random& r)
    : config(c), random(r), rto(c.rto_initial, c.rto_min, c.rto_max), out(c.max_packet) {
  random.fill(secret);
  local_tag = std::max(random.u32(), 1U);
  local_tsn = random.u32();
}

SctpAssociation::SctpAssociation(const SctpConfig& config, Random& random)
    : state_(std::make_unique<State>(config, random)) {}
SctpAssociation::~SctpAssociation() = default;

void SctpAssociation::connect(Instant now) {
  state_->now = now;
  if (state_->phase != State::Phase::closed) return;
  state_->phase = State::Phase::cookie_wait;
  state_->send_init();
}

void SctpAssociation::handle(Bytes packet, Instant now) {
  state_->now = now;
  ++state_->stats.packets_in;
  if (state_->phase != State::Phase::ended) state_->handle(packet);
}

SctpSendResult SctpAssociation::send(uint16_t stream, uint32_t ppid, std::vector<uint8_t> bytes,
                                     const SctpSendOptions& options, Instant now) {
  State& s = *state_;
  s.now = now;
  if (s.phase != State::Phase::established) return SctpSendResult::not_connected;
  if (stream >= s.outbound_streams || s.transfer->resets.busy(stream)) return SctpSendResult::bad_stream;
  if (bytes.empty()) return SctpSendResult::empty;
  size_t cost = bytes.size() + State::kCost;
  if (cost > s.config.send_buffer) return SctpSendResult::too_large;
  if (s.kept() + cost > s.config.send_buffer) {
    s.refused = true;
    return SctpSendResult::buffer_full;
  }
  auto message = std::make_shared<OutgoingMessage>();
  message->stream = stream;
  message->ppid = ppid;
  message->unordered = options.unordered;
  if (s.peer.forward_tsn) {
    message->max_retransmissions = options.max_retransmissions;
    if (options.lifetime) message->expires = now + *options.lifetime;
  }
  message->bytes = std::move(bytes);
  s.transfer->queue.push(std::move(message));
  return SctpSendResult::sent;
}

void SctpAssociation::reset_stream(uint16_t stream, Instant now) {
  State& s = *state_;
  s.now = now;
  if (!s.open()) return;
  if (s.peer.re_config) s.transfer->resets.want(stream);
  else s.events.push_back(SctpStreamReset{stream});
}

void SctpAssociation::shut_down(Instant now) {
  State& s = *state_;
  s.now = now;
  if (s.phase < State::Phase::established) return s.end(SctpCloseReason::aborted);
  if (s.phase != State::Phase::established) return;
  s.phase = State::Phase::shutdown_pending;
  s.progress_shutdown();
}

void SctpAssociation::abort(Instant now) {
  state_->now = now;
  if (state_->phase == State::Phase::ended) return;
  state_->abort(sctp::Cause::user_initiated_abort, SctpCloseReason::aborted);
}

void SctpAssociation::handle_timeout(Instant now) {
  state_->now = now;
  if (state_->phase != State::Phase::ended) state_->handle_timeout();
}

void State::handle_timeout() {
  if (handshake_at <= now) on_handshake_timeout();
  if (shutdown_at <= now) on_shutdown_timeout();
  if (phase == Phase::ended || !transfer) return;
  if (sack_at <= now) sack_due = true;
  if (retransmit_at <= now) on_retransmission_timeout();
  if (phase == Phase::ended) return;
  if (transfer->resets.retry_at() <= now && count_error()) transfer->resets.retry();
  if (phase != Phase::ended && heartbeat_at <= now) on_heartbeat_timeout();
}

void State::on_handshake_timeout() {
  handshake_at = kNever;
  if (++handshake_tries > config.max_init_retransmissions) return end(SctpCloseReason::no_answer);
  rto.back_off();
  if (phase == Phase::cookie_wait) send_init();
  else send_cookie_echo();
}

void State::on_retransmission_timeout() {
  retransmit_at = kNever;
  if (!count_error()) return;
  rto.back_off();
  transfer->window.on_timeout();
  transfer->sent.on_timeout(now);
  skip_due = true;
  retransmit_now = true;
  // Giving up may have emptied it.
  if (!transfer->sent.empty()) retransmit_at = now + rto.value();
  progress_shutdown();
}

void State::on_heartbeat_timeout() {
  if (heartbeat_nonce && !count_error()) return;
  heartbeat_nonce = random.u64();
  heartbeat_sent = now;
  heartbeat_at = now + config.heartbeat + rto.value();
  std::array<uint8_t, 12> parameter{0, 1, 0, 12};
  store_u64(&parameter[4], *heartbeat_nonce);
  send_chunk(sctp::ChunkType::heartbeat, 0, parameter);
}

bool State::count_error() {
  if (++errors <= config.max_retransmissions) return true;
  abort(sctp::Cause::protocol_violation, SctpCloseReason::no_answer);
  return false;
}

Instant State::next_deadline() const {
  if (phase == Phase::ended) return kNever;
  Instant at = std::min({handshake_at, shutdown_at, retransmit_at, heartbeat_at, sack_at});
  return transfer ? std::min(at, transfer->resets.retry_at()) : at;
}

// A message of one byte costs far more than one.
size_t State::kept() const {
  return transfer ? buffered() + kCost * (transfer->queue.messages() + transfer->sent.count()) : 0;
}

void State::tell_writable() {
  if (!refused || kept() >= config.writable_below) return;
  refused = false;
  events.push_back(SctpWritable{});
}

size_t State::receive_room() const {
  size_t held = transfer->reassembly.held();
  return held < config.receive_window ? config.receive_window - held : 0;
}

Instant SctpAssociation::next_deadline() const {
  return state_->next_deadline();
}

bool SctpAssociation::poll_transmit(Bytes& packet) {
  return state_->poll_transmit(packet);
}

bool SctpAssociation::poll_event(SctpEvent& event) {
  if (state_->events.empty()) return false;
  event = std::move(state_->events.front());
  state_->events.pop_front();
  return true;
}

bool SctpAssociation::established() const {
  return state_->phase == State::Phase::established;
}

bool SctpAssociation::ended() const {
  return state_->phase == State::Phase::ended;
}

uint16_t SctpAssociation::outbound_streams() const {
  return state_->outbound_streams;
}

size_t SctpAssociation::buffered() const {
  return state_->buffered();
}

SctpStats SctpAssociation::stats() const {
  SctpStats out = state_->stats;
  out.zero_checksum = state_->peer.zero_checksum;
  out.interleaving = state_->interleaving;
  out.smoothed_rtt = state_->rto.smoothed();
  out.peer_window = state_->peer_window;
  if (!state_->transfer) return out;
  const State::Transfer& transfer = *state_->transfer;
  out.retransmissions = transfer.sent.retransmissions();
  out.abandoned_messages = transfer.sent.abandoned() + transfer.queue.expired();
  out.buffered = state_->buffered();
  out.kept = state_->kept();
  out.held = transfer.reassembly.held();
  out.congestion_window = transfer.window.bytes();
  return out;
}

}  // namespace limen::rtc
