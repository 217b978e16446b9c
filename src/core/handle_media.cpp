// Handle: what its peer tells, on to the client, the plugin and event handlers (spec 3.6 and 8.3).
#include "base/log.hpp"
#include "core/gateway_state.hpp"
#include "core/handle.hpp"
#include "core/media/media_plane.hpp"
#include "core/media_stats.hpp"
#include "core/media_text.hpp"

namespace limen::core {

void Handle::on_media(MediaEvent&& event) {
  if (!peer_ || closing_) return;
  log::TraceScope scope(trace);
  std::visit([this](const auto& concrete) { on(concrete); }, event);
}

void Handle::start_capture(std::shared_ptr<CaptureFile> file) {
  capture_ = std::move(file);
  state_.media.capture(media_id_, capture_);
}

void Handle::stop_capture() {
  if (std::exchange(capture_, nullptr)) state_.media.capture(media_id_, nullptr);
}

void Handle::notify_webrtc(int subtype, JsonObject body) {
  if (subtype != subtype::kConnection) {
    body["stream_id"] = 1;
    body["component_id"] = 1;
  }
  state_.events.notify(EventType::webrtc, subject(), std::move(body), subtype);
}

void Handle::on(const rtc::IceStateChanged& event) {
  peer_->ice_state = event.state;
  log::verbose("", "[{}/{}] ICE {}", session_id().value(), id_.value(), rtc::ice_state_name(event.state));
  notify_webrtc(subtype::kIceState, JsonObject{{"ice", rtc::ice_state_name(event.state)}});
}

void Handle::on(const rtc::LocalCandidateFound& event) {
  peer_->own_candidates.push_back(event.candidate);
}

void Handle::on(const rtc::GatheringDone&) {
  if (peer_->gathering == Gathering::running) note_own_candidates(true);
}

void Handle::on(const rtc::PairSelected& event) {
  notify_webrtc(subtype::kSelectedPair,
                JsonObject{{"selected-pair", pair_text(event.pair)},
                           {"candidates", JsonObject{{"local", candidate_facts(event.pair.local)},
                                                     {"remote", candidate_facts(event.pair.remote)}}}});
}

void Handle::on(const rtc::DtlsStateChanged& event) {
  if (event.state == rtc::DtlsState::created) return;
  JsonObject body{{"dtls", dtls_state_name(event.state)}};
  body["stream_id"] = 1;
  body["component_id"] = 1;
  body["retransmissions"] = event.retransmissions;
  state_.events.notify(EventType::webrtc, subject(), std::move(body), subtype::kDtlsState);
}

void Handle::on(const rtc::Connected&) {
  peer_->webrtc_up = true;
  log::info("", "[{}/{}] The DTLS handshake has been completed", session_id().value(), id_.value());
  push(event("webrtcup"));
  notify_webrtc(subtype::kConnection, JsonObject{{"connection", "webrtcup"}});
  plugin_handle_->on_media_up();
  schedule_stats();
}

void Handle::on(const rtc::Closed& event) {
  hangup(rtc::close_reason_text(event.reason));
}

void Handle::on(const rtc::MediaStateChanged& event) {
  if (event.mline >= peer_->negotiator.mline_count()) return;
  std::string_view mid = peer_->negotiator.mid(event.mline);
  rtc::MlineConfig mline = peer_->negotiator.media().mlines[event.mline];
  JsonObject about{{"mid", mid}, {"type", media_kind_name(mline.kind)}};
  JsonObject body{{"media", media_kind_name(mline.kind)}, {"mid", mid}};
  for (JsonObject* object : {&about, &body}) {
    if (mline.simulcast()) (*object)["substream"] = event.substream;
    (*object)["receiving"] = event.receiving;
    if (!event.receiving && state_.settings.media.no_media_timer > 1) {
      (*object)["seconds"] = state_.settings.media.no_media_timer;
    }
  }
  JsonObject media = this->event("media");
  for (auto& member : about) media[member.key()] = member.value();
  push(std::move(media));
  state_.events.notify(EventType::media, subject(), std::move(body), subtype::kMediaState);
}

void Handle::on(const rtc::SlowLinkDetected& event) {
  if (event.mline >= peer_->negotiator.mline_count()) return;
  SlowLink slow;
  slow.mline = event.mline;
  slow.mid = std::string(peer_->negotiator.mid(event.mline));
  slow.kind = peer_->negotiator.media().mlines[event.mline].kind;
  slow.uplink = event.uplink;
  slow.lost = event.lost;
  JsonObject slowlink = this->event("slowlink");
  slowlink["mid"] = slow.mid;
  slowlink["media"] = media_kind_name(slow.kind);
  slowlink["uplink"] = slow.uplink;
  slowlink["lost"] = slow.lost;
  push(std::move(slowlink));
  state_.events.notify(EventType::media, subject(),
                       JsonObject{{"mid", slow.mid},
                                  {"media", media_kind_name(slow.kind)},
                                  {"slow_link", slow.uplink ? "uplink" : "downlink"},
                                  {"lost_lastsec", slow.lost}},
                       subtype::kSlowLink);
  plugin_handle_->on_slow_link(slow);
}

void Handle::on(const rtc::IceFailedAfterConnect&) {
  push(event("ice-failed"));
  if (state_.settings.nat.hangup_on_failed) hangup("ICE failed");
}

void Handle::schedule_stats() {
  int64_t period = state_.settings.events.stats_period;
  if (period <= 0 || !state_.events.enabled() || !peer_) return;
  peer_->stats_timer = state_.executor.call_after(std::chrono::seconds(period), [this] {
    peer_->stats_timer = {};
    state_.media.stats(media_id_,
                       [&state = state_, session = session_id(), id = id_](std::optional<rtc::PeerStats> stats) {
                         Handle* handle = state.sessions.find(session, id);
                         if (handle != nullptr && stats && handle->peer_ && !handle->closing_)
                           notify_media_stats(state, *handle, *stats);
                       });
    schedule_stats();
  });
}

}  // namespace limen::core
