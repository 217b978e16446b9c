#include "rtc/peer/peer.hpp"

#include <algorithm>

#include "rtc/peer/media_streams.hpp"
#include "rtc/peer/secure_transport.hpp"

namespace limen::rtc {

struct Peer::State {
  State(PeerConfig c, TxQueue& tx, Random& random, Instant now)
      : config(std::move(c)),
        transport(config, tx, random, events, drops, now),
        media(config, transport, random, events, drops) {}

  // After every input: the moment media may flow, and what waited for it.
  void settle(Instant now) {
    if (announced_up || !transport.up() || transport.closed()) return;
    announced_up = true;
    media.on_up(now);
    Flow from;
    while (Packet packet = transport.take_early(from)) handle(from, std::move(packet), now);
  }
  void handle(const Flow& from, Packet packet, Instant now) {
    switch (transport.handle(from, packet, now)) {
      case SecureTransport::Inbound::nothing:
        break;
      case SecureTransport::Inbound::rtp:
        return media.on_rtp(std::move(packet), now);
      case SecureTransport::Inbound::rtcp:
        return media.on_rtcp(packet, now);
    }
    settle(now);
  }

  PeerConfig config;
  EventQueue events;
  DropCounts drops;
  SecureTransport transport;
  MediaStreams media;
  bool announced_up = false;
};

Peer::Peer(PeerConfig config, TxQueue& tx, Random& random, Instant now)
    : state_(std::make_unique<State>(std::move(config), tx, random, now)) {}
Peer::~Peer() = default;

void Peer::handle(const Flow& from, Packet packet, Instant now) {
  state_->handle(from, std::move(packet), now);
}

void Peer::handle_timeout(Instant now) {
  state_->transport.handle_timeout(now);
  state_->settle(now);
  state_->media.handle_timeout(now);
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

void Peer::set_media(const PeerMediaConfig& media, Instant now) {
  state_->media.set_media(media, now);
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

bool Peer::send_data(std::string_view, std::string_view, bool, Bytes, Instant) {
  state_->drops.add(Drop::data_unsupported);
  return false;
}

void Peer::close(Instant now) {
  state_->media.send_bye();
  state_->transport.close(now);
}

Instant Peer::next_deadline() const {
  return std::min(state_->transport.next_deadline(), state_->media.next_deadline());
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
  return stats;
}

}  // namespace limen::rtc
