// Clients that move: their handle, and the way media take, as the gateway sees them.
#include <gtest/gtest.h>

#include "rtc/ice/ice_messages.hpp"
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

std::string attribute(const std::string& sdp, const std::string& name) {
  size_t at = sdp.find("a=" + name + ":");
  if (at == std::string::npos) return {};
  at += name.size() + 3;
  return sdp.substr(at, sdp.find('\r', at) - at);
}

void answer_offer(HandleContext& context, Message message, Reply reply) {
  reply.ack("");
  if (!message.jsep) return;
  LocalJsep local;
  local.type = "answer";
  local.sdp = sdp::write_sdp(sdp::make_answer(*sdp::parse_sdp(message.jsep->sdp), {}));
  context.push_event(message.transaction, JsonObject{{"result", "ok"}}, std::move(local));
}

// A client that offers (so that it controls), and answers checks wherever it is.
class Mover {
 public:
  explicit Mover(GatewayRig& rig)
      : rig_(rig), handle_(rig), host_(rig.network.add_host("client", {limen::test::ip("203.0.113.5")})) {
    rig.script.on_message = answer_offer;
    generation_.set_local({"Wxyz", "clientclientclientclient"});
    go_to("203.0.113.5:5000");
  }
  void offer(const rtc::IceCredentials& mine) {
    generation_.set_local(mine);
    std::string sdp = limen::test::chromium_offer();
    sdp = limen::test::with_all(sdp, "a=ice-ufrag:" + attribute(sdp, "ice-ufrag"), "a=ice-ufrag:" + mine.ufrag);
    sdp = limen::test::with_all(sdp, "a=ice-pwd:" + attribute(sdp, "ice-pwd"), "a=ice-pwd:" + mine.pwd);
    Json jsep = {{"type", "offer"}, {"sdp", sdp}};
    rig_.send(handle_.client,
              handle_.on_handle("message", R"(,"body":{},"jsep":)" + write_json(jsep, JsonFormat::compact)));
    std::string answer(handle_.client->got.back().at("jsep").at("sdp").as_string());
    generation_.set_remote({attribute(answer, "ice-ufrag"), attribute(answer, "ice-pwd")});
  }
  // Leaves where it is, without a word.
  void go_to(const char* address) {
    SocketAddress to = endpoint(address);
    if (socket_) {
      rig_.network.remove_address(host_, rig_.network.local_address(*socket_).ip);
      rig_.network.close(*socket_);
      rig_.network.add_address(host_, to.ip);
    }
    socket_ = rig_.network.bind(host_, to, [this](const SimDatagram& datagram) { answer(datagram); });
  }
  // A browser's rhythm: a nominating check every half second.
  void check_for(Duration time) {
    for (Duration done{}; done < time; done += 500ms) {
      rtc::IceCheck check;
      random_.fill(check.id);
      check.priority = 1845501695;
      check.tie_breaker = 7;
      check.controlling = check.use_candidate = true;
      send_check(tx_, {0, endpoint("192.0.2.1:7000")}, generation_, check);
      flush();
      rig_.world.run_for(500ms);
    }
  }
  void forget_password() { generation_.remote_key = crypto::HmacSha1(as_bytes("some other password")); }
  std::string pair() {
    JsonObject info = rig_.ask(handle_.on_handle("handle_info"), true);
    const Json* pair = info.at("info").at("webrtc").at("ice").as_object().if_contains("selected-pair");
    return pair == nullptr ? "" : std::string(pair->as_string());
  }
  int hangups() const {
    int count = 0;
    for (const JsonObject& message : handle_.client->got) count += message.at("janus") == "hangup";
    return count;
  }

 private:
  void answer(const SimDatagram& datagram) {
    auto message = stun::Message::parse(datagram.bytes);
    if (!message || message->message_class() != stun::MessageClass::request) return;
    if (!message->integrity_ok(generation_.local_key)) return;
    send_success(tx_, {0, datagram.from}, generation_, message->transaction_id());
    flush();
  }
  void flush() {
    for (const TxQueue::Slot& slot : tx_.slots()) rig_.network.send(*socket_, slot.flow.remote, tx_.bytes(slot));
    tx_.clear();
  }

  GatewayRig& rig_;
  Attached handle_;
  limen::test::HostId host_;
  std::optional<limen::test::SimSocketId> socket_;
  limen::test::SeededRandom random_{8};
  TxQueue tx_;
  rtc::IceGeneration generation_;
};

TEST(Mobility, a_client_is_followed_to_another_address_by_its_checks) {
  GatewayRig rig;
  Mover client(rig);
  client.offer({"Wxyz", "clientclientclientclient"});
  client.check_for(2s);
  EXPECT_NE(client.pair().find("203.0.113.5:5000"), std::string::npos) << client.pair();
  for (const char* place : {"203.0.113.6:5000", "198.51.100.7:6000", "198.51.100.7:6001"}) {
    client.go_to(place);
    client.check_for(4s);
    EXPECT_NE(client.pair().find(place), std::string::npos) << client.pair();
  }
  EXPECT_EQ(client.hangups(), 0);
}

TEST(Mobility, a_restart_from_another_network_keeps_the_handle) {
  GatewayRig rig;
  Mover client(rig);
  client.offer({"Wxyz", "clientclientclientclient"});
  client.check_for(2s);
  client.go_to("198.51.100.7:6000");
  client.offer({"Rstr", "restartrestartrestartre"});
  client.check_for(1s);
  EXPECT_NE(client.pair().find("198.51.100.7:6000"), std::string::npos) << client.pair();
  EXPECT_EQ(client.hangups(), 0);
}

TEST(Mobility, checks_without_the_password_move_nobody) {
  GatewayRig rig;
  Mover client(rig);
  client.offer({"Wxyz", "clientclientclientclient"});
  client.check_for(2s);
  std::string before = client.pair();
  client.go_to("203.0.113.99:5000");
  client.forget_password();
  client.check_for(5s);
  EXPECT_EQ(client.pair(), before);
}

}  // namespace
}  // namespace limen::core
