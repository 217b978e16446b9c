#include "core/media/media_plane.hpp"

#include <gtest/gtest.h>

#include "tests/support/media_plane_rig.hpp"

namespace limen::core {
namespace {

using namespace std::chrono_literals;
using test::EchoHandler;
using test::endpoint;
using test::ip;
using test::Seen;

class MediaPlaneTest : public test::MediaPlaneRig {};

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
