#include "plugins/streaming/viewer.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "plugins/streaming/mountpoints.hpp"
#include "plugins/streaming/viewer_media.hpp"

namespace limen::streaming {
namespace {

JsonObject status(std::string_view text) {
  return JsonObject{{"status", text}};
}

JsonObject event(JsonObject result) {
  return JsonObject{{"streaming", "event"}, {"result", std::move(result)}};
}

}  // namespace

Viewer::Viewer(Mountpoints& mountpoints, HandleContext& context) : mountpoints_(mountpoints), context_(context) {}

void Viewer::install() {
  if (std::exchange(installed_, true)) return;
  context_.install_media([this](MediaContext& media) {
    ViewerObserver observer;
    observer.layers = [this, &media](uint8_t mline, media::StreamId source, media::Layers current) {
      media.post_control([this, mline, source, current] { on_layers(mline, source, current); });
    };
    return std::make_unique<ViewerMedia>(media, std::move(observer));
  });
}

Viewer::~Viewer() {
  unbind();
}

void Viewer::bind(Mountpoint& mountpoint) {
  install();
  mountpoint_ = &mountpoint;
  mountpoint.add(*this);
  paused_ = stopping_ = false;
}

void Viewer::unbind() {
  if (mountpoint_ != nullptr) mountpoint_->remove(*this);
  forget_mountpoint();
}

void Viewer::forget_mountpoint() {
  mountpoint_ = nullptr;
  streams_.clear();
  own_feed_.reset();
  offered_ = paused_ = answers_ = false;
  sync_media();
}

void Viewer::tell(std::string_view what) {
  if (mountpoint_ == nullptr) return;
  mountpoints_.notify(&context_, JsonObject{{"status", what}, {"id", mountpoint_->id().json()}});
}

void Viewer::push(const JsonObject& news) {
  context_.push_event({}, news);
}

StreamResult<ViewerReply> Viewer::start(const Message& message) {
  if (mountpoint_ == nullptr) return refuse(ErrorCode::no_such_mountpoint, "Can't start: no mountpoint set");
  if (message.jsep) offered_ = false;
  paused_ = false;
  sync_media();
  tell("starting");
  return ViewerReply{.result = status(up_ ? "started" : "starting"), .jsep = std::nullopt};
}

StreamResult<ViewerReply> Viewer::pause() {
  if (mountpoint_ == nullptr) return refuse(ErrorCode::no_such_mountpoint, "Can't start: no mountpoint set");
  paused_ = true;
  sync_media();
  tell("pausing");
  return ViewerReply{.result = status("pausing"), .jsep = std::nullopt};
}

StreamResult<ViewerReply> Viewer::stop() {
  if (!up_ || stopping_) return ViewerReply{.result = status("idle"), .jsep = std::nullopt};
  stopping_ = true;
  tell("stopping");
  return ViewerReply{.result = status("stopping"), .jsep = std::nullopt, .silent = false, .close = true};
}

void Viewer::came_up() {
  if (mountpoint_ == nullptr) return;
  up_ = true;
  if (own_feed_) open_own_feed();
  context_.push_event({}, event(status("started")));
}

void Viewer::open_own_feed() {
  auto source = mountpoint_->make_source();
  if (!source) {
    log::warning("", "Streaming: mountpoint {}: {}", mountpoint_->id().text(), source.error().text);
    return;
  }
  own_feed_->start(std::move(*source), {});
}

void Viewer::hung_up() {
  up_ = false;
  unbind();
  stopping_ = true;  // until something is watched again
}

void Viewer::mountpoint_destroyed() {
  push(event(status("stopped")));
  forget_mountpoint();
  stopping_ = true;
  if (context_.has_peer_connection()) context_.close_peer_connection();
}

void Viewer::kicked() {
  push(event(status("kicked_all")));
  unbind();
  stopping_ = true;
  if (context_.has_peer_connection()) context_.close_peer_connection();
}

void Viewer::mountpoint_enabled(bool enabled) {
  if (own_feed_) own_feed_->set_enabled(enabled);
}

const Feed* Viewer::feed() const {
  if (own_feed_) return own_feed_.get();
  return mountpoint_ == nullptr ? nullptr : &mountpoint_->feed();
}

ViewPlan Viewer::plan_of(const ViewerStream& stream) const {
  const MountpointSettings& settings = mountpoint_->settings();
  ViewPlan out;
  out.mline = stream.mline;
  out.kind = stream.kind;
  out.payload_type = stream.viewed.payload_type;
  out.relay = stream.send && !paused_ && !stopping_;
  out.e2ee = settings.e2ee;
  out.spatial = stream.spatial;
  out.temporal = stream.temporal;
  out.fallback = std::chrono::microseconds(stream.fallback_us);
  out.min_delay = stream.min_delay;
  out.max_delay = stream.max_delay;
  size_t medium = stream.viewed.medium;
  if (medium >= settings.media.size() || settings.media[medium].kind != stream.kind) return out;  // after a switch
  const MediumSettings& shown = settings.media[medium];
  out.codec = shown.codec;
  out.layers = shown.layers();
  out.source = feed()->stream(medium);
  out.feed = feed()->number();
  out.medium = medium;
  out.buffered = shown.buffer_message || shown.buffer_keyframe || (settings.keyframes && !shown.simulcast);
  return out;
}

void Viewer::sync_media() {
  std::vector<ViewPlan> plan;
  uint8_t next = 0;
  for (const ViewerStream& stream : streams_) {
    // M-lines of the viewer's own offer that were refused show nothing.
    for (; next < stream.mline; ++next) plan.emplace_back().mline = next;
    plan.push_back(plan_of(stream));
    ++next;
  }
  context_.post_media([plan = std::move(plan)](MediaHandler& handler) mutable {
    static_cast<ViewerMedia&>(handler).set_plan(std::move(plan));
  });
}

void Viewer::on_layers(uint8_t mline, media::StreamId source, media::Layers current) {
  auto it = std::ranges::find(streams_, mline, &ViewerStream::mline);
  if (mountpoint_ == nullptr || it == streams_.end() || feed()->stream(it->viewed.medium) != source) return;
  media::Layers before = std::exchange(it->current, current);
  bool svc = mountpoint_->settings().media[it->viewed.medium].svc;
  bool spatial = before.spatial != current.spatial && current.spatial >= 0;
  bool temporal = before.temporal != current.temporal && current.temporal >= 0;
  JsonObject both{{"mid", it->viewed.mid}};
  if (svc) {
    if (spatial) both["spatial_layer"] = current.spatial;
    if (temporal) both["temporal_layer"] = current.temporal;
    if (spatial || temporal) push(event(std::move(both)));
    return;
  }
  if (spatial) push(event({{"mid", it->viewed.mid}, {"substream", current.spatial}}));
  if (temporal) push(event({{"mid", it->viewed.mid}, {"temporal", current.temporal}}));
}

JsonObject Viewer::query_stream(const ViewerStream& stream) const {
  JsonObject out{{"type", media_kind_name(stream.kind)}, {"mindex", stream.mline}, {"mid", stream.viewed.mid}};
  if (stream.simulcast) {
    out["simulcast"] = JsonObject{{"substream", stream.current.spatial},
                                  {"substream-target", stream.spatial},
                                  {"temporal-layer", stream.current.temporal},
                                  {"temporal-layer-target", stream.temporal},
                                  {"fallback", stream.fallback_us}};
  }
  if (stream.svc) {
    out["svc"] = JsonObject{{"spatial-layer", stream.current.spatial},
                            {"target-spatial-layer", stream.spatial},
                            {"temporal-layer", stream.current.temporal},
                            {"target-temporal-layer", stream.temporal}};
  }
  bool set = stream.min_delay >= 0 && stream.max_delay >= 0;
  if (set || (stream.kind == MediaKind::video && mountpoint_->settings().playout_delay)) {
    out["playout-delay"] = JsonObject{{"min-delay", stream.min_delay}, {"max-delay", stream.max_delay}};
  }
  uint8_t capture_time = mountpoint_->settings().capture_time_id;
  if (capture_time != 0) out["abs-capture-time-src-ext-id"] = capture_time;
  return out;
}

Json Viewer::query() const {
  JsonObject out{{"state", mountpoint_ == nullptr ? "idle" : "watching"}};
  bool data = false;
  for (const ViewerStream& stream : streams_) data = data || stream.kind == MediaKind::data;
  if (mountpoint_ != nullptr) {
    const MountpointSettings& settings = mountpoint_->settings();
    out["mountpoint_id"] = mountpoint_->id().json();
    out["mountpoint_name"] = settings.name;
    out["mountpoint_viewers"] = mountpoint_->viewers().size();
    if (settings.from_file()) {
      out["media"] = JsonObject{{"type", "audio"}, {"filename", settings.file.filename}};
    } else {
      JsonArray media;
      for (const ViewerStream& stream : streams_) media.push_back(query_stream(stream));
      out["media"] = std::move(media);
    }
    if (settings.e2ee) out["e2ee"] = true;
  }
  out["hangingup"] = 0;
  out["started"] = up_ ? 1 : 0;
  out["dataready"] = up_ && data ? 1 : 0;
  out["paused"] = paused_ ? 1 : 0;
  out["stopping"] = stopping_ ? 1 : 0;
  out["destroyed"] = 0;
  return out;
}

}  // namespace limen::streaming
