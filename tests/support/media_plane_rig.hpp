// MediaPlaneRig: a server with two media loops on one host, and browsers on hosts of their own, all on virtual
// time. For tests that link the core; one thread.
#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "core/media/media_plane.hpp"
#include "crypto/certificate.hpp"
#include "tests/support/peer_pair.hpp"
#include "tests/support/sim_executor.hpp"
#include "tests/support/sim_network.hpp"
#include "tests/support/sim_shard.hpp"

namespace limen::test {

using namespace std::chrono_literals;

// What a media handler saw; written on its shard, read by the test (all one thread here).
struct Seen {
  int connected = 0, disconnected = 0, rtp = 0, feedback = 0, destroyed = 0;
};

// Sends back what it gets.
class EchoHandler : public MediaHandler {
 public:
  EchoHandler(MediaContext& context, Seen& seen) : context_(context), seen_(seen) {}
  ~EchoHandler() override { ++seen_.destroyed; }
  void on_rtp(const RtpPacket& packet) override {
    ++seen_.rtp;
    context_.send(OutgoingRtp::same_as(packet));
  }
  void on_feedback(const RtcpFeedback& feedback) override {
    ++seen_.feedback;
    context_.send(feedback);
  }
  void on_connected() override { ++seen_.connected; }
  void on_disconnected() override { ++seen_.disconnected; }
  MediaContext& context() { return context_; }

 private:
  MediaContext& context_;
  Seen& seen_;
};

class MediaPlaneRig : public testing::Test {
 protected:
  // Each loop has a port of its own.
  MediaPlaneRig()
      : network_(clock_, 7),
        world_(clock_, 8),
        control_(world_.add_executor("control")),
        client_loop_(world_.add_executor("clients")),
        server_(network_.add_host("server", {ip("192.0.2.1")})),
        shard0_(world_, network_, server_, {endpoint("192.0.2.1:7000")}, 10),
        shard1_(world_, network_, server_, {endpoint("192.0.2.1:7001")}, 11),
        plane_(control_, {shard0_.env(), shard1_.env()}) {
    begin();
  }

  // Both have port 7000; `choose_` says which of them gets a datagram, as the kernel would.
  struct OnePort {};
  explicit MediaPlaneRig(OnePort)
      : network_(clock_, 7),
        world_(clock_, 8),
        control_(world_.add_executor("control")),
        client_loop_(world_.add_executor("clients")),
        server_(network_.add_host("server", {ip("192.0.2.1")})),
        shared_(network_.bind(server_, endpoint("192.0.2.1:7000"),
                              [this](const SimDatagram& d) { (choose_(d) == 0 ? shard0_ : shard1_).arrive(d); })),
        directory_(std::make_shared<core::FlowDirectory>(random_)),
        shard0_(world_, network_, server_, shared_, 10),
        shard1_(world_, network_, server_, shared_, 11),
        plane_(control_, {sharing_env(shard0_, 0), sharing_env(shard1_, 1)}) {
    begin();
  }

  core::MediaShardEnv sharing_env(SimShard& shard, uint32_t index) {
    core::MediaShardEnv env = shard.env();
    env.directory = directory_;
    env.flow_changed = [this, index](const Flow& flow, bool won) { flow_changes_.push_back({flow, index, won}); };
    return env;
  }

  void begin() {
    world_.attach(network_);
    shard0_.drive(plane_.host(0));
    shard1_.drive(plane_.host(1));
    tick_clients();
  }

  struct Call {
    MediaId id;
    std::vector<core::MediaEvent> events;
    Seen seen;
    std::unique_ptr<PeerSide> browser;
    rtc::PeerConfig config;

    template <typename Event>
    int count() const {
      return static_cast<int>(std::count_if(
          events.begin(), events.end(), [](const core::MediaEvent& e) { return std::holds_alternative<Event>(e); }));
    }
  };

  // Runs as the control thread would, in one closure.
  void on_control(Task task) {
    bool done = false;
    control_.post([&] {
      task();
      done = true;
    });
    ASSERT_TRUE(world_.run_until([&] { return done; }, 1s));
  }

  Call& attach(std::optional<uint32_t> loop = {}) {
    calls_.push_back(std::make_unique<Call>());
    Call& call = *calls_.back();
    on_control([&] {
      call.id = plane_.add_handle(loop, [&call](core::MediaEvent&& event) { call.events.push_back(std::move(event)); });
      plane_.install_handler(call.id, "janus.plugin.echotest", [&call](MediaContext& context) {
        return std::make_unique<EchoHandler>(context, call.seen);
      });
    });
    return call;
  }

