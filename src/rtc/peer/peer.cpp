#include "rtc/peer/peer.hpp"

#include <algorithm>
#include <array>

#include "rtc/peer/media_streams.hpp"
#include "rtc/peer/secure_transport.hpp"
#include "rtc/sctp/data_channels.hpp"

namespace limen::rtc {

namespace {

// The accepted application m-line, if there is one.
const MlineConfig* data_mline(const PeerMediaConfig& media) {
  auto at = std::ranges::find_if(media.mlines, [](const MlineConfig& mline) {
    return mline.kind == MediaKind::data && (mline.send || mline.receive);
  });
  return at == media.mlines.end() ? nullptr : &*at;
}

void fill_data(const DataStats& data, PeerStats& stats) {
  stats.sctp = data.established;
  auto at = std::ranges::find(stats.mlines, MediaKind::data, &MlineStats::kind);
  if (at == stats.mlines.end()) return;
  at->substreams[0].in.packets = data.messages_in;
  at->substreams[0].in.bytes = data.bytes_in;
  at->out.packets = data.messages_out;
  at->out.bytes = data.bytes_out;
}

PeerPhase phase_of(const SecureTransport& transport) {
  if (transport.closed()) return PeerPhase::closed;
  switch (transport.ice().state()) {
    case IceState::failed:
      return PeerPhase::failed;
    case IceState::disconnected:
      return PeerPhase::disconnected;
    case IceState::gathering:
      return PeerPhase::gathering;
    case IceState::connecting:
      return transport.up() ? PeerPhase::connected : PeerPhase::connecting;  // up: ICE restarts
    case IceState::connected:
    case IceState::ready:
      break;
  }
  return transport.up() ? PeerPhase::connected : PeerPhase::handshaking;
}

}  // namespace

struct Peer::State {
  State(PeerConfig c, TxQueue& tx, Random& r, Instant now, SharedSending* shared)
      : config(std::move(c)),
        random(r),
        transport(config, tx, r, events, drops, now, shared),
        media(config, transport, r, events, drops, shared != nullptr ? &shared->recent : nullptr) {}

  // After every input: the moment media may flow, and what waited for it.
  void settle(Instant now) {
    if (!announced_up && transport.up() && !transport.closed()) {
      announced_up = true;
      ++transport.totals().connected;
      media.on_up(now);
      Flow from;
      while (Packet packet = transport.take_early(from)) handle(from, std::move(packet), now);
    }
    pump_data(now);
  }
  // Between DTLS and the data channels. They begin once both are wanted and there.
  void pump_data(Instant now) {
    if (!data && data_wanted && config.encrypt && announced_up && !transport.closed()) {
      SctpConfig sctp;
      sctp.drop_totals = &transport.totals().sctp_drops;
      data = std::make_unique<DataChannels>(sctp, transport.role(), random, events);
      data->set_peer_max_message(peer_max_message);
      data->start(now);
    }
    std::vector<uint8_t> record;
    while (transport.take_data(record)) {
      if (data) data->handle(record, now);
      else drops.add(Drop::data_unsupported);
    }
    Bytes packet;
    while (data && data->poll_transmit(packet)) {
      if (!transport.send_data(packet, now)) drops.add(Drop::send_failed);
    }
  }
  void handle(const Flow& from, Packet packet, Instant now) {
    switch (transport.handle(from, packet, now)) {
      case SecureTransport::Inbound::nothing:
        break;
      case SecureTransport::Inbound::rtp:
        if (observer != nullptr) observer->on_plain(PlainKind::rtp, true, packet.bytes());
        return media.on_rtp(std::move(packet), now);
      case SecureTransport::Inbound::rtcp:
        if (observer != nullptr) observer->on_plain(PlainKind::rtcp, true, packet.bytes());
        return media.on_rtcp(packet, now);
    }
    settle(now);
  }

