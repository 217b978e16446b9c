// Mountpoints: all of them, the plugin's general settings, and what is the same for all.
//
// Control thread; owned by the plugin, outlives every handle.
#pragma once
#include <map>
#include <memory>
#include <set>
#include <string>

#include "api/plugin.hpp"
#include "plugins/streaming/feed.hpp"
#include "plugins/streaming/mountpoint.hpp"

namespace limen::streaming {

struct GeneralSettings {
  std::string admin_key;
  std::string rtp_port_range = "10000-60000";
  bool events = true;
  bool string_ids = false;
};
template <typename V>
void describe(V& v, GeneralSettings& s) {
  v.field("admin_key", s.admin_key, "Needed to create mountpoints; shows private ones in lists");
  v.field("rtp_port_range", s.rtp_port_range, "UDP ports used where a mountpoint says 0");
  v.field("events", s.events, "Tell event handlers of what happens");
  v.field("string_ids", s.string_ids, "Mountpoints have texts as ids");
}

class Mountpoints {
 public:
  Mountpoints() = default;
  ~Mountpoints();
  Mountpoints(const Mountpoints&) = delete;
  Mountpoints& operator=(const Mountpoints&) = delete;

  // Reads the configuration file and makes its mountpoints.
  Result<> start(PluginContext& context);
  // The same reading, changing nothing.
  static Result<> check(const std::string& folder, config::Findings& findings);

  PluginContext& context() { return *context_; }
  Feeds& feeds() { return *feeds_; }
  const GeneralSettings& general() const { return general_; }
  bool strings() const { return general_.string_ids; }
  // Is there a configuration file that mountpoints can be saved in?
  bool can_save() const { return can_save_; }
  // False (and logged): it could not be done.
  bool save(const Mountpoint& mountpoint);
  bool forget_saved(const Mountpoint& mountpoint);

  Mountpoint* find(const MountpointId& id) const;
  const std::map<MountpointId, std::unique_ptr<Mountpoint>>& all() const { return mountpoints_; }
  bool is_taken(const MountpointId& id) const { return find(id) != nullptr || reserved_.contains(id); }
  MountpointId free_id();
  // An id that a failed request used up stays so (contract, 3.3), within reason.
  void reserve(const MountpointId& id);

  // `done` gets the mountpoint, or why there is none; later, or from inside.
  using Created = std::move_only_function<void(StreamResult<Mountpoint*>)>;
  void create(const MountpointId& id, MountpointSettings settings, Created done);
  // Tells its viewers and ends it.
  void destroy(Mountpoint& mountpoint);

  // The mountpoint that the request names, if its secret is right.
  StreamResult<Mountpoint*> access(const JsonObject& body) const;

  // To event handlers; `handle` null: tied to none.
  void notify(HandleContext* handle, JsonObject data);

 private:
  std::string category(const Mountpoint& mountpoint) const;
  void finish(const MountpointId& id, StreamResult<> result, Created done);

  PluginContext* context_ = nullptr;
  std::unique_ptr<Feeds> feeds_;
  GeneralSettings general_;
  bool can_save_ = false;
  std::map<MountpointId, std::unique_ptr<Mountpoint>> mountpoints_, coming_;
  std::set<MountpointId> reserved_;
};

std::unexpected<StreamError> no_such_mountpoint(const MountpointId& id);

}  // namespace limen::streaming
