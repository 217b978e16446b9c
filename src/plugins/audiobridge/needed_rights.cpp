// What requests need of a token that grants rights in rooms (docs/authentication.md). Who may only join listens: it has
// to come in muted, and cannot unmute itself.
#include <array>

#include "plugins/audiobridge/bridge_handle.hpp"
#include "plugins/audiobridge/room.hpp"

namespace limen::audiobridge {
namespace {

constexpr std::array kRequests{
    RequestRights{.request = "list"},
    RequestRights{.request = "exists"},
    RequestRights{.request = "leave"},
    RequestRights{.request = "hangup"},
    RequestRights{.request = "listparticipants", .any = true},
    RequestRights{.request = "listannouncements", .any = true},
    RequestRights{.request = "is_playing", .any = true},
    RequestRights{.request = "create", .rights = Right::create},
};

bool muted(const JsonObject& body, bool otherwise) {
  const Json* value = body.if_contains("muted");
  return value != nullptr && value->is_bool() ? value->get_bool() : otherwise;
}

}  // namespace

NeededRights BridgeHandle::needed_rights(const JsonObject& body, bool) const {
  std::string name = request_name(body);
  NeededRights out;
  if (name == "join" || name == "changeroom") {
    out.rights = muted(body, false) ? Right::join : Right::publish;
    out.object = object_name(body, "room");
    return out;
  }
  if (name != "configure") return needed_by_table(body, kRequests);
  if (!participant_ || muted(body, true)) return out;
  out.rights = Right::publish;
  out.object = participant_->room().id().text();
  return out;
}

}  // namespace limen::audiobridge
