#include "plugins/videoroom/rooms.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "config/category_edit.hpp"
#include "plugins/videoroom/dummy.hpp"
#include "plugins/videoroom/publisher.hpp"

namespace limen::videoroom {
namespace {

constexpr std::string_view kPackage = "janus.plugin.videoroom";

struct StaticRoom {
  Id id;
  RoomSettings settings;
};

Result<> read_file(const std::string& folder, GeneralSettings& general, std::vector<StaticRoom>& rooms,
                   config::Findings& findings) {
  auto file = config::read_module(folder, kPackage);
  if (!file) return std::unexpected(file.error());
  if (!*file) return {};
  config::read_group(**file, "general", general, findings);
  for (const config::Node& group : (*file)->children) {
    if (group.kind != config::Node::Kind::group || config::same_text(group.name, "general")) continue;
    auto warn = [&](std::string_view text) {
      findings.warnings.push_back(
          fmt::format("{}:{}: room '{}' {}", group.place.file, group.place.line, group.name, text));
    };
    auto id = Id::from_category(group.name, general.string_ids);
    if (!id) {
      warn("left out: its id must be a number above 0");
      continue;
    }
    if (std::ranges::any_of(rooms, [&id](const StaticRoom& other) { return other.id == *id; })) {
      warn("left out: there is one already");
      continue;
    }
    RoomKeys keys;
    config::GroupReader reader(&group, findings);
    describe(reader, keys);
    reader.ignore("dummy_streams");
    reader.finish();
    rooms.push_back({*id, settings_from_config(keys, group, findings)});
  }
  return {};
}

}  // namespace

Result<> Rooms::check(const std::string& folder, config::Findings& findings) {
  GeneralSettings general;
  std::vector<StaticRoom> rooms;
  return read_file(folder, general, rooms, findings);
}

Result<> Rooms::start(PluginContext& context) {
  context_ = &context;
  config::Findings findings;
  std::vector<StaticRoom> rooms;
  Result<> done = read_file(context.configs_folder(), general_, rooms, findings);
  findings.log("");
  if (!done) return done;
  can_save_ = config::module_file(context.configs_folder(), kPackage).has_value();
  for (StaticRoom& room : rooms) add(std::move(room.id), std::move(room.settings));
  return {};
}

Room* Rooms::find(const Id& id) const {
  auto found = rooms_.find(id);
  return found == rooms_.end() ? nullptr : found->second.get();
}

Id Rooms::free_id() {
  while (true) {
    Id id = Id::random(context_->random(), strings());
    if (find(id) == nullptr) return id;
  }
}

Id Rooms::free_member_id(const Room& room) {
  while (true) {
    Id id = Id::random(context_->random(), strings());
    if (room.find(id) == nullptr) return id;
  }
}

uint32_t Rooms::free_private_id(const Room& room) {
  while (true) {
    uint32_t id = context_->random().u32();
    if (id != 0 && room.find_private(id) == nullptr) return id;
  }
}

Room& Rooms::add(Id id, RoomSettings settings) {
  if (settings.description.empty()) settings.description = "Room " + id.text();
  if (settings.signed_tokens && !context_->signed_tokens()) {
    log::warning("", "VideoRoom: room {} cannot check signed tokens, the server does not use them", id.text());
    settings.signed_tokens = false;
  }
  auto& room = rooms_[id];
  room = std::make_unique<Room>(id, std::move(settings));
  if (room->settings().dummy_publisher) add_dummy_publisher(*this, *room);
  return *room;
}

bool Rooms::save(const Room& room) {
  Result<> done =
      config::save_room(context_->configs_folder(), kPackage, room.id().text(), room_entries(room.settings()));
  if (!done) log::error("", "VideoRoom: room {} is not saved: {}", room.id().text(), done.error().text);
  return done.has_value();
}

bool Rooms::forget_saved(const Id& id) {
  Result<> done = config::remove_room(context_->configs_folder(), kPackage, id.text());
  if (!done) log::error("", "VideoRoom: room {} stays in the configuration: {}", id.text(), done.error().text);
  return done.has_value();
}

void Rooms::destroy(Room& room) {
  auto taken = rooms_.extract(room.id());
  // By id: a member that is told may leave, but none can join any more.
  std::vector<Publisher*> members;
  for (const auto& [id, member] : room.members()) members.push_back(member);
  for (Publisher* member : members) {
    if (!member->dummy()) member->room_destroyed();
  }
}

RoomResult<> check_forward_key(const Rooms& rooms, const JsonObject& body) {
  if (!rooms.general().lock_rtp_forward) return {};
  return check_admin_key<ErrorCode>(body, rooms.general().admin_key);
}

RoomResult<Room*> Rooms::access(const JsonObject& body) const {
  // These requests do not check the room's name itself: one of another type names no room.
  auto id = read_id(body, "room", strings(), false);
  std::optional<Id> named = id ? *id : std::nullopt;
  return access(named.value_or(strings() ? Id(std::string()) : Id()), body);
}

RoomResult<Room*> Rooms::access(const Id& id, const JsonObject& body) const {
  Room* room = find(id);
  if (room == nullptr) return refuse(ErrorCode::no_such_room, "No such room ({})", id.text());
  if (auto allowed = check_secret<ErrorCode>(body, "secret", room->settings().secret); !allowed)
    return passed_on(allowed);
  return room;
}

Publisher* Rooms::find_member(const Id& room, const Id& member) const {
  Room* found = find(room);
  return found == nullptr ? nullptr : found->find(member);
}

uint16_t Rooms::next_port() {
  last_port_ = last_port_ >= RemoteSpec::kLastPort - 2 ? RemoteSpec::kFirstPort : static_cast<uint16_t>(last_port_ + 2);
  return last_port_;
}

void Rooms::notify(HandleContext* handle, JsonObject data) {
  if (!general_.events || !context_->events_enabled()) return;
  if (handle != nullptr) handle->notify_event(std::move(data));
  else context_->notify_event(std::move(data));
}

}  // namespace limen::videoroom
