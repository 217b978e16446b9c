// Mountpoint: something that can be watched: its settings, its feed, who watches, what is recorded.
//
// Control thread; owned by Mountpoints. Viewers register themselves; a viewer of a mountpoint that has gone is told.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "api/json.hpp"
#include "media/recording/recording_file.hpp"
#include "plugins/streaming/feed.hpp"
#include "plugins/streaming/mountpoint_id.hpp"
#include "plugins/streaming/mountpoint_settings.hpp"

namespace limen::streaming {

class Publication;
class Viewer;

class Mountpoint {
 public:
  // Ready: there, with its ports; or why not.
  using Ready = std::move_only_function<void(StreamResult<>)>;

  Mountpoint(Feeds& feeds, MountpointId id, MountpointSettings settings);
  ~Mountpoint();
  Mountpoint(const Mountpoint&) = delete;
  Mountpoint& operator=(const Mountpoint&) = delete;

  // Opens ports or starts the source; `ready` is called once, maybe from inside.
  void start(Ready ready);

  const MountpointId& id() const { return id_; }
  const MountpointSettings& settings() const { return settings_; }
  MountpointSettings& settings() { return settings_; }
  // As they were asked for, before ports were chosen.
  const MountpointSettings& configured() const { return configured_; }
  MountpointSettings& configured() { return configured_; }
  Feed& feed() { return feed_; }
  const Feed& feed() const { return feed_; }
  bool enabled() const { return enabled_; }
  void set_enabled(bool enabled);
  bool is_rtp() const { return !settings_.from_file(); }

  void add(Viewer& viewer) { viewers_.push_back(&viewer); }
  void remove(Viewer& viewer) { std::erase(viewers_, &viewer); }
  const std::vector<Viewer*>& viewers() const { return viewers_; }
  // Of type `whip`: one publisher at a time. By its formats: which medium of the mountpoint each one is, or -1.
  StreamResult<std::vector<int>> add(Publication& publisher, const std::vector<SourceFormat>& formats);
  void remove(Publication& publisher);
  Publication* publisher() const { return publisher_; }
  // To everybody who watches.
  void tell_all(const JsonObject& news) const;

  // `name`: path without ".mjr"; medium by its place.
  // The file may still turn out not to be writable.
  Result<std::shared_ptr<media::RecordingFile>> record(size_t medium, const std::string& name);
  void stop_recording(size_t medium);
  // The file of that path could not be made: it is no recording any more.
  void recording_failed(size_t medium, const std::string& path);
  bool records(size_t medium) const { return medium < recordings_.size() && recordings_[medium] != nullptr; }
  bool records_any(MediaKind kind) const;

  JsonObject list_entry() const;
  JsonObject info(bool admin) const;
  // The source's own Source, for a viewer of an `ondemand` mountpoint.
  Result<std::unique_ptr<Source>> make_source() const;

 private:
  void start_source(Ready ready);
  void on_formats(const std::vector<SourceFormat>& formats);
  std::vector<int> take_formats(const std::vector<SourceFormat>& formats);
  void tell_publisher(std::string_view what);
  void on_state(SourceState state, const std::string& reason);
  void open_feed(std::vector<int> source_media, Ready ready);
  void answer(StreamResult<> result);
  void tell_connection(std::string_view what);
  JsonObject medium_info(size_t index, bool admin) const;

  Feeds& feeds_;
  MountpointId id_;
  MountpointSettings settings_, configured_;
  bool enabled_ = true;
  std::vector<Viewer*> viewers_;
  Publication* publisher_ = nullptr;
  std::vector<std::shared_ptr<media::RecordingFile>> recordings_;
  std::string host_;
  Ready ready_;        // of a source that has not connected yet
  bool lost_ = false;  // the source was connected and is not now
  Feed feed_;
};

}  // namespace limen::streaming
