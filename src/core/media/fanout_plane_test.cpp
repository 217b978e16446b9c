// Fan-out with real peers: one publisher, subscribers on four shuffled media loops behind lossy links.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>

#include "core/media/media_plane.hpp"
#include "crypto/certificate.hpp"
#include "media/fanout/fanout_hub.hpp"
#include "media/fanout/fanout_sink.hpp"
#include "media/fanout/fanout_source.hpp"
#include "tests/support/peer_pair.hpp"
#include "tests/support/sim_executor.hpp"
#include "tests/support/sim_network.hpp"
#include "tests/support/sim_shard.hpp"

namespace limen::core {
namespace {

using namespace std::chrono_literals;
using test::ip;

constexpr uint32_t kShards = 4;
constexpr uint32_t kSubscribers = 200;
constexpr uint8_t kVideo = 1;

class PublisherMedia final : public MediaHandler {
 public:
  PublisherMedia(MediaContext& context, media::StreamId stream)
      : source_(context.shard(), stream, {},
                {.ask_keyframe = [&context] { context.send(RtcpFeedback(KeyframeRequest{.mline = kVideo})); }}) {}
  void on_rtp(const RtpPacket& packet) override {
    if (packet.mline == kVideo) source_.push(packet);
  }

 private:
  media::FanoutSource source_;
};

class SubscriberMedia final : public MediaHandler {
 public:
  SubscriberMedia(MediaContext& context, media::StreamId stream) : sink_(context, {.mline = kVideo, .relay = false}) {
    sink_.attach(stream);
  }
  void on_connected() override { sink_.set_relaying(true); }
  void on_disconnected() override { sink_.set_relaying(false); }
  void on_feedback(const RtcpFeedback& feedback) override {
    if (std::holds_alternative<KeyframeRequest>(feedback)) sink_.ask_keyframe();
  }

 private:
  media::FanoutSink sink_;
};

class FanoutPlane : public testing::Test {
 protected:
  struct Call {
    MediaId id;
    std::unique_ptr<test::PeerSide> browser;
  };

  FanoutPlane()
      : network_(clock_, 21),
        world_(clock_, 22),
        control_(world_.add_executor("control")),
        client_loop_(world_.add_executor("clients")),
        server_(network_.add_host("server", {ip("192.0.2.1")})) {
    world_.attach(network_);
    std::vector<MediaShardEnv> envs;
    for (uint32_t i = 0; i < kShards; ++i) {
      SocketAddress address{ip("192.0.2.1"), static_cast<uint16_t>(7000 + i)};
      shards_.push_back(
          std::make_unique<test::SimShard>(world_, network_, server_, std::vector<SocketAddress>{address}, 30 + i));
      envs.push_back(shards_.back()->env());
    }
    plane_ = std::make_unique<MediaPlane>(control_, std::move(envs));
    for (uint32_t i = 0; i < kShards; ++i) shards_[i]->drive(plane_->host(i));
    tick_clients();
  }

  void on_control(Task task) {
    bool done = false;
    control_.post([&] {
      task();
      done = true;
    });
    ASSERT_TRUE(world_.run_until([&] { return done; }, 1s));
  }

  template <typename Handler>
  Call& call(uint32_t shard, media::StreamId stream) {
    auto n = static_cast<uint32_t>(calls_.size() + 1);
    calls_.push_back(std::make_unique<Call>());
    Call& call = *calls_.back();
    std::string address = fmt::format("198.51.100.{}", n);
    call.browser = std::make_unique<test::PeerSide>(network_, clock_, address, ip(address.c_str()), 100 + n);
    test::PeerSide& browser = *call.browser;
    browser.config.ice.controlling = true;
    browser.media = test::audio_video(1000 * n);
    auto answer = test::audio_video(1000 * n + 500);
    test::expect_ssrcs(browser.media, answer);
    test::expect_ssrcs(answer, browser.media);
    rtc::PeerConfig config;
    test::SeededRandom random(500 + n);
    config.certificate = browser.config.certificate;
    // As long as receivers ask (NackGenerator::kMaxAge). With the usual 200 ms a packet is given up when two
    // retransmissions of it are lost, one in a thousand here.
    config.tuning.min_nack_queue = 1s;
    config.ice.local = {random.text(8, kIceAlphabet), random.text(22, kIceAlphabet)};
    browser.create();
    rtc::RemoteTransport remote = browser.transport();
    remote.local_dtls_role = rtc::DtlsRole::server;
    on_control([&] {
      call.id = plane_->add_handle(shard, [](MediaEvent&&) {});
      plane_->install_handler(call.id, "test",
                              [stream](MediaContext& context) { return std::make_unique<Handler>(context, stream); });
      plane_->create_peer(call.id, config);
      plane_->with_peer(call.id, [remote, answer](rtc::Peer& peer, Instant now) {
        peer.set_media(answer, now);
        peer.set_remote(remote, now);
        peer.start_checks(now);
      });
    });
    rtc::RemoteTransport server;
    server.ice = config.ice.local;
    server.fingerprint_hash = "sha-256";
    server.fingerprint = config.certificate->fingerprint("sha-256");
    server.local_dtls_role = rtc::DtlsRole::client;
    browser.peer().set_remote(server, clock_.now());
    rtc::Candidate candidate;
    candidate.foundation = "1";
    candidate.priority = rtc::candidate_priority(rtc::CandidateType::host, 65535);
    candidate.address = plane_->local_bases(shard).at(0).address;
    browser.peer().add_remote_candidate(candidate, clock_.now());
    browser.peer().remote_candidates_done(clock_.now());
    browser.settle();
    return call;
  }

