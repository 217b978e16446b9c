#include "core/jsep/jsep_negotiator.hpp"

#include <algorithm>
#include <ranges>

#include "core/jsep/strip.hpp"

namespace limen::core {

namespace {

// RFC 8445 section 5.3 wants 24 bits, 4 characters; but the fragment is what finds a peer among all those on a port, so
// no two of a full server may be alike.
constexpr size_t kUfragSize = 8;
constexpr size_t kPasswordSize = 22;

}  // namespace

JsepNegotiator::JsepNegotiator(Random& random, NegotiatorPolicy policy) : random_(&random), policy_(policy) {
  rotate_local_credentials();
}

void JsepNegotiator::rotate_local_credentials() {
  local_.ufrag = random_->text(kUfragSize, kIceAlphabet);
  local_.pwd = random_->text(kPasswordSize, kIceAlphabet);
}

// SSRCs stay from negotiation to negotiation; a reset m-line has 0 and gets new ones.
void JsepNegotiator::draw_ssrcs(MlineState& mline, bool rtx) {
  auto fresh = [this] {
    while (true) {
      uint32_t ssrc = random_->u32();
      bool taken = std::ranges::any_of(mlines_, [ssrc](const MlineState& other) {
        return other.local_ssrc == ssrc || other.local_rtx_ssrc == ssrc;
      });
      if (ssrc != 0 && !taken) return ssrc;
    }
  };
  if (mline.local_ssrc == 0) mline.local_ssrc = fresh();
  if (!rtx) mline.local_rtx_ssrc = 0;
  else if (mline.local_rtx_ssrc == 0) mline.local_rtx_ssrc = fresh();
}

ApiError JsepNegotiator::broken_sdp() const {
  return {established_ ? ApiErrorCode::unexpected_answer : ApiErrorCode::jsep_invalid_sdp, "Error processing SDP"};
}

ApiResult<ClientStep> JsepNegotiator::handle_client(const ClientJsep& jsep) {
  auto description = sdp::parse_sdp(jsep.sdp);
  if (!description) {
    return std::unexpected(ApiError(ApiErrorCode::jsep_invalid_sdp, std::move(description.error().text)));
  }
  // An answer to an offer of ours that was answered already takes the place of the first.
  bool again = established_ && pending_ == Pending::none && local_is_offer_;
  if (jsep.type == JsepType::answer && pending_ != Pending::ours && !again) {
    return std::unexpected(ApiError(ApiErrorCode::unexpected_answer, "Unexpected ANSWER (did we offer?)"));
  }
  if (jsep.type == JsepType::offer) {
    if (occupied() && !established_)
      return std::unexpected(ApiError(ApiErrorCode::unknown, "Error setting ICE locally"));
    client_offered_ = true;
  }
  JsepNegotiator next = *this;
  auto step = jsep.type == JsepType::offer ? next.take_offer(jsep, *description) : next.take_answer(jsep, *description);
  if (step) *this = std::move(next);
  return step;
}

Result<NegotiationStep> JsepNegotiator::handle_plugin(const LocalJsep& jsep) {
  auto description = sdp::parse_sdp(jsep.sdp);
  if (!description) return std::unexpected(description.error());
  if (jsep.type != "offer" && jsep.type != "answer") return fail("unknown description type '{}'", jsep.type);
  strip(*description);
  JsepNegotiator next = *this;
  next.e2ee_ |= jsep.e2ee;
  auto step = jsep.type == "offer" ? next.give_offer(jsep, *description) : next.give_answer(*description);
  if (step) *this = std::move(next);
  return step;
}

void JsepNegotiator::finish(NegotiationStep& step) {
  step.complete = true;
  step.ice_restart = established_ && (local_ != applied_local_ || remote_.ice != applied_remote_);
  applied_local_ = local_;
  applied_remote_ = remote_.ice;
  established_ = true;
  settled_mlines_ = mlines_.size();
  pending_ = Pending::none;
}

// M-lines of an offer that nobody answered are not agreed on: another offer may differ from them.
void JsepNegotiator::forget_unsettled(const sdp::SessionDescription& description) {
  for (size_t i = settled_mlines_; i < mlines_.size(); ++i) {
    bool same = i < description.media.size() && description.media[i].kind == mlines_[i].kind &&
                (description.media[i].mid().empty() || description.media[i].mid() == mlines_[i].mid);
    if (same) continue;
    mlines_.resize(i);
    return;
  }
}

// M-lines are never removed and never change their kind (RFC 3264 section 8).
bool JsepNegotiator::mlines_match(const sdp::SessionDescription& description) const {
  if (description.media.size() < mlines_.size() || description.media.size() > rtc::kMaxMlines) return false;
  return std::ranges::equal(mlines_, description.media | std::views::take(mlines_.size()), {}, &MlineState::kind,
                            &sdp::MediaDescription::kind);
}

std::string JsepNegotiator::write_local(const LocalTransport& transport) const {
  std::string_view setup = "actpass";
  if (!local_is_offer_) setup = remote_.local_dtls_role == rtc::DtlsRole::server ? "passive" : "active";
  MergeInput input{.local = local_description_,
                   .mlines = mlines_,
                   .offer = local_is_offer_,
                   .encrypt = policy_.encrypt,
                   .credentials = local_,
                   .setup = setup,
                   .transport = transport};
  return sdp::write_sdp(merge_for_client(input));
}

bool JsepNegotiator::has_data() const {
  return std::ranges::any_of(mlines_, [](const MlineState& m) { return m.kind == MediaKind::data && m.in_use; });
}

std::string_view JsepNegotiator::first_mid() const {
  auto used = std::ranges::find(mlines_, true, &MlineState::in_use);
  if (used != mlines_.end()) return used->mid;
  return mlines_.empty() ? std::string_view() : std::string_view(mlines_.front().mid);
}

rtc::PeerMediaConfig JsepNegotiator::media() const {
  rtc::PeerMediaConfig out;
  for (const MlineState& mline : mlines_) {
    rtc::MlineConfig config;
    config.kind = mline.kind;
    config.mid = mline.mid;
    if (mline.in_use) {
      config.send = sdp::sends(mline.direction);
      config.receive = sdp::receives(mline.direction);
      config.payloads = mline.payloads;
      config.extensions = mline.extensions;
      config.local_ssrc = mline.local_ssrc;
      config.local_rtx_ssrc = mline.local_rtx_ssrc;
      config.nack = mline.nack;
      config.remote_ssrc = mline.remote.ssrc;
      config.remote_rtx_ssrc = mline.remote.rtx_ssrc;
      config.rids = mline.remote.slots;
      config.max_message_size = mline.remote.max_message_size;
      out.transport_cc |= config.receive && mline.extensions.has(ExtensionKind::transport_cc);
    }
    out.mlines.push_back(std::move(config));
  }
  return out;
}

}  // namespace limen::core