  void call_from(Call& call, const char* address, NatId behind = {}) {
    uint32_t n = ++browsers_;
    call.browser = std::make_unique<PeerSide>(network_, clock_, address, ip(address), 100 + n, behind);
    call.browser->config.ice.controlling = true;
    call.browser->media = audio_video(1000 * n);
    auto answer = audio_video(1000 * n + 500);
    expect_ssrcs(call.browser->media, answer);
    expect_ssrcs(answer, call.browser->media);

    SeededRandom random(500 + n);
    call.config.certificate = call.browser->config.certificate;
    call.config.ice.local = {random.text(8, kIceAlphabet), random.text(22, kIceAlphabet)};
    call.browser->create();
    rtc::RemoteTransport remote = call.browser->transport();
    remote.local_dtls_role = rtc::DtlsRole::server;
    on_control([&] {
      plane_.create_peer(call.id, call.config);
      plane_.with_peer(call.id, [remote, answer](rtc::Peer& peer, Instant now) {
        peer.set_media(answer, now);
        peer.set_remote(remote, now);
        peer.start_checks(now);
      });
    });
    rtc::RemoteTransport server;
    server.ice = call.config.ice.local;
    server.fingerprint_hash = "sha-256";
    server.fingerprint = call.config.certificate->fingerprint("sha-256");
    server.local_dtls_role = rtc::DtlsRole::client;
    call.browser->peer().set_remote(server, clock_.now());
    rtc::Candidate candidate;
    candidate.foundation = "1";
    candidate.priority = rtc::candidate_priority(rtc::CandidateType::host, 65535);
    candidate.address = plane_.local_bases(call.id.shard).at(0).address;
    call.browser->peer().add_remote_candidate(candidate, clock_.now());
    call.browser->peer().remote_candidates_done(clock_.now());
    call.browser->settle();
  }

  [[nodiscard]] bool connect(Call& call, const char* address, NatId behind = {}) {
    call_from(call, address, behind);
    return world_.run_until([&] { return call.browser->connected && call.count<rtc::Connected>() == 1; }, 10s);
  }

  // Tells the server of a candidate of the browser's.
  void tell_candidate(Call& call, rtc::Candidate candidate) {
    on_control([&] {
      plane_.with_peer(call.id,
                       [candidate](rtc::Peer& peer, Instant now) { peer.add_remote_candidate(candidate, now); });
    });
  }

  void tick_clients() {
    for (auto& call : calls_) {
      if (!call->browser || !call->browser->created()) continue;
      if (call->browser->peer().next_deadline() <= clock_.now()) {
        call->browser->peer().handle_timeout(clock_.now());
        call->browser->settle();
      }
    }
    client_loop_.call_at(clock_.now() + 5ms, [this] { tick_clients(); });
  }

  void send_frames(Call& call, int count) {
    for (int i = 0; i < count; ++i) {
      sequence_ = static_cast<uint16_t>(sequence_ + 1);
      call.browser->send_media(1, sequence_, sequence_ * 3000u, i == 0);
      world_.run_for(20ms);
    }
  }

  void expect_echo(Call& call) {
    int before = call.seen.rtp;
    size_t echoed = call.browser->rtp.size();
    send_frames(call, 20);
    EXPECT_EQ(call.seen.rtp, before + 20);
    EXPECT_EQ(call.browser->rtp.size(), echoed + 20);
  }

  VirtualClock clock_;
  SimNetwork network_;
  std::vector<std::unique_ptr<Call>> calls_;  // outlives the plane: handlers write into it as they end
  SimScheduler world_;
  SimExecutor& control_;
  SimExecutor& client_loop_;
  SeededRandom random_{77};
  HostId server_;
  SimSocketId shared_;
  std::shared_ptr<core::FlowDirectory> directory_;
  std::function<uint32_t(const SimDatagram&)> choose_ = [](const SimDatagram&) { return 0u; };
  struct FlowChange {
    Flow flow;
    uint32_t shard;
    bool won;
  };
  std::vector<FlowChange> flow_changes_;
  SimShard shard0_, shard1_;
  core::MediaPlane plane_;
  uint32_t browsers_ = 0;
  uint16_t sequence_ = 0;
};

}  // namespace limen::test
