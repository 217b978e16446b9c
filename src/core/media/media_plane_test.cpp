#include "core/media/media_plane.hpp"

#include <gtest/gtest.h>

#include "crypto/certificate.hpp"
#include "tests/support/peer_pair.hpp"
#include "tests/support/sim_executor.hpp"
#include "tests/support/sim_network.hpp"
#include "tests/support/sim_shard.hpp"

namespace limen::core {
namespace {

using namespace std::chrono_literals;
using test::endpoint;
using test::ip;

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

// A server with two media loops on one host, and browsers on hosts of their own.
class MediaPlaneTest : public testing::Test {
 protected:
  MediaPlaneTest()
      : network_(clock_, 7),
        world_(clock_, 8),
        control_(world_.add_executor("control")),
        client_loop_(world_.add_executor("clients")),
        server_(network_.add_host("server", {ip("192.0.2.1")})),
        shard0_(world_, network_, server_, {endpoint("192.0.2.1:7000")}, 10),
        shard1_(world_, network_, server_, {endpoint("192.0.2.1:7001")}, 11),
        plane_(control_, {shard0_.env(), shard1_.env()}) {
    world_.attach(network_);
    shard0_.drive(plane_.host(0));
    shard1_.drive(plane_.host(1));
    tick_clients();
  }

  struct Call {
    MediaId id;
    std::vector<MediaEvent> events;
    Seen seen;
    std::unique_ptr<test::PeerSide> browser;
    rtc::PeerConfig config;

    template <typename Event>
    int count() const {
      return static_cast<int>(std::count_if(events.begin(), events.end(),
                                            [](const MediaEvent& e) { return std::holds_alternative<Event>(e); }));
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
      call.id = plane_.add_handle(loop, [&call](MediaEvent&& event) { call.events.push_back(std::move(event)); });
      plane_.install_handler(call.id, "janus.plugin.echotest", [&call](MediaContext& context) {
        return std::make_unique<EchoHandler>(context, call.seen);
      });
    });
    return call;
  }

