#include "plugins/audiobridge/room.hpp"

#include "base/log.hpp"
#include "plugins/audiobridge/participant.hpp"
#include "plugins/audiobridge/room_mixer.hpp"
#include "plugins/audiobridge/room_verbs.hpp"
#include "plugins/audiobridge/rooms.hpp"

namespace limen::audiobridge {
namespace {

MixerSettings mixer_settings(const RoomSettings& s) {
  return {.rate = s.sampling_rate,
          .channels = s.channels(),
          .groups = s.groups.size(),
          .expected_loss = s.default_expectedloss,
          .bitrate = s.default_bitrate};
}

// What the mixer tells is taken to the room on the control thread, if it is still there.
MixerObserver mixer_observer(Rooms& rooms, MixerId mixer) {
  Executor& control = rooms.context().executor();
  auto with_room = [&rooms, &control, mixer](std::move_only_function<void(Room&)> task) {
    control.post([&rooms, mixer, task = std::move(task)]() mutable {
      if (Room* room = rooms.find(mixer)) task(*room);
    });
  };
  MixerObserver observer;
  observer.started = [with_room](uint64_t key) { with_room([key](Room& room) { room.on_file_started(key); }); };
  observer.ended = [with_room](uint64_t key) { with_room([key](Room& room) { room.on_file_ended(key); }); };
  observer.hungry = [with_room, &rooms](uint64_t key) {
    with_room([key, &rooms](Room& room) { read_more(rooms, room, key); });
  };
  observer.forward_failed = [with_room](uint32_t stream_id, std::string why) {
    with_room([stream_id, why = std::move(why)](Room& room) {
      log::error("", "AudioBridge: room {}: forwarder {} cannot be: {}", room.id().text(), stream_id, why);
      room.forwards.erase(stream_id);
    });
  };
  return observer;
}

// An id of text may be anything, but it does not choose the folder.
std::string in_file_name(const Id& id) {
  std::string out = id.text();
  for (char& c : out) {
    if (c == '/' || c == '\\' || c == '\0') c = '_';
  }
  return out;
}

}  // namespace

Room::Room(Rooms& rooms, Id id, RoomSettings settings, MixerId mixer)
    : rooms_(rooms),
      id_(std::move(id)),
      settings_(std::move(settings)),
      mixer_(rooms.context(), mixer, mixer_settings(settings_), mixer_observer(rooms, mixer)) {}

Room::~Room() {
  stop_recording();
}

void Room::add(Participant& member) {
  members_[member.id()] = &member;
}

void Room::remove(Participant& member) {
  members_.erase(member.id());
}

Participant* Room::find(const Id& member) const {
  auto found = members_.find(member);
  return found == members_.end() ? nullptr : found->second;
}

void Room::tell_all(const JsonObject& event, const Participant* except) const {
  for (const auto& [id, member] : members_) {
    if (member == except || (member->wishes.suspended && member->wishes.pause_events)) continue;
    member->tell(event);
  }
}

JsonObject Room::list_entry() const {
  const RoomSettings& s = settings_;
  return JsonObject{{"room", id_.json()},
                    {"description", s.description},
                    {"pin_required", s.pin.has_value()},
                    {"sampling_rate", s.sampling_rate},
                    {"spatial_audio", s.spatial_audio},
                    {"record", s.record},
                    {"muted", muted_},
                    {"num_participants", members_.size()}};
}

void Room::set_muted(bool muted) {
  muted_ = muted;
  for (const auto& [id, member] : members_) member->apply();
}

Result<> Room::start_recording() {
  if (settings_.record) return {};
  PluginContext& context = rooms_.context();
  media::WavSpec spec;
  std::string name = settings_.record_file;
  if (name.empty()) {
    name = fmt::format("janus-audioroom-{}-{}.wav", in_file_name(id_), context.executor().wall_time().us);
  }
  spec.path = settings_.record_dir;
  if (!spec.path.empty() && spec.path.back() != '/') spec.path += '/';
  spec.path += name;
  spec.tmp_extension = rooms_.general().record_tmp_ext;
  spec.rate = settings_.sampling_rate;
  spec.channels = settings_.channels();
  auto file = media::WavFile::open(context, std::move(spec), [&rooms = rooms_, room = id_.json(), name](Result<> end) {
    if (end) rooms.notify(nullptr, JsonObject{{"event", "recordingdone"}, {"room", room}, {"record_file", name}});
  });
  if (!file) return std::unexpected(file.error());
  recording_ = std::move(*file);
  settings_.record = true;
  mixer_.post([recording = recording_](RoomMixer& mixer) mutable { mixer.record(std::move(recording)); });
  return {};
}

void Room::stop_recording() {
  if (!std::exchange(settings_.record, false)) return;
  mixer_.post([](RoomMixer& mixer) { mixer.record(nullptr); });
  if (recording_) recording_->close();
  recording_.reset();
}

void Room::record_participants(bool record) {
  if (std::exchange(settings_.mjrs, record) == record) return;
  for (const auto& [id, member] : members_) member->record(record);
}

void Room::add_forward(Forward forward) {
  forwards[forward.stream_id] = forward;
  mixer_.post([forward = std::move(forward)](RoomMixer& mixer) mutable { mixer.add_forward(std::move(forward)); });
}

void Room::remove_forward(uint32_t stream_id) {
  if (forwards.erase(stream_id) == 0) return;
  mixer_.post([stream_id](RoomMixer& mixer) { mixer.remove_forward(stream_id); });
}

void Room::add_file(const std::string& file_id, Announcement file) {
  mixer_.post([key = file.key, group = file.group](RoomMixer& mixer) { mixer.add_announcement(key, group); });
  files.emplace(file_id, std::move(file));
}

void Room::remove_file(const std::string& file_id) {
  auto gone = files.extract(file_id);
  if (gone.empty()) return;
  mixer_.post([key = gone.mapped().key](RoomMixer& mixer) { mixer.remove_announcement(key); });
  if (gone.mapped().started) tell_file("announcement-stopped", file_id);
}

std::pair<const std::string, Announcement>* Room::find_file(uint64_t key) {
  for (auto& file : files) {
    if (file.second.key == key) return &file;
  }
  return nullptr;
}

void Room::on_file_started(uint64_t key) {
  auto* file = find_file(key);
  if (file == nullptr || std::exchange(file->second.started, true)) return;
  tell_file("announcement-started", file->first);
}

void Room::on_file_ended(uint64_t key) {
  if (auto* file = find_file(key)) remove_file(std::string(file->first));
}

void Room::tell_file(std::string_view what, const std::string& file_id) {
  tell_all(JsonObject{{"audiobridge", what}, {"room", id_.json()}, {"file_id", file_id}});
  rooms_.notify(nullptr, JsonObject{{"event", what}, {"room", id_.json()}, {"file_id", file_id}});
}

}  // namespace limen::audiobridge
