// JsepNegotiator: descriptions that come from the plugin.
#include <algorithm>
#include <ranges>

#include "core/jsep/agreed_media.hpp"
#include "core/jsep/jsep_negotiator.hpp"
#include "core/jsep/rtx_map.hpp"

namespace limen::core {

namespace {

bool has_nack_feedback(const sdp::MediaDescription& media) {
  return std::ranges::any_of(media.values("rtcp-fb"), [](std::string_view value) {
    return value.ends_with(" nack") || value.find(" nack ") != std::string_view::npos;
  });
}

void refuse(sdp::MediaDescription& media) {
  media.port = 0;
  media.direction = sdp::Direction::inactive;
}

// RTX as offered, for what the plugin kept; a number that is also a codec's cannot be RTX.
std::map<uint8_t, uint8_t> accepted_rtx(const RemoteMedia& remote, const sdp::MediaDescription& answer) {
  std::map<uint8_t, uint8_t> out;
  if (!remote.nack || answer.kind != MediaKind::video) return out;
  for (auto [payload_type, rtx] : remote.rtx) {
    bool kept = std::ranges::find(answer.payload_types, payload_type) != answer.payload_types.end();
    bool clash = std::ranges::find(answer.payload_types, rtx) != answer.payload_types.end();
    if (kept && !clash) out.emplace(payload_type, rtx);
  }
  return out;
}

}  // namespace

Result<NegotiationStep> JsepNegotiator::give_answer(sdp::SessionDescription& description) {
  if (pending_ != Pending::theirs) return fail("an answer to no offer");
  if (!mlines_match(description) || description.media.size() != mlines_.size()) {
    return fail("the answer's m-lines are not those of the offer");
  }
  NegotiationStep step;
  for (size_t i = 0; i < mlines_.size(); ++i) {
    MlineState& mline = mlines_[i];
    sdp::MediaDescription& answer = description.media[i];
    bool unusable = answer.kind == MediaKind::data && !policy_.data_channels;
    if (!mline.offered || answer.rejected() || unusable) {
      refuse(answer);
      release(mline);
      continue;
    }
    sdp::Direction allowed = sdp::mirrored(*mline.offered);
    answer.direction = sdp::combined(sdp::sends(answer.direction) && sdp::sends(allowed),
                                     sdp::receives(answer.direction) && sdp::receives(allowed));
    mline.rtx = accepted_rtx(mline.remote, answer);
    mline.nack = mline.remote.nack && (answer.kind == MediaKind::video || has_nack_feedback(answer));
    if (answer.kind != MediaKind::data) draw_ssrcs(mline, mline.remote.fid && !mline.rtx.empty());
    settle_own_answer(mline, answer);
  }
  local_description_ = std::move(description);
  local_is_offer_ = false;
  finish(step);
  return step;
}

void JsepNegotiator::offer_mline(MlineState& mline, sdp::MediaDescription& offer) {
  if (offer.kind == MediaKind::data && !policy_.data_channels) refuse(offer);
  if (offer.rejected()) {
    refuse(offer);
    release(mline);
    return;
  }
  mline.in_use = true;
  mline.nack = offer.kind == MediaKind::video || has_nack_feedback(offer);
  if (offer.kind == MediaKind::data) return;
  if (offer.direction == sdp::Direction::inactive) {
    mline.local_ssrc = 0;
    mline.local_rtx_ssrc = 0;
  } else {
    draw_ssrcs(mline, !mline.rtx.empty());
  }
}

Result<NegotiationStep> JsepNegotiator::give_offer(const LocalJsep& jsep, sdp::SessionDescription& description) {
  forget_unsettled(description);
  if (!mlines_match(description)) return fail("the offer's m-lines do not continue the earlier ones");
  NegotiationStep step;
  step.first = !begun_;
  if (step.first) controlling_ = true;
  begun_ = true;
  pending_ = Pending::ours;
  if (established_) {
    if (!jsep.restart) local_ = applied_local_;
    else if (local_ == applied_local_) rotate_local_credentials();
  }
  for (size_t i = mlines_.size(); i < description.media.size(); ++i) {
    std::string_view mid = description.media[i].mid();
    mlines_.emplace_back();
    mlines_[i].kind = description.media[i].kind;
    mlines_[i].mid = mid.empty() ? std::to_string(i) : std::string(mid);
  }
  assign_rtx(description, mlines_);
  for (size_t i = 0; i < mlines_.size(); ++i) offer_mline(mlines_[i], description.media[i]);
  local_description_ = std::move(description);
  local_is_offer_ = true;
  return step;
}

}  // namespace limen::core
