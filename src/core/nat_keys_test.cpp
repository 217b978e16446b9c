// Keys of the group `nat` that show in what is sent to a peer: a whole gateway, and an ICE agent as its client.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rtc/ice/ice_agent.hpp"
#include "tests/support/gateway_rig.hpp"
#include "tests/support/sdp_fixtures.hpp"
#include "wire/sdp/offer_answer.hpp"
#include "wire/stun/stun_message.hpp"

namespace limen::core {
namespace {

using namespace std::chrono_literals;
using limen::test::endpoint;
using limen::test::SimDatagram;
using test::Attached;
using test::GatewayRig;

const rtc::IceCredentials kClient{"clnt", "clientclientclientclient"};

// The client's side of ICE at 192.0.2.9:5000.
class IceClient {
 public:
  explicit IceClient(GatewayRig& rig)
      : rig_(rig), loop_(rig.world.add_executor("client")), host_(rig.network.add_host("client", {address_.ip})) {
    socket_ = rig.network.bind(host_, address_, [this](const SimDatagram& datagram) {
      loop_.post([this, datagram] {
        agent_->handle(datagram.bytes, {0, datagram.from}, loop_.now());
        flush();
      });
    });
    rtc::IceConfig config;
    config.local = kClient;
    config.consent_freshness = false;
    config.bases.push_back({.socket = 0, .address = address_, .advertised = {}});
    agent_ = std::make_unique<rtc::IceAgent>(config, tx_, random_, loop_.now());
  }
  void start(const rtc::IceCredentials& server) {
    loop_.post([this, server] {
      agent_->set_remote_credentials(server, false, loop_.now());
      agent_->start(loop_.now());
      flush();
    });
  }
  const rtc::IceAgent& agent() const { return *agent_; }

 private:
  void flush() {
    for (const TxQueue::Slot& slot : tx_.slots()) rig_.network.send(socket_, slot.flow.remote, tx_.bytes(slot));
    tx_.clear();
    loop_.cancel(alarm_);
    if (agent_->next_deadline() == kNever) return;
    alarm_ = loop_.call_at(std::max(agent_->next_deadline(), loop_.now()), [this] {
      agent_->handle_timeout(loop_.now());
      flush();
    });
  }

  GatewayRig& rig_;
  SocketAddress address_ = endpoint("192.0.2.9:5000");
  limen::test::SimExecutor& loop_;
  limen::test::HostId host_;
  limen::test::SimSocketId socket_;
  limen::test::SeededRandom random_{6};
  TxQueue tx_;
  std::unique_ptr<rtc::IceAgent> agent_;
  TimerId alarm_;
};

// What the server sent, as far as it is STUN.
struct Sent {
  int requests = 0, nominating = 0, indications = 0;
  bool first_nominates = false;
};

void push_offer(HandleContext& context, Message message, Reply reply) {
  reply.ack("");
  if (message.jsep) return;
  auto offer = sdp::parse_sdp(limen::test::chromium_offer());
  LocalJsep local;
  local.type = "offer";
  local.sdp = sdp::write_sdp(*offer);
  context.push_event(message.transaction, JsonObject{{"result", "ok"}}, std::move(local));
}

std::string attribute(const std::string& sdp, const std::string& name) {
  size_t at = sdp.find("a=" + name + ":");
  if (at == std::string::npos) return {};
  at += name.size() + 3;
  return sdp.substr(at, sdp.find('\r', at) - at);
}

// The client knows no DTLS and sends no requests.
GatewaySettings without_dtls(GatewaySettings settings) {
  settings.general.no_webrtc_encryption = true;
  settings.general.session_timeout = 0;
  return settings;
}

// A call that the server offers, so that it is the controlling side.
struct Call {
  // `lines` go into the first m-line of the answer.
  explicit Call(GatewaySettings settings, const std::string& lines = "")
      : rig(without_dtls(std::move(settings))), handle(rig), client(rig) {
    rig.script.on_message = push_offer;
    rig.network.set_tap([this](const SimDatagram& datagram) { look_at(datagram); });
    rig.send(handle.client, handle.on_handle("message", R"(,"body":{})"));
    std::string offer(handle.client->got.back().at("jsep").at("sdp").as_string());
    std::string text = sdp::write_sdp(sdp::make_answer(*sdp::parse_sdp(offer), {}));
    std::string transport =
        fmt::format("a=ice-ufrag:{}\r\na=ice-pwd:{}\r\na=fingerprint:sha-256 {}\r\na=setup:active\r\n", kClient.ufrag,
                    kClient.pwd, limen::test::kFingerprint);
    text.insert(text.find("\r\nm=", text.find("m=")) + 2, lines);
    text.insert(text.find("m="), transport);
    Json jsep = {{"type", "answer"}, {"sdp", text}};
    rig.send(handle.client,
             handle.on_handle("message", R"(,"body":{},"jsep":)" + write_json(jsep, JsonFormat::compact)));
    client.start({attribute(offer, "ice-ufrag"), attribute(offer, "ice-pwd")});
    rig.send(
        handle.client,
        handle.on_handle(
            "trickle", R"(,"candidate":{"sdpMLineIndex":0,"candidate":"1 1 udp 2015363327 192.0.2.9 5000 typ host"})"));
  }

