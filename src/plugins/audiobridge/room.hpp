// Room: who is in it, what they are told, what is forwarded, played and recorded of it.
//
// Control thread; owned by Rooms. Participants belong to their handles and take themselves out of the room
// when they go.
#pragma once
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "media/mixing/wav_file.hpp"
#include "plugins/audiobridge/announcement.hpp"
#include "plugins/audiobridge/forward.hpp"
#include "plugins/audiobridge/ids.hpp"
#include "plugins/audiobridge/mixer_link.hpp"
#include "plugins/audiobridge/room_settings.hpp"

namespace limen::audiobridge {

class Participant;
class Rooms;

class Room {
 public:
  Room(Rooms& rooms, Id id, RoomSettings settings, MixerId mixer);
  ~Room();
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;

  const Id& id() const { return id_; }
  Rooms& rooms() const { return rooms_; }
  RoomSettings& settings() { return settings_; }
  const RoomSettings& settings() const { return settings_; }
  const MixerLink& mixer() const { return mixer_; }
  // What every session description of the room is called.
  std::string session_name() const { return "AudioBridge " + id_.text(); }

  void add(Participant& member);
  void remove(Participant& member);
  Participant* find(const Id& member) const;
  const std::map<Id, Participant*>& members() const { return members_; }

  // An event to everybody but `except` and those who asked for none while suspended.
  void tell_all(const JsonObject& event, const Participant* except = nullptr) const;
  JsonObject event() const { return {{"audiobridge", "event"}, {"room", id_.json()}}; }
  JsonObject list_entry() const;

  bool muted() const { return muted_; }
  void set_muted(bool muted);

  // Tokens that may join; checked only when `checks_tokens`.
  bool checks_tokens = false;
  std::set<std::string> allowed;

  // The WAV file of the mix. An error: there is no such file (and no recording).
  Result<> start_recording();
  void stop_recording();
  // Every participant's own recording.
  void record_participants(bool record);

  std::map<uint32_t, Forward> forwards;  // by stream id
  void add_forward(Forward forward);
  void remove_forward(uint32_t stream_id);  // or nothing, if there is none

  std::map<std::string, Announcement, std::less<>> files;  // by file id
  void add_file(const std::string& file_id, Announcement file);
  // Tells the participants if it had started.
  void remove_file(const std::string& file_id);
  std::pair<const std::string, Announcement>* find_file(uint64_t key);
  // News of the mixer.
  void on_file_started(uint64_t key);
  void on_file_ended(uint64_t key);

 private:
  void tell_file(std::string_view what, const std::string& file_id);

  Rooms& rooms_;
  Id id_;
  RoomSettings settings_;
  MixerLink mixer_;
  bool muted_ = false;
  std::map<Id, Participant*> members_;
  std::shared_ptr<media::WavFile> recording_;
};

}  // namespace limen::audiobridge
