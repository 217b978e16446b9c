#include "plugins/streaming/mountpoint_verbs.hpp"

#include <algorithm>
#include <array>

#include "base/constant_time.hpp"
#include "plugins/streaming/mountpoint_keys.hpp"
#include "plugins/streaming/mountpoints.hpp"
#include "plugins/streaming/viewer.hpp"

namespace limen::streaming {
namespace {

constexpr std::array kVerbs{
    MountpointVerb{.name = "list", .run = list_mountpoints},
    MountpointVerb{.name = "info", .run = mountpoint_info},
    MountpointVerb{.name = "create", .later = create_mountpoint},
    MountpointVerb{.name = "edit", .run = edit_mountpoint},
    MountpointVerb{.name = "destroy", .run = destroy_mountpoint},
    MountpointVerb{.name = "kick_all", .run = kick_viewers},
    MountpointVerb{.name = "enable", .run = enable_mountpoint},
    MountpointVerb{.name = "disable", .run = disable_mountpoint},
    MountpointVerb{.name = "recording", .later = record_mountpoint},
};

struct ListRequest {
  Lenient<std::string> admin_key;
};
template <typename V>
void describe(V& v, ListRequest& r) {
  v.field("admin_key", r.admin_key, "Shows private mountpoints, too");
}

struct CreateRequest {
  std::string type;
  std::optional<bool> permanent;
};
template <typename V>
void describe(V& v, CreateRequest& r) {
  v.field("type", r.type, "rtp, live, ondemand, rtsp or url");
  v.field("permanent", r.permanent, "Write it into the configuration file, too");
}

struct EditRequest {
  std::optional<std::string> description, metadata, secret, pin;
  std::optional<bool> is_private, permanent, edited_event;
};
template <typename V>
void describe(V& v, EditRequest& r) {
  v.field("new_description", r.description, "New description");
  v.field("new_metadata", r.metadata, "New metadata");
  v.field("new_secret", r.secret, "New secret");
  v.field("new_pin", r.pin, "New pin, empty: none");
  v.field("new_is_private", r.is_private, "List it no more, or again");
  v.field("permanent", r.permanent, "Change the configuration file, too");
  v.field("edited_event", r.edited_event, "Tell viewers");
}

struct PermanentRequest {
  std::optional<bool> permanent;
};
template <typename V>
void describe(V& v, PermanentRequest& r) {
  v.field("permanent", r.permanent, "Change the configuration file, too");
}

struct DisableRequest {
  std::optional<bool> stop_recording;
};
template <typename V>
void describe(V& v, DisableRequest& r) {
  v.field("stop_recording", r.stop_recording, "Recordings end, too");
}

void tell(Mountpoints& mountpoints, const Asker& asker, JsonObject news) {
  std::shared_ptr<HandleContext*> handle = asker.lock();
  mountpoints.notify(handle ? *handle : nullptr, std::move(news));
}

StreamResult<> check_permanent(const Mountpoints& mountpoints, const std::optional<bool>& permanent,
                               std::string_view what) {
  if (!permanent.value_or(false) || mountpoints.can_save()) return {};
  return refuse(ErrorCode::unknown, "No configuration file, can't {}", what);
}

// Where it listens, if that is one address or group.
std::string host_of(const MediumSettings& medium) {
  if (!medium.multicast.empty()) return medium.multicast;
  if (medium.interface.empty()) return {};
  auto address = interface_address(medium.interface);
  return address ? address->to_string() : std::string();
}

JsonArray port_list(const MountpointSettings& settings) {
  JsonArray out;
  for (const MediumSettings& medium : settings.media) {
    JsonObject one{{"type", media_kind_name(medium.kind)}, {"mid", medium.mid}};
    if (!medium.msid.empty()) one["msid"] = medium.msid;
    if (std::string host = host_of(medium); !host.empty()) one["host"] = host;
    one["port"] = medium.port;
    if (medium.rtcp_port) one["rtcp_port"] = *medium.rtcp_port;
    if (medium.port2) one["port_2"] = *medium.port2;
    if (medium.port3) one["port_3"] = *medium.port3;
    out.push_back(std::move(one));
  }
  return out;
}

void add_legacy_ports(const MountpointSettings& settings, JsonObject& stream) {
  for (const MediumSettings& medium : settings.media) {
    std::string kind(media_kind_name(medium.kind));
    if (std::string host = host_of(medium); !host.empty()) stream[kind + "_host"] = host;
    stream[kind + "_port"] = medium.port;
    if (medium.rtcp_port) stream[kind + "_rtcp_port"] = *medium.rtcp_port;
    if (medium.port2) stream[kind + "_port_2"] = *medium.port2;
    if (medium.port3) stream[kind + "_port_3"] = *medium.port3;
  }
}

JsonObject created(const Mountpoint& mountpoint, bool permanent) {
  const MountpointSettings& settings = mountpoint.settings();
  JsonObject stream{{"id", mountpoint.id().json()},
                    {"type", type_in_lists(settings.type)},
                    {"description", settings.description},
                    {"is_private", settings.is_private}};
  bool rtp = settings.type == MountpointType::rtp;
  for (const MediumSettings& medium : settings.media) {
    // Older clients look for it here.
    if (std::string host = host_of(medium); rtp && !settings.legacy_form && !host.empty()) stream["host"] = host;
  }
  if (rtp && settings.legacy_form) add_legacy_ports(settings, stream);
  else if (rtp) stream["ports"] = port_list(settings);
  JsonObject out{
      {"streaming", "created"}, {"created", settings.name}, {"permanent", permanent}, {"stream", std::move(stream)}};
  if (rtp && settings.legacy_form) out["warning"] = "deprecated_api";
  return out;
}

StreamResult<> check_interfaces(const MountpointSettings& settings) {
  for (const MediumSettings& medium : settings.media) {
    if (medium.interface.empty() || interface_address(medium.interface)) continue;
    return refuse(ErrorCode::cannot_create, "Invalid network interface configuration for {}",
                  settings.legacy_form ? media_kind_name(medium.kind) : "media stream");
  }
  return {};
}

struct Creation {
  MountpointId id;
  MountpointSettings settings;
  bool permanent = false;
};

StreamResult<Creation> read_creation(const MountpointCall& call) {
  Mountpoints& mountpoints = call.mountpoints;
  if (auto good = check_admin_key<ErrorCode>(call.body, mountpoints.general().admin_key); !good) return passed_on(good);
  auto request = read<CreateRequest>(call.body);
  if (!request) return passed_on(request);
  auto id = read_id(call.body, mountpoints.strings(), false);
  if (!id) return passed_on(id);
  auto common = read<CommonKeys>(call.body);
  if (!common) return passed_on(common);
  if (auto good = check_permanent(mountpoints, request->permanent, "create permanent mountpoint"); !good) {
    return passed_on(good);
  }
  auto type = type_from(request->type);
  if (type && *type == MountpointType::rtp) {
    if (auto good = check_rtp_types(call.body); !good) return passed_on(good);
  }
  Creation out;
  out.permanent = request->permanent.value_or(false);
  out.id = id->has_value() && !(*id)->empty() ? **id : mountpoints.free_id();
  if (mountpoints.is_taken(out.id)) {
    return refuse(ErrorCode::cannot_create, "A stream with the provided ID already exists");
  }
  if (!type) {
    mountpoints.reserve(out.id);
    return passed_on(type);
  }
  auto settings = settings_from_request(*type, call.body);
  if (!settings) return passed_on(settings);
  if (auto good = check_interfaces(*settings); !good) return passed_on(good);
  out.settings = std::move(*settings);
  return out;
}

}  // namespace

const MountpointVerb* find_mountpoint_verb(std::string_view name) {
  auto found = std::ranges::find(kVerbs, name, &MountpointVerb::name);
  return found == kVerbs.end() ? nullptr : &*found;
}

StreamResult<JsonObject> list_mountpoints(const MountpointCall& call) {
  auto request = read<ListRequest>(call.body);
  if (!request) return passed_on(request);
  const std::string& key = call.mountpoints.general().admin_key;
  bool all = false;
  if (!key.empty() && request->admin_key && !request->admin_key->empty()) {
    if (auto good = check_admin_key<ErrorCode>(call.body, key); !good) return passed_on(good);
    all = true;
  }
  JsonArray list;
  for (const auto& [id, mountpoint] : call.mountpoints.all()) {
    if (all || !mountpoint->settings().is_private) list.push_back(mountpoint->list_entry());
  }
  return JsonObject{{"streaming", "list"}, {"list", std::move(list)}};
}

StreamResult<JsonObject> mountpoint_info(const MountpointCall& call) {
  auto id = require_id(call.body, call.mountpoints.strings());
  if (!id) return passed_on(id);
  const Mountpoint* mountpoint = call.mountpoints.find(*id);
  if (mountpoint == nullptr) return no_such_mountpoint(*id);
  const std::optional<std::string>& secret = mountpoint->settings().secret;
  // What is no text hides what is not for everybody, as a wrong secret does.
  const Json* given = call.body.if_contains("secret");
  bool text = given != nullptr && given->is_string();
  bool admin = !secret || (text && constant_time_equal(std::string_view(given->get_string()), *secret));
  return JsonObject{{"streaming", "info"}, {"info", mountpoint->info(admin)}};
}

void create_mountpoint(const MountpointCall& call, MountpointAnswer answer) {
  auto creation = read_creation(call);
  if (!creation) return answer(passed_on(creation));
  auto done = [&mountpoints = call.mountpoints, asker = call.asker, permanent = creation->permanent,
               answer = std::move(answer)](StreamResult<Mountpoint*> made) mutable {
    if (!made) return answer(passed_on(made));
    tell(mountpoints, asker,
         JsonObject{
             {"event", "created"}, {"id", (*made)->id().json()}, {"type", type_in_lists((*made)->settings().type)}});
    bool saved = permanent && mountpoints.save(**made);
    answer(created(**made, saved));
  };
  call.mountpoints.create(creation->id, std::move(creation->settings), std::move(done));
}

StreamResult<JsonObject> edit_mountpoint(const MountpointCall& call) {
  auto request = read<EditRequest>(call.body);
  if (!request) return passed_on(request);
  auto id = require_id(call.body, call.mountpoints.strings());
  if (!id) return passed_on(id);
  if (call.mountpoints.find(*id) == nullptr) {
    return refuse(ErrorCode::no_such_mountpoint, "No such mountpoint ({})", id->text());
  }
  auto mountpoint = call.mountpoints.access(call.body);
  if (!mountpoint) return passed_on(mountpoint);
  if (auto good = check_permanent(call.mountpoints, request->permanent, "edit mountpoint permanently"); !good) {
    return passed_on(good);
  }
  Mountpoint& own = **mountpoint;
  bool news = !request->metadata || *request->metadata != own.settings().metadata;
  for (MountpointSettings* settings : {&own.settings(), &own.configured()}) {
    if (request->description && !request->description->empty()) settings->description = *request->description;
    if (request->metadata) settings->metadata = *request->metadata;
    if (request->secret && !request->secret->empty()) settings->secret = *request->secret;
    if (request->pin) settings->pin = request->pin->empty() ? std::nullopt : request->pin;
    if (request->is_private) settings->is_private = *request->is_private;
  }
  bool saved = request->permanent.value_or(false) && call.mountpoints.save(own);
  if (request->edited_event.value_or(false) && news) {
    JsonObject event{{"event", "edited"}, {"id", own.id().json()}};
    if (own.settings().metadata) event["metadata"] = *own.settings().metadata;
    own.tell_all(event);
  }
  tell(call.mountpoints, call.asker, JsonObject{{"event", "edited"}, {"id", own.id().json()}});
  return JsonObject{{"streaming", "edited"}, {"id", own.id().json()}, {"permanent", saved}};
}

StreamResult<JsonObject> destroy_mountpoint(const MountpointCall& call) {
  auto request = read<PermanentRequest>(call.body);
  if (!request) return passed_on(request);
  auto mountpoint = call.mountpoints.access(call.body);
  if (!mountpoint) return passed_on(mountpoint);
  if (auto good = check_permanent(call.mountpoints, request->permanent, "destroy mountpoint permanently"); !good) {
    return passed_on(good);
  }
  if (request->permanent.value_or(false)) call.mountpoints.forget_saved(**mountpoint);
  Json id = (*mountpoint)->id().json();
  call.mountpoints.destroy(**mountpoint);
  tell(call.mountpoints, call.asker, JsonObject{{"event", "destroyed"}, {"id", id}});
  return JsonObject{{"streaming", "destroyed"}, {"destroyed", std::move(id)}};
}

StreamResult<JsonObject> kick_viewers(const MountpointCall& call) {
  auto mountpoint = call.mountpoints.access(call.body);
  if (!mountpoint) return passed_on(mountpoint);
  for (Viewer* viewer : std::vector((*mountpoint)->viewers())) viewer->kicked();
  tell(call.mountpoints, call.asker, JsonObject{{"event", "kicked_all"}, {"id", (*mountpoint)->id().json()}});
  return JsonObject{{"streaming", "kicked_all"}};
}

StreamResult<JsonObject> enable_mountpoint(const MountpointCall& call) {
  auto mountpoint = call.mountpoints.access(call.body);
  if (!mountpoint) return passed_on(mountpoint);
  (*mountpoint)->set_enabled(true);
  return JsonObject{{"streaming", "ok"}};
}

StreamResult<JsonObject> disable_mountpoint(const MountpointCall& call) {
  auto request = read<DisableRequest>(call.body);
  if (!request) return passed_on(request);
  auto mountpoint = call.mountpoints.access(call.body);
  if (!mountpoint) return passed_on(mountpoint);
  (*mountpoint)->set_enabled(false);
  if (request->stop_recording.value_or(true)) {
    for (size_t i = 0; i < (*mountpoint)->settings().media.size(); ++i) (*mountpoint)->stop_recording(i);
  }
  return JsonObject{{"streaming", "ok"}};
}

}  // namespace limen::streaming
