#include "plugins/streaming/publication.hpp"

#include <algorithm>
#include <utility>

#include "plugins/streaming/feed/feed_media.hpp"
#include "plugins/streaming/mountpoints.hpp"
#include "wire/sdp/offer_answer.hpp"

namespace limen::streaming {
namespace {

// Codecs that nobody has to make anything of: viewers get them as they come.
bool relayable(Codec codec) {
  return codec != Codec::unknown && codec != Codec::telephone_event && codec != Codec::opus_red;
}

Codec choose(const sdp::MediaDescription& offered, const std::vector<MediumSettings>& shown, std::vector<bool>& used) {
  if (shown.empty()) return sdp::choose_codec(offered);
  for (size_t i = 0; i < shown.size(); ++i) {
    if (used[i] || shown[i].kind != offered.kind || !sdp::payload_type_for(offered, shown[i].codec)) continue;
    used[i] = true;
    return shown[i].codec;
  }
  return Codec::unknown;
}

bool wanted(const MountpointSettings& settings, const sdp::MediaDescription& offered) {
  if (offered.rejected() || !sdp::sends(offered.direction)) return false;
  return offered.kind == MediaKind::audio   ? settings.whip.audio
         : offered.kind == MediaKind::video ? settings.whip.video
                                            : false;
}

sdp::MediaAnswer answer_medium(const sdp::MediaDescription& offered, Codec codec) {
  sdp::MediaAnswer out;
  out.accept = relayable(codec);
  out.send = false;
  if (!out.accept) return out;
  out.codec = codec;
  out.extensions = {ExtensionKind::mid, ExtensionKind::rid, ExtensionKind::repaired_rid, ExtensionKind::transport_cc};
  if (offered.kind == MediaKind::audio) {
    out.extensions.push_back(ExtensionKind::audio_level);
    if (codec == Codec::opus) out.fmtp = sdp::opus_fmtp(offered);
  } else {
    out.extensions.push_back(ExtensionKind::dependency_descriptor);
    out.extensions.push_back(ExtensionKind::abs_capture_time);
  }
  return out;
}

SourceFormat format_of(const sdp::MediaDescription& answer, Codec codec, bool simulcast) {
  SourceFormat out;
  out.kind = answer.kind;
  out.codec = codec;
  out.payload_type = answer.payload_types.front();
  out.fmtp = answer.fmtp(out.payload_type);
  out.simulcast = simulcast;
  return out;
}

}  // namespace

PublicationAnswer answer_publication(const MountpointSettings& settings, const sdp::SessionDescription& offer,
                                     const RemoteJsep& jsep, const std::vector<Codec>& fixed) {
  sdp::AnswerOptions options;
  std::vector<Codec> codecs(offer.media.size(), Codec::unknown);
  std::vector<bool> used(settings.media.size());
  for (size_t i = 0; i < offer.media.size(); ++i) {
    const sdp::MediaDescription& offered = offer.media[i];
    if (i < fixed.size()) codecs[i] = fixed[i];
    else if (wanted(settings, offered)) codecs[i] = choose(offered, settings.media, used);
    options.mlines[i] = answer_medium(offered, codecs[i]);
  }
  // The first m-line carries the transport of all: Chromium loses it if that one is refused (bundle policy max-bundle).
  bool anything = std::ranges::any_of(codecs, relayable);
  if (anything && !relayable(codecs.front()) && !offer.media.front().rejected()) {
    options.mlines[0] = sdp::MediaAnswer();
    options.mlines[0].send = options.mlines[0].receive = false;
  }
  PublicationAnswer out;
  out.description = sdp::make_answer(offer, options);
  for (size_t i = 0; i < out.description.media.size(); ++i) {
    const sdp::MediaDescription& media = out.description.media[i];
    if (media.rejected() || media.payload_types.empty() || !relayable(codecs[i])) {
      out.format_of_mline.push_back(-1);
      continue;
    }
    bool simulcast = std::ranges::any_of(jsep.simulcast,
                                         [i](const SimulcastInfo& info) { return info.mindex == static_cast<int>(i); });
    out.format_of_mline.push_back(static_cast<int>(out.formats.size()));
    out.formats.push_back(format_of(media, codecs[i], simulcast));
  }
  return out;
}

void PublicationMedia::on_rtp(const RtpPacket& packet) {
  if (packet.mline >= route_.media.size() || route_.media[packet.mline] < 0) return;
  auto medium = static_cast<size_t>(route_.media[packet.mline]);
  RtpPacket own = packet;
  own.mline = 0;
  auto hand_on = [number = route_.feed, medium, own = std::move(own)](MediaShard& shard) mutable {
    FeedMedia* feed = FeedTable::of(shard).find(number);
    MediumFeed* one = feed == nullptr ? nullptr : feed->medium(medium);
    if (one != nullptr) one->on_rtp(std::move(own));
  };
  if (context_.shard().index() == route_.shard) hand_on(context_.shard());
  else context_.shard().post(route_.shard, std::move(hand_on));
}

void PublicationMedia::on_connected() {
  // Whoever watches already waits for a picture.
  for (size_t i = 0; i < route_.media.size(); ++i) {
    if (route_.media[i] >= 0) ask_keyframe(static_cast<size_t>(route_.media[i]));
  }
}

void PublicationMedia::ask_keyframe(size_t medium) {
  auto mline = std::ranges::find(route_.media, static_cast<int>(medium));
  if (mline == route_.media.end()) return;
  context_.send(RtcpFeedback(KeyframeRequest{.mline = static_cast<uint8_t>(mline - route_.media.begin())}));
}

Publication::Publication(Mountpoints& mountpoints, HandleContext& context)
    : mountpoints_(mountpoints), context_(context) {
  context.install_media([](MediaContext& media) { return std::make_unique<PublicationMedia>(media); });
}

Publication::~Publication() {
  if (mountpoint_ != nullptr) mountpoint_->remove(*this);
}

StreamResult<LocalJsep> Publication::publish(const Message& message) {
  auto found = mountpoints_.access(message.body);
  if (!found) return passed_on(found);
  Mountpoint& mountpoint = **found;
  if (mountpoint.settings().type != MountpointType::whip) {
    return refuse(ErrorCode::invalid_request, "Mountpoint {} is not for publishers (type whip)",
                  mountpoint.id().text());
  }
  if (mountpoint_ != nullptr && mountpoint_ != &mountpoint) {
    return refuse(ErrorCode::invalid_state, "Already publishing into mountpoint {}", mountpoint_->id().text());
  }
  if (!message.jsep || message.jsep->type != "offer") {
    return refuse(ErrorCode::invalid_sdp, "A publisher has to send an offer");
  }
  auto offer = sdp::parse_sdp(message.jsep->sdp);
  if (!offer) return refuse(ErrorCode::invalid_sdp, "Error parsing offer: {}", offer.error().text);
  if (mountpoint_ != nullptr && offer->media.size() != codecs_.size()) {
    return refuse(ErrorCode::invalid_sdp, "The m-lines are {}, not {}", codecs_.size(), offer->media.size());
  }
  PublicationAnswer answer = answer_publication(mountpoint.settings(), *offer, *message.jsep, codecs_);
  if (answer.formats.empty()) {
    return refuse(ErrorCode::invalid_sdp, "Nothing of the offer can be published into mountpoint {}",
                  mountpoint.id().text());
  }
  if (mountpoint_ == nullptr) {
    if (auto joined = join(mountpoint, answer); !joined) return passed_on(joined);
  }
  return LocalJsep{.type = "answer", .sdp = sdp::write_sdp(answer.description), .e2ee = mountpoint.settings().e2ee};
}

StreamResult<> Publication::join(Mountpoint& mountpoint, const PublicationAnswer& answer) {
  auto media = mountpoint.add(*this, answer.formats);
  if (!media) return passed_on(media);
  mountpoint_ = &mountpoint;
  PublicationMedia::Route route{.shard = mountpoint.feed().shard(), .feed = mountpoint.feed().number(), .media = {}};
  codecs_.clear();
  for (int format : answer.format_of_mline) {
    bool taken = format >= 0;
    codecs_.push_back(taken ? answer.formats[static_cast<size_t>(format)].codec : Codec::unknown);
    route.media.push_back(taken ? (*media)[static_cast<size_t>(format)] : -1);
  }
  context_.post_media([route = std::move(route)](MediaHandler& handler) mutable {
    static_cast<PublicationMedia&>(handler).set_route(std::move(route));
  });
  return {};
}

void Publication::came_up() {
  up_ = true;
  context_.push_event({}, JsonObject{{"streaming", "event"}, {"result", JsonObject{{"status", "publishing"}}}});
}

void Publication::hung_up() {
  up_ = false;
  if (mountpoint_ != nullptr) std::exchange(mountpoint_, nullptr)->remove(*this);
  codecs_.clear();
  context_.post_media([](MediaHandler& handler) { static_cast<PublicationMedia&>(handler).set_route({}); });
}

void Publication::ask_keyframe(size_t medium) {
  context_.post_media(
      [medium](MediaHandler& handler) { static_cast<PublicationMedia&>(handler).ask_keyframe(medium); });
}

void Publication::mountpoint_destroyed() {
  mountpoint_ = nullptr;
  context_.push_event({}, JsonObject{{"streaming", "event"}, {"result", JsonObject{{"status", "stopped"}}}});
  hung_up();
  if (context_.has_peer_connection()) context_.close_peer_connection();
}

Json Publication::query() const {
  JsonObject out{{"state", mountpoint_ == nullptr ? "idle" : "publishing"}};
  if (mountpoint_ != nullptr) out["mountpoint_id"] = mountpoint_->id().json();
  out["started"] = up_ ? 1 : 0;
  return out;
}

}  // namespace limen::streaming
