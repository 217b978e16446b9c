// One UDP port for two media loops on real threads and sockets: calls of both, whatever loop the kernel picks.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <future>
#include <thread>

#include "core/media/shard_binding.hpp"
#include "crypto/certificate.hpp"
#include "crypto/random.hpp"
#include "runtime/clock.hpp"
#include "tests/support/peer_pair.hpp"
#include "wire/rtp/rtp_parser.hpp"

namespace limen::core {
namespace {

using namespace std::chrono_literals;

constexpr auto kBound = 30s;
constexpr uint32_t kCalls = 8;
constexpr int kPackets = 100;

class Echo : public MediaHandler {
 public:
  explicit Echo(MediaContext& context) : context_(context) {}
  void on_rtp(const RtpPacket& packet) override { context_.send(OutgoingRtp::same_as(packet)); }

 private:
  MediaContext& context_;
};

uint16_t free_port() {
  return runtime::UdpSocket::open({IpAddress::v4(0x7f000001)}, 0, {})->local().port;
}

// A browser on a socket of its own; the test's thread.
class Client {
 public:
  explicit Client(uint32_t number, std::shared_ptr<const crypto::Certificate> certificate)
      : socket_(std::move(*runtime::UdpSocket::open({IpAddress::v4(0x7f000001)}, 0, {.gro = false}))),
        media(test::audio_video(1000 * number)) {
    config.certificate = std::move(certificate);
    config.ice.local = {random_.text(8, kIceAlphabet), random_.text(22, kIceAlphabet)};
    config.ice.controlling = true;
    config.ice.bases.push_back({0, socket_.local(), {}});
  }

  void call(const rtc::RemoteTransport& server, const SocketAddress& address) {
    Instant now = runtime::monotonic_now();
    peer_ = std::make_unique<rtc::Peer>(config, tx_, random_, now);
    peer_->set_media(media, now);
    peer_->set_remote(server, now);
    rtc::Candidate candidate;
    candidate.foundation = "1";
    candidate.priority = rtc::candidate_priority(rtc::CandidateType::host, 65535);
    candidate.address = address;
    peer_->add_remote_candidate(candidate, now);
    peer_->remote_candidates_done(now);
    settle();
  }
  rtc::RemoteTransport transport() const {
    rtc::RemoteTransport remote;
    remote.ice = config.ice.local;
    remote.fingerprint_hash = "sha-256";
    remote.fingerprint = config.certificate->fingerprint("sha-256");
    remote.local_dtls_role = rtc::DtlsRole::server;
    return remote;
  }
  void turn() {
    std::array<uint8_t, kMaxDatagram> room;
    sockaddr_storage raw{};
    socklen_t size = sizeof raw;
    ssize_t got = 0;
    while ((got = recvfrom(socket_.fd(), room.data(), room.size(), 0, reinterpret_cast<sockaddr*>(&raw), &size)) > 0) {
      Instant now = runtime::monotonic_now();
      peer_->handle({0, runtime::from_sockaddr(raw)}, pool.copy(Bytes(room).first(static_cast<size_t>(got)), now), now);
      settle();
    }
    Instant now = runtime::monotonic_now();
    if (peer_->next_deadline() <= now) peer_->handle_timeout(now);
    if (connected && sent < kPackets) send_one(now);
    settle();
  }
  int fd() const { return socket_.fd(); }
  bool done() const { return sent == kPackets && static_cast<int>(order.size()) >= kPackets; }

 private:
  void send_one(Instant now) {
    std::vector<uint8_t> raw(300, 0);
    ByteWriter header(raw);
    header.u8(0x80);
    header.u8(0x80);
    header.u16(static_cast<uint16_t>(++sent));
    header.u32(static_cast<uint32_t>(sent) * 3000u);
    header.u32(0);
    header.u8(0x10);
    auto packet = parse_rtp(pool.copy(raw, now), {});
    ASSERT_TRUE(packet);
    OutgoingRtp note = OutgoingRtp::same_as(*packet);
    note.mline = 1;
    note.payload_type = media.mlines[1].payloads[0].payload_type;
    peer_->send(note, now);
  }
  void settle() {
    rtc::PeerEvent event;
    while (peer_->poll_event(event)) {
      if (std::holds_alternative<rtc::Connected>(event)) connected = true;
      if (auto* packet = std::get_if<rtc::RtpReceived>(&event)) order.push_back(packet->packet.sequence);
    }
    for (const TxQueue::Slot& slot : tx_.slots()) {
      sockaddr_storage raw{};
      socklen_t size = runtime::to_sockaddr(slot.flow.remote, 0, raw);
      sendto(socket_.fd(), tx_.bytes(slot).data(), slot.size, 0, reinterpret_cast<sockaddr*>(&raw), size);
    }
    tx_.clear();
  }

  PacketPool pool;
  crypto::SecureRandom random_;
  runtime::UdpSocket socket_;
  TxQueue tx_;
  std::unique_ptr<rtc::Peer> peer_;

