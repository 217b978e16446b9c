// Subscriber: one subscription to any number of streams of a room over one peer connection; and
// SubscriberStream, one m-line of it (contract, section 5).
//
// Control thread; owned by its handle. Offers are serialised: while one is unanswered, changes are
// gathered and offered together afterwards. M-lines are never removed, only reused.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/plugin.hpp"
#include "plugins/videoroom/ids.hpp"
#include "plugins/videoroom/published_stream.hpp"
#include "plugins/videoroom/subscriber_media.hpp"
#include "plugins/videoroom/subscriber_requests.hpp"
#include "wire/sdp/session_description.hpp"

namespace limen::videoroom {

class Publisher;
class Room;
class Rooms;
class Subscriber;

struct SubscriberStream {
  explicit SubscriberStream(Subscriber& of) : owner(of) {}

  Subscriber& owner;
  MediaKind kind = MediaKind::audio;
  int mindex = 0;
  std::string mid;
  std::optional<std::string> crossrefid;
  bool ready = false;  // answered, and not by "inactive"
  bool send = true;
  Codec codec = Codec::unknown;  // these two stay what they were, whatever the m-line shows
  std::string profile;
  std::string msid;
  std::vector<PublishedStream*> sources;  // at most one unless data
  std::optional<uint8_t> payload_type;    // of the client's offer; nothing: ours
  int spatial = 2, temporal = 2;          // wanted
  uint32_t fallback = 0;                  // microseconds; 0: the default
  int16_t min_delay = -1, max_delay = -1;
  media::Layers current;

  PublishedStream* source() const { return sources.empty() ? nullptr : sources.front(); }
  void add(PublishedStream& source);
  void remove(PublishedStream& source);
  void remove_all();
  void reset_layers();
  JsonObject summary() const;
};

// A stream that a request wants to see.
struct Wanted {
  PublishedStream* stream = nullptr;
  SubscribeEntry entry;
  bool whole_feed = false;  // the entry named no mid
};

struct SubscriberOptions {
  uint32_t private_id = 0;
  bool use_msid = false;
  bool autoupdate = true;
  bool e2ee = false;
};

// What a request is answered with.
struct SubscriberReply {
  JsonObject data;
  std::optional<LocalJsep> jsep;
  bool silent = false;  // nothing is said now
};

class Subscriber {
 public:
  Subscriber(Rooms& rooms, Room& room, HandleContext& context, SubscriberOptions options);
  ~Subscriber();
  Subscriber(const Subscriber&) = delete;
  Subscriber& operator=(const Subscriber&) = delete;

  Room* room() const { return room_; }
  const Id& room_id() const { return room_id_; }
  uint32_t private_id() const { return options_.private_id; }
  bool e2ee() const { return options_.e2ee; }
  const std::vector<std::unique_ptr<SubscriberStream>>& streams() const { return streams_; }

  // Adds streams by the rules of m-line reuse; true if there is something to offer.
  bool add(const std::vector<Wanted>& wanted, bool joining);
  JsonArray summary() const;
  LocalJsep offer(bool restart);
  // For clients that must offer (WHEP): each m-line gets the first wanted stream that it can take. Once, in place of
  // add() and offer(); such a subscription never offers.
  RoomResult<LocalJsep> answer(const std::vector<Wanted>& wanted, const RemoteJsep& jsep);
  // Another offer of the same m-lines: new ICE credentials, other directions.
  RoomResult<LocalJsep> answer_again(const RemoteJsep& jsep);
  bool answers() const { return answers_; }

  // Requests; `body` is the request's.
  RoomResult<SubscriberReply> start(const std::optional<RemoteJsep>& jsep);
  RoomResult<SubscriberReply> pause();
  RoomResult<SubscriberReply> subscribe(const JsonObject& body);
  RoomResult<SubscriberReply> unsubscribe(const JsonObject& body);
  RoomResult<SubscriberReply> update(const JsonObject& body);
  RoomResult<SubscriberReply> configure(const JsonObject& body);
  RoomResult<SubscriberReply> switch_sources(const JsonObject& body, std::string_view transaction);
  RoomResult<SubscriberReply> leave();
  // After the reply to `start` has been pushed: what was held back while the answer was awaited.
  void push_held_back();

  // Its publisher's peer connection has gone. `forced`: whatever `autoupdate` says.
  void source_gone(bool room_exists, bool forced, HandleContext* publisher);
  void kick();
  void hung_up();
  void forget_room();
  void sync_media();
  Json query() const;

 private:
  SubscriberStream* find(std::string_view mid) const;
  SubscriberStream* place_for(const PublishedStream& stream) const;
  bool add_one(const Wanted& wanted, bool joining);
  void apply_entry(SubscriberStream& stream, const Wanted& wanted, bool joining);
  RoomResult<std::vector<UnsubscribeEntry>> read_unsubscribe(const JsonArray& entries,
                                                             std::vector<std::optional<Id>>& feeds) const;
  bool remove(const std::vector<UnsubscribeEntry>& entries, const std::vector<std::optional<Id>>& feeds);
  SubscriberReply changed(bool anything);
  JsonObject updated() const;
  LocalJsep answer_mlines(const sdp::SessionDescription& offer);
  void push_update(std::string_view transaction, HandleContext* subject);
  void configure_one(SubscriberStream& stream, const ConfigureEntry& entry);
  void choose_layers(SubscriberStream& stream, const LayerWish& wish);
  void choose_layer(SubscriberStream& stream, std::string_view name, const std::optional<uint32_t>& wanted, int& target,
                    int current);
  void on_layers(uint8_t mline, media::StreamId source, media::Layers current);
  void ask_keyframe(const SubscriberStream& stream);

  Rooms& rooms_;
  Room* room_;  // none: it has gone
  Id room_id_;  // also then
  HandleContext& context_;
  SubscriberOptions options_;
  std::vector<std::unique_ptr<SubscriberStream>> streams_;
  bool paused_ = true;
  bool kicked_ = false;
  bool answered_ = false;
  bool pending_offer_ = false, pending_restart_ = false;
  bool skipped_update_ = false;
  bool answers_ = false;  // the client offers
};

// The streams that these entries name: checked, in order; one bad entry fails all of them. `e2ee`: what
// the subscription is; unset: the first feed decides. `forgiving`: disabled streams are left out. No room: it has
// gone, and there are no feeds.
RoomResult<std::vector<Wanted>> read_wanted(const Rooms& rooms, const Room* room, const JsonArray& entries,
                                            std::optional<bool>& e2ee, bool forgiving);
// 0 to 2, or the refusal of the contract.
RoomResult<> check_layers(const LayerWish& wish);
void set_delays(std::optional<int32_t> min, std::optional<int32_t> max, SubscriberStream& stream);

}  // namespace limen::videoroom
