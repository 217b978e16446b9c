#include "plugins/audiobridge/participant.hpp"

#include <filesystem>

#include "base/log.hpp"
#include "plugins/audiobridge/room.hpp"
#include "plugins/audiobridge/room_mixer.hpp"
#include "plugins/audiobridge/rooms.hpp"

namespace limen::audiobridge {
namespace {

// An id of text may be anything, but it does not choose the folder.
std::string in_file_name(const Id& id) {
  std::string out = id.text();
  for (char& c : out) {
    if (c == '/' || c == '\\' || c == '\0') c = '_';
  }
  return out;
}

}  // namespace

Participant::Participant(Room& room, HandleContext& context, Stay& stay, const Line& line, Id id, Wishes initial,
                         bool admin)
    : wishes(std::move(initial)),
      room_(room),
      context_(context),
      stay_(stay),
      line_(line),
      id_(std::move(id)),
      admin_(admin),
      key_(room.rooms().next_key()) {
  room_.add(*this);
  room_.mixer().post([key = key_, back = context_.media_id()](RoomMixer& mixer) { mixer.add_member(key, back); });
  tell_media(&ParticipantMedia::enter, room_.mixer().id(), key_);
  apply();
}

Participant::~Participant() {
  record(false);
  tell_media(&ParticipantMedia::leave, key_);
  room_.mixer().post([key = key_](RoomMixer& mixer) { mixer.remove_member(key); });
  room_.remove(*this);
}

bool Participant::heard() const {
  return !wishes.muted && !wishes.suspended && (!room_.muted() || admin_);
}

void Participant::apply() {
  MemberSettings s;
  s.codec = line_.codec.value_or(Codec::opus);
  s.fec = line_.fec;
  s.complexity = static_cast<int>(wishes.quality);
  s.expected_loss = static_cast<int>(wishes.expected_loss);
  s.bitrate = static_cast<int>(wishes.bitrate);
  s.volume = wishes.volume;
  s.position = wishes.position;
  s.group = wishes.group;
  s.heard = heard();
  s.listens = line_.up && !wishes.suspended;
  room_.mixer().post([key = key_, s](RoomMixer& mixer) { mixer.set_member(key, s); });
  InputSettings input;
  input.heard = s.heard;
  input.recorded = !wishes.muted && !wishes.suspended;
  input.levels = line_.levels && room_.settings().audiolevel_ext;
  input.talk_events = input.levels && room_.settings().audiolevel_event;
  input.talk = wishes.talk;
  tell_media(&ParticipantMedia::set_input, input);
}

void Participant::tell(const JsonObject& event) const {
  context_.push_event({}, JsonObject(event));
}

JsonObject Participant::describe(View view) const {
  JsonObject out{{"id", id_.json()}};
  if (wishes.display) out["display"] = *wishes.display;
  out["setup"] = line_.up;
  out["muted"] = wishes.muted;
  if (wishes.suspended) out["suspended"] = true;
  if (view == View::list && line_.levels) out["talking"] = talking;
  if (room_.settings().spatial_audio) out["spatial_position"] = wishes.position;
  return out;
}

JsonObject Participant::left_notice() const {
  JsonObject out{{"event", "left"}, {"room", room_.id().json()}, {"id", id_.json()}};
  if (wishes.display) out["display"] = *wishes.display;
  return out;
}

void Participant::tell_state(bool also_self) const {
  JsonObject news = room_.event();
  news["participants"] = JsonArray{describe(View::event)};
  room_.tell_all(news, also_self ? nullptr : this);
}

void Participant::record(bool on, std::string filename) {
  if (std::exchange(record_, on) == on) return;
  record_name_ = std::move(filename);
  if (!on) {
    recording_path_.clear();
    tell_media(&ParticipantMedia::stop_recording);
    return;
  }
  if (line_.up) start_recorder();
}

void Participant::media_is_up() {
  apply();
  if (record_ && recording_path_.empty()) start_recorder();
}

void Participant::start_recorder() {
  PluginContext& plugin = room_.rooms().context();
  media::RecordingSpec spec;
  std::string base = record_name_;
  if (base.find('/') == std::string::npos) spec.folder = room_.settings().mjrs_dir;
  if (base.empty()) {
    base = fmt::format("audiobridge-{}-user-{}-{}", in_file_name(room_.id()), in_file_name(id_),
                       plugin.executor().wall_time().us);
  }
  spec.name = base + "-audio";
  spec.header.kind = MediaKind::audio;
  spec.header.codec = codec_name(line_.codec.value_or(Codec::opus));
  if (line_.level_id > 0 && line_.level_id < 16) {
    spec.header.extensions.emplace_back(line_.level_id, std::string(extension_uri(ExtensionKind::audio_level)));
  }
  auto file = media::RecordingFile::open(plugin, std::move(spec));
  if (!file) {
    log::error("", "AudioBridge: user {} of room {} is not recorded: {}", id_.text(), room_.id().text(),
               file.error().text);
    record_ = false;
    return;
  }
  recording_path_ = (*file)->path();
  tell_media(&ParticipantMedia::record, std::move(*file));
}

}  // namespace limen::audiobridge
