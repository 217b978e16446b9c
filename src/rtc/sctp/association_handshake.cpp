// The beginning of an association: RFC 9260 section 5.
#include <algorithm>
#include <utility>

#include "rtc/sctp/association_state.hpp"

namespace limen::rtc {

using State = SctpAssociation::State;
using sctp::ChunkType;

sctp::InitChunk State::own_init() const {
  sctp::InitChunk init;
  init.initiate_tag = local_tag;
  init.receiver_window = static_cast<uint32_t>(config.receive_window);
  init.outbound_streams = config.outbound_streams;
  init.inbound_streams = config.inbound_streams;
  init.initial_tsn = local_tsn;
  init.forward_tsn = true;
  init.re_config = true;
  init.i_data = config.interleaving;
  init.zero_checksum_method = config.zero_checksum ? sctp::kMethodDtls : 0;
  return init;
}

void State::send_init() {
  send_alone(0, [this](sctp::PacketWriter& writer) { writer.add_init(ChunkType::init, own_init()); });
  handshake_at = now + rto.value();
}

void State::send_cookie_echo() {
  send_alone(peer.tag, [this](sctp::PacketWriter& writer) { writer.add_raw(ChunkType::cookie_echo, 0, cookie); });
  handshake_at = now + rto.value();
}

State::PeerOffer State::offer_of(const sctp::InitChunk& init, bool zero_checksum) {
  return {init.initiate_tag,     init.initial_tsn,     init.receiver_window,
          init.outbound_streams, init.inbound_streams, init.forward_tsn,
          init.re_config,        init.i_data,          zero_checksum && init.zero_checksum_method == sctp::kMethodDtls};
}

State::PeerOffer State::offer_of(const StateCookie& cookie) {
  return {cookie.peer_tag,    cookie.peer_tsn,  cookie.peer_window, cookie.peer_outbound, cookie.peer_inbound,
          cookie.forward_tsn, cookie.re_config, cookie.i_data,      cookie.zero_checksum};
}

void State::on_init(const sctp::CommonHeader&, const sctp::RawChunk& chunk) {
  auto init = sctp::read_init(chunk);
  if (!init) return drop(SctpDrop::malformed);
  if (phase == Phase::shutdown_ack_sent) return send_chunk(ChunkType::shutdown_ack, 0, {});
  PeerOffer offer = offer_of(*init, config.zero_checksum);
  sctp::InitChunk answer = own_init();
  StateCookie made;
  if (open()) {
    // Perhaps the peer began anew: an association of its own, with the names of the present one.
    answer.initiate_tag = std::max(random.u32(), 1U);
    answer.initial_tsn = random.u32();
    made.local_tie = local_tag;
    made.peer_tie = peer.tag;
  }
  made.made_at = now;
  made.local_tag = answer.initiate_tag;
  made.local_tsn = answer.initial_tsn;
  made.peer_tag = offer.tag;
  made.peer_tsn = offer.tsn;
  made.peer_window = offer.window;
  made.peer_outbound = offer.outbound;
  made.peer_inbound = offer.inbound;
  made.forward_tsn = offer.forward_tsn;
  made.re_config = offer.re_config;
  made.i_data = offer.i_data;
  made.zero_checksum = offer.zero_checksum;
  std::vector<uint8_t> sealed = made.seal(secret);
  answer.cookie = sealed;
  answer.unrecognized = init->unrecognized;
  send_alone(offer.tag, [&answer](sctp::PacketWriter& writer) {
    if (writer.add_init(ChunkType::init_ack, answer)) return;
    answer.unrecognized = {};  // too long to be sent back
    writer.add_init(ChunkType::init_ack, answer);
  });
}

void State::on_init_ack(const sctp::RawChunk& chunk) {
  if (phase != Phase::cookie_wait) return drop(SctpDrop::unexpected_chunk);
  auto init = sctp::read_init(chunk);
  // A cookie that does not fit into a packet of ours cannot be echoed.
  size_t room = config.max_packet - sctp::kCommonHeader - sctp::kChunkHeader;
  if (!init || init->cookie.empty() || sctp::padded(init->cookie.size()) > room) return drop(SctpDrop::malformed);
  peer = offer_of(*init, config.zero_checksum);
  cookie.assign(init->cookie.begin(), init->cookie.end());
  phase = Phase::cookie_echoed;
  handshake_tries = 0;
  send_cookie_echo();
}

bool State::on_cookie_echo(const sctp::CommonHeader& header, const sctp::RawChunk& chunk) {
  auto opened = StateCookie::open(chunk.value, secret);
  if (!opened || header.verification_tag != opened->local_tag) {
    drop(SctpDrop::bad_cookie);
    return false;
  }
  bool known = opened->local_tag == local_tag && opened->peer_tag == peer.tag;
  if (now - opened->made_at > config.cookie_lifetime && !(open() && known)) {
    drop(SctpDrop::bad_cookie);
    std::array<uint8_t, 4> staleness{};
    store_u32(staleness.data(), static_cast<uint32_t>(to_us(now - opened->made_at - config.cookie_lifetime)));
    send_alone(opened->peer_tag, [&staleness](sctp::PacketWriter& writer) {
      writer.add_cause(ChunkType::error, 0, sctp::Cause::stale_cookie, staleness);
    });
    return false;
  }
  // Section 5.2.4: which of the cases of table 12 it is.
  if (open()) {
    if (opened->local_tag != local_tag) {
      bool same_tie = opened->local_tie == local_tag && opened->peer_tie == peer.tag;
      if (!same_tie || opened->peer_tag == peer.tag || phase != Phase::established) {
        drop(SctpDrop::bad_cookie);
        return false;
      }
      restart(*opened);
    } else if (!known) {
      drop(SctpDrop::bad_cookie);
      return false;
    }
  } else if (opened->local_tag == local_tag) {
    local_tsn = opened->local_tsn;
    establish(offer_of(*opened));
  } else {
    drop(SctpDrop::bad_cookie);
    return false;
  }
  send_chunk(ChunkType::cookie_ack, 0, {});
  return true;
}

void State::on_cookie_ack() {
  if (phase == Phase::cookie_echoed) establish(PeerOffer(peer));
  else drop(SctpDrop::unexpected_chunk);
}

void State::establish(const PeerOffer& offer) {
  peer = offer;
  cookie = {};
  handshake_at = kNever;
  phase = Phase::established;
  errors = 0;
  outbound_streams = std::min(config.outbound_streams, peer.inbound);
  inbound_streams = std::min(config.inbound_streams, peer.outbound);
  interleaving = config.interleaving && peer.i_data;
  transfer.emplace(config, local_tsn, peer.tsn, outbound_streams);
  transfer->queue.set_interleaving(interleaving);
  transfer->sent.set_interleaving(interleaving);
  peer_window = peer.window;
  abandoned_known = 0;
  heartbeat_at = now + config.heartbeat;
  heartbeat_nonce.reset();
  events.push_back(SctpUp{});
}

void State::restart(const StateCookie& made) {
  retransmit_at = sack_at = kNever;
  sack_due = skip_due = retransmit_now = odd_packet = refused = false;
  together.clear();
  rto = {config.rto_initial, config.rto_min, config.rto_max};
  local_tag = made.local_tag;
  local_tsn = made.local_tsn;
  events.push_back(SctpRestarted{});
  establish(offer_of(made));
}

}  // namespace limen::rtc
