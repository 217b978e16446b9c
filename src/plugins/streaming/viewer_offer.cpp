#include "plugins/streaming/viewer_offer.hpp"

#include <algorithm>

#include "plugins/streaming/feed/parameter_sets.hpp"
#include "wire/sdp/offer_answer.hpp"

namespace limen::streaming {
namespace {

constexpr uint8_t kAbsSendTime = 2, kMid = 4, kPlayoutDelay = 5, kCaptureTime = 6, kDependency = 11;

std::string session_name(const MountpointId& id) {
  return "Mountpoint " + id.text();
}

sdp::MediaOffer offer_medium(const MountpointSettings& settings, const ViewedMedium& viewed) {
  const MediumSettings& medium = settings.media[viewed.medium];
  sdp::MediaOffer out;
  out.kind = medium.kind;
  out.mid = viewed.mid;
  if (medium.kind == MediaKind::data) return out;  // data go both ways
  out.direction = sdp::Direction::sendonly;
  out.codec = medium.codec;
  out.payload_type = viewed.payload_type;
  out.rtpmap = std::string(medium.rtpmap());
  out.fmtp = medium.fmtp;
  out.msid = medium.msid;
  out.extensions[kMid] = ExtensionKind::mid;
  out.extensions[kAbsSendTime] = ExtensionKind::abs_send_time;
  if (settings.capture_time_id != 0) out.extensions[kCaptureTime] = ExtensionKind::abs_capture_time;
  if (medium.kind != MediaKind::video) return out;
  if (settings.playout_delay) out.extensions[kPlayoutDelay] = ExtensionKind::playout_delay;
  // A browser decodes some of the layers of AV1 only if it is told which ones.
  if (medium.svc && medium.codec == Codec::av1) out.extensions[kDependency] = ExtensionKind::dependency_descriptor;
  return out;
}

// The profile that the mountpoint's format parameters name, so that the viewer's fitting payload type is found.
std::string_view profile_of(const MediumSettings& medium) {
  if (medium.codec == Codec::h264) return sdp::fmtp_value(medium.fmtp, "profile-level-id");
  if (medium.codec == Codec::vp9) return sdp::fmtp_value(medium.fmtp, "profile-id");
  return {};
}

std::optional<uint8_t> offered_type(const sdp::MediaDescription& offered, const MediumSettings& medium) {
  auto exact = sdp::payload_type_for(offered, medium.codec, profile_of(medium));
  return exact ? exact : sdp::payload_type_for(offered, medium.codec);
}

// The first stream of the same kind that the m-line can take and that no other one has.
std::optional<ViewedMedium> choose(const MountpointSettings& settings, const sdp::MediaDescription& offered,
                                   std::vector<bool>& used) {
  for (size_t i = 0; i < settings.media.size(); ++i) {
    const MediumSettings& medium = settings.media[i];
    if (used[i] || medium.kind != offered.kind) continue;
    uint8_t payload_type = 0;
    if (medium.kind != MediaKind::data) {
      auto type = offered_type(offered, medium);
      if (!type) continue;
      payload_type = *type;
    }
    used[i] = true;
    return ViewedMedium{.medium = i, .mid = std::string(offered.mid()), .payload_type = payload_type};
  }
  return std::nullopt;
}

sdp::MediaAnswer answer_medium(const MountpointSettings& settings, const std::optional<ViewedMedium>& chosen) {
  sdp::MediaAnswer out;
  if (!chosen) {
    out.accept = false;
    return out;
  }
  const MediumSettings& medium = settings.media[chosen->medium];
  out.receive = medium.kind == MediaKind::data;
  if (medium.kind == MediaKind::data) return out;
  out.codec = medium.codec;
  out.extensions = {ExtensionKind::mid, ExtensionKind::abs_send_time};
  if (settings.capture_time_id != 0) out.extensions.push_back(ExtensionKind::abs_capture_time);
  if (medium.kind == MediaKind::audio) {
    out.fmtp = medium.fmtp;
    return out;
  }
  if (settings.playout_delay) out.extensions.push_back(ExtensionKind::playout_delay);
  if (medium.codec == Codec::h264) out.h264_profile = std::string(profile_of(medium));
  if (medium.codec == Codec::vp9) out.vp9_profile = std::string(profile_of(medium));
  return out;
}

}  // namespace

std::string make_viewer_offer(const MountpointId& id, const MountpointSettings& settings,
                              const std::vector<ViewedMedium>& viewed) {
  sdp::OfferOptions options;
  options.session_name = session_name(id);
  for (const ViewedMedium& one : viewed) options.media.push_back(offer_medium(settings, one));
  return sdp::write_sdp(sdp::make_offer(options));
}

ViewerAnswer make_viewer_answer(const MountpointId& id, const MountpointSettings& settings,
                                const sdp::SessionDescription& offer) {
  ViewerAnswer out;
  std::vector<bool> used(settings.media.size());
  sdp::AnswerOptions options;
  options.session_name = session_name(id);
  for (size_t i = 0; i < offer.media.size(); ++i) {
    const sdp::MediaDescription& offered = offer.media[i];
    bool listens = !offered.rejected() && sdp::receives(offered.direction);
    auto& chosen = out.mlines.emplace_back(listens ? choose(settings, offered, used) : std::nullopt);
    options.mlines[i] = answer_medium(settings, chosen);
  }
  // The first m-line carries the transport of all: Chromium loses it if that one is refused (bundle policy max-bundle).
  bool anything = std::ranges::any_of(out.mlines, [](const auto& chosen) { return chosen.has_value(); });
  if (anything && !out.mlines.front() && !offer.media.front().rejected()) {
    options.mlines[0] = sdp::MediaAnswer();
    options.mlines[0].send = options.mlines[0].receive = false;
  }
  out.sdp = sdp::write_sdp(sdp::make_answer(offer, options));
  return out;
}

}  // namespace limen::streaming
