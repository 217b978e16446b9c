// Viewer: watch, configure and switch (contract, 4.1, 4.6 and 4.7).
#include <algorithm>

#include "config/describe.hpp"
#include "plugins/streaming/mountpoints.hpp"
#include "plugins/streaming/viewer.hpp"

namespace limen::streaming {
namespace {

constexpr uint32_t kHighestLayer = 2;
constexpr int64_t kLongestDelay = 4095;  // 12 bits of the extension

StreamResult<> check_layers(const LayerWish& wish) {
  auto high = [](const std::optional<uint32_t>& value) { return value && *value > kHighestLayer; };
  if (high(wish.substream) || high(wish.spatial_layer)) {
    return refuse(ErrorCode::invalid_element, "Invalid value (substream/spatial_layer should be 0, 1 or 2)");
  }
  if (high(wish.temporal) || high(wish.temporal_layer)) {
    return refuse(ErrorCode::invalid_element, "Invalid value (temporal/temporal_layer should be 0, 1 or 2)");
  }
  return {};
}

StreamResult<std::vector<std::string>> read_mids(const std::optional<JsonArray>& media) {
  std::vector<std::string> out;
  if (!media) return out;
  for (const Json& mid : *media) {
    if (!mid.is_string()) {
      return refuse(ErrorCode::invalid_element, "The media array must only contain strings (mid values)");
    }
    out.emplace_back(mid.get_string());
  }
  return out;
}

bool wanted(const MediumSettings& medium, const std::vector<std::string>& mids, const WatchRequest& request) {
  const std::optional<bool>& of_kind = medium.kind == MediaKind::audio   ? request.offer_audio
                                       : medium.kind == MediaKind::video ? request.offer_video
                                                                         : request.offer_data;
  if (!of_kind.value_or(true)) return false;
  auto same = [&medium](const std::string& mid) { return config::same_text(mid, medium.mid); };
  return mids.empty() || std::ranges::any_of(mids, same);
}

StreamResult<Mountpoint*> find_mountpoint(const Mountpoints& mountpoints, const JsonObject& body) {
  auto id = require_id(body, mountpoints.strings());
  if (!id) return passed_on(id);
  Mountpoint* found = mountpoints.find(*id);
  if (found == nullptr) return no_such_mountpoint(*id);
  return found;
}

// In entries of `streams` what has another type than it should counts as not said.
JsonObject lenient(const JsonObject& entry) {
  JsonObject out;
  for (const auto& [key, value] : entry) {
    bool flag = key == "send" || key == "audio" || key == "video" || key == "data";
    bool text = key == "mid";
    bool fits = flag ? value.is_bool() : text ? value.is_string() : value.is_int64();
    bool negative = value.is_int64() && value.get_int64() < 0 && key != "min_delay" && key != "max_delay";
    if (fits && !negative) out[key] = value;
  }
  return out;
}

StreamResult<std::vector<ConfigureEntry>> read_entries(const JsonObject& body) {
  auto root = read<ConfigureEntry>(body);
  if (!root) return passed_on(root);
  auto request = read<ConfigureStreams>(body);
  if (!request) return passed_on(request);
  std::vector<ConfigureEntry> out;
  if (!request->streams) {
    out.push_back(std::move(*root));
  } else {
    for (const Json& json : *request->streams) {
      auto entry = read<ConfigureEntry>(json.is_object() ? lenient(json.get_object()) : JsonObject());
      if (!entry) return passed_on(entry);
      if (!entry->mid && request->streams->size() > 1) {
        return refuse(ErrorCode::invalid_element, "Invalid value (mid can't be null in a streams array)");
      }
      out.push_back(std::move(*entry));
    }
  }
  for (const ConfigureEntry& entry : out) {
    if (auto good = check_layers(entry.layers); !good) return passed_on(good);
  }
  return out;
}

void set_delays(const ConfigureEntry& entry, ViewerStream& stream) {
  auto limited = [](int64_t value) { return static_cast<int16_t>(std::clamp<int64_t>(value, -1, kLongestDelay)); };
  if (entry.min_delay) {
    stream.min_delay = limited(*entry.min_delay);
    if (stream.min_delay < 0) stream.max_delay = -1;
    else stream.max_delay = std::max(stream.max_delay, stream.min_delay);
  }
  if (entry.max_delay) {
    stream.max_delay = limited(*entry.max_delay);
    if (stream.max_delay < 0) stream.min_delay = -1;
    else stream.min_delay = stream.min_delay < 0 ? int16_t{0} : std::min(stream.min_delay, stream.max_delay);
  }
}

}  // namespace

StreamResult<ViewerReply> Viewer::watch(const Message& message) {
  auto found = find_mountpoint(mountpoints_, message.body);
  if (!found) return passed_on(found);
  Mountpoint& wanted = **found;
  if (auto good = check_secret<ErrorCode>(message.body, "pin", wanted.settings().pin); !good) return passed_on(good);
  auto request = read<WatchRequest>(message.body);
  if (!request) return passed_on(request);
  bool restart = request->restart.value_or(false);
  if (mountpoint_ != nullptr && answers_ && message.jsep) return answer_again(wanted, *message.jsep);
  if (mountpoint_ != nullptr) return watch_again(wanted, restart);
  if (restart) return refuse(ErrorCode::no_such_mountpoint, "Can't perform ICE restart: no mountpoint set");
  return watch_new(wanted, *request, message);
}

StreamResult<ViewerReply> Viewer::watch_again(Mountpoint& wanted, bool restart) {
  bool same = &wanted == mountpoint_;
  if (!same || (!restart && !up_)) {
    return refuse(ErrorCode::invalid_state, "Already watching mountpoint {}", mountpoint_->id().text());
  }
  if (!restart && offered_) {
    return refuse(ErrorCode::invalid_state, "Already renegotiating mountpoint {}", mountpoint_->id().text());
  }
  offered_ = true;
  JsonObject result{{"status", restart ? "updating" : "preparing"}};
  return ViewerReply{.result = std::move(result), .jsep = offer(restart)};
}

StreamResult<ViewerReply> Viewer::watch_new(Mountpoint& mountpoint, const WatchRequest& request,
                                            const Message& message) {
  auto mids = read_mids(request.media);
  if (!mids) return passed_on(mids);
  if (mountpoint.settings().type == MountpointType::whip && mountpoint.settings().media.empty()) {
    return refuse(ErrorCode::invalid_state, "Nobody has published into mountpoint {} yet", mountpoint.id().text());
  }
  if (message.jsep) {
    if (message.jsep->type != "offer") {
      return refuse(ErrorCode::invalid_sdp, "User provided SDP for a watch request must be an offer");
    }
    return watch_by_answer(mountpoint, *message.jsep);
  }
  const std::vector<MediumSettings>& media = mountpoint.settings().media;
  bool anything =
      std::ranges::any_of(media, [&](const MediumSettings& m) { return limen::streaming::wanted(m, {}, request); });
  if (!anything) {
    return refuse(ErrorCode::invalid_request, "Can't offer an SDP with no audio, video or data for this mountpoint");
  }
  bind(mountpoint);
  for (size_t i = 0; i < media.size(); ++i) {
    if (!limen::streaming::wanted(media[i], *mids, request)) continue;
    ViewedMedium viewed{.medium = i, .mid = media[i].mid, .payload_type = media[i].payload_type};
    add_stream(viewed, static_cast<uint8_t>(streams_.size()), request.layers);
  }
  if (mountpoint.settings().type == MountpointType::ondemand) {
    own_feed_ = std::make_unique<Feed>(mountpoints_.feeds(), context_.media_id().shard);
    own_feed_->set_enabled(mountpoint.enabled());
    own_feed_->open(mountpoint.settings(), {0}, {});
  }
  // Nothing was found under these mids: there is nothing to say (contract, 4.1).
  if (streams_.empty()) return ViewerReply{.result = {}, .jsep = std::nullopt, .silent = true};
  offered_ = true;
  sync_media();
  return ViewerReply{.result = JsonObject{{"status", "preparing"}}, .jsep = offer(false)};
}

// Another offer of the same viewer: new ICE credentials; what each m-line shows stays.
StreamResult<ViewerReply> Viewer::answer_again(Mountpoint& wanted, const RemoteJsep& jsep) {
  if (&wanted != mountpoint_) {
    return refuse(ErrorCode::invalid_state, "Already watching mountpoint {}", mountpoint_->id().text());
  }
  auto theirs = jsep.type == "offer" ? sdp::parse_sdp(jsep.sdp) : fail("this is no offer");
  if (!theirs) return refuse(ErrorCode::invalid_sdp, "Error parsing SDP: {}", theirs.error().text);
  ViewerAnswer answer = make_viewer_answer(wanted.id(), wanted.settings(), *theirs);
  for (const ViewerStream& stream : streams_) {
    bool there = stream.mline < answer.mlines.size() && answer.mlines[stream.mline];
    if (!there || answer.mlines[stream.mline]->medium != stream.viewed.medium) {
      return refuse(ErrorCode::invalid_sdp, "M-line {} cannot show what it has shown", stream.mline);
    }
  }
  for (ViewerStream& stream : streams_) stream.viewed = *answer.mlines[stream.mline];
  sync_media();
  LocalJsep local{.type = "answer", .sdp = std::move(answer.sdp), .e2ee = wanted.settings().e2ee};
  return ViewerReply{.result = JsonObject{{"status", "updating"}}, .jsep = std::move(local)};
}

StreamResult<ViewerReply> Viewer::watch_by_answer(Mountpoint& mountpoint, const RemoteJsep& jsep) {
  auto theirs = sdp::parse_sdp(jsep.sdp);
  if (!theirs) return refuse(ErrorCode::invalid_sdp, "Error parsing SDP: {}", theirs.error().text);
  bind(mountpoint);
  answers_ = true;
  ViewerAnswer answer = make_viewer_answer(mountpoint.id(), mountpoint.settings(), *theirs);
  for (size_t i = 0; i < answer.mlines.size(); ++i) {
    if (answer.mlines[i]) add_stream(*answer.mlines[i], static_cast<uint8_t>(i), {});
  }
  if (mountpoint.settings().type == MountpointType::ondemand) {
    own_feed_ = std::make_unique<Feed>(mountpoints_.feeds(), context_.media_id().shard);
    own_feed_->set_enabled(mountpoint.enabled());
    own_feed_->open(mountpoint.settings(), {0}, {});
  }
  sync_media();
  tell("starting");
  LocalJsep local{.type = "answer", .sdp = std::move(answer.sdp), .e2ee = mountpoint.settings().e2ee};
  return ViewerReply{.result = JsonObject{{"status", "starting"}}, .jsep = std::move(local)};
}

ViewerStream& Viewer::add_stream(const ViewedMedium& viewed, uint8_t mline, const LayerWish& layers) {
  const MediumSettings& medium = mountpoint_->settings().media[viewed.medium];
  ViewerStream& stream = streams_.emplace_back();
  stream.viewed = viewed;
  stream.kind = medium.kind;
  stream.mline = mline;
  const auto& spatial = medium.svc ? layers.spatial_layer : layers.substream;
  const auto& temporal = medium.svc ? layers.temporal_layer : layers.temporal;
  stream.simulcast = medium.simulcast;
  stream.svc = medium.svc;
  if (spatial) stream.spatial = static_cast<int>(std::min(*spatial, kHighestLayer));
  if (temporal) stream.temporal = static_cast<int>(std::min(*temporal, kHighestLayer));
  if (layers.fallback) stream.fallback_us = *layers.fallback;
  return stream;
}

LocalJsep Viewer::offer(bool restart) const {
  std::vector<ViewedMedium> viewed;
  for (const ViewerStream& stream : streams_) viewed.push_back(stream.viewed);
  return {.type = "offer",
          .sdp = make_viewer_offer(mountpoint_->id(), mountpoint_->settings(), viewed),
          .restart = restart,
          .e2ee = mountpoint_->settings().e2ee};
}

StreamResult<ViewerReply> Viewer::configure(const JsonObject& body) {
  if (mountpoint_ == nullptr) return refuse(ErrorCode::no_such_mountpoint, "Can't configure: not on a mountpoint");
  auto entries = read_entries(body);
  if (!entries) return passed_on(entries);
  for (const ConfigureEntry& entry : *entries) {
    for (ViewerStream& stream : streams_) {
      if (!entry.mid || config::same_text(stream.viewed.mid, *entry.mid)) configure_one(stream, entry);
    }
  }
  sync_media();
  return ViewerReply{.result = JsonObject{{"event", "configured"}}, .jsep = std::nullopt};
}

void Viewer::configure_one(ViewerStream& stream, const ConfigureEntry& entry) {
  if (entry.send) stream.send = *entry.send;
  const std::optional<bool>& of_kind = stream.kind == MediaKind::audio   ? entry.audio
                                       : stream.kind == MediaKind::video ? entry.video
                                                                         : entry.data;
  if (of_kind && !entry.mid) stream.send = *of_kind;
  if (stream.kind != MediaKind::video) return;
  set_delays(entry, stream);
  choose_layers(stream, entry.layers);
}

// What is relayed already is said at once; for anything else the sink asks for what it needs.
void Viewer::choose_layers(ViewerStream& stream, const LayerWish& wish) {
  const auto& media = mountpoint_->settings().media;
  if (stream.viewed.medium >= media.size()) return;
  const MediumSettings& medium = media[stream.viewed.medium];
  if (!medium.simulcast && !medium.svc) return;
  const auto& spatial = medium.svc ? wish.spatial_layer : wish.substream;
  const auto& temporal = medium.svc ? wish.temporal_layer : wish.temporal;
  if (medium.simulcast && wish.fallback) stream.fallback_us = *wish.fallback;
  if (spatial) {
    stream.spatial = static_cast<int>(*spatial);
    if (stream.spatial == stream.current.spatial) confirm(medium.svc ? "spatial_layer" : "substream", stream.spatial);
  }
  if (temporal) {
    stream.temporal = static_cast<int>(*temporal);
    bool known = medium.svc || medium.codec == Codec::vp8;
    if (known && stream.temporal == stream.current.temporal) {
      confirm(medium.svc ? "temporal_layer" : "temporal", stream.temporal);
    }
  }
}

void Viewer::confirm(std::string_view what, int layer) {
  push(JsonObject{{"streaming", "event"}, {"result", JsonObject{{what, layer}}}});
}

StreamResult<ViewerReply> Viewer::switch_to(const JsonObject& body) {
  if (mountpoint_ == nullptr) return refuse(ErrorCode::no_such_mountpoint, "Can't switch: not on a mountpoint");
  if (!mountpoint_->is_rtp()) return refuse(ErrorCode::cannot_switch, "Can't switch: not on a live RTP mountpoint");
  auto found = find_mountpoint(mountpoints_, body);
  if (!found) return passed_on(found);
  if (!(*found)->is_rtp()) {
    return refuse(ErrorCode::cannot_switch, "Can't switch: target is not a live RTP mountpoint");
  }
  mountpoint_->remove(*this);
  mountpoint_ = *found;
  mountpoint_->add(*this);
  for (ViewerStream& stream : streams_) stream.current = {};
  paused_ = false;
  sync_media();
  tell("switching");
  JsonObject result{{"switched", "ok"}, {"id", mountpoint_->id().json()}};
  return ViewerReply{.result = std::move(result), .jsep = std::nullopt};
}

}  // namespace limen::streaming