 public:
  rtc::PeerConfig config;
  rtc::PeerMediaConfig media;
  bool connected = false;
  int sent = 0;
  std::vector<uint16_t> order;
};

class SinglePort : public testing::Test {
 protected:
  void SetUp() override {
    runtime::RuntimeConfig config;
    config.event_loops = 2;
    config.addresses = {{IpAddress::v4(0x7f000001)}};
    config.single_port = port_;
    auto made = runtime::Runtime::create(config, random_);
    ASSERT_TRUE(made) << made.error().text;
    runtime_ = std::move(*made);
    plane_ = make_media_plane(*runtime_, random_, {});
    runtime_->start();
    for (uint32_t i = 0; i < kCalls; ++i) clients_.push_back(std::make_unique<Client>(i + 1, certificate_));
  }
  // On the control thread.
  void set_up_calls() {
    for (uint32_t i = 0; i < kCalls; ++i) {
      rtc::PeerConfig config;
      config.certificate = certificate_;
      config.ice.local = {random_.text(8, kIceAlphabet), random_.text(22, kIceAlphabet)};
      rtc::PeerMediaConfig media = test::audio_video(1000 * (i + 1) + 500);
      test::expect_ssrcs(media, clients_[i]->media);
      test::expect_ssrcs(clients_[i]->media, media);
      MediaId id = plane_->add_handle(i % 2, [](MediaEvent&&) {});
      ids_.push_back(id);
      plane_->install_handler(id, "test", [](MediaContext& context) { return std::make_unique<Echo>(context); });
      plane_->create_peer(id, config);
      plane_->with_peer(id, [remote = clients_[i]->transport(), media](rtc::Peer& peer, Instant now) {
        peer.set_media(media, now);
        peer.set_remote(remote, now);
        peer.start_checks(now);
      });
      servers_.push_back(config.ice.local);
    }
  }
  template <typename F>
  void on_control(F task) {
    std::promise<void> done;
    runtime_->control().post([&] {
      task();
      done.set_value();
    });
    ASSERT_EQ(done.get_future().wait_for(kBound), std::future_status::ready);
  }
  std::vector<MediaHostCounters> counters() {
    std::promise<std::vector<MediaHostCounters>> promise;
    runtime_->control().post([&] { plane_->counters([&](auto all) { promise.set_value(std::move(all)); }); });
    return promise.get_future().get();
  }

  crypto::SecureRandom random_;
  const uint16_t port_ = free_port();
  std::shared_ptr<const crypto::Certificate> certificate_ = crypto::Certificate::generate().value();
  std::unique_ptr<runtime::Runtime> runtime_;
  std::unique_ptr<MediaPlane> plane_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<MediaId> ids_;
  std::vector<rtc::IceCredentials> servers_;
};

TEST_F(SinglePort, calls_of_both_loops_work_and_nothing_is_lost_or_mixed) {
  std::thread control([&] { runtime_->control().run(); });
  on_control([&] { set_up_calls(); });
  const SocketAddress address{IpAddress::v4(0x7f000001), port_};
  for (uint32_t i = 0; i < kCalls; ++i) {
    EXPECT_EQ(plane_->local_bases(i % 2).at(0).address, address);
    rtc::RemoteTransport server;
    server.ice = servers_[i];
    server.fingerprint_hash = "sha-256";
    server.fingerprint = certificate_->fingerprint("sha-256");
    server.local_dtls_role = rtc::DtlsRole::client;
    clients_[i]->call(server, address);
  }
  auto end = std::chrono::steady_clock::now() + kBound;
  auto all_done = [&] { return std::ranges::all_of(clients_, [](auto& client) { return client->done(); }); };
  std::vector<pollfd> polls;
  for (auto& client : clients_) polls.push_back({client->fd(), POLLIN, 0});
  while (!all_done() && std::chrono::steady_clock::now() < end) {
    poll(polls.data(), polls.size(), 2);
    for (auto& client : clients_) client->turn();
  }
  for (auto& client : clients_) {
    EXPECT_TRUE(client->connected);
    EXPECT_EQ(client->sent, kPackets);
    EXPECT_EQ(static_cast<int>(client->order.size()), kPackets);
  }
  auto all = counters();
  uint64_t forwarded = all[0].demux.other_shard + all[1].demux.other_shard;
  EXPECT_EQ(forwarded, all[0].forwarded_in + all[1].forwarded_in);
  EXPECT_EQ(all[0].dropped_forwarded + all[1].dropped_forwarded, 0u);
  EXPECT_EQ(all[0].peers + all[1].peers, kCalls);

  std::promise<void> gone;
  std::atomic<uint32_t> missing = kCalls;
  on_control([&] {
    for (MediaId id : ids_) {
      plane_->remove_handle(id, [&] {
        if (--missing == 0) gone.set_value();
      });
    }
  });
  EXPECT_EQ(gone.get_future().wait_for(kBound), std::future_status::ready);
  runtime_->control().stop();
  control.join();
  runtime_->stop();
  for (uint32_t i = 0; i < 2; ++i) {
    PacketPool& packets = runtime_->shard(i).packets();
    EXPECT_EQ(packets.free_count(), packets.allocated()) << "loop " << i;
  }
  plane_.reset();
}

}  // namespace
}  // namespace limen::core
