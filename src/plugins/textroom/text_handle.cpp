#include "plugins/textroom/text_handle.hpp"

#include <array>

#include "config/describe.hpp"
#include "wire/sdp/offer_answer.hpp"

namespace limen::textroom {
namespace {

// What requests need of a token that grants rights in rooms (docs/authentication.md), over the API and over the data
// channel; all others, to administer.
constexpr std::array kNeeded{
    RequestRights{.request = "setup"},
    RequestRights{.request = "ack"},
    RequestRights{.request = "restart"},
    RequestRights{.request = "list"},
    RequestRights{.request = "exists"},
    RequestRights{.request = "leave"},
    RequestRights{.request = "listparticipants", .any = true},
    RequestRights{.request = "join", .rights = Right::join},
    RequestRights{.request = "message", .rights = Right::publish},
    RequestRights{.request = "create", .rights = Right::create},
};

}  // namespace

TextHandle::TextHandle(HandleContext& context, TextService& service) : context_(context), service_(service) {
  context_.install_media([this](MediaContext& media) -> std::unique_ptr<MediaHandler> {
    // Posted closures are dropped when this handle has gone, so `this` is there when they run.
    return std::make_unique<TextMedia>(media, [this, &media](DataMessage message) {
      media.post_control([this, message = std::move(message)]() mutable { on_data(std::move(message)); });
    });
  });
}

TextHandle::~TextHandle() {
  service_.leave_all(*this);
}

void TextHandle::on_message(Message message, Reply reply) {
  const Json* request = message.body.if_contains("request");
  if (request == nullptr) {
    TextError error{TextErrorCode::missing_element, "Missing mandatory element (request)"};
    return reply.success(error_object(error, "event"));
  }
  if (!request->is_string()) {
    TextError error{TextErrorCode::invalid_element, "Invalid element type (request should be a string)"};
    return reply.success(error_object(error, "event"));
  }
  std::string name(request->get_string());
  if (run_setup(name, message.transaction, reply)) return;
  if (!TextService::is_api_request(name)) {
    TextError error{TextErrorCode::invalid_request, fmt::format("Unknown request '{}'", name)};
    return reply.success(error_object(error, "event"));
  }
  if (!message.body.contains("textroom")) message.body["textroom"] = name;
  message.body["transaction"] = message.transaction;
  std::optional<JsonObject> answer = service_.run(message.body, this, Door::janus_api);
  reply.success(answer ? Json(std::move(*answer)) : Json(JsonObject{{"textroom", "success"}}));
}

NeededRights TextHandle::needed_rights(const JsonObject& body, bool) const {
  NeededRights named = needed_by_table(body, kNeeded);
  // The service goes by another member if there is one.
  if (!body.contains("textroom")) return named;
  NeededRights inner = needed_by_table(body, kNeeded, "textroom");
  named.rights |= inner.rights;
  named.any = named.any || inner.any;
  if (named.object.empty()) named.object = inner.object;
  return named;
}

bool TextHandle::run_setup(std::string_view name, const std::string& transaction, Reply& reply) {
  bool setup = config::same_text(name, "setup"), restart = config::same_text(name, "restart");
  if (!setup && !restart && !config::same_text(name, "ack")) return false;
  reply.ack();
  if (setup && set_up_) {
    TextError error{TextErrorCode::already_setup, "PeerConnection already setup"};
    context_.push_event(transaction, error_object(error));
  } else if (restart && !set_up_) {
    TextError error{TextErrorCode::already_setup, "PeerConnection not setup"};
    context_.push_event(transaction, error_object(error));
  } else {
    set_up_ = set_up_ || setup;
    std::optional<LocalJsep> jsep = setup || restart ? offer(restart) : std::nullopt;
    context_.push_event(transaction, JsonObject{{"textroom", "event"}, {"result", "ok"}}, std::move(jsep));
  }
  return true;
}

std::optional<LocalJsep> TextHandle::offer(bool restart) const {
  sdp::OfferOptions options;
  options.session_name = "Limen TextRoom plugin";
  sdp::MediaOffer data;
  data.kind = MediaKind::data;
  options.media.push_back(std::move(data));
  return LocalJsep{.type = "offer", .sdp = sdp::write_sdp(sdp::make_offer(options)), .restart = restart, .e2ee = false};
}

void TextHandle::on_data(DataMessage message) {
  context_.post_media(
      [size = message.bytes.size()](MediaHandler& handler) { static_cast<TextMedia&>(handler).taken(size); });
  auto json = parse_json(as_text(message.bytes));
  if (!json) return;  // not even an error: that is how clients know it
  // An array has no members: it is a request that lacks them all.
  const JsonObject body = json->is_object() ? std::move(json->get_object()) : JsonObject();
  NeededRights needed = needed_by_table(body, kNeeded, "textroom");
  auto answer = context_.permits(needed) ? service_.run(body, this, Door::data_channel) : refused(body, needed);
  if (answer) send(service_.text(*answer));
}

JsonObject TextHandle::refused(const JsonObject& body, const NeededRights& needed) {
  JsonObject out = error_object({TextErrorCode::unauthorized, fmt::format("Provided token can't {}", text_of(needed))});
  const Json* transaction = body.if_contains("transaction");
  if (transaction != nullptr && transaction->is_string()) out["transaction"] = *transaction;
  return out;
}

void TextHandle::on_hangup(std::string_view) {
  service_.leave_all(*this);
}

void TextHandle::send(SharedText text) {
  context_.post_media([text = std::move(text)](MediaHandler& handler) { static_cast<TextMedia&>(handler).send(text); });
}

void TextHandle::notify(const JsonObject& event) {
  context_.notify_event(event);
}

}  // namespace limen::textroom
