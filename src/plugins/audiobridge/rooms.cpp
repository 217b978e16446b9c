#include "plugins/audiobridge/rooms.hpp"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <charconv>
#include <cstring>

#include "base/log.hpp"
#include "config/category_edit.hpp"
#include "plugins/audiobridge/participant.hpp"
#include "plugins/audiobridge/room_verbs.hpp"

namespace limen::audiobridge {
namespace {

constexpr std::string_view kPackage = "janus.plugin.audiobridge";

struct StaticRoom {
  Id id;
  RoomSettings settings;
};

void read_rooms(const config::Node& file, bool strings, std::vector<StaticRoom>& rooms, config::Findings& findings) {
  for (const config::Node& group : file.children) {
    if (group.kind != config::Node::Kind::group || config::same_text(group.name, "general")) continue;
    auto warn = [&](std::string_view text) {
      findings.warnings.push_back(
          fmt::format("{}:{}: room '{}' {}", group.place.file, group.place.line, group.name, text));
    };
    auto id = Id::from_category(group.name, strings);
    if (!id) {
      warn("left out: its id must be a number above 0");
      continue;
    }
    if (std::ranges::any_of(rooms, [&id](const StaticRoom& other) { return other.id == *id; })) {
      warn("left out: there is one already");
      continue;
    }
    RoomKeys keys;
    StaticForward forward;
    std::optional<bool> denoise;
    config::GroupReader reader(&group, findings);
    describe(reader, keys);
    describe(reader, forward);
    reader.field("denoise", denoise, "Not in this build");
    reader.ignore("default_prebuffering");  // the jitter buffer adapts by itself
    reader.ignore("groups");
    reader.finish();
    if (denoise.value_or(false)) warn("asks for noise suppression, which is not in this build");
    auto settings = settings_from_config(keys, group, findings);
    if (!settings) continue;
    settings->forward = std::move(forward);
    rooms.push_back({*id, std::move(*settings)});
  }
}

std::string own_address() {
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return "127.0.0.1";
  std::string out = "127.0.0.1";
  for (const ifaddrs* one = list; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr || one->ifa_addr->sa_family != AF_INET) continue;
    if ((one->ifa_flags & IFF_UP) == 0 || (one->ifa_flags & IFF_LOOPBACK) != 0) continue;
    sockaddr_in v4{};
    std::memcpy(&v4, one->ifa_addr, sizeof v4);
    out = IpAddress::v4(ntohl(v4.sin_addr.s_addr)).to_string();
    break;
  }
  freeifaddrs(list);
  return out;
}

PlainRtpSettings plain_settings(const GeneralSettings& general, const config::Node* group, config::Findings& findings) {
  auto warn = [&](std::string_view key, const std::string& text) {
    const config::Node* node = group == nullptr ? nullptr : group->find(key);
    config::Place place = node == nullptr ? config::Place() : node->place;
    findings.warnings.push_back(fmt::format("{}:{}: {} {}", place.file, place.line, key, text));
  };
  PlainRtpSettings out;
  if (!general.rtp_port_range.empty()) {
    const std::string& text = general.rtp_port_range;
    uint16_t low = 0, high = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), low);
    bool good = error == std::errc() && end != text.data() + text.size() && *end == '-';
    if (good) {
      auto [last, failed] = std::from_chars(end + 1, text.data() + text.size(), high);
      good = failed == std::errc() && last == text.data() + text.size() && low > 0 && low < high;
    }
    if (good) {
      out.min_port = low;
      out.max_port = high;
    } else {
      findings.warnings.push_back(fmt::format("AudioBridge: rtp_port_range '{}' is no range; using 10000-60000", text));
    }
  }
  if (general.local_ip.empty()) {
    out.local_ip = own_address();
  } else if (IpAddress::parse(general.local_ip)) {
    out.local_ip = general.local_ip;
  } else {
    out.local_ip = own_address();
    warn("local_ip", fmt::format("'{}' is no address; using {}", general.local_ip, out.local_ip));
  }
  return out;
}

