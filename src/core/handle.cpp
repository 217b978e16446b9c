#include "core/handle.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "core/gateway_state.hpp"
#include "core/media/media_plane.hpp"
#include "core/media_stats.hpp"

namespace limen::core {

Handle::Handle(GatewayState& state, Session& session, HandleId id, Plugin& plugin, AttachRequest request)
    : state_(state),
      session_(session),
      id_(id),
      plugin_(plugin),
      package_(plugin.info().package),
      opaque_id_(std::move(request.opaque_id)),
      token_(std::move(request.token)),
      loop_(request.loop),
      created_(state.executor.now()) {}

Handle::~Handle() {
  // The media half first: nothing it posts may find a plugin object that has gone.
  if (media_added_) state_.media.remove_handle(media_id_);
  drop_peer_state();
  for (TimerId timer : timers_) state_.executor.cancel(timer);
  for (ApiCall& call : waiting_) call.fail(ApiErrorCode::handle_not_found);
}

Result<> Handle::attach() {
  media_id_ = state_.media.add_handle(loop_, [this](MediaEvent&& event) { on_media(std::move(event)); });
  media_added_ = true;
  auto made = plugin_.attach(*this);
  if (!made) return std::unexpected(made.error());
  plugin_handle_ = std::move(*made);
  return {};
}

void Handle::announce_attached() {
  JsonObject body{{"name", "attached"}, {"plugin", package_}};
  if (!opaque_id_.empty()) body["opaque_id"] = opaque_id_;
  if (!token_.empty()) body["token"] = token_;
  state_.events.notify(EventType::handle, subject(), std::move(body));
}

void Handle::close(bool tell_client) {
  if (peer_ && !closing_) {
    closing_ = true;
    silent_ = true;  // what the plugin says of its end is for others; the client hears `detached`
    plugin_handle_->on_hangup("Detach");
    silent_ = false;
  }
  drop_peer_state();
  unanswered_.clear();
  in_plugin_ = 0;
  if (tell_client) push(event("detached"));
  flush();
  outbox_.clear();
  JsonObject body{{"name", "detached"}, {"plugin", package_}};
  if (!opaque_id_.empty()) body["opaque_id"] = opaque_id_;
  state_.events.notify(EventType::handle, subject(), std::move(body));
}

// ---- HandleContext -------------------------------------------------------------------------------

SessionId Handle::session_id() const {
  return session_.id();
}

void Handle::push_event(std::string_view transaction, Json data, std::optional<LocalJsep> jsep) {
  if (silent_) return;
  Outgoing out;
  out.transaction = std::string(transaction);
  out.event["janus"] = "event";
  out.event["session_id"] = session_id().value();
  if (!transaction.empty()) out.event["transaction"] = transaction;
  out.event["sender"] = id_.value();
  if (state_.settings.general.opaqueid_in_api && !opaque_id_.empty()) out.event["opaque_id"] = opaque_id_;
  out.event["plugindata"] = JsonObject{{"plugin", package_}, {"data", std::move(data)}};
  if (jsep && !take_plugin_jsep(*jsep, out)) return;
  outbox_.push_back(std::move(out));
  flush();
}

void Handle::install_media(std::move_only_function<std::unique_ptr<MediaHandler>(MediaContext&)> factory) {
  state_.media.install_handler(media_id_, package_, std::move(factory));
}

void Handle::post_media(std::move_only_function<void(MediaHandler&)> task) {
  state_.media.post(media_id_, std::move(task));
}

// The plugin is calling: what it asks for happens after it has returned.
void Handle::close_peer_connection() {
  state_.executor.post([&state = state_, session = session_id(), id = id_] {
    if (Handle* handle = state.sessions.find(session, id)) handle->hangup("Close PC");
  });
}

void Handle::end_session() {
  state_.executor.post([&state = state_, session = session_id(), id = id_] { state.sessions.detach(session, id); });
}

void Handle::notify_event(Json data) {
  if (!state_.events.wanted(EventType::plugin)) return;
  JsonObject notice{{"plugin", package_}, {"data", std::move(data)}};
  bool waits = std::ranges::any_of(outbox_, [](const Outgoing& out) { return !out.jsep_type.empty(); });
  if (!waits) return state_.events.notify(EventType::plugin, subject(), std::move(notice));
  outbox_.push_back({.transaction = {}, .event = std::move(notice), .jsep_type = {}, .e2ee = false, .notice = true});
}

bool Handle::permits(const NeededRights& needed) const {
  const auto& claims = session_.claims();
  return !claims || (claims->grants.allows(package_, needed) &&
                     !state_.auth.expired(claims->expires, state_.executor.wall_time()));
}

TimerId Handle::call_after(Duration delay, Task task) {
  auto id = std::make_shared<TimerId>();
  *id = state_.executor.call_after(delay, [this, id, task = std::move(task)]() mutable {
    timers_.erase(*id);
    task();
  });
  timers_.insert(*id);
  return *id;
}

void Handle::cancel(TimerId timer) {
  if (timers_.erase(timer) != 0) state_.executor.cancel(timer);
}

// ---- the end of a PeerConnection -----------------------------------------------------------------

void Handle::hangup(std::string_view reason) {
  if (!peer_ || closing_) return;
  closing_ = true;
  plugin_handle_->on_hangup(reason);
  // The last figures must be asked for while the peer is still there.
  if (peer_->peer_exists && state_.events.wanted(EventType::media) && state_.settings.events.stats_period > 0) {
    state_.media.stats(media_id_,
                       [&state = state_, session = session_id(), id = id_](std::optional<rtc::PeerStats> stats) {
                         Handle* handle = state.sessions.find(session, id);
                         if (handle != nullptr && stats) notify_media_stats(state, *handle, *stats);
                       });
  }
  state_.media.destroy_peer(media_id_, [&state = state_, session = session_id(), id = id_, why = std::string(reason)] {
    if (Handle* handle = state.sessions.find(session, id)) handle->hung_up(why);
  });
}

void Handle::hung_up(const std::string& reason) {
  drop_peer_state();
  closing_ = false;
  was_hung_up_ = true;
  log::info("", "[{}/{}] WebRTC resources freed; {}", session_id().value(), id_.value(), reason);
  JsonObject hangup = event("hangup");
  hangup["reason"] = reason;
  push(std::move(hangup));
  notify_webrtc(subtype::kConnection, JsonObject{{"connection", "hangup"}, {"reason", reason}});
  for (std::list<ApiCall> waiting = std::exchange(waiting_, {}); !waiting.empty(); waiting.pop_front()) {
    message(std::move(waiting.front()));
  }
}

void Handle::drop_peer_state() {
  if (!peer_) return;
  if (peer_->stats_timer) state_.executor.cancel(peer_->stats_timer);
  if (peer_->gathering_limit) state_.executor.cancel(peer_->gathering_limit);
  // Descriptions that waited for candidates have nothing to wait for any more.
  for (Outgoing& out : outbox_) out.jsep_type.clear();
  peer_.reset();
  early_.clear();
}

// ---- events to the client ------------------------------------------------------------------------

JsonObject Handle::event(std::string_view kind) const {
  JsonObject event{{"janus", kind}, {"session_id", session_id().value()}, {"sender", id_.value()}};
  if (state_.settings.general.opaqueid_in_api && !opaque_id_.empty()) event["opaque_id"] = opaque_id_;
  return event;
}

void Handle::push(JsonObject event) {
  outbox_.push_back({.transaction = {}, .event = std::move(event), .jsep_type = {}, .e2ee = false, .notice = false});
  flush();
}

void Handle::flush() {
  if (flushing_ || in_plugin_ > 0) return;
  flushing_ = true;
  while (!outbox_.empty()) {
    Outgoing& front = outbox_.front();
    if (unanswered_.contains(front.transaction)) break;
    if (!front.jsep_type.empty()) {
      bool waits = !state_.settings.nat.full_trickle && peer_ && peer_->gathering != Gathering::done;
      if (waits) break;
      front.event["jsep"] = write_jsep(front);
    }
    Outgoing out = std::move(front);
    outbox_.pop_front();
    if (out.notice) {
      state_.events.notify(EventType::plugin, subject(), std::move(out.event));
      continue;
    }
    session_.push(Json(std::move(out.event)));
    if (!out.jsep_type.empty() && state_.settings.nat.full_trickle) trickle_own_candidates();
  }
  flushing_ = false;
}

}  // namespace limen::core
