// The session descriptions of a load peer: what it offers, what it answers, what the server said.
//
// Pure functions on values, any thread. RFC 8829, 8839, 8843; two m-lines at most per offer.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.hpp"
#include "base/result.hpp"
#include "rtc/ice/ice_types.hpp"
#include "rtc/peer/peer_config.hpp"

namespace limen::load {

// One end's side of a description.
struct LocalSide {
  rtc::IceCredentials ice;
  std::string fingerprint;           // sha-256
  std::vector<SocketAddress> hosts;  // host candidates
  bool feedback = false;             // negotiate transport-wide feedback
};

struct OfferShape {
  bool audio = true, video = true;
  bool send = true, receive = true;
  bool simulcast = false;  // video in kSimulcastLayers SSRCs, the lowest first (ssrc-group SIM)
};
inline constexpr size_t kSimulcastLayers = 3;

// What the server's description says, and what the m-lines are for a Peer that agreed to it.
struct RemoteSide {
  rtc::RemoteTransport transport;
  std::vector<rtc::Candidate> candidates;
  rtc::PeerMediaConfig media;
};

// The offer, with fresh SSRCs in `media`, which read_answer() takes again. The further layers of a simulcast are
// m-lines of their own there, behind those of the description, with the mid of the first.
std::string make_offer(const LocalSide& local, const OfferShape& shape, Random& random, rtc::PeerMediaConfig& media);
Result<RemoteSide> read_answer(std::string_view sdp, const rtc::PeerMediaConfig& offered);
// A subscriber: everything that is offered is received.
Result<RemoteSide> read_offer(std::string_view sdp);
std::string make_answer(std::string_view offer, const LocalSide& local, const RemoteSide& remote);

}  // namespace limen::load
