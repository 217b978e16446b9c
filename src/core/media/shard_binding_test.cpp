// The media plane on real threads and loopback sockets: two peers of one server call each other.
#include "core/media/shard_binding.hpp"

#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "crypto/certificate.hpp"
#include "crypto/random.hpp"
#include "tests/support/peer_pair.hpp"
#include "wire/rtp/rtp_parser.hpp"

namespace limen::core {
namespace {

using namespace std::chrono_literals;

constexpr auto kBound = 30s;
constexpr int kPackets = 200;

// Sends numbered packets once connected, on a timer; counts what arrives.
class Caller : public MediaHandler {
 public:
  Caller(MediaContext& context, std::function<void()> on_enough)
      : context_(context), on_enough_(std::move(on_enough)) {}
  void on_connected() override { tick(); }
  void on_rtp(const RtpPacket&) override {
    if (++received_ == kPackets) context_.post_control([enough = on_enough_] { enough(); });
  }

 private:
  void tick() {
    for (int i = 0; i < 10; ++i) send_one();
    context_.call_at(context_.now() + 2ms, [this] { tick(); });
  }
  void send_one() {
    ++sequence_;
    std::vector<uint8_t> raw(400);
    ByteWriter header(raw);
    header.u8(0x80);
    header.u8(0x80);
    header.u16(sequence_);
    header.u32(sequence_ * 3000u);
    header.u32(0);
    header.u8(0x10);
    auto packet = parse_rtp(context_.shard().packets().copy(raw, context_.now()), {});
    if (!packet) return;
    OutgoingRtp note = OutgoingRtp::same_as(*packet);
    note.mline = 1;
    note.payload_type = test::audio_video(1).mlines[1].payloads[0].payload_type;
    context_.send(note);
  }

  MediaContext& context_;
  std::function<void()> on_enough_;
  int received_ = 0;
  uint16_t sequence_ = 0;
};

rtc::Candidate candidate_of(const rtc::LocalBase& base) {
  rtc::Candidate candidate;
  candidate.foundation = "1";
  candidate.priority = rtc::candidate_priority(rtc::CandidateType::host, 65535);
  candidate.address = base.address;
  return candidate;
}

TEST(ShardBinding, advertised_addresses_take_the_sockets_port) {
  crypto::SecureRandom random;
  runtime::RuntimeConfig config;
  config.event_loops = 2;
  config.addresses = {{IpAddress::v4(0x7f000001)}};
  auto runtime = runtime::Runtime::create(config, random);
  ASSERT_TRUE(runtime) << runtime.error().text;
  IpAddress outside = *IpAddress::parse("203.0.113.5");
  auto plane = make_media_plane(**runtime, random, [&](const IpAddress&) { return std::vector{outside}; });
  ASSERT_EQ(plane->shard_count(), 2u);
  const rtc::LocalBase& base = plane->local_bases(1).at(0);
  EXPECT_EQ(base.address, (*runtime)->shard(1).bound_sockets().at(0).address);
  ASSERT_EQ(base.advertised.size(), 1u);
  EXPECT_EQ(base.advertised[0], (SocketAddress{outside, base.address.port}));
}

TEST(ShardBinding, two_loops_carry_a_call_over_real_sockets) {
  crypto::SecureRandom random;
  runtime::RuntimeConfig config;
  config.event_loops = 2;
  config.addresses = {{IpAddress::v4(0x7f000001)}};
  auto made = runtime::Runtime::create(config, random);
  ASSERT_TRUE(made) << made.error().text;
  runtime::Runtime& runtime = **made;
  auto plane = make_media_plane(runtime, random, {});
  runtime.start();

  struct Side {
    MediaId id;
    rtc::PeerConfig config;
    rtc::PeerMediaConfig media;
  };
  std::array<Side, 2> sides;
  std::promise<void> enough, gone;
  int missing = 2;
  auto certificate = crypto::Certificate::generate().value();
  auto set_up = [&] {
    for (uint32_t i = 0; i < 2; ++i) {
      sides[i].config.certificate = certificate;
      sides[i].config.ice.local = {random.text(8, kIceAlphabet), random.text(22, kIceAlphabet)};
      sides[i].config.ice.controlling = i == 0;
      sides[i].media = test::audio_video(1000 * (i + 1));
    }
    for (uint32_t i = 0; i < 2; ++i) test::expect_ssrcs(sides[i].media, sides[1 - i].media);
    for (uint32_t i = 0; i < 2; ++i) {
      Side& side = sides[i];
      side.id = plane->add_handle(i, [](MediaEvent&&) {});
      plane->install_handler(side.id, "test", [&](MediaContext& context) {
        return std::make_unique<Caller>(context, [&] {
          if (--missing == 0) enough.set_value();
        });
      });
      rtc::RemoteTransport remote;
      remote.ice = sides[1 - i].config.ice.local;
      remote.fingerprint_hash = "sha-256";
      remote.fingerprint = certificate->fingerprint("sha-256");
      remote.local_dtls_role = i == 0 ? rtc::DtlsRole::client : rtc::DtlsRole::server;
      plane->create_peer(side.id, side.config);
      plane->with_peer(side.id, [remote, media = side.media, to = candidate_of(plane->local_bases(1 - i).at(0))](
                                    rtc::Peer& peer, Instant now) {
        peer.set_media(media, now);
        peer.set_remote(remote, now);
        peer.add_remote_candidate(to, now);
        peer.remote_candidates_done(now);
      });
    }
  };
  auto take_down = [&] {
    for (Side& side : sides) {
      plane->remove_handle(side.id, [&] {
        if (++missing == 2) gone.set_value();
      });
    }
  };
  runtime.control().post(set_up);
  std::thread control([&] { runtime.control().run(); });
  EXPECT_EQ(enough.get_future().wait_for(kBound), std::future_status::ready) << "no call within the bound";
  runtime.control().post(take_down);
  EXPECT_EQ(gone.get_future().wait_for(kBound), std::future_status::ready);
  runtime.control().stop();
  control.join();
  runtime.stop();
  for (uint32_t i = 0; i < 2; ++i) {
    PacketPool& packets = runtime.shard(i).packets();
    EXPECT_EQ(packets.free_count(), packets.allocated()) << "loop " << i;
  }
  plane.reset();
}

}  // namespace
}  // namespace limen::core
