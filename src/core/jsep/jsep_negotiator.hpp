// JsepNegotiator: what a handle's PeerConnection has agreed on, from offer/answer to offer/answer.
//
// Pure state, no thread, no sockets; owned by Handle, control thread. One object per PeerConnection:
// make a new one after a hangup. RFC 8829 (JSEP), 8839 (ICE in SDP), 8843 (BUNDLE), 8853 (simulcast).
//
// How a handle drives it:
//   client offers   handle_client() -> give `plugin` to the plugin; if `first`, create the Peer with
//                   local_credentials() and controlling(); plugin answers: handle_plugin() -> `complete`;
//                   when candidates are known, write_local() -> to the client.
//   plugin offers   handle_plugin() -> if `first`, create the Peer as above; write_local() -> client;
//                   client answers: handle_client() -> `complete`, give `plugin` to the plugin.
//   on `complete`   if `ice_restart` Peer::restart_ice(local_credentials(), remote().ice), else the first
//                   time Peer::set_remote(remote()); Peer::set_media(media()); add remote_candidates();
//                   start checks if there are any or !peer_trickles().
// A step that fails leaves the state as it was.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/api_error.hpp"
#include "api/plugin.hpp"
#include "base/random.hpp"
#include "core/jsep/client_jsep.hpp"
#include "core/jsep/merge.hpp"
#include "core/jsep/mline_state.hpp"
#include "core/jsep/remote_description.hpp"
#include "rtc/ice/ice_types.hpp"
#include "rtc/peer/peer_config.hpp"
#include "wire/sdp/session_description.hpp"

namespace limen::core {

struct NegotiatorPolicy {
  bool encrypt = true;             // false: RTP/AVPF, no fingerprint, no setup
  bool prefer_dtls_server = true;  // answer a browser's `actpass` with `passive`: then this side picks AES-GCM (ADR 3)
  bool data_channels = true;       // false: application m-lines are rejected
};

// The outcome of one description.
struct NegotiationStep {
  bool first = false;        // the PeerConnection begins with this one
  bool complete = false;     // an offer/answer exchange ended
  bool ice_restart = false;  // with `complete`: credentials changed
};

struct ClientStep : NegotiationStep {
  RemoteJsep plugin;  // what the plugin gets
};

class JsepNegotiator {
 public:
  // `random` must outlive it.
  JsepNegotiator(Random& random, NegotiatorPolicy policy = {});

  // A description from the client. Errors: 465 (469 in renegotiations) and 469 for an answer nobody
  // asked for.
  ApiResult<ClientStep> handle_client(const ClientJsep& jsep);
  // A description from the plugin. An error is the plugin's mistake and for the log.
  Result<NegotiationStep> handle_plugin(const LocalJsep& jsep);
  // The last description from the plugin as the client gets it; after handle_plugin().
  std::string write_local(const LocalTransport& transport) const;

  // The remote side trickled although it said it would not.
  void set_peer_trickles() { peer_trickles_ = true; }
  bool peer_trickles() const { return peer_trickles_; }
  bool established() const { return established_; }  // one exchange is complete
  // A client's offer was looked at or a plugin's is out: until one exchange is complete, or the PeerConnection is
  // closed, no other offer of the client is taken. True even if the description was refused.
  bool occupied() const { return begun_ || client_offered_; }
  bool awaiting_answer() const { return pending_ == Pending::ours; }
  bool awaiting_plugin() const { return pending_ == Pending::theirs; }
  bool controlling() const { return controlling_; }  // this side made the first offer
  bool e2ee() const { return e2ee_; }
  bool has_data() const;  // an application m-line is in use
  const rtc::IceCredentials& local_credentials() const { return local_; }
  // Valid once a client's description was handled.
  const rtc::RemoteTransport& remote() const { return remote_; }
  const std::vector<rtc::Candidate>& remote_candidates() const { return remote_candidates_; }
  const std::string& remote_sdp() const { return remote_sdp_; }  // as received, for handle_info
  std::string_view first_mid() const;                            // of trickled candidates; "" if unknown
  size_t mline_count() const { return mlines_.size(); }
  std::string_view mid(size_t mline) const { return mlines_[mline].mid; }
  // For the Peer, after `complete`.
  rtc::PeerMediaConfig media() const;

 private:
  enum class Pending : uint8_t { none, ours, theirs };  // whose offer waits for an answer

  Random* random_;
  NegotiatorPolicy policy_;
  Pending pending_ = Pending::none;
  bool begun_ = false;  // a description was accepted
  bool client_offered_ = false;
  bool established_ = false;
  bool controlling_ = false;
  bool peer_trickles_ = true;
  bool e2ee_ = false;
  std::vector<MlineState> mlines_;
  size_t settled_mlines_ = 0;                  // in use since the last complete exchange
  rtc::IceCredentials local_, applied_local_;  // applied: as of the last complete exchange
  rtc::IceCredentials applied_remote_;
  rtc::RemoteTransport remote_;
  std::vector<rtc::Candidate> remote_candidates_;
  std::string remote_sdp_;
  bool local_is_offer_ = false;
  sdp::SessionDescription local_description_;  // the plugin's last one, stripped

  ApiError broken_sdp() const;
  ApiResult<ClientStep> take_offer(const ClientJsep& jsep, sdp::SessionDescription& description);
  ApiResult<ClientStep> take_answer(const ClientJsep& jsep, sdp::SessionDescription& description);
  void take_transport(const ClientJsep& jsep, RemoteDescription&& remote);
  RemoteJsep for_plugin(const ClientJsep& jsep, sdp::SessionDescription& description) const;
  Result<NegotiationStep> give_offer(const LocalJsep& jsep, sdp::SessionDescription& description);
  Result<NegotiationStep> give_answer(sdp::SessionDescription& description);
  void offer_mline(MlineState& mline, sdp::MediaDescription& offer);
  void forget_unsettled(const sdp::SessionDescription& description);
  bool mlines_match(const sdp::SessionDescription& description) const;
  void draw_ssrcs(MlineState& mline, bool rtx);
  void rotate_local_credentials();
  void finish(NegotiationStep& step);
};

}  // namespace limen::core
