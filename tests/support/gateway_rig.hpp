// For the core's tests: a whole gateway on virtual time with one simulated media loop, a transport
// that the test plays itself, a plugin that does as it is told, and an event handler that listens.
#pragma once
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/gateway.hpp"
#include "core/gateway_state.hpp"
#include "core/media/media_plane.hpp"
#include "crypto/certificate.hpp"
#include "tests/support/seeded_random.hpp"
#include "tests/support/sim_executor.hpp"
#include "tests/support/sim_network.hpp"
#include "tests/support/sim_shard.hpp"

namespace limen::core::test {

// One connection; keeps what was sent to it, replies and events in one order.
class FakeClient final : public Client {
 public:
  explicit FakeClient(std::string id, bool connection_oriented = true)
      : id_(std::move(id)), connection_oriented_(connection_oriented) {}
  std::string_view transport() const override { return "janus.transport.fake"; }
  std::string id() const override { return id_; }
  void send_event(SessionId, const Json& event) override { got.push_back(event.as_object()); }
  void session_created(SessionId session) override { sessions.push_back(session); }
  void session_over(SessionId session, bool timeout, bool claimed) override {
    over.push_back(fmt::format("{}{}{}", session.value(), timeout ? " timeout" : "", claimed ? " claimed" : ""));
  }
  bool connection_oriented() const override { return connection_oriented_; }

  // What came since the last call, as "ack", "event", "error 458" ...
  std::vector<std::string> words() {
    std::vector<std::string> list;
    for (const JsonObject& message : got) {
      std::string word(message.at("janus").as_string());
      if (word == "error") word += fmt::format(" {}", message.at("error").at("code").as_int64());
      list.push_back(std::move(word));
    }
    got.clear();
    return list;
  }

  std::deque<JsonObject> got;
  std::vector<SessionId> sessions;
  std::vector<std::string> over;

 private:
  std::string id_;
  bool connection_oriented_;
};

class FakeTransport final : public Transport {
 public:
  FakeTransport() {
    info_.package = "janus.transport.fake";
    info_.library = "libjanus_fake.so";
  }
  const ModuleInfo& info() const override { return info_; }
  Result<> start(TransportContext&) override { return {}; }
  void stop() override { stopped = true; }
  bool serves_janus_api() const override { return true; }
  bool serves_admin_api() const override { return admin; }
  std::vector<Listening> listening() const override { return {}; }
  std::optional<Json> on_query(const Json& request) override { return request; }
  bool admin = true;
  bool stopped = false;

 private:
  ModuleInfo info_;
};

// What the test wants the plugin to do, and what it saw.
struct PluginScript {
  std::function<void(HandleContext&, Message, Reply)> on_message;
  std::vector<std::string> seen;  // "message", "up", "hangup Janus API", "gone"
  bool refuse_attach = false;
};

class FakePluginHandle final : public PluginHandle {
 public:
  FakePluginHandle(HandleContext& context, PluginScript& script) : context_(context), script_(script) {}
  ~FakePluginHandle() override { script_.seen.emplace_back("gone"); }
  void on_message(Message message, Reply reply) override {
    script_.seen.emplace_back("message");
    if (script_.on_message) script_.on_message(context_, std::move(message), std::move(reply));
    else reply.success(JsonObject{{"echo", message.body}});
  }
  void on_media_up() override { script_.seen.emplace_back("up"); }
  void on_hangup(std::string_view reason) override {
    script_.seen.push_back(fmt::format("hangup {}", reason));
    context_.push_event({}, JsonObject{{"result", "done"}});
  }
  Json query() const override { return JsonObject{{"fake", true}}; }

 private:
  HandleContext& context_;
  PluginScript& script_;
};

class FakePlugin final : public Plugin {
 public:
  FakePlugin(std::string package, PluginScript& script) : script_(script) {
    info_.package = std::move(package);
    info_.library = "libjanus_" + info_.package.substr(info_.package.rfind('.') + 1) + ".so";
  }
  const ModuleInfo& info() const override { return info_; }
  Result<> start(PluginContext&) override { return {}; }
  Result<std::unique_ptr<PluginHandle>> attach(HandleContext& context) override {
    if (script_.refuse_attach) return fail("-1");
    return std::make_unique<FakePluginHandle>(context, script_);
  }

 private:
  ModuleInfo info_;
  PluginScript& script_;
};

class FakeHandler final : public EventHandler {
 public:
  explicit FakeHandler(std::vector<JsonObject>& events) : events_(events) { info_.package = "janus.eventhandler.fake"; }
  const ModuleInfo& info() const override { return info_; }
  Result<> start(EventHandlerContext&) override { return {}; }
  void stop() override {}
  uint32_t mask() const override { return kAllEvents; }
  void on_event(const Json& event) override { events_.push_back(event.as_object()); }

