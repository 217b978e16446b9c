// Requests about announcements: Ogg Opus files that are played in a room (contract, section 3).
#include "base/log.hpp"
#include "plugins/audiobridge/mix_announcement.hpp"
#include "plugins/audiobridge/requests.hpp"
#include "plugins/audiobridge/room_mixer.hpp"
#include "plugins/audiobridge/room_verbs.hpp"
#include "plugins/audiobridge/rooms.hpp"

namespace limen::audiobridge {
namespace {

constexpr size_t kMostFiles = 32;  // of one room

BridgeResult<Room*> files_of_room(const RoomCall& call) {
  auto room = call.rooms.access(call.body);
  if (!room || !call.rooms.general().lock_play_file) return room;
  if (auto good = check_admin_key<ErrorCode>(call.body, call.rooms.general().admin_key); !good) return passed_on(good);
  return room;
}

JsonObject answer_about(const Room& room, const std::string& file_id) {
  return {{"audiobridge", "success"}, {"room", room.id().json()}, {"file_id", file_id}};
}

BridgeResult<std::optional<size_t>> read_group(const Room& room, const PlayRequest& request) {
  if (room.settings().groups.empty()) return std::nullopt;
  if (!request.group) return refuse(ErrorCode::missing_element, "Missing mandatory element (group)");
  auto group = room.settings().group(*request.group);
  if (!group) return refuse(ErrorCode::no_such_group, "No such group ({})", *request.group);
  return group;
}

std::string free_file_id(Rooms& rooms, const Room& room) {
  while (true) {
    std::string id = rooms.context().random().text(15, "abcdefghijklmnopqrstuvwxyz0123456789");
    if (!room.files.contains(id)) return id;
  }
}

struct Opened {
  std::unique_ptr<media::OggOpusFile> file;
  std::string why;  // there is none
};

BridgeResult<JsonObject> begin_playing(Rooms& rooms, const Id& id, const PlayRequest& request, Opened& opened) {
  Room* room = rooms.find(id);
  if (room == nullptr) return refuse(ErrorCode::no_such_room, "No such room ({})", id.text());
  auto group = read_group(*room, request);
  if (!group) return passed_on(group);
  std::string file_id = request.file_id.value_or("");
  if (file_id.empty()) file_id = free_file_id(rooms, *room);
  if (room->files.contains(file_id)) return refuse(ErrorCode::id_exists, "File ID exists ({})", file_id);
  if (room->files.size() >= kMostFiles) return refuse(ErrorCode::unknown, "Too many files are played in this room");
  if (!opened.file) {
    log::warning("", "AudioBridge: nothing is played in room {}: {}", id.text(), opened.why);
    return refuse(ErrorCode::unknown, "Error opening file");
  }
  Announcement announcement;
  announcement.filename = request.filename;
  announcement.loop = request.loop.value_or(false);
  announcement.key = rooms.next_key();
  announcement.group = *group;
  announcement.file = std::move(opened.file);
  uint64_t key = announcement.key;
  room->add_file(file_id, std::move(announcement));
  read_more(rooms, *room, key);
  return answer_about(*room, file_id);
}

}  // namespace

void play_file(const RoomCall& call, RoomAnswer answer) {
  auto request = read<PlayRequest>(call.body);
  if (!request) return answer(passed_on(request));
  auto room = files_of_room(call);
  if (!room) return answer(passed_on(room));
  if (auto group = read_group(**room, *request); !group) return answer(passed_on(group));
  if (request->file_id && (*room)->files.contains(*request->file_id)) {
    return answer(refuse(ErrorCode::id_exists, "File ID exists ({})", *request->file_id));
  }
  auto opened = std::make_shared<Opened>();
  call.rooms.context().background().run(
      [opened, path = request->filename] {
        auto file = media::OggOpusFile::open(path);
        if (file) opened->file = std::move(*file);
        else opened->why = file.error().text;
      },
      call.rooms.context().executor(),
      [opened, &rooms = call.rooms, id = (*room)->id(), request = *request, answer = std::move(answer)]() mutable {
        answer(begin_playing(rooms, id, request, *opened));
      });
}

void read_more(Rooms& rooms, Room& room, uint64_t announcement) {
  auto* found = room.find_file(announcement);
  if (found == nullptr || std::exchange(found->second.reading, true)) return;
  auto block = std::make_shared<media::OggOpusFile::Block>();
  rooms.context().background().run(
      [block, file = found->second.file, loop = found->second.loop] {
        *block = file->read(MixAnnouncement::kBlock, loop);
      },
      rooms.context().executor(),
      [block, &rooms, mixer = room.mixer().id(), announcement] {
        Room* still = rooms.find(mixer);
        auto* file = still == nullptr ? nullptr : still->find_file(announcement);
        if (file == nullptr) return;
        file->second.reading = false;
        still->mixer().post([block, announcement](RoomMixer& to) { to.feed(announcement, std::move(*block)); });
      });
}

BridgeResult<JsonObject> is_playing(const RoomCall& call) {
  auto request = read<FileRequest>(call.body);
  if (!request) return passed_on(request);
  auto room = files_of_room(call);
  if (!room) return passed_on(room);
  JsonObject out = answer_about(**room, request->file_id);
  out["playing"] = (*room)->files.contains(request->file_id);
  return out;
}

BridgeResult<JsonObject> stop_file(const RoomCall& call) {
  auto request = read<FileRequest>(call.body);
  if (!request) return passed_on(request);
  auto room = files_of_room(call);
  if (!room) return passed_on(room);
  (*room)->remove_file(request->file_id);
  return answer_about(**room, request->file_id);
}

BridgeResult<JsonObject> stop_all_files(const RoomCall& call) {
  auto room = files_of_room(call);
  if (!room) return passed_on(room);
  JsonArray started;
  std::vector<std::string> all;
  for (const auto& [id, file] : (*room)->files) {
    all.push_back(id);
    if (file.started) started.emplace_back(id);
  }
  for (const std::string& id : all) (*room)->remove_file(id);
  return JsonObject{{"audiobridge", "success"}, {"room", (*room)->id().json()}, {"file_id_list", std::move(started)}};
}

BridgeResult<JsonObject> list_files(const RoomCall& call) {
  auto room = files_of_room(call);
  if (!room) return passed_on(room);
  JsonArray list;
  for (const auto& [id, file] : (*room)->files) {
    list.push_back(
        JsonObject{{"file_id", id}, {"filename", file.filename}, {"playing", file.started}, {"loop", file.loop}});
  }
  return JsonObject{
      {"audiobridge", "announcements"}, {"room", (*room)->id().json()}, {"announcements", std::move(list)}};
}

}  // namespace limen::audiobridge