  void look_at(const SimDatagram& datagram) {
    if (datagram.from.ip != limen::test::ip("192.0.2.1")) return;
    auto message = stun::Message::parse(datagram.bytes);
    if (!message) return;
    if (message->message_class() == stun::MessageClass::indication) ++sent.indications;
    if (message->message_class() != stun::MessageClass::request) return;
    bool nominates = message->has(stun::AttributeType::use_candidate);
    if (sent.requests++ == 0) sent.first_nominates = nominates;
    sent.nominating += nominates;
  }
  bool ready() {
    return rig.world.run_until([this] { return client.agent().state() == rtc::IceState::ready; }, 5s);
  }

  GatewayRig rig;
  Attached handle;
  IceClient client;
  Sent sent;
};

TEST(NatKeys, aggressive_nomination_is_the_default_and_nominates_with_the_first_check) {
  Call call({});
  ASSERT_TRUE(call.ready());
  EXPECT_TRUE(call.sent.first_nominates);
  EXPECT_EQ(call.sent.nominating, call.sent.requests);
}

TEST(NatKeys, regular_nomination_checks_first) {
  GatewaySettings settings;
  settings.nat.ice_nomination = "regular";
  Call call(settings);
  ASSERT_TRUE(call.ready());
  EXPECT_FALSE(call.sent.first_nominates);
  EXPECT_GT(call.sent.nominating, 0);
  EXPECT_LT(call.sent.nominating, call.sent.requests);
}

TEST(NatKeys, keepalives_are_indications_unless_checks_are_asked_for) {
  for (bool checks : {false, true}) {
    GatewaySettings settings;
    settings.nat.ice_keepalive_conncheck = checks;
    Call call(settings);
    ASSERT_TRUE(call.ready());
    call.rig.world.run_for(1s);
    call.sent = {};
    call.rig.world.run_for(35s);
    EXPECT_EQ(call.sent.indications, checks ? 0 : 2);
    EXPECT_EQ(call.sent.requests, checks ? 2 : 0);
  }
}

TEST(NatKeys, consent_freshness_asks_every_five_seconds) {
  GatewaySettings settings;
  settings.nat.ice_consent_freshness = true;
  Call call(settings);
  ASSERT_TRUE(call.ready());
  call.rig.world.run_for(1s);
  call.sent = {};
  call.rig.world.run_for(60s);
  EXPECT_NEAR(call.sent.requests, 12, 3);
  EXPECT_EQ(call.sent.indications, 0);
}

TEST(NatKeys, local_names_are_dropped_with_a_reason_where_they_are_ignored) {
  GatewaySettings settings;
  settings.nat.ignore_mdns = true;
  Call call(settings);
  call.rig.send(
      call.handle.client,
      call.handle.on_handle(
          "trickle", R"(,"candidate":{"sdpMLineIndex":0,"candidate":"1 1 udp 2015363327 abc.local 5000 typ host"})"));
  JsonObject info = call.rig.ask(call.handle.on_handle("handle_info"), true);
  const Json& unresolved = info.at("info").at("webrtc").at("ice").at("unresolved-candidates");
  ASSERT_EQ(unresolved.as_array().size(), 1u);
  EXPECT_EQ(unresolved.as_array()[0].at("name"), "abc.local");
  EXPECT_EQ(unresolved.as_array()[0].at("reason"), "ignore_mdns is set");
}

TEST(NatKeys, candidates_of_the_description_obey_the_keys_too) {
  const std::string lines =
      "a=candidate:1 1 udp 2015363327 abc.local 5000 typ host\r\n"
      "a=candidate:2 1 tcp 2015363326 203.0.113.8 5000 typ host tcptype passive\r\n"
      "a=candidate:3 1 udp 2015363325 203.0.113.9 5000 typ host\r\n";
  GatewaySettings settings;
  settings.nat.ignore_mdns = true;
  Call call(settings, lines);
  JsonObject info = call.rig.ask(call.handle.on_handle("handle_info"), true);
  const JsonObject& ice = info.at("info").at("webrtc").at("ice").as_object();
  EXPECT_EQ(ice.at("unresolved-candidates").as_array()[0].at("name"), "abc.local");
  std::string remote = write_json(ice.at("remote-candidates"), JsonFormat::compact);
  EXPECT_EQ(remote.find("203.0.113.8"), std::string::npos) << remote;
  EXPECT_NE(remote.find("203.0.113.9"), std::string::npos) << remote;
}

}  // namespace
}  // namespace limen::core