 private:
  ModuleInfo info_;
  std::vector<JsonObject>& events_;
};

class GatewayRig {
 public:
  explicit GatewayRig(GatewaySettings settings = {})
      : network(clock, 3),
        world(clock, 4),
        control(world.add_executor("control")),
        server(network.add_host("server", {limen::test::ip("192.0.2.1")})),
        shard(world, network, server, {limen::test::endpoint("192.0.2.1:7000")}, 10),
        plane(control, {shard.env()}),
        random(5) {
    world.attach(network);
    shard.drive(plane.host(0));
    auto certificate = crypto::Certificate::generate();
    EXPECT_TRUE(certificate);
    GatewayParts parts{.settings = std::move(settings),
                       .facts = {},
                       .log = {},
                       .executor = control,
                       .background = world.background(),
                       .random = random,
                       .media = plane,
                       .certificate = *certificate};
    parts.facts.local_ip = limen::test::ip("192.0.2.1");
    parts.plugins.push_back(std::make_unique<FakePlugin>("janus.plugin.fake", script));
    parts.plugins.push_back(std::make_unique<FakePlugin>("janus.plugin.other", script));
    auto fake = std::make_unique<FakeTransport>();
    transport = fake.get();
    parts.transports.push_back(std::move(fake));
    parts.handlers.push_back(std::make_unique<FakeHandler>(events));
    gateway = std::make_unique<Gateway>(std::move(parts));
    run([&] { EXPECT_TRUE(gateway->start()); });
  }
  ~GatewayRig() {
    run([&] { gateway->stop(15); });
    settle();
    run([&] { gateway.reset(); });
  }

  // As the control thread would.
  void run(Task task) {
    bool done = false;
    control.post([&] {
      task();
      done = true;
    });
    EXPECT_TRUE(world.run_until([&] { return done; }, std::chrono::seconds(1)));
  }
  void settle() { world.run_for(std::chrono::milliseconds(20)); }

  // Sends a request; its reply lands among the client's messages.
  void send(const std::shared_ptr<FakeClient>& client, std::string_view text, bool admin = false) {
    auto message = parse_json(text);
    ASSERT_TRUE(message) << text;
    run([&] {
      Request request;
      request.client = client;
      request.admin = admin;
      request.message = *message;
      request.reply = [client](const Json& reply) { client->got.push_back(reply.as_object()); };
      gateway->handle(std::move(request));
    });
    settle();
  }
  // The one reply to it.
  JsonObject ask(std::string_view text, bool admin = false) {
    auto visitor = std::make_shared<FakeClient>("visitor", false);
    send(visitor, text, admin);
    EXPECT_EQ(visitor->got.size(), 1U) << text;
    return visitor->got.empty() ? JsonObject{} : visitor->got.front();
  }
  int error(std::string_view text, bool admin = false) {
    JsonObject reply = ask(text, admin);
    const Json* problem = reply.if_contains("error");
    return problem == nullptr ? 0 : static_cast<int>(problem->at("code").as_int64());
  }

  limen::test::VirtualClock clock;
  limen::test::SimNetwork network;
  limen::test::SimScheduler world;
  limen::test::SimExecutor& control;
  limen::test::HostId server;
  limen::test::SimShard shard;
  MediaPlane plane;
  limen::test::SeededRandom random;
  PluginScript script;
  std::vector<JsonObject> events;
  FakeTransport* transport = nullptr;
  std::unique_ptr<Gateway> gateway;
};

// A session (1) with one handle on the fake plugin, owned by `client`.
struct Attached {
  explicit Attached(GatewayRig& rig, std::string_view more = "") : client(std::make_shared<FakeClient>("77")) {
    rig.send(client, R"({"janus":"create","transaction":"c","id":1})");
    rig.send(
        client,
        fmt::format(R"({{"janus":"attach","transaction":"a","session_id":1,"plugin":"janus.plugin.fake"{}}})", more));
    if (client->got.size() == 2 && client->got[1].contains("data")) {
      handle = static_cast<uint64_t>(client->got[1].at("data").at("id").to_number<uint64_t>());
    }
    client->got.clear();
  }
  // A request on the handle; `rest` begins with a comma.
  std::string on_handle(std::string_view verb, std::string_view rest = "") const {
    return fmt::format(R"({{"janus":"{}","transaction":"t","session_id":1,"handle_id":{}{}}})", verb, handle, rest);
  }
  std::shared_ptr<FakeClient> client;
  uint64_t handle = 0;
};

}  // namespace limen::core::test
