#include "transports/whip/whip_session.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"

namespace limen::whip {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";

// Room subscriptions tell all their m-lines; one that shows something is active.
std::optional<bool> shows_something(const JsonObject& data) {
  const Json* streams = data.if_contains("streams");
  if (streams == nullptr || !streams->is_array()) return std::nullopt;
  return std::ranges::any_of(streams->get_array(), [](const Json& json) {
    const JsonObject* stream = json.if_object();
    return stream != nullptr && stream->contains("feed_id");
  });
}

bool id_refused(const LinkError& error) {
  return (error.from == LinkError::From::videoroom && error.code == 430) ||
         (error.from == LinkError::From::streaming && error.code == 454);
}

}  // namespace

WhipSession::WhipSession(TransportContext& context, const GeneralConfig& config, SessionSpec spec,
                         std::function<void(const std::string&)> over)
    : context_(context), config_(config), spec_(std::move(spec)), over_(std::move(over)), events_(context.executor()) {
  new_etag();
}

WhipSession::~WhipSession() {
  close();
}

void WhipSession::new_etag() {
  etag_ = fmt::format("\"{}\"", context_.random().text(16, kHex));
}

Problem WhipSession::problem(const LinkError& error) const {
  return problem_of(error, !spec_.bearer.empty(), static_cast<int>(config_.retry_after));
}

void WhipSession::open(sdp::SessionDescription offer, Text done) {
  offer_ = std::move(offer);
  remote_ = sdp::ice_of(offer_);
  PluginLink::Listener listener;
  listener.plugin = [weak = weak_from_this()](const JsonObject& data) {
    if (auto self = weak.lock()) self->on_plugin(data);
  };
  listener.core = [weak = weak_from_this()](std::string_view what) {
    if (auto self = weak.lock()) self->on_core(what);
  };
  link_ = std::make_shared<PluginLink>(context_, std::string(package_of(spec_.target.plugin)), spec_.credentials,
                                       std::move(listener));
  opening_ = std::move(done);
  set_limit(config_.setup_timeout);
  link_->open([weak = weak_from_this()](LinkResult<PluginAnswer> opened) {
    auto self = weak.lock();
    if (!self) return;
    if (!opened) return self->opened(std::unexpected(opened.error()), std::exchange(self->opening_, nullptr));
    self->start(std::exchange(self->opening_, nullptr));
  });
}

void WhipSession::start(Text done) {
  opening_ = std::move(done);
  link_->send(first_request(spec_.target, spec_.access), sdp::write_sdp(offer_),
              [weak = weak_from_this()](LinkResult<PluginAnswer> answer) {
                auto self = weak.lock();
                if (self) self->opened(std::move(answer), std::exchange(self->opening_, nullptr));
              });
}

void WhipSession::opened(LinkResult<PluginAnswer> answer, Text done) {
  if (!done) return;
  if (!answer) {
    bool numbers = spec_.target.id.is_number() || (spec_.target.feed && spec_.target.feed->is_number());
    if (id_refused(answer.error()) && numbers && !std::exchange(texts_tried_, true)) {
      spec_.target = with_text_ids(spec_.target);
      return start(std::move(done));
    }
    return done(std::unexpected(problem(answer.error())));
  }
  auto parsed = sdp::parse_sdp(answer->sdp);
  if (!parsed) return done(std::unexpected(Problem{.status = 500, .detail = "The media server gave no answer"}));
  if (sdp::ice_of(*parsed).ufrag.empty()) {
    return done(std::unexpected(Problem{.status = 406, .detail = "None of the offered media can be taken"}));
  }
  established_ = true;
  learn_layers(answer->data);
  done(std::move(answer->sdp));
}

void WhipSession::learn_layers(const JsonObject& data) {
  if (!plays()) return;
  events_.tell("active", JsonObject{});
  if (spec_.target.plugin == Plugin::videoroom) return set_layers(layered_of_room(data));
  link_->send(JsonObject{{"request", "info"}, {"id", spec_.target.id}}, {},
              [weak = weak_from_this()](LinkResult<PluginAnswer> info) {
                auto self = weak.lock();
                if (self && info) self->set_layers(layered_of_mountpoint(info->data, self->offer_));
              });
}

void WhipSession::set_layers(std::vector<LayeredMline> layered) {
  layered_ = std::move(layered);
  if (!layered_.empty()) events_.tell("layers", layers_event(layered_));
}

