#include "plugins/videocall/call_handle.hpp"

#include <array>

#include "base/log.hpp"

namespace limen::videocall {
namespace {

std::unexpected<CallError> refuse(CallErrorCode code, std::string text) {
  return std::unexpected(CallError{code, std::move(text)});
}

// A refused call costs the caller the PeerConnection that the offer began, unless only the offer was wrong.
bool ends_connection(CallErrorCode code) {
  return code != CallErrorCode::missing_sdp && code != CallErrorCode::invalid_sdp;
}

}  // namespace

CallHandle::CallHandle(HandleContext& context, PluginContext& plugin, CallRegistry& registry, bool notify)
    : context_(context), plugin_(plugin), registry_(registry), notify_(notify), id_(registry.add(*this)) {
  context_.install_media([this](MediaContext& media) -> std::unique_ptr<MediaHandler> {
    // Posted closures are dropped when this handle has gone, so `this` is there when they run.
    CallObserver observer;
    observer.layers = [this, &media](media::Layers layers) {
      media.post_control([this, layers] { on_layers(layers); });
    };
    observer.peer_bitrate = [this, &media](uint64_t bps) { media.post_control([this, bps] { peer_bitrate_ = bps; }); };
    return std::make_unique<CallMedia>(media, std::move(observer));
  });
}

CallHandle::~CallHandle() {
  lose_peer();
  registry_.remove(id_, name_);
}

CallHandle::Verb CallHandle::find_verb(std::string_view name) {
  static constexpr std::pair<std::string_view, Verb> kVerbs[] = {
      {"list", &CallHandle::list},     {"register", &CallHandle::enrol}, {"call", &CallHandle::call},
      {"accept", &CallHandle::accept}, {"set", &CallHandle::set},        {"hangup", &CallHandle::hangup}};
  for (const auto& [verb, function] : kVerbs) {
    if (config::same_text(verb, name)) return function;
  }
  return nullptr;
}

NeededRights CallHandle::needed_rights(const JsonObject& body, bool) const {
  // What requests need of a token that grants user names here (docs/authentication.md); all others, to administer.
  static constexpr std::array kNeeded{
      RequestRights{.request = "list"}, RequestRights{.request = "register", .rights = Right::join},
      RequestRights{.request = "call"}, RequestRights{.request = "accept"},
      RequestRights{.request = "set"},  RequestRights{.request = "hangup"},
  };
  return needed_by_table(body, kNeeded, "request", "username");
}

void CallHandle::on_message(Message message, Reply reply) {
  reply.ack();
  auto answer = [&]() -> Result {
    auto request = read_call_request<NamedRequest>(message.body);
    if (!request) return std::unexpected(request.error());
    Verb verb = find_verb(request->request);
    if (verb == nullptr)
      return refuse(CallErrorCode::invalid_request, fmt::format("Unknown request ({})", request->request));
    return (this->*verb)(message);
  }();
  if (answer) return push(std::move(*answer), std::nullopt, message.transaction);
  context_.push_event(message.transaction, JsonObject{{"videocall", "event"},
                                                      {"error_code", static_cast<int>(answer.error().code)},
                                                      {"error", answer.error().text}});
}

void CallHandle::push(JsonObject result, std::optional<LocalJsep> jsep, std::string_view transaction) {
  context_.push_event(transaction, JsonObject{{"videocall", "event"}, {"result", std::move(result)}}, std::move(jsep));
}

void CallHandle::notify(JsonObject body) {
  if (notify_) context_.notify_event(std::move(body));
}

CallHandle::Result CallHandle::list(const Message&) {
  JsonArray names;
  for (const auto& [name, id] : registry_.names()) names.emplace_back(name);
  return JsonObject{{"list", std::move(names)}};
}

CallHandle::Result CallHandle::enrol(const Message& message) {
  if (!name_.empty()) return refuse(CallErrorCode::already_registered, fmt::format("Already registered ({})", name_));
  auto request = read_call_request<UserRequest>(message.body);
  if (!request) return std::unexpected(request.error());
  if (request->username.empty()) return refuse(CallErrorCode::invalid_element, "Invalid value (username is empty)");
  if (!registry_.take_name(id_, request->username)) {
    return refuse(CallErrorCode::username_taken, fmt::format("Username '{}' already taken", request->username));
  }
  name_ = request->username;
  notify(JsonObject{{"event", "registered"}, {"username", name_}});
  return JsonObject{{"event", "registered"}, {"username", name_}};
}

CallResult<CallHandle*> CallHandle::callee_of(const Message& message) {
  if (name_.empty()) return refuse(CallErrorCode::register_first, "Register a username first");
  if (peer_) return refuse(CallErrorCode::already_in_call, "Already in a call");
  if (in_call_) return refuse(CallErrorCode::already_in_call, "Already in a call (but no peer)");
  auto request = read_call_request<UserRequest>(message.body);
  if (!request) return std::unexpected(request.error());
  if (request->username == name_) {
    return refuse(CallErrorCode::use_echo_test, "You can't call yourself... use the EchoTest for that");
  }
  CallHandle* callee = registry_.find(request->username);
  if (callee != nullptr) return callee;
  return refuse(CallErrorCode::no_such_username, fmt::format("Username '{}' doesn't exist", request->username));
}

CallHandle::Result CallHandle::call(const Message& message) {
  auto callee = callee_of(message);
  if (!callee) {
    if (ends_connection(callee.error().code) && context_.has_peer_connection()) context_.close_peer_connection();
    return std::unexpected(callee.error());
  }
  if ((*callee)->peer_ || (*callee)->in_call_) {
    if (context_.has_peer_connection()) context_.close_peer_connection();
    notify(JsonObject{{"event", "hangup"}, {"reason", "User busy"}});
    return JsonObject{{"event", "hangup"}, {"username", name_}, {"reason", "User busy"}};
  }
  if (!message.jsep) return refuse(CallErrorCode::missing_sdp, "Missing SDP");
  auto offer = sdp::parse_sdp(message.jsep->sdp);
  if (!offer) {
    return refuse(CallErrorCode::invalid_sdp, fmt::format("Error parsing offer: {}", offer.error().text));
  }
  begin_call(**callee, *message.jsep);
  return JsonObject{{"event", "calling"}};
}

void CallHandle::begin_call(CallHandle& callee, const RemoteJsep& offer) {
  peer_ = callee.id_;
  callee.peer_ = id_;
  in_call_ = callee.in_call_ = true;
  settings_.e2ee = offer.e2ee;
  if (!offer.simulcast.empty()) settings_.simulcast_mline = static_cast<uint8_t>(offer.simulcast.front().mindex);
  LocalJsep jsep{.type = "offer", .sdp = offer.sdp, .restart = false, .e2ee = offer.e2ee};
  callee.push(JsonObject{{"event", "incomingcall"}, {"username", name_}}, std::move(jsep));
  notify(JsonObject{{"event", "calling"}});
}

CallHandle::Result CallHandle::accept(const Message& message) {
  CallHandle* caller = peer();
  if (caller == nullptr) return refuse(CallErrorCode::no_call, "No incoming call to accept");
  if (!message.jsep) return refuse(CallErrorCode::missing_sdp, "Missing SDP");
  auto answer = sdp::parse_sdp(message.jsep->sdp);
  if (!answer) {
    return refuse(CallErrorCode::invalid_sdp, fmt::format("Error parsing answer: {}", answer.error().text));
  }
  settings_.e2ee = message.jsep->e2ee;
  if (!message.jsep->simulcast.empty()) {
    log::warning("", "[{}/{}] VideoCall: only who calls can simulcast; the callee's is ignored",
                 context_.session_id().value(), context_.handle_id().value());
  }
  CallFacts facts = read_call_facts(*answer);
  take_facts(facts);
  caller->take_facts(facts);
  connect(*caller);
  LocalJsep jsep{.type = "answer", .sdp = message.jsep->sdp, .restart = false, .e2ee = message.jsep->e2ee};
  caller->push(JsonObject{{"event", "accepted"}, {"username", name_}}, std::move(jsep));
  notify(JsonObject{{"event", "accepted"}});
  return JsonObject{{"event", "accepted"}};
}

// From here on media flows both ways.
void CallHandle::connect(CallHandle& caller) {
  for (auto [sender, receiver] : {std::pair(&caller, this), std::pair(this, &caller)}) {
    sender->tell_media(&CallMedia::start, receiver->context_.media_id());
    if (!sender->settings_.simulcast_mline) continue;
    receiver->settings_.spatial_target = receiver->settings_.temporal_target = 2;
    sender->tell_media(&CallMedia::set_simulcast, *sender->settings_.simulcast_mline);
    sender->tell_media(&CallMedia::set_spatial, 2);
    sender->tell_media(&CallMedia::set_temporal, 2);
    sender->tell_media(&CallMedia::set_fallback, Duration(std::chrono::microseconds(receiver->settings_.fallback_us)));
  }
}

void CallHandle::take_facts(const CallFacts& facts) {
  settings_.facts = facts;
  tell_media(&CallMedia::set_mlines, facts.kinds);
}

// What the other side sends, as this side gets it.
void CallHandle::on_layers(media::Layers layers) {
  if (CallHandle* other = peer()) other->receives(layers);
}

void CallHandle::receives(media::Layers layers) {
  media::Layers before = std::exchange(current_, layers);
  auto tell = [this](std::string_view name, int layer) {
    JsonObject news{{"event", "simulcast"}, {"videocodec", codec_name(settings_.facts.video.codec)}};
    news[name] = layer;
    push(std::move(news));
  };
  if (layers.spatial != before.spatial) tell("substream", layers.spatial);
  if (layers.temporal != before.temporal) tell("temporal", layers.temporal);
}

void CallHandle::on_slow_link(const SlowLink& slow) {
  ++slow_links_;
  if (slow.uplink) return;  // loss on the way to the client: counted only
  JsonObject news{{"event", "slow_link"}, {"media", media_kind_name(slow.kind)}};
  if (slow.kind == MediaKind::video) news["current-bitrate"] = settings_.bitrate;
  push(std::move(news));
}

Json CallHandle::query() const {
  const CallHandle* other = peer();
  JsonObject info{{"state", other != nullptr ? "incall" : "idle"}};
  if (!name_.empty()) info["username"] = name_;
  if (other != nullptr) {
    if (!other->name_.empty()) info["peer"] = other->name_;
    info["audio_active"] = settings_.audio;
    info["video_active"] = settings_.video;
    Codec audio = settings_.facts.audio.codec;
    if (audio != Codec::unknown) info["audio_codec"] = codec_name(audio);
    if (audio == Codec::opus) info["audio_red"] = true;  // always said of Opus calls, whether redundant or not
    if (settings_.facts.video.codec != Codec::unknown) info["video_codec"] = codec_name(settings_.facts.video.codec);
    info["bitrate"] = settings_.bitrate;
    info["peer-bitrate"] = peer_bitrate_;
    info["slowlink_count"] = slow_links_;
  }
  if (settings_.simulcast_mline) info["simulcast"] = true;
  if (other != nullptr && other->settings_.simulcast_mline) {
    info["simulcast-peer"] = true;
    info["substream"] = current_.spatial;
    info["substream-target"] = settings_.spatial_target;
    info["temporal-layer"] = current_.temporal;
    info["temporal-layer-target"] = settings_.temporal_target;
    if (settings_.fallback_us > 0) info["fallback"] = settings_.fallback_us;
  }
  if (!settings_.recording.empty()) info["recording"] = settings_.recording;
  info["incall"] = in_call_ ? 1 : 0;
  if (settings_.e2ee) info["e2ee"] = true;
  info["hangingup"] = closing_ ? 1 : 0;
  info["destroyed"] = 0;
  return info;
}

}  // namespace limen::videocall