Result<> read_file(const std::string& folder, GeneralSettings& general, PlainRtpSettings& plain,
                   std::vector<StaticRoom>& rooms, config::Findings& findings) {
  auto file = config::read_module(folder, kPackage);
  if (!file) return std::unexpected(file.error());
  if (*file) config::read_group(**file, "general", general, findings);
  plain = plain_settings(general, *file ? (*file)->find("general") : nullptr, findings);
  if (*file) read_rooms(**file, general.string_ids, rooms, findings);
  return {};
}

}  // namespace

Result<> Rooms::check(const std::string& folder, config::Findings& findings) {
  GeneralSettings general;
  PlainRtpSettings plain;
  std::vector<StaticRoom> rooms;
  return read_file(folder, general, plain, rooms, findings);
}

Result<> Rooms::start(PluginContext& context) {
  context_ = &context;
  config::Findings findings;
  std::vector<StaticRoom> rooms;
  Result<> done = read_file(context.configs_folder(), general_, plain_, rooms, findings);
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

Room* Rooms::find(MixerId mixer) const {
  for (const auto& [id, room] : rooms_) {
    if (room->mixer().id() == mixer) return room.get();
  }
  return nullptr;
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

Room& Rooms::add(Id id, RoomSettings settings) {
  if (settings.description.empty()) settings.description = "Room " + id.text();
  if (settings.signed_tokens && !context_->signed_tokens()) {
    log::warning("", "AudioBridge: room {} cannot check signed tokens, the server does not use them", id.text());
    settings.signed_tokens = false;
  }
  // Rooms are spread over the media loops in turn: one room's mixing is one loop's work.
  uint64_t key = next_key();
  MixerId mixer{static_cast<uint32_t>(key % std::max<uint32_t>(context_->shard_count(), 1)), key};
  auto& room = rooms_[id];
  room = std::make_unique<Room>(*this, id, std::move(settings), mixer);
  if (std::exchange(room->settings().record, false)) {
    if (auto done = room->start_recording(); !done) {
      log::error("", "AudioBridge: room {} is not recorded: {}", id.text(), done.error().text);
    }
  }
  start_static_forward(*this, *room);
  return *room;
}

bool Rooms::save(const Room& room) {
  Result<> done =
      config::save_room(context_->configs_folder(), kPackage, room.id().text(), room_entries(room.settings()));
  if (!done) log::error("", "AudioBridge: room {} is not saved: {}", room.id().text(), done.error().text);
  return done.has_value();
}

bool Rooms::forget_saved(const Id& id) {
  Result<> done = config::remove_room(context_->configs_folder(), kPackage, id.text());
  if (!done) log::error("", "AudioBridge: room {} stays in the configuration: {}", id.text(), done.error().text);
  return done.has_value();
}

void Rooms::destroy(Room& room) {
  JsonObject gone{{"audiobridge", "destroyed"}, {"room", room.id().json()}};
  std::vector<Participant*> everybody;
  for (const auto& [id, member] : room.members()) everybody.push_back(member);
  for (Participant* who : everybody) {
    who->tell(gone);
    HandleContext& context = who->context();
    who->remove(false);
    if (context.has_peer_connection()) context.close_peer_connection();
  }
  rooms_.erase(Id(room.id()));
}

BridgeResult<Room*> Rooms::named(const JsonObject& body) const {
  auto id = require_id(body, "room", strings());
  if (!id) return passed_on(id);
  if (Room* room = find(*id)) return room;
  return refuse(ErrorCode::no_such_room, "No such room ({})", id->text());
}

BridgeResult<Room*> Rooms::access(const JsonObject& body) const {
  auto room = named(body);
  if (!room) return room;
  if (auto good = check_secret<ErrorCode>(body, "secret", (*room)->settings().secret); !good) return passed_on(good);
  return room;
}

BridgeResult<Room*> Rooms::access_any(const JsonObject& body) const {
  if (!require_id(body, "room", strings())) return refuse(ErrorCode::no_such_room, "No such room (0)");
  return access(body);
}

void Rooms::notify(HandleContext* handle, JsonObject data) {
  if (!general_.events || !context_->events_enabled()) return;
  if (handle != nullptr) handle->notify_event(std::move(data));
  else context_->notify_event(std::move(data));
}

}  // namespace limen::audiobridge
