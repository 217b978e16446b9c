// Publisher: a participant of a room, who may or may not send media (contract, section 4).
//
// Control thread. Owned by its handle; dummies and remote publishers by their room. Its packets are
// PublisherMedia's business.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "api/plugin.hpp"
#include "plugins/videoroom/forwarding.hpp"
#include "plugins/videoroom/ids.hpp"
#include "plugins/videoroom/published_stream.hpp"
#include "plugins/videoroom/publisher_media.hpp"
#include "plugins/videoroom/remote_feed.hpp"

namespace limen::videoroom {

class Room;
class Rooms;
struct PublishRequest;
struct PublisherAnswer;
struct RemoteChange;
struct RemoteStream;

// Who somebody is to the others.
struct Identity {
  Id id;
  uint32_t private_id = 0;  // 0: none
  std::optional<std::string> display;
  std::optional<JsonObject> metadata;
};

enum class PublisherKind : uint8_t { local, dummy, remote };

class Publisher {
 public:
  // `context`: null for dummies and remote publishers. `feed`: of remote ones, its own from now on.
  Publisher(Rooms& rooms, Room& room, HandleContext* context, PublisherKind kind, Identity identity,
            RemoteFeedId feed = {});
  ~Publisher();
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  const Id& id() const { return identity_.id; }
  uint32_t private_id() const { return identity_.private_id; }
  const Identity& identity() const { return identity_; }
  Room* room() const { return room_; }
  bool active() const { return active_; }
  bool dummy() const { return kind_ == PublisherKind::dummy; }
  bool remote() const { return kind_ == PublisherKind::remote; }
  bool e2ee() const { return e2ee_; }
  void set_e2ee(bool e2ee) { e2ee_ = e2ee; }
  uint32_t bitrate() const { return bitrate_; }
  HandleContext* context() const { return context_; }
  Rooms& rooms() const { return rooms_; }

  std::vector<std::unique_ptr<PublishedStream>>& streams() { return streams_; }
  const std::vector<std::unique_ptr<PublishedStream>>& streams() const { return streams_; }
  PublishedStream* find(std::string_view mid) const;
  PublishedStream* first(MediaKind kind) const;
  bool talks() const;          // any of its audio streams
  bool tells_talking() const;  // some audio stream has the level extension

  void tell(const JsonObject& event) const;
  // The publisher object of the contract, 8.3.
  JsonObject describe(StreamView view) const;
  JsonObject card(std::string_view id_key = "id") const;  // id, display, metadata
  // Own streams as the publisher itself is told of them: into `out`.
  void describe_answer(JsonObject& out) const;

  // A request's settings, in the order of the contract; then the offer, if there is one.
  RoomResult<> apply(const PublishRequest& request, const JsonObject& body, bool has_offer);
  RoomResult<> check_codecs(const PublishRequest& request) const;
  RoomResult<LocalJsep> take_offer(const PublishRequest& request, const RemoteJsep& offer);
  // After the answer has been pushed.
  void offer_taken();

  void came_up();                         // the peer connection is there
  void set_present() { active_ = true; }  // dummies and remote ones have none
  void hung_up();                         // it has gone
  void leave();                           // tells the others, forgets the room
  void kicked();                          // tells everybody, forgets the room, closes the peer connection
  void room_destroyed();
  void forget_room();  // silently
  void unpublish();    // told to the others; the hangup will follow

  void moderate(PublishedStream& stream, bool mute);
  void set_send(PublishedStream& stream, bool send);
  void set_recording(bool record);
  bool recording() const { return record_; }
  void set_bitrate(uint32_t bps);
  void ask_keyframe(const PublishedStream& stream);
  // Tells the others of its streams; `event`: for event handlers.
  void announce(std::string_view event);
  Json query() const;
  void on_talking(int mindex, bool talking, double level);

  std::vector<Forward> forwards;
  std::vector<Remotization> remotizations;
  // Its media half, with its peer connection or as a remote feed; nothing happens if there is none.
  void post_media(std::move_only_function<void(PublisherMedia&)> task);
  template <typename... Args>
  void tell_media(void (PublisherMedia::*setter)(Args...), std::type_identity_t<Args>... args) {
    post_media(
        [setter, ... args = std::move(args)](PublisherMedia& media) mutable { (media.*setter)(std::move(args)...); });
  }

  // Remote publishers only (remote_publisher.cpp).
  RemoteFeedId feed() const { return feed_; }
  void begin_remote(const std::vector<RemoteStream>& streams);
  void change_remote(const RemoteChange& change);  // told to the others, if it changes anything
  void removed();

 private:
  void install_media();
  void sync_talk_rules();
  void sync_streams();
  void sync_mlines();
  void extend_remotizations();
  PublishedStream& add_stream();
  bool take_remote(const RemoteStream& from);
  RoomResult<> check_streams(const JsonArray& streams) const;
  void apply_streams(const JsonArray& streams, bool& any_mid);
  void apply_kinds(const PublishRequest& request);
  void apply_names(const PublishRequest& request);
  void apply_recording(const PublishRequest& request);
  bool apply_descriptions(const PublishRequest& request);
  void build_streams(const PublisherAnswer& answer, const PublishRequest& request);
  void start_recorders();
  void stop_recorders();
  void start_recorder(PublishedStream& stream);
  void drop_streams();

  Rooms& rooms_;
  Room* room_;
  HandleContext* context_;
  PublisherKind kind_;
  Identity identity_;
  RemoteFeedId feed_;
  bool active_ = false;
  bool e2ee_ = false;
  bool negotiated_ = false;  // an answer has been given on this peer connection
  bool record_ = false;
  std::string filename_;
  uint32_t bitrate_ = 0;
  uint32_t audio_active_packets_ = 0, audio_level_average_ = 0;  // 0: the room's
  std::vector<std::unique_ptr<PublishedStream>> streams_;

 public:
  std::vector<media::StreamId> stream_ids;  // by mindex: how subscribers' media halves find a stream
  media::StreamId stream_id(const PublishedStream& stream) const;
  uint32_t own_active_packets() const { return audio_active_packets_; }
  uint32_t own_level_average() const { return audio_level_average_; }
  void take_join_settings(const PublishRequest& request, uint32_t active_packets, uint32_t level_average);
};

}  // namespace limen::videoroom