  void tick_clients() {
    for (auto& call : calls_) {
      if (!call->browser->created() || call->browser->peer().next_deadline() > clock_.now()) continue;
      call->browser->peer().handle_timeout(clock_.now());
      call->browser->settle();
    }
    client_loop_.call_at(clock_.now() + 5ms, [this] { tick_clients(); });
  }

  // A publisher answers with the next frame; as browsers do, not to each of a flood of requests.
  void send_frames(Call& publisher, int count) {
    test::PeerSide& browser = *publisher.browser;
    for (int i = 0; i < count; ++i) {
      bool wanted = !browser.feedback.empty();
      browser.feedback.clear();
      keyframes_ += wanted;
      ++sequence_;
      browser.send_media(kVideo, sequence_, sequence_ * 3000U, wanted);
      world_.run_for(33ms);
    }
  }

  // What a decoder of this stream would meet: nothing twice, a key frame first, and no number missing but
  // before a later key frame: from there on nobody needs it, so nobody asks for it (RFC 4585 section 6.2.1
  // leaves that to the receiver). Returns how many such numbers there are.
  static int superseded(const test::PeerSide& browser) {
    if (browser.rtp.empty()) {
      ADD_FAILURE() << "nothing has come";
      return 0;
    }
    std::map<int, bool> numbers;  // from the first packet that came; is it a key frame?
    uint16_t origin = browser.rtp.front().sequence;
    for (const RtpPacket& packet : browser.rtp) {
      bool added = numbers.emplace(sequence_distance(origin, packet.sequence), packet.video.keyframe).second;
      EXPECT_TRUE(added) << "#" << packet.sequence << " twice";
    }
    EXPECT_TRUE(numbers.begin()->second) << "begins without a key frame";
    int missing = 0;
    int keyframe = numbers.begin()->first;
    for (const auto& [number, key] : numbers) {
      if (key) keyframe = number;
    }
    for (auto [number, last] = std::pair(numbers.begin()->first, numbers.rbegin()->first); number < last; ++number) {
      if (numbers.contains(number)) continue;
      ++missing;
      EXPECT_LT(number, keyframe) << "#" << static_cast<uint16_t>(origin + number) << " is missing for good";
    }
    return missing;
  }

  test::VirtualClock clock_;
  test::SimNetwork network_;
  test::SimScheduler world_;
  test::SimExecutor& control_;
  test::SimExecutor& client_loop_;
  test::HostId server_;
  std::vector<std::unique_ptr<test::SimShard>> shards_;
  std::vector<std::unique_ptr<Call>> calls_;
  std::unique_ptr<MediaPlane> plane_;
  uint16_t sequence_ = 65500;
  int keyframes_ = 0;
};

TEST_F(FanoutPlane, every_subscriber_has_a_whole_stream_over_lossy_links) {
  media::StreamId stream = media::StreamId::make(0);
  Call& publisher = call<PublisherMedia>(0, stream);
  ASSERT_TRUE(world_.run_until([&] { return publisher.browser->connected; }, 10s));
  send_frames(publisher, 10);
  for (uint32_t i = 0; i < kSubscribers; ++i) call<SubscriberMedia>(i % kShards, stream);
  ASSERT_TRUE(world_.run_until(
      [&] { return std::all_of(calls_.begin(), calls_.end(), [](auto& c) { return c->browser->connected; }); }, 20s));
  network_.set_link(server_, {}, {});
  send_frames(publisher, 20);
  network_.set_link(server_, {.latency = 5ms, .loss = 0.02, .burst = {.to_bad = 0.003, .to_good = 0.5}}, {});
  send_frames(publisher, 80);
  network_.set_link(server_, {}, {});
  send_frames(publisher, 40);  // what is still missing is asked for and sent again
  EXPECT_GT(network_.stats().lost, 200U);
  EXPECT_GE(keyframes_, 1);
  EXPECT_LE(keyframes_, 8) << "asked for once per source, not per subscriber";
  int missing = 0;
  for (size_t i = 1; i < calls_.size(); ++i) {
    SCOPED_TRACE(fmt::format("subscriber {}", i));
    missing += superseded(*calls_[i]->browser);
    EXPECT_GT(calls_[i]->browser->rtp.size(), 100U);
  }
  EXPECT_EQ(missing, 0) << "nobody asked for a key frame in the middle";
}

TEST_F(FanoutPlane, handles_that_vanish_leave_nothing_behind) {
  media::StreamId stream = media::StreamId::make(1);
  Call& publisher = call<PublisherMedia>(1, stream);
  for (uint32_t i = 0; i < 4; ++i) call<SubscriberMedia>(i, stream);
  ASSERT_TRUE(world_.run_until(
      [&] { return std::all_of(calls_.begin(), calls_.end(), [](auto& c) { return c->browser->connected; }); }, 20s));
  send_frames(publisher, 5);
  on_control([&] { plane_->remove_handle(calls_[2]->id); });
  on_control([&] { plane_->remove_handle(publisher.id); });
  send_frames(publisher, 2);  // into the void
  for (size_t i : {1, 3, 4}) on_control([&] { plane_->remove_handle(calls_[i]->id); });
  world_.run_for(1s);
  for (uint32_t i = 0; i < kShards; ++i) {
    media::FanoutCounters counters = media::FanoutHub::of(plane_->host(i)).counters();
    EXPECT_EQ(counters.sources + counters.lists, 0U) << "shard " << i;
  }
}

}  // namespace
}  // namespace limen::core
