// What goes out: RFC 9260 sections 6.1, 6.3 and 6.10.
#include <algorithm>

#include "rtc/sctp/association_state.hpp"

namespace limen::rtc {

using State = SctpAssociation::State;
using sctp::ChunkType;

namespace {
constexpr size_t kMaxGaps = 128;
constexpr size_t kMaxSkippedStreams = 64;
}  // namespace

void State::send_chunk(ChunkType type, uint8_t flags, Bytes value) {
  if (together.size() >= kMaxReplies) return;
  size_t size = sctp::kChunkHeader + value.size();
  if (sctp::kCommonHeader + sctp::padded(size) > config.max_packet) return;
  std::vector<uint8_t> chunk(sctp::padded(size));
  chunk[0] = static_cast<uint8_t>(type);
  chunk[1] = flags;
  store_u16(&chunk[2], static_cast<uint16_t>(size));
  std::ranges::copy(value, chunk.begin() + sctp::kChunkHeader);
  together.push_back(std::move(chunk));
}

void State::send_reconfig(const sctp::ReconfigChunk& chunk) {
  std::array<uint8_t, 64> room;
  sctp::PacketWriter writer(room, 0, 0, 0);
  writer.add(chunk);
  Bytes written = writer.finish(false).subspan(sctp::kCommonHeader);
  size_t length = load_u16(&written[2]);
  send_chunk(ChunkType::re_config, 0, written.subspan(sctp::kChunkHeader, length - sctp::kChunkHeader));
}

bool State::poll_transmit(Bytes& packet) {
  if (!alone.empty()) {
    out = std::move(alone.front());
    alone.pop_front();
    packet = out;
    out.reserve(config.max_packet);
    ++stats.packets_out;
    return true;
  }
  if (phase == Phase::ended || !transfer) return false;
  out.resize(config.max_packet);
  sctp::PacketWriter writer(out, config.port, config.port, peer.tag);
  if (!build(writer)) return false;
  packet = writer.finish(!peer.zero_checksum);
  ++stats.packets_out;
  return true;
}

bool State::build(sctp::PacketWriter& writer) {
  transfer->resets.begin([this](uint16_t stream) { return !transfer->queue.has(stream); },
                         static_cast<uint32_t>(transfer->sent.last_sent()));
  if (last_sent_at + rto.value() < now && transfer->sent.empty() && last_sent_at != Instant{}) {
    transfer->window.on_idle();
    last_sent_at = now;
  }
  give_up_late();
  add_control(writer);
  if (sack_due) add_sack(writer);
  if (skip_due) add_skip(writer);
  if (transfer->resets.request_due()) add_reset(writer);
  bool data = add_retransmissions(writer);
  data |= add_new_data(writer);
  if (data) {
    last_sent_at = now;
    heartbeat_at = std::max(heartbeat_at, now + config.heartbeat);
  }
  if ((data || !transfer->sent.empty()) && retransmit_at == kNever) retransmit_at = now + rto.value();
  return !writer.empty();
}

// Messages whose time has come go, wherever they are, and the peer must hear of it.
void State::give_up_late() {
  transfer->sent.has_lost(now);
  while (OutgoingMessage* message = transfer->queue.front(now)) {
    if (message->expires > now) break;
    transfer->sent.abandon(*message);
  }
  if (transfer->sent.abandoned() == abandoned_known) return;
  abandoned_known = transfer->sent.abandoned();
  skip_due = true;
}

void State::add_control(sctp::PacketWriter& writer) {
  while (!together.empty()) {
    const std::vector<uint8_t>& chunk = together.front();
    Bytes value = Bytes(chunk).subspan(sctp::kChunkHeader, load_u16(&chunk[2]) - sctp::kChunkHeader);
    if (!writer.add_raw(static_cast<ChunkType>(chunk[0]), chunk[1], value)) return;
    together.pop_front();
  }
}

void State::add_sack(sctp::PacketWriter& writer) {
  ReceivedTsns& received = transfer->received;
  std::vector<uint32_t> duplicates = received.take_duplicates();
  std::vector<sctp::GapBlock> gaps = received.gaps(kMaxGaps);
  if (!writer.add_sack(static_cast<uint32_t>(received.cumulative()), static_cast<uint32_t>(receive_room()), gaps,
                       duplicates)) {
    return;  // full of control chunks; the next packet has it
  }
  sack_due = false;
  sack_at = kNever;
  odd_packet = false;
}

void State::add_skip(sctp::PacketWriter& writer) {
  auto skip = transfer->sent.skip(kMaxSkippedStreams);
  if (skip && !writer.add_forward_tsn(interleaving, skip->tsn, skip->streams)) return;
  skip_due = false;
}

void State::add_reset(sctp::PacketWriter& writer) {
  if (writer.add({transfer->resets.request(), std::nullopt})) transfer->resets.on_request_sent(now + rto.value());
}

bool State::add_retransmissions(sctp::PacketWriter& writer) {
  if (!transfer->sent.has_lost(now)) return false;
  size_t header = interleaving ? sctp::kIDataHeader : sctp::kDataHeader;
  bool any = false;
  // The first packet after a loss goes whatever the window says.
  bool allowed = retransmit_now || transfer->sent.flight() < transfer->window.bytes();
  while (allowed && transfer->sent.has_lost(now) && header + transfer->sent.lost_size() <= writer.room()) {
    if (!writer.add(transfer->sent.resend(now))) break;
    any = true;
  }
  if (any) retransmit_now = false;
  return any;
}

bool State::may_send_new(size_t size) const {
  const SentChunks& sent = transfer->sent;
  if (sent.flight() >= transfer->window.bytes()) return false;
  // With nothing on its way one chunk may always go: it finds out when a closed window opens.
  return sent.flight_payload() + size <= peer_window || sent.flight_payload() == 0;
}

bool State::add_new_data(sctp::PacketWriter& writer) {
  if (phase != Phase::established && phase != Phase::shutdown_pending && phase != Phase::shutdown_received) {
    return false;
  }
  size_t header = interleaving ? sctp::kIDataHeader : sctp::kDataHeader;
  size_t full = (config.max_packet - sctp::kCommonHeader - header) & ~size_t{3};
  bool any = false;
  while (OutgoingMessage* message = transfer->queue.front(now)) {
    if (writer.room() <= header) break;
    size_t room = std::min(full, (writer.room() - header) & ~size_t{3});
    size_t rest = message->bytes.size() - message->sent;
    // No crumbs: a fragment that does not end its message fills at least half a packet.
    if (rest > room && room < full / 2) break;
    if (!may_send_new(std::min(rest, room))) break;
    if (!writer.add(transfer->sent.send(transfer->queue.take(room), now))) break;
    any = true;
  }
  return any;
}

}  // namespace limen::rtc
