// For plugins' tests: a whole plugin on virtual time, with media loops whose posts run in an order
// drawn from a seed. The tests play the core: they attach handles, connect and hang up their peer
// connections, let packets arrive and read what is sent. One thread.
#pragma once
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "api/plugin.hpp"
#include "media/fanout/fake_shards.hpp"

namespace limen::test {

using media::test::FakeShard;
using media::test::FakeShards;

class RigExecutor final : public Executor {
 public:
  explicit RigExecutor(FakeShards& shards) : shards_(shards) {}
  void post(Task task) override { tasks_.push_back(std::move(task)); }
  Instant now() const override { return shards_.now; }
  WallTime wall_time() const override { return {1'700'000'000'000'000}; }
  TimerId call_at(Instant when, Task task) override {
    timers_.emplace(when, std::pair(++last_, std::move(task)));
    return TimerId(last_);
  }
  void cancel(TimerId timer) override {
    std::erase_if(timers_, [timer](const auto& one) { return one.second.first == timer.value(); });
  }
  // True if anything ran.
  bool run() {
    while (!timers_.empty() && timers_.begin()->first <= now()) {
      tasks_.push_back(std::move(timers_.extract(timers_.begin()).mapped().second));
    }
    bool any = !tasks_.empty();
    for (Task& task : std::exchange(tasks_, {})) task();
    return any;
  }
  size_t timers() const { return timers_.size(); }

 private:
  FakeShards& shards_;
  std::vector<Task> tasks_;
  std::multimap<Instant, std::pair<uint64_t, Task>> timers_;
  uint64_t last_ = 0;
};

class RigRandom final : public Random {
 public:
  explicit RigRandom(uint64_t seed) : random_(seed) {}
  void fill(MutableBytes out) override {
    for (uint8_t& byte : out) byte = static_cast<uint8_t>(random_());
  }

 private:
  std::mt19937_64 random_;
};

class PluginRig : public PluginContext {
 public:
  // The first loop stands for the control thread, too: its posts to each loop keep their order.
  PluginRig(std::unique_ptr<Plugin> tested, uint32_t shard_count, uint64_t seed)
      : shards(shard_count, seed), control(shards), random_(seed), plugin(std::move(tested)) {
    EXPECT_TRUE(plugin->start(*this));
  }
  Executor& executor() override { return control; }
  BackgroundPool& background() override { return pool_; }
  Random& random() override { return random_; }
  std::string configs_folder() const override { return "/nonexistent"; }
  uint32_t shard_count() const override { return shards.count(); }
  void post_shard(uint32_t shard, std::move_only_function<void(MediaShard&)> task) override {
    shards[0].post(shard, std::move(task));
  }
  bool events_enabled() const override { return true; }
  void notify_event(Json data) override { notified.push_back(data.as_object()); }
  bool signed_tokens() const override { return false; }
  bool token_allows(std::string_view, std::string_view) const override { return false; }
  bool path_allowed(const std::string&) const override { return false; }
  std::string recordings_tmp_ext() const override { return ""; }

  // Everything that was posted, and what comes of it.
  void run() {
    for (size_t before = SIZE_MAX; before != shards.posts || control.run();) {
      before = shards.posts;
      shards.run();
    }
  }
  JsonObject admin(std::string_view request) {
    std::optional<Json> response;
    plugin->take_admin_message(*parse_json(request), [&response](std::optional<Json> answer) { response = answer; });
    run();
    EXPECT_TRUE(response) << request;
    return response ? response->as_object() : JsonObject{};
  }

  FakeShards shards;
  RigExecutor control;
  std::vector<JsonObject> notified;
  uint64_t last_peer = 0;

 private:
  struct Pool final : BackgroundPool {
    void run(Task work, Executor& back, Task done) override {
      work();
      back.post(std::move(done));
    }
  };
  Pool pool_;
  RigRandom random_;

 public:
  std::unique_ptr<Plugin> plugin;
};

// The shard's half of a handle: what it sends is written down.
class RigMedia final : public MediaContext {
 public:
  struct Sent {
    OutgoingRtp note;
    RtpPacket packet;
  };
  RigMedia(PluginRig& rig, uint32_t shard) : rig_(rig), shard_(rig.shards[shard]), peer_(++rig.last_peer) {}
  bool send(const OutgoingRtp& rtp) override {
    if (connected) sent.push_back({rtp, *rtp.source});
    return connected;
  }
  void send(const RtcpFeedback& message) override { feedback.push_back(message); }
  bool send_data(const DataMessage& message) override {
    if (connected) data.push_back(message);
    return connected;
  }
  Instant now() const override { return shard_.now(); }
  TimerId call_at(Instant, Task) override { return {}; }
  void cancel(TimerId) override {}
  void post_control(Task task) override {
    rig_.control.post([alive = std::weak_ptr<bool>(alive), task = std::move(task)]() mutable {
      if (alive.lock()) task();
    });
  }
  MediaShard& shard() override { return shard_; }
  MediaId id() const override { return {shard_.index(), peer_}; }

  std::shared_ptr<bool> alive = std::make_shared<bool>(true);  // ends with the control half
  bool connected = false;
  std::vector<Sent> sent;
  std::vector<RtcpFeedback> feedback;
  std::vector<DataMessage> data;
  std::unique_ptr<MediaHandler> handler;

 private:
  PluginRig& rig_;
  FakeShard& shard_;
  PeerId peer_;
};

// An attached handle and its client.
class RigHandle final : public HandleContext {
 public:
  RigHandle(PluginRig& rig, uint32_t shard) : rig_(rig), media_(std::make_shared<RigMedia>(rig, shard)) {
    plugin_ = std::move(*rig.plugin->attach(*this));
  }
  ~RigHandle() override {
    hang_up("Detach");
    plugin_.reset();
    media_->alive.reset();
    // The media half goes on its own loop, later.
    uint32_t shard = media_->shard().index();
    rig_.post_shard(shard, [media = std::move(media_)](MediaShard&) { media->handler.reset(); });
  }

  SessionId session_id() const override { return SessionId(1); }
  HandleId handle_id() const override { return HandleId(2); }
  std::string_view opaque_id() const override { return ""; }
  void push_event(std::string_view, Json data, std::optional<LocalJsep> jsep) override {
    events.push_back(data.as_object());
    if (jsep) description = std::move(jsep);
  }
  void install_media(std::move_only_function<std::unique_ptr<MediaHandler>(MediaContext&)> factory) override {
    post([factory = std::move(factory)](RigMedia& media) mutable { media.handler = factory(media); });
  }
  void post_media(std::move_only_function<void(MediaHandler&)> task) override {
    post([task = std::move(task)](RigMedia& media) mutable {
      if (media.handler) task(*media.handler);
    });
  }
  MediaId media_id() const override { return media_->id(); }
  bool has_peer_connection() const override { return connected; }
  void close_peer_connection() override { closing_ = true; }
  void end_session() override {}
  void notify_event(Json data) override { rig_.notified.push_back(data.as_object()); }
  TimerId call_after(Duration, Task) override { return {}; }
  void cancel(TimerId) override {}

  // What the request is answered with, at once or by the event that follows.
  JsonObject ask(std::string_view body, std::optional<RemoteJsep> jsep = std::nullopt) {
    std::optional<JsonObject> reply;
    size_t told = events.size();
    plugin_->on_message({.transaction = "t", .body = parse_json(body)->as_object(), .jsep = std::move(jsep)},
                        Reply([&reply](Reply::Outcome outcome) {
                          if (outcome.kind == Reply::Outcome::Kind::success) reply = outcome.data.as_object();
                        }));
    rig_.run();
    if (std::exchange(closing_, false)) hang_up("Close PC");
    if (!reply && told < events.size()) reply = events[told];
    return reply.value_or(JsonObject{});
  }
  void connect() {
    connected = media_->connected = true;
    post([](RigMedia& media) { media.handler->on_connected(); });
    plugin_->on_media_up();
    rig_.run();
  }
  void hang_up(std::string_view reason = "DTLS alert") {
    if (!std::exchange(connected, false)) return;
    media_->connected = false;
    post([](RigMedia& media) {
      if (media.handler) media.handler->on_disconnected();
    });
    plugin_->on_hangup(reason);
    rig_.run();
  }
  void settle() {
    if (std::exchange(closing_, false)) hang_up("Close PC");
  }
  void receive(const RtpPacket& packet) { media_->handler->on_rtp(packet); }
  void receive(const DataMessage& message) { media_->handler->on_data(message); }
  RigMedia& media() { return *media_; }
  PluginHandle& plugin() { return *plugin_; }
  Json query() const { return plugin_->query(); }

  // The last event that has this member.
  const JsonObject* last(std::string_view member) const {
    for (auto event = events.rbegin(); event != events.rend(); ++event) {
      if (event->contains(member)) return &*event;
    }
    return nullptr;
  }

  std::vector<JsonObject> events;
  std::optional<LocalJsep> description;
  bool connected = false;

 private:
  template <typename Do>
  void post(Do task) {
    rig_.post_shard(media_->shard().index(),
                    [media = media_, task = std::move(task)](MediaShard&) mutable { task(*media); });
  }

  PluginRig& rig_;
  std::shared_ptr<RigMedia> media_;
  std::unique_ptr<PluginHandle> plugin_;
  bool closing_ = false;
};

// The client takes everything that is offered.
inline RemoteJsep rig_answer(const LocalJsep& offer) {
  RemoteJsep jsep;
  jsep.type = "answer";
  jsep.sdp = offer.sdp;
  for (size_t at = 0; (at = jsep.sdp.find("a=sendonly", at)) != std::string::npos;)
    jsep.sdp.replace(at, 10, "a=recvonly");
  return jsep;
}

}  // namespace limen::test
