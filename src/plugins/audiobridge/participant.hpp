// Participant: somebody in a room (contract, 4). Line: the media of a handle, which outlasts its stay in a room.
//
// Control thread; both belong to the handle. Packets are ParticipantMedia's and RoomMixer's business.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "api/plugin.hpp"
#include "plugins/audiobridge/ids.hpp"
#include "plugins/audiobridge/participant_media.hpp"

namespace limen::audiobridge {

class Room;

// What has been negotiated with a client, and whether it is there.
struct Line {
  bool up = false;             // media flows (plain RTP: at once)
  bool negotiated = false;     // a description has been answered, or the offer of the plugin has
  bool plugin_offer = false;   // whose offer it was
  std::optional<Codec> codec;  // fixed by the first join
  bool fec = false;            // never turned off again
  bool levels = false;         // the audio level extension is in use
  uint8_t level_id = 0;
  std::optional<PlainFacts> plain;  // a plain RTP participant
};

// How somebody wants to be heard and to hear.
struct Wishes {
  std::optional<std::string> display;
  bool muted = false, suspended = false, pause_events = false;
  uint32_t bitrate = 0, quality = 4, expected_loss = 0, volume = 100, position = 50;
  std::optional<size_t> group;
  TalkRule talk;
};

// Whoever owns a participant, and can end its stay in the room.
class Stay {
 public:
  virtual ~Stay() = default;
  // `announce`: the others are told. The participant is gone afterwards.
  virtual void end_stay(bool announce) = 0;
};

enum class View : uint8_t { event, list };

class Participant {
 public:
  Participant(Room& room, HandleContext& context, Stay& stay, const Line& line, Id id, Wishes wishes, bool admin);
  ~Participant();
  Participant(const Participant&) = delete;
  Participant& operator=(const Participant&) = delete;

  Room& room() const { return room_; }
  HandleContext& context() const { return context_; }
  const Id& id() const { return id_; }
  bool admin() const { return admin_; }
  const Line& line() const { return line_; }
  uint64_t key() const { return key_; }
  // Change it, then call apply().
  Wishes wishes;
  bool talking = false;
  // Tells mixer and media half what has changed.
  void apply();

  void tell(const JsonObject& event) const;
  // The participant object of the contract; `list` has `talking` as well.
  JsonObject describe(View view) const;
  // What event handlers are told when it is gone.
  JsonObject left_notice() const;
  // The others learn what this participant is like.
  void tell_state(bool also_self = false) const;
  // Heard unless muted, suspended, or in a muted room without being its admin.
  bool heard() const;

  // Its own recording; starts when there is media.
  void record(bool on, std::string filename = {});
  bool recording() const { return record_; }
  const std::string& recording_path() const { return recording_path_; }
  void media_is_up();

  // Takes it out of the room: this object is gone afterwards.
  void remove(bool announce) { stay_.end_stay(announce); }

 private:
  void start_recorder();
  template <typename... Args>
  void tell_media(void (ParticipantMedia::*setter)(Args...), std::type_identity_t<Args>... args) {
    context_.post_media([setter, ... args = std::move(args)](MediaHandler& handler) mutable {
      (static_cast<ParticipantMedia&>(handler).*setter)(std::move(args)...);
    });
  }

  Room& room_;
  HandleContext& context_;
  Stay& stay_;
  const Line& line_;
  Id id_;
  bool admin_;
  uint64_t key_;
  bool record_ = false;
  std::string record_name_, recording_path_;
};

}  // namespace limen::audiobridge
