#include "plugins/streaming/streaming_handle.hpp"

#include <algorithm>
#include <array>

#include "plugins/streaming/mountpoint_verbs.hpp"
#include "plugins/streaming/mountpoints.hpp"

namespace limen::streaming {
namespace {

// Requests that are acknowledged and answered by an event.
constexpr std::array<std::string_view, 7> kAsync{"watch", "start", "pause", "stop", "configure", "switch", "publish"};

// What requests need of a token that grants rights on mountpoints (docs/authentication.md); all others, to administer.
constexpr std::array kNeeded{
    RequestRights{.request = "list"},
    RequestRights{.request = "info", .any = true},
    RequestRights{.request = "watch", .rights = Right::subscribe},
    RequestRights{.request = "switch", .rights = Right::subscribe},
    RequestRights{.request = "start"},
    RequestRights{.request = "pause"},
    RequestRights{.request = "stop"},
    RequestRights{.request = "configure"},
    RequestRights{.request = "publish", .rights = Right::publish},
    RequestRights{.request = "create", .rights = Right::create},
};

Json as_json(StreamResult<JsonObject> result) {
  if (!result) return error_body(result.error());
  return std::move(*result);
}

}  // namespace

std::string lower_name(std::string_view name) {
  std::string out(name);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

void StreamingHandle::on_message(Message message, Reply reply) {
  auto request = read<AnyRequest>(message.body);
  if (!request) return reply.success(error_body(request.error()));
  std::string name = lower_name(request->request);
  if (const MountpointVerb* verb = find_mountpoint_verb(name)) {
    MountpointCall call{mountpoints_, message.body, self_};
    if (verb->run != nullptr) return reply.success(as_json(verb->run(call)));
    return verb->later(call, [reply = std::move(reply)](StreamResult<JsonObject> result) mutable {
      reply.success(as_json(std::move(result)));
    });
  }
  if (std::ranges::find(kAsync, name) == kAsync.end()) {
    StreamError unknown{ErrorCode::invalid_request, fmt::format("Unknown request '{}'", request->request)};
    return reply.success(error_body(unknown));
  }
  reply.ack();
  auto outcome = run(name, message);
  if (!outcome) return context_.push_event(message.transaction, error_body(outcome.error()));
  if (!outcome->silent) {
    JsonObject event{{"streaming", "event"}, {"result", std::move(outcome->result)}};
    context_.push_event(message.transaction, std::move(event), std::move(outcome->jsep));
  }
  if (outcome->close) context_.close_peer_connection();
}

NeededRights StreamingHandle::needed_rights(const JsonObject& body, bool) const {
  return needed_by_table(body, kNeeded, "request", "id");
}

StreamResult<ViewerReply> StreamingHandle::publish(const Message& message) {
  if (viewer_.has_watched()) {
    return refuse(ErrorCode::invalid_request, "This attachment watches: publish with another one");
  }
  if (!publication_) publication_ = std::make_unique<Publication>(mountpoints_, context_);
  auto answer = publication_->publish(message);
  if (!answer) return passed_on(answer);
  return ViewerReply{.result = JsonObject{{"status", "publishing"}}, .jsep = std::move(*answer)};
}

StreamResult<ViewerReply> StreamingHandle::run(const std::string& name, const Message& message) {
  if (name == "publish") return publish(message);
  if (publication_) return refuse(ErrorCode::invalid_request, "This attachment publishes: watch with another one");
  if (name == "watch") return viewer_.watch(message);
  if (name == "start") return viewer_.start(message);
  if (name == "pause") return viewer_.pause();
  if (name == "stop") return viewer_.stop();
  if (name == "configure") return viewer_.configure(message.body);
  return viewer_.switch_to(message.body);
}

}  // namespace limen::streaming
