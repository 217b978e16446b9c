// MediaHost: the relays of its peers.
#include "core/media/media_host.hpp"

namespace limen::core {

void MediaHost::set_relays(PeerId id, uint32_t generation, const std::vector<rtc::RelayServer>& servers) {
  PeerHost* found = host(id);
  if (found == nullptr || found->peer() == nullptr || found->generation() != generation) return;
  relays_.open(id, servers);
}

void MediaHost::release_relays(PeerId id) {
  if (relays_.empty()) return;
  sending_.flush(env_.tx);
  relays_.take_out(env_.tx);
  relays_.close(id);
}

void MediaHost::on_relay(PeerId owner, const rtc::LocalBase& base) {
  with_peer(owner, [&](rtc::Peer& peer, Instant now) { peer.add_relay(base, now); });
}

void MediaHost::on_relays_done(PeerId owner) {
  with_peer(owner, [](rtc::Peer& peer, Instant now) { peer.relays_done(now); });
}

void MediaHost::on_relay_lost(PeerId owner, SocketId socket) {
  with_peer(owner, [&](rtc::Peer& peer, Instant now) { peer.remove_relay(socket, now); });
}

void MediaHost::on_relay_failed(PeerId owner, const std::string& server, const std::string& why, bool lost) {
  if (PeerHost* found = host(owner)) found->tell(RelayFailed{server, why, lost});
}

}  // namespace limen::core