  void call_from(Call& call, const char* address) {
    uint32_t n = ++browsers_;
    call.browser = std::make_unique<test::PeerSide>(network_, clock_, address, ip(address), 100 + n);
    call.browser->config.ice.controlling = true;
    call.browser->media = test::audio_video(1000 * n);
    auto answer = test::audio_video(1000 * n + 500);
    test::expect_ssrcs(call.browser->media, answer);
    test::expect_ssrcs(answer, call.browser->media);

    test::SeededRandom random(500 + n);
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

  [[nodiscard]] bool connect(Call& call, const char* address) {
    call_from(call, address);
    return world_.run_until([&] { return call.browser->connected && call.count<rtc::Connected>() == 1; }, 10s);
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

  test::VirtualClock clock_;
  test::SimNetwork network_;
  std::vector<std::unique_ptr<Call>> calls_;  // outlives the plane: handlers write into it as they end
  test::SimScheduler world_;
  test::SimExecutor& control_;
  test::SimExecutor& client_loop_;
  test::HostId server_;
  test::SimShard shard0_, shard1_;
  MediaPlane plane_;
  uint32_t browsers_ = 0;
  uint16_t sequence_ = 0;
};

TEST_F(MediaPlaneTest, a_browser_connects_and_gets_its_own_media_back) {
  Call& call = attach();
  ASSERT_TRUE(connect(call, "192.0.2.10"));
  EXPECT_EQ(call.seen.connected, 1);
  send_frames(call, 20);
  EXPECT_GE(call.seen.rtp, 20);
  EXPECT_GE(call.browser->rtp.size(), 20u);
  EXPECT_GE(call.count<rtc::PairSelected>(), 1);
  EXPECT_GE(call.count<rtc::DtlsStateChanged>(), 1);
}

TEST_F(MediaPlaneTest, the_least_loaded_loop_is_chosen_and_a_wanted_one_honoured) {
  MediaId a = attach().id, b = attach().id, c = attach(1).id, d = attach(99).id;
  EXPECT_EQ(a.shard, 0u);
  EXPECT_EQ(b.shard, 1u);
  EXPECT_EQ(c.shard, 1u);
  EXPECT_EQ(d.shard, 0u) << "no such loop: as if none was wanted";
  std::set<uint64_t> ids{a.peer.value(), b.peer.value(), c.peer.value(), d.peer.value()};
  EXPECT_EQ(ids.size(), 4u);
  on_control([&] { plane_.remove_handle(c); });
  auto loops = plane_.loops_info();
  ASSERT_EQ(loops.size(), 2u);
  EXPECT_EQ(loops[0].handles, 2u);
  EXPECT_EQ(loops[1].handles, 1u);
}

TEST_F(MediaPlaneTest, two_calls_on_one_loop_do_not_mix) {
  Call& first = attach(0);
  Call& second = attach(0);
  ASSERT_TRUE(connect(first, "192.0.2.10"));
  ASSERT_TRUE(connect(second, "192.0.2.11"));
  send_frames(first, 10);
  EXPECT_GE(first.seen.rtp, 10);
  EXPECT_EQ(second.seen.rtp, 0);
  EXPECT_EQ(plane_.host(0).counters().peers, 2u);
}

TEST_F(MediaPlaneTest, destroying_the_peer_silences_it_and_a_new_one_may_follow) {
  Call& call = attach();
  ASSERT_TRUE(connect(call, "192.0.2.10"));
  size_t events = 0;
  bool done = false;
  on_control([&] {
    plane_.destroy_peer(call.id, [&] { done = true; });
    events = call.events.size();
  });
  ASSERT_TRUE(world_.run_until([&] { return done && call.browser->closed; }, 5s)) << "close_notify reaches the browser";
  EXPECT_EQ(call.events.size(), events);
  EXPECT_EQ(call.seen.disconnected, 1);
  EXPECT_EQ(call.seen.destroyed, 0);
  EXPECT_EQ(plane_.host(call.id.shard).counters().peers, 0u);

  call.events.clear();
  ASSERT_TRUE(connect(call, "192.0.2.12"));
  EXPECT_EQ(call.seen.connected, 2);
}

TEST_F(MediaPlaneTest, a_browser_that_closes_is_reported) {
  Call& call = attach();
  ASSERT_TRUE(connect(call, "192.0.2.10"));
  call.browser->peer().close(clock_.now());
  call.browser->settle();
  ASSERT_TRUE(world_.run_until([&] { return call.count<rtc::Closed>() == 1; }, 5s));
  EXPECT_EQ(call.seen.disconnected, 1);
  on_control([&] { plane_.destroy_peer(call.id); });
  world_.run_for(1s);
  EXPECT_EQ(call.seen.disconnected, 1) << "told once";
}

TEST_F(MediaPlaneTest, removing_a_handle_ends_everything_of_it) {
  Call& call = attach();
  ASSERT_TRUE(connect(call, "192.0.2.10"));
  int late = 0;
  bool done = false;
  on_control([&] {
    plane_.post(call.id, [&](MediaHandler& handler) {
      MediaContext& context = static_cast<EchoHandler&>(handler).context();
      context.call_at(context.now() + 50ms, [&] { ++late; });
      // Arrives after the handle has gone.
      context.post_control([&] { ++late; });
    });
    plane_.remove_handle(call.id, [&] { done = true; });
    plane_.post(call.id, [&](MediaHandler&) { ++late; });
    plane_.with_peer(call.id, [&](rtc::Peer&, Instant) { ++late; });
  });
  size_t events = call.events.size();
  ASSERT_TRUE(world_.run_until([&] { return done; }, 1s));
  world_.run_for(1s);
  EXPECT_EQ(late, 0);
  EXPECT_EQ(call.events.size(), events);
  EXPECT_EQ(call.seen.destroyed, 1);
  EXPECT_EQ(plane_.host(call.id.shard).counters().handles, 0u);
  EXPECT_EQ(plane_.host(call.id.shard).find(call.id.peer), nullptr);
}

TEST_F(MediaPlaneTest, answers_come_even_for_what_has_gone) {
  MediaId gone{1, PeerId(12345)};
  int done = 0;
  std::optional<std::optional<rtc::PeerStats>> stats;
  on_control([&] {
    plane_.remove_handle(gone, [&] { ++done; });
    plane_.destroy_peer(gone, [&] { ++done; });
    plane_.stats(gone, [&](std::optional<rtc::PeerStats> s) { stats = std::move(s); });
    EXPECT_EQ(done, 0) << "never from inside the call";
  });
  ASSERT_TRUE(world_.run_until([&] { return done == 2 && stats; }, 1s));
  EXPECT_FALSE(stats->has_value());
  EXPECT_TRUE(plane_.local_bases(17).empty());
}

TEST_F(MediaPlaneTest, stats_and_counters_are_answered_from_the_shards) {
  Call& call = attach(1);
  ASSERT_TRUE(connect(call, "192.0.2.10"));
  send_frames(call, 5);
  std::optional<rtc::PeerStats> stats;
  std::vector<MediaHostCounters> counters;
  int all_peers = 0;
  on_control([&] {
    plane_.stats(call.id, [&](std::optional<rtc::PeerStats> s) { stats = std::move(s); });
    plane_.counters([&](std::vector<MediaHostCounters> c) { counters = std::move(c); });
    plane_.with_all_peers([&](rtc::Peer&, Instant) { ++all_peers; });
  });
  ASSERT_TRUE(world_.run_until([&] { return stats && !counters.empty() && all_peers == 1; }, 1s));
  EXPECT_EQ(stats->dtls_state, rtc::DtlsState::connected);
  ASSERT_EQ(counters.size(), 2u);
  EXPECT_EQ(counters[0].peers, 0u);
  EXPECT_EQ(counters[1].peers, 1u);
  EXPECT_GT(counters[1].demux.by_flow, 0u);
}

TEST_F(MediaPlaneTest, media_crosses_from_one_loop_to_another) {
  // A publisher on loop 0 whose packets a viewer on loop 1 gets.
  Call& viewer = attach(1);
  Call& publisher = attach(0);
  on_control([&] {
    plane_.install_handler(publisher.id, "janus.plugin.videoroom", [to = viewer.id](MediaContext& context) {
      class Forwarder : public MediaHandler {
       public:
        Forwarder(MediaContext& c, MediaId to) : context_(c), to_(to) {}
        void on_rtp(const RtpPacket& packet) override {
          context_.shard().post(to_.shard, [packet, peer = to_.peer](MediaShard& shard) {
            if (MediaContext* viewer_context = shard.find(peer)) viewer_context->send(OutgoingRtp::same_as(packet));
          });
        }

       private:
        MediaContext& context_;
        MediaId to_;
      };
      return std::make_unique<Forwarder>(context, to);
    });
  });
  ASSERT_TRUE(connect(viewer, "192.0.2.10"));
  ASSERT_TRUE(connect(publisher, "192.0.2.11"));
  send_frames(publisher, 10);
  EXPECT_EQ(publisher.browser->rtp.size(), 0u);
  EXPECT_GE(viewer.browser->rtp.size(), 10u);
  on_control([&] { plane_.remove_handle(viewer.id); });
  send_frames(publisher, 3);
}

TEST_F(MediaPlaneTest, a_handler_that_comes_late_learns_that_it_is_connected) {
  Call& call = attach();
  ASSERT_TRUE(connect(call, "192.0.2.10"));
  Seen late;
  on_control([&] {
    plane_.install_handler(call.id, "x",
                           [&](MediaContext& context) { return std::make_unique<EchoHandler>(context, late); });
  });
  world_.run_for(10ms);
  EXPECT_EQ(call.seen.destroyed, 1);
  EXPECT_EQ(late.connected, 1);
  on_control([&] { plane_.remove_handle(call.id); });
  world_.run_for(10ms);
  EXPECT_EQ(late.disconnected, 1);
  EXPECT_EQ(late.destroyed, 1);
}

TEST_F(MediaPlaneTest, handler_timers_fire_and_can_be_cancelled) {
  Call& call = attach();
  std::string order;
  on_control([&] {
    plane_.post(call.id, [&](MediaHandler& handler) {
      MediaContext& context = static_cast<EchoHandler&>(handler).context();
      TimerId cancelled = context.call_at(context.now() + 1ms, [&] { order += 'x'; });
      context.call_at(context.now() + 3ms, [&] { order += 'b'; });
      context.call_at(context.now() + 2ms, [&order, &context] {
        order += 'a';
        context.post_control([&order] { order += 'c'; });
      });
      context.cancel(cancelled);
    });
  });
  world_.run_for(10ms);
  EXPECT_TRUE(order == "abc" || order == "acb") << order;
}

TEST_F(MediaPlaneTest, a_second_peer_with_a_taken_ufrag_is_closed) {
  Call& first = attach(0);
  Call& second = attach(0);
  ASSERT_TRUE(connect(first, "192.0.2.10"));
  on_control([&] { plane_.create_peer(second.id, first.config); });
  ASSERT_TRUE(world_.run_until([&] { return second.count<rtc::Closed>() == 1; }, 1s));
  send_frames(first, 5);
  EXPECT_GE(first.seen.rtp, 5);
}

TEST_F(MediaPlaneTest, strangers_are_dropped_and_disturb_nobody) {
  Call& call = attach(0);
  ASSERT_TRUE(connect(call, "192.0.2.10"));
  test::HostId stranger = network_.add_host("stranger", {ip("192.0.2.66")});
  auto socket = network_.bind(stranger, endpoint("192.0.2.66:1"), [](const test::SimDatagram&) {});
  const std::vector<uint8_t> junk(200, 0x80);
  for (int i = 0; i < 500; ++i) network_.send(socket, endpoint("192.0.2.1:7000"), junk);
  world_.run_for(100ms);
  EXPECT_EQ(plane_.host(0).counters().demux.unknown_datagram, 500u);
  send_frames(call, 5);
  EXPECT_GE(call.seen.rtp, 5);
  EXPECT_EQ(call.count<rtc::Closed>(), 0);
}

TEST_F(MediaPlaneTest, an_idle_call_lets_its_loop_sleep) {
  Call& call = attach(0);
  ASSERT_TRUE(connect(call, "192.0.2.10"));
  uint64_t before = shard0_.turns();
  world_.run_for(10s);
  EXPECT_LT(shard0_.turns() - before, 2000u);
}

TEST_F(MediaPlaneTest, a_vanished_browser_ends_in_an_event_not_in_a_leak) {
  Call& call = attach(0);
  ASSERT_TRUE(connect(call, "192.0.2.10"));
  call.browser->destroy();
  ASSERT_TRUE(
      world_.run_until([&] { return call.count<rtc::IceFailedAfterConnect>() + call.count<rtc::Closed>() > 0; }, 120s));
  on_control([&] { plane_.remove_handle(call.id); });
  world_.run_for(1s);
  EXPECT_EQ(shard0_.packets().free_count(), shard0_.packets().allocated());
}

}  // namespace
}  // namespace limen::core
