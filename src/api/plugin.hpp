// Plugin and PluginHandle: what a feature implements. HandleContext and PluginContext: what it may do.
//
// Control thread; calls never overlap. A plugin owns its rooms and tables as plain objects.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/json.hpp"
#include "api/media.hpp"
#include "api/rights.hpp"
#include "base/executor.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "config/describe.hpp"

namespace limen {

struct ModuleInfo {
  std::string package;  // "janus.plugin.echotest"
  std::string library;  // "libjanus_echotest.so": the name that `disable` lists use
  std::string name, author, description, version_string;
  int version = 1;
};

// A simulcast m-line of the client's offer (spec 3.5).
struct SimulcastInfo {
  int mindex = 0;
  std::string mid;
  std::vector<std::string> rids;  // slot 2, 1, 0; missing ones left out
  int rid_extension = 0;
  std::vector<uint32_t> ssrcs;  // or by SSRC, lowest first
};

// The client's description as the plugin gets it: anonymised, stripped (spec 7.7).
struct RemoteJsep {
  std::string type;  // "offer" or "answer"
  std::string sdp;
  std::vector<SimulcastInfo> simulcast;
  std::optional<Json> svc;
  bool update = false;
  bool e2ee = false;
};

// What a plugin pushes; the core merges transport and security into it.
struct LocalJsep {
  std::string type;
  std::string sdp;
  bool restart = false;  // ICE restart; offers only
  bool e2ee = false;
};

struct Message {
  std::string transaction;
  JsonObject body;
  std::optional<RemoteJsep> jsep;
};

// A promise to answer one request: exactly one of the three. Destroyed unresolved it answers with an
// error and counts a bug. Control thread.
class Reply {
 public:
  struct Outcome {
    enum class Kind : uint8_t { success, ack, error } kind = Kind::error;
    Json data;                      // success
    std::string text;               // ack: the hint; error: the reason
    int code = 0;                   // error
    std::optional<LocalJsep> jsep;  // success
  };
  using Resolve = std::move_only_function<void(Outcome)>;

  explicit Reply(Resolve resolve) : resolve_(std::move(resolve)) {}
  Reply(Reply&&) noexcept = default;
  Reply& operator=(Reply&&) noexcept = default;
  ~Reply();

  void success(Json data, std::optional<LocalJsep> jsep = std::nullopt);
  void ack(std::string hint = {});
  void error(int code, std::string reason);  // a core error (462 ...), not a plugin's error_code

 private:
  Resolve resolve_;
};

struct SlowLink {
  int mline = 0;
  std::string mid;
  MediaKind kind = MediaKind::audio;
  bool uplink = false;
  uint32_t lost = 0;
};

class HandleContext {
 public:
  virtual ~HandleContext() = default;
  virtual SessionId session_id() const = 0;
  virtual HandleId handle_id() const = 0;
  virtual std::string_view opaque_id() const = 0;
  // An event to the client; `transaction` empty if it answers none. With a description: it is sent
  // when ICE credentials and (half-trickle) candidates are in it; events of a handle keep their order.
  virtual void push_event(std::string_view transaction, Json data, std::optional<LocalJsep> jsep = std::nullopt) = 0;
  // Makes the media half on this handle's shard, once, from a factory that runs there.
  virtual void install_media(std::move_only_function<std::unique_ptr<MediaHandler>(MediaContext&)> factory) = 0;
  // Runs with the media half, on its shard; in order; dropped if there is none.
  virtual void post_media(std::move_only_function<void(MediaHandler&)> task) = 0;
  virtual MediaId media_id() const = 0;
  virtual bool has_peer_connection() const = 0;
  virtual void close_peer_connection() = 0;  // hangup "Close PC"
  virtual void end_session() = 0;            // detaches this handle (event `detached`)
  virtual void notify_event(Json data) = 0;  // to event handlers, type plugin, tied to this handle
  // Does the client's token grant this? For what comes past on_message (data channels); requests of on_message
  // have been checked. True where tokens grant no rights.
  virtual bool permits(const NeededRights&) const { return true; }
  // Timers that die with the handle.
  virtual TimerId call_after(Duration delay, Task task) = 0;
  virtual void cancel(TimerId timer) = 0;
};

class PluginHandle {
 public:
  virtual ~PluginHandle() = default;
  virtual void on_message(Message message, Reply reply) = 0;
  // What a token must grant for this request; the core refuses it (405) before on_message. `body` is as the client
  // sent it. The default: no more than access to the plugin.
  virtual NeededRights needed_rights(const JsonObject& /*body*/, bool /*with_description*/) const { return {}; }
  virtual void on_media_up() {}  // webrtcup
  virtual void on_slow_link(const SlowLink&) {}
  virtual void on_data(DataMessage) {}                    // only if the media half passes data on
  virtual void on_hangup(std::string_view /*reason*/) {}  // the peer connection has gone
  virtual Json query() const { return JsonObject{}; }     // plugin_specific of handle_info
};

// What a plugin as a whole gets at start.
class PluginContext {
 public:
  virtual ~PluginContext() = default;
  virtual Executor& executor() = 0;  // the control thread
  virtual BackgroundPool& background() = 0;
  virtual Random& random() = 0;
  virtual std::string configs_folder() const = 0;
  virtual uint32_t shard_count() const = 0;
  // Runs on that shard, in order; for media that belongs to no handle (mountpoints, remote publishers).
  virtual void post_shard(uint32_t /*shard*/, std::move_only_function<void(MediaShard&)> /*task*/) {}
  virtual bool events_enabled() const = 0;
  virtual void notify_event(Json data) = 0;  // type plugin, tied to no handle
  // Signed tokens (spec 3.8) for this plugin's realm: is `token` valid and does it name `descriptor`?
  virtual bool signed_tokens() const = 0;
  virtual bool token_allows(std::string_view token, std::string_view descriptor) const = 0;
  // Recordings: may files be made under this path (protected_folders)? And the extension while open.
  virtual bool path_allowed(const std::string& path) const = 0;
  virtual std::string recordings_tmp_ext() const = 0;
};

class Plugin {
 public:
  virtual ~Plugin() = default;
  virtual const ModuleInfo& info() const = 0;
  // Reads this module's own file in `configs_folder` as start() will, changing nothing: unknown keys and
  // unusable values are added to `findings`; an error is what would keep the module from starting.
  virtual Result<> check_config(const std::string& /*configs_folder*/, config::Findings& /*findings*/) const {
    return {};
  }
  // `context` outlives the plugin. An error: the plugin is skipped with a warning.
  virtual Result<> start(PluginContext& context) = 0;
  // `context` outlives the handle.
  virtual Result<std::unique_ptr<PluginHandle>> attach(HandleContext& context) = 0;
  // message_plugin of the admin API; nullopt: not supported.
  virtual std::optional<Json> on_admin_message(const Json& /*request*/) { return std::nullopt; }
  // The same for a plugin that cannot always answer at once: `answer` is called once, on the control thread.
  using AdminAnswer = std::move_only_function<void(std::optional<Json>)>;
  virtual void take_admin_message(Json request, AdminAnswer answer) { answer(on_admin_message(request)); }
};

}  // namespace limen
