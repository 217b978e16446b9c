// MediaPlane: the shards as the control thread sees them. The gateway's only way to peers.
//
// Control thread only. Every call returns at once and is carried out on the handle's shard in call
// order; a call for something that has gone is dropped. Callbacks come back on the control thread,
// never from inside a call. Events stop with remove_handle(); `done` functions and other answers always
// come, unless the server is ending.
//
// Order of life: Runtime::create -> MediaPlane (shard_binding.hpp) -> Runtime::start -> ... ->
// Runtime::stop -> ~MediaPlane -> ~Runtime.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "api/media.hpp"
#include "core/media/media_event.hpp"
#include "core/media/media_host.hpp"
#include "rtc/peer/peer_config.hpp"
#include "rtc/peer/peer_stats.hpp"

namespace limen::rtc {
class Peer;
}

namespace limen::core {

struct LoopInfo {
  uint32_t id = 0;
  uint64_t handles = 0;
};

class MediaPlane {
 public:
  using EventCallback = std::move_only_function<void(MediaEvent&&)>;
  using HandlerFactory = std::move_only_function<std::unique_ptr<MediaHandler>(MediaContext&)>;

  // At least one shard. `control` is the executor of the thread that calls this object.
  MediaPlane(Executor& control, std::vector<MediaShardEnv> shards);
  ~MediaPlane();
  MediaPlane(const MediaPlane&) = delete;
  MediaPlane& operator=(const MediaPlane&) = delete;

  // Handles --------------------------------------------------------------------------------------
  // On loop `loop` if there is one of that index, else on the one with the fewest handles.
  // `on_event` gets the events of this handle's peers, in order.
  MediaId add_handle(std::optional<uint32_t> loop, EventCallback on_event);
  // Closes its peer (close_notify, BYE), destroys its media handler; `done` when that has happened.
  void remove_handle(MediaId id, Task done = {});
  // `module` (the plugin's package) names the handler in watchdog reports. Replaces an older handler.
  void install_handler(MediaId id, std::string module, HandlerFactory factory);
  // Runs with the media handler; dropped if none is installed.
  void post(MediaId id, std::move_only_function<void(MediaHandler&)> task);

  // Peers ----------------------------------------------------------------------------------------
  // At most one peer per handle: a second create_peer destroys the first. Empty `config.ice.bases`
  // stands for all of the shard's. The local ufrag finds the peer: it must be unique per shard, so
  // make it of 8 or more random characters.
  void create_peer(MediaId id, rtc::PeerConfig config);
  // After create_peer() with relays_coming, once: its TURN servers; none ends the waiting for them.
  void set_relays(MediaId id, std::vector<rtc::RelayServer> servers);
  // Runs on the shard; what the peer then wants to send or tell is taken care of.
  void with_peer(MediaId id, std::move_only_function<void(rtc::Peer&, Instant)> task);
  // No event of that peer arrives once this has been called. `done` when its last datagram was queued.
  void destroy_peer(MediaId id, Task done = {});
  // Writes what the handle's peers receive and send from now on; null, or the handle's end, ends it.
  void capture(MediaId id, std::shared_ptr<CaptureFile> file);
  // Always answered; nullopt: there is no such peer.
  void stats(MediaId id, std::move_only_function<void(std::optional<rtc::PeerStats>)> callback);
  // For run-time tuning (admin set_*): `task` is called for every peer on its shard.
  void with_all_peers(std::function<void(rtc::Peer&, Instant)> task);

  // Shards ---------------------------------------------------------------------------------------
  uint32_t shard_count() const { return static_cast<uint32_t>(shards_.size()); }
  // What host candidates are made of; known without asking the shard. Empty for an unknown shard.
  const std::vector<rtc::LocalBase>& local_bases(uint32_t shard) const;
  std::vector<LoopInfo> loops_info() const;
  // Runs on that shard; dropped if there is none of that index.
  void post_shard(uint32_t shard, std::move_only_function<void(MediaShard&)> task);
  void counters(std::move_only_function<void(std::vector<MediaHostCounters>)> callback);
  // For metrics, by shard; takes a few turns of each.
  void survey(std::move_only_function<void(std::vector<ShardReport>)> callback);
  // There and back: `answered` comes when the shard has got to it.
  void ping(uint32_t shard, Task answered);
  // The host that the driver of shard `index` feeds.
  MediaHost& host(uint32_t index) { return *shards_[index].host; }

 private:
  struct ShardSide {
    Executor* executor;
    std::vector<rtc::LocalBase> bases;
    std::unique_ptr<MediaHost> host;
    uint64_t handles = 0;
  };
  struct HandleSide {
    uint32_t shard = 0;
    uint32_t generation = 0;  // of the peer whose events are wanted; 0: none
    std::shared_ptr<EventCallback> on_event;
  };

  MediaLinks links();
  HandleSide* find(MediaId id);
  void run_on(uint32_t shard, std::move_only_function<void(MediaHost&)> task);
  // Posts `task` to the handle's shard; with `done`, posts that back afterwards.
  void run_then(MediaId id, std::move_only_function<void(MediaHost&)> task, Task done);

  Executor& control_;
  std::vector<ShardSide> shards_;
  std::unordered_map<PeerId, HandleSide> handles_;
  uint64_t next_id_ = 0;
  uint32_t next_generation_ = 0;
};

}  // namespace limen::core