void WhipSession::trickle(const sdp::IceFragment& fragment, Text done) {
  JsonArray candidates;
  bool complete = fragment.end_of_candidates;
  for (const sdp::FragmentMedia& media : fragment.media) {
    auto index = std::ranges::find_if(offer_.media, [&](const auto& m) { return m.mid() == media.mid; });
    if (index == offer_.media.end() && !media.mid.empty()) continue;
    for (const std::string& text : media.candidates) {
      JsonObject one{{"candidate", text}, {"sdpMLineIndex", media.mid.empty() ? 0 : index - offer_.media.begin()}};
      if (!media.mid.empty()) one["sdpMid"] = media.mid;
      candidates.push_back(std::move(one));
    }
    complete = complete || media.end_of_candidates;
  }
  if (complete) candidates.push_back(JsonObject{{"completed", true}});
  if (candidates.empty()) return done(std::string());
  link_->trickle(std::move(candidates),
                 [weak = weak_from_this(), done = std::move(done)](LinkResult<PluginAnswer> taken) mutable {
                   auto self = weak.lock();
                   if (!self) return;
                   if (!taken) return done(std::unexpected(self->problem(taken.error())));
                   done(std::string());
                 });
}

bool WhipSession::is_restart(const sdp::IceFragment& fragment) const {
  return !fragment.ufrag.empty() && (fragment.ufrag != remote_.ufrag || fragment.password != remote_.password);
}

void WhipSession::restart(const sdp::IceFragment& fragment, Text done) {
  restarting_ = true;
  sdp::SessionDescription offer = offer_;
  sdp::restart_ice(offer, fragment);
  auto answered = [weak = weak_from_this(), offer, done = std::move(done)](LinkResult<PluginAnswer> answer) mutable {
    auto self = weak.lock();
    if (!self) return;
    self->restarting_ = false;
    if (!answer) return done(std::unexpected(self->problem(answer.error())));
    auto parsed = sdp::parse_sdp(answer->sdp);
    if (!parsed) return done(std::unexpected(Problem{.status = 500, .detail = "The media server gave no answer"}));
    self->offer_ = std::move(offer);
    self->remote_ = sdp::ice_of(self->offer_);
    self->new_etag();
    // The new path has its own chance, whatever became of the old one.
    if (self->up_) self->set_limit(0);
    done(sdp::write_ice_fragment(sdp::ice_of(*parsed)));
  };
  link_->send(again_request(spec_.target, spec_.access), sdp::write_sdp(offer), std::move(answered));
}

void WhipSession::choose_layer(const JsonObject& body, Text done) {
  auto request = layer_request(body, layered_);
  if (!request) return done(std::unexpected(Problem{.status = 422, .detail = request.error()}));
  link_->send(std::move(*request), {},
              [weak = weak_from_this(), done = std::move(done)](LinkResult<PluginAnswer> answer) mutable {
                auto self = weak.lock();
                if (!self) return;
                if (!answer) return done(std::unexpected(self->problem(answer.error())));
                done(std::string());
              });
}

void WhipSession::on_plugin(const JsonObject& data) {
  if (!plays() || !established_) return;
  if (auto shown = shows_something(data)) return events_.tell(*shown ? "active" : "inactive", JsonObject{});
  const Json* event = data.if_contains("event");
  if (event == nullptr || !event->is_string()) return;
  std::string_view name = event->get_string();
  if (name == "publisher-left" || name == "rtsp-disconnected") events_.tell("inactive", JsonObject{});
  if (name == "publisher-joined" || name == "rtsp-reconnected") events_.tell("active", JsonObject{});
}

void WhipSession::on_core(std::string_view what) {
  if (what == "webrtcup") {
    up_ = true;
    return set_limit(0);
  }
  if (what == "ice-failed") return set_limit(config_.recovery_timeout);
  if (what == "hangup" || what == "detached" || what == "timeout" || what == "over") end();
}

// 0: none.
void WhipSession::set_limit(uint32_t seconds) {
  if (limit_) context_.executor().cancel(std::exchange(limit_, {}));
  if (seconds == 0) return;
  limit_ = context_.executor().call_after(std::chrono::seconds(seconds), [this] {
    limit_ = {};
    log::info("[whip]", "Session of {} ends: {}", spec_.address, up_ ? "no path to it any more" : "no media came up");
    end();
  });
}

void WhipSession::end() {
  if (closed_) return;
  auto keep = shared_from_this();
  close();
  if (over_) std::exchange(over_, nullptr)(spec_.name);
}

void WhipSession::close() {
  if (std::exchange(closed_, true)) return;
  if (limit_) context_.executor().cancel(std::exchange(limit_, {}));
  if (link_) link_->close();
  events_.end();
  Problem gone{.status = 503,
               .detail = "The session ended before it was there",
               .retry_after = static_cast<int>(config_.retry_after)};
  if (opening_) std::exchange(opening_, nullptr)(std::unexpected(std::move(gone)));
}

}  // namespace limen::whip
