// JsepNegotiator: descriptions that come from the client.
#include <algorithm>

#include "core/jsep/agreed_media.hpp"
#include "core/jsep/jsep_negotiator.hpp"
#include "core/jsep/strip.hpp"

namespace limen::core {

namespace {

SimulcastInfo simulcast_info(const MlineState& mline, size_t index) {
  SimulcastInfo out;
  out.mindex = static_cast<int>(index);
  out.mid = mline.mid;
  const RemoteMedia& remote = mline.remote;
  if (!remote.rids.empty()) {
    for (size_t slot = remote.slots.size(); slot-- > 0;) {
      if (!remote.slots[slot].empty()) out.rids.push_back(remote.slots[slot]);
    }
    out.rid_extension = remote.rid_extension;
  } else {
    std::ranges::copy_if(remote.ssrc, std::back_inserter(out.ssrcs), [](uint32_t ssrc) { return ssrc != 0; });
  }
  return out;
}

}  // namespace

RemoteJsep JsepNegotiator::for_plugin(const ClientJsep& jsep, sdp::SessionDescription& description) const {
  RemoteJsep out;
  out.type = jsep.type == JsepType::offer ? "offer" : "answer";
  strip_for_plugin(description);
  out.sdp = sdp::write_sdp(description);
  for (size_t i = 0; i < mlines_.size(); ++i) {
    if (mlines_[i].remote.simulcast()) out.simulcast.push_back(simulcast_info(mlines_[i], i));
  }
  out.svc = jsep.svc;
  out.update = established_;
  out.e2ee = e2ee_;
  return out;
}

void JsepNegotiator::take_transport(const ClientJsep& jsep, RemoteDescription&& remote) {
  if (established_) {  // DTLS stays; only ICE may change
    remote_.ice = std::move(remote.transport.ice);
    remote_.ice_lite = remote.transport.ice_lite;
  } else {
    remote_ = std::move(remote.transport);
    bool offer = jsep.type == JsepType::offer;
    bool choose_cipher = offer && policy_.prefer_dtls_server && remote.mixes_extensions;
    bool server = remote.setup == "active" || (choose_cipher && remote.setup == "actpass");
    remote_.local_dtls_role = server ? rtc::DtlsRole::server : rtc::DtlsRole::client;
  }
  remote_candidates_ = std::move(remote.candidates);
  peer_trickles_ = jsep.trickle;
  e2ee_ |= jsep.e2ee;
  remote_sdp_ = jsep.sdp;
}

ApiResult<ClientStep> JsepNegotiator::take_offer(const ClientJsep& jsep, sdp::SessionDescription& description) {
  forget_unsettled(description);
  auto remote = read_remote(description, policy_.encrypt);
  if (!remote || !msids_are_valid(description) || !mlines_match(description)) return std::unexpected(broken_sdp());
  ClientStep step;
  step.first = !begun_;
  if (step.first) controlling_ = remote->transport.ice_lite;  // RFC 8445 section 6.1.1
  begun_ = true;
  pending_ = Pending::theirs;
  take_transport(jsep, std::move(*remote));
  if (established_) {
    if (remote_.ice == applied_remote_) local_ = applied_local_;
    else if (local_ == applied_local_) rotate_local_credentials();
  }
  for (size_t i = 0; i < description.media.size(); ++i) {
    const sdp::MediaDescription& offered = description.media[i];
    if (i == mlines_.size()) {
      mlines_.emplace_back();
      mlines_[i].kind = offered.kind;
      mlines_[i].mid = offered.mid();
    }
    mlines_[i].protocol = offered.protocol;
    mlines_[i].offered = offered.rejected() ? std::nullopt : std::optional(offered.direction);
    mlines_[i].remote = read_remote_media(offered, jsep.rid_order);
  }
  step.plugin = for_plugin(jsep, description);
  return step;
}

ApiResult<ClientStep> JsepNegotiator::take_answer(const ClientJsep& jsep, sdp::SessionDescription& description) {
  auto remote = read_remote(description, policy_.encrypt);
  bool usable = remote && msids_are_valid(description) && mlines_match(description);
  if (!usable || description.media.size() != mlines_.size()) return std::unexpected(broken_sdp());
  ClientStep step;
  take_transport(jsep, std::move(*remote));
  for (size_t i = 0; i < mlines_.size(); ++i) {
    MlineState& mline = mlines_[i];
    mline.protocol = description.media[i].protocol;
    mline.remote = read_remote_media(description.media[i], jsep.rid_order);
    settle_by_answer(mline, local_description_.media[i], description.media[i]);
  }
  step.plugin = for_plugin(jsep, description);
  finish(step);
  return step;
}

}  // namespace limen::core