  PeerConfig config;
  Random& random;
  EventQueue events;
  DropCounts drops;
  SecureTransport transport;
  MediaStreams media;
  PacketObserver* observer = nullptr;
  std::unique_ptr<DataChannels> data;  // once data is agreed on and DTLS is up
  bool data_wanted = false;
  uint64_t peer_max_message = 0;
  bool announced_up = false;
};

Peer::Peer(PeerConfig config, TxQueue& tx, Random& random, Instant now, SharedSending* shared)
    : state_(std::make_unique<State>(std::move(config), tx, random, now, shared)) {}
Peer::~Peer() = default;

void Peer::handle(const Flow& from, Packet packet, Instant now) {
  state_->handle(from, std::move(packet), now);
}

void Peer::handle_timeout(Instant now) {
  state_->transport.handle_timeout(now);
  if (state_->data && state_->data->next_deadline() <= now) state_->data->handle_timeout(now);
  state_->settle(now);
  state_->media.handle_timeout(now);
}

void Peer::flow_closed(const Flow& flow, Instant now) {
  state_->transport.flow_closed(flow, now);
  state_->settle(now);
}

void Peer::set_remote(const RemoteTransport& remote, Instant now) {
  state_->transport.set_remote(remote, now);
  state_->settle(now);
}

void Peer::add_remote_candidate(const Candidate& candidate, Instant now) {
  state_->transport.add_remote_candidate(candidate, now);
  state_->settle(now);
}

void Peer::remote_candidates_done(Instant now) {
  state_->transport.remote_candidates_done(now);
  state_->settle(now);
}

void Peer::start_checks(Instant now) {
  state_->transport.start_checks(now);
  state_->settle(now);
}

void Peer::restart_ice(const IceCredentials& local, const IceCredentials& remote, Instant now) {
  state_->transport.restart_ice(local, remote, now);
  state_->settle(now);
}

void Peer::add_relay(const LocalBase& base, Instant now) {
  state_->transport.add_relay(base, now);
  state_->settle(now);
}

void Peer::relays_done(Instant now) {
  state_->transport.relays_done(now);
  state_->settle(now);
}

void Peer::remove_relay(SocketId socket, Instant now) {
  state_->transport.remove_relay(socket, now);
  state_->settle(now);
}

void Peer::set_media(const PeerMediaConfig& media, Instant now) {
  state_->media.set_media(media, now);
  const MlineConfig* mline = data_mline(media);
  state_->data_wanted = mline != nullptr;
  if (mline != nullptr) state_->peer_max_message = mline->max_message_size;
  if (state_->data && mline != nullptr) state_->data->set_peer_max_message(mline->max_message_size);
  state_->settle(now);
}

void Peer::set_tuning(const PeerTuning& tuning) {
  state_->media.set_tuning(tuning);
}

bool Peer::send(const OutgoingRtp& rtp, Instant now) {
  return state_->media.send(rtp, now);
}

void Peer::send(const RtcpFeedback& feedback, Instant now) {
  state_->media.send(feedback, now);
}

bool Peer::send_data(std::string_view label, std::string_view protocol, bool binary, Bytes data, Instant now) {
  if (!state_->data || state_->transport.closed()) {
    state_->drops.add(Drop::send_not_connected);
    return false;
  }
  bool sent = state_->data->send(label, protocol, binary, data, now);
  state_->pump_data(now);
  return sent;
}

void Peer::observe(PacketObserver* observer) {
  state_->observer = observer;
  state_->transport.observe(observer);
}

void Peer::close(Instant now) {
  state_->media.send_bye();
  if (state_->data) state_->data->close(now);
  state_->pump_data(now);
  state_->transport.close(now);
}

Instant Peer::next_deadline() const {
  Instant deadline = std::min(state_->transport.next_deadline(), state_->media.next_deadline());
  bool data = state_->data && !state_->transport.closed();
  return data ? std::min(deadline, state_->data->next_deadline()) : deadline;
}

bool Peer::poll_event(PeerEvent& event) {
  return state_->events.poll(event);
}

const IceCredentials& Peer::local_credentials() const {
  return state_->transport.ice().local_credentials();
}

bool Peer::owns(const Flow& flow) const {
  return state_->transport.ice().owns(flow);
}

uint32_t Peer::transaction_tag() const {
  return state_->transport.ice().transaction_tag();
}

PeerStats Peer::stats(Instant) const {
  PeerStats stats;
  state_->transport.fill(stats);
  state_->media.fill(stats);
  if (state_->data) fill_data(state_->data->stats(), stats);
  return stats;
}

std::string_view peer_phase_name(PeerPhase phase) {
  static constexpr std::array<std::string_view, static_cast<size_t>(PeerPhase::count)> kNames = {
      "gathering", "connecting", "handshaking", "connected", "disconnected", "failed", "closed"};
  return phase < PeerPhase::count ? kNames[static_cast<size_t>(phase)] : "unknown";
}

PeerGlance Peer::glance() const {
  PeerGlance glance;
  glance.phase = phase_of(state_->transport);
  glance.history_bytes = state_->media.history_bytes();
  if (state_->data) {
    const DataStats data = state_->data->stats();
    glance.data_bytes = data.partial_bytes + data.sctp.kept + data.sctp.held;
  }
  return glance;
}

void Peer::find_hot_lines(uint8_t mline, HotLines& lines) const {
  lines.clear();
  lines.add(state_.get(), HotLines::kLine);
  state_->transport.find_hot_lines(lines);
  state_->media.find_hot_lines(mline, lines);
}

}  // namespace limen::rtc
