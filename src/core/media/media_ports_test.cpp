// Media handlers' UDP ports and SRTP contexts: two forwarders' ends in the simulator, and over real SRTP.
#include <gtest/gtest.h>

#include "core/media/media_plane.hpp"
#include "core/media/srtp_contexts.hpp"
#include "media/forward/rtp_forwarder.hpp"
#include "media/forward/rtp_receiver.hpp"
#include "tests/support/sim_executor.hpp"
#include "tests/support/sim_network.hpp"
#include "tests/support/sim_shard.hpp"
#include "wire/rtp/rtp_parser.hpp"

namespace limen::core {
namespace {

using namespace std::chrono_literals;

std::vector<uint8_t> rtp(uint16_t sequence) {
  std::vector<uint8_t> bytes(200, 0x55);
  bytes[0] = 0x80;
  bytes[1] = 96;
  store_u16(&bytes[2], sequence);
  return bytes;
}

SrtpMaterial material(int suite, uint8_t fill = 7) {
  return {.suite = suite, .key = std::vector<uint8_t>(30, fill)};
}

TEST(SrtpContexts, protect_and_unprotect_with_either_suite) {
  for (int suite : {32, 80}) {
    auto sender = make_srtp_protector(material(suite));
    auto receiver = make_srtp_unprotector(material(suite));
    auto stranger = make_srtp_unprotector(material(suite, 8));
    ASSERT_TRUE(sender && receiver && stranger);
    std::vector<uint8_t> plain = rtp(1), buffer = plain;
    buffer.resize(plain.size() + SrtpProtector::kMaxGrowth);
    size_t size = (*sender)->protect_rtp(buffer, plain.size());
    ASSERT_EQ(size, plain.size() + static_cast<size_t>(suite / 8));
    std::vector<uint8_t> copy(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size)), other = copy;
    EXPECT_EQ((*stranger)->unprotect_rtp(other), 0U);
    other = copy;
    ASSERT_EQ((*receiver)->unprotect_rtp(copy), plain.size());
    copy.resize(plain.size());
    EXPECT_EQ(copy, plain);
    EXPECT_EQ((*receiver)->unprotect_rtp(other), 0U) << "replayed";
  }
}

TEST(SrtpContexts, unusable_keys_and_suites_are_refused) {
  EXPECT_FALSE(make_srtp_protector({.suite = 64, .key = std::vector<uint8_t>(30)}));
  EXPECT_FALSE(make_srtp_protector({.suite = 80, .key = std::vector<uint8_t>(29)}));
  EXPECT_FALSE(make_srtp_unprotector({.suite = 32, .key = {}}));
}

class MediaPorts : public testing::Test {
 protected:
  MediaPorts()
      : network_(clock_, 3),
        world_(clock_, 4),
        control_(world_.add_executor("control")),
        server_(network_.add_host("server", {test::ip("192.0.2.1")})),
        shard0_(world_, network_, server_, {test::endpoint("192.0.2.1:7000")}, 5),
        shard1_(world_, network_, server_, {test::endpoint("192.0.2.1:7001")}, 6),
        plane_(control_, {shard0_.env(), shard1_.env()}) {
    world_.attach(network_);
    shard0_.drive(plane_.host(0));
    shard1_.drive(plane_.host(1));
  }
  void on_shard(uint32_t index, std::function<void(MediaShard&)> task) {
    bool done = false;
    plane_.post_shard(index, [&](MediaShard& shard) {
      task(shard);
      done = true;
    });
    ASSERT_TRUE(world_.run_until([&] { return done; }, 1s));
  }

  test::VirtualClock clock_;
  test::SimNetwork network_;
  test::SimScheduler world_;
  test::SimExecutor& control_;
  test::HostId server_;
  test::SimShard shard0_, shard1_;
  MediaPlane plane_;
};

TEST_F(MediaPorts, a_stream_is_forwarded_by_srtp_from_one_loop_to_another_and_asks_back) {
  std::unique_ptr<media::RtpReceiver> receiver;
  std::unique_ptr<media::RtpForwarder> forwarder;
  std::vector<RtpPacket> got;
  int asked = 0;
  on_shard(1, [&](MediaShard& shard) {
    media::ReceiveSpec spec;
    spec.rtcp_bind = UdpBind{};
    spec.srtp = material(80);
    receiver = *media::RtpReceiver::open(shard, spec, [&](const RtpPacket& packet) { got.push_back(packet); });
  });
  on_shard(0, [&](MediaShard& shard) {
    media::ForwardSpec spec;
    spec.kind = MediaKind::video;
    spec.to = {test::ip("192.0.2.1"), receiver->port()};
    spec.rtcp_port = receiver->rtcp_port();
    spec.ssrc = 77;
    spec.srtp = material(80);
    forwarder = *media::RtpForwarder::open(shard, spec, {.ask_keyframe = [&](uint32_t) { ++asked; }});
    for (uint16_t i = 1; i <= 3; ++i) {
      forwarder->on_rtp(*parse_rtp(shard.packets().copy(rtp(i), shard.now()), {}), shard.now());
    }
  });
  ASSERT_TRUE(world_.run_until([&] { return got.size() == 3; }, 1s));
  EXPECT_EQ(got[2].ssrc, 77U);
  EXPECT_EQ(got[2].sequence, 3);
  EXPECT_EQ(got[2].payload().size(), 188U);
  on_shard(1, [&](MediaShard&) { EXPECT_TRUE(receiver->ask_keyframe(77)); });
  EXPECT_TRUE(world_.run_until([&] { return asked == 1; }, 1s));
  on_shard(0, [&](MediaShard&) { forwarder.reset(); });
  on_shard(1, [&](MediaShard&) { receiver.reset(); });
  EXPECT_EQ(shard0_.open_ports() + shard1_.open_ports(), 0U);
}

TEST_F(MediaPorts, a_loop_that_is_not_there_is_ignored) {
  plane_.post_shard(9, [](MediaShard&) { FAIL(); });
  world_.run_for(10ms);
}

}  // namespace
}  // namespace limen::core
