// A shard of a benchmark: real peers with real keys on a MediaHost, fed and driven by hand.
//
// Each stage belongs to one thread; what goes from stage to stage goes through post(). Their far ends go quiet once the
// keys are there: nobody reads what leaves.
#pragma once
#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "core/media/media_host.hpp"
#include "crypto/certificate.hpp"
#include "media/fanout/fanout_hub.hpp"
#include "media/fanout/fanout_sink.hpp"
#include "media/fanout/fanout_source.hpp"
#include "runtime/udp_sender.hpp"
#include "tests/support/seeded_random.hpp"

namespace limen::bench {

constexpr uint32_t kLocalSsrc = 1000;
inline constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789";

inline std::shared_ptr<const crypto::Certificate> certificate() {
  static const auto made = crypto::Certificate::generate().value();
  return made;
}

// A queue that any thread may add to, and a clock that the benchmark moves.
class HandClock final : public Executor {
 public:
  void post(Task task) override {
    std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  Instant now() const override { return clock; }
  WallTime wall_time() const override { return {}; }
  TimerId call_at(Instant, Task) override { return {}; }
  void cancel(TimerId) override {}
  void run() {
    std::deque<Task> ready;
    do {
      for (Task& task : ready) task();
      ready.clear();
      std::lock_guard lock(mutex_);
      ready.swap(tasks_);
    } while (!ready.empty());
  }
  Instant clock{std::chrono::hours(1)};

 private:
  std::mutex mutex_;
  std::deque<Task> tasks_;
};

inline rtc::PeerMediaConfig sending(bool nack) {
  rtc::PeerMediaConfig media;
  rtc::MlineConfig audio;
  audio.mid = "0";
  audio.send = true;
  audio.payloads = {{111, Codec::opus, 48000, std::nullopt}};
  audio.extensions.set(ExtensionKind::mid, 1);
  audio.local_ssrc = kLocalSsrc;
  rtc::MlineConfig video = audio;
  video.kind = MediaKind::video;
  video.mid = "1";
  video.nack = nack;
  video.payloads = {{96, Codec::vp8, 90000, 97}};
  video.extensions.set(ExtensionKind::transport_cc, 3);
  video.extensions.set(ExtensionKind::abs_send_time, 4);
  video.local_ssrc = kLocalSsrc + 1;
  video.local_rtx_ssrc = kLocalSsrc + 2;
  media.mlines = {audio, video};
  return media;
}

class Subscriber final : public MediaHandler {
 public:
  Subscriber(MediaContext& context, media::StreamId audio, media::StreamId video)
      : audio_(context, {.mline = 0, .kind = MediaKind::audio, .clock_rate = 48000}), video_(context, {.mline = 1}) {
    audio_.attach(audio);
    video_.attach(video);
  }

 private:
  media::FanoutSink audio_;
  media::FanoutSink video_;
};

// What a stage is part of: by default a server with one shard.
struct Place {
  uint32_t index = 0, count = 1;
  std::function<void(uint32_t shard, std::move_only_function<void(MediaShard&)>)> post_shard = {};
  // Of the room: the stage with index 0 publishes them.
  media::StreamId audio = media::StreamId::make(0), video = media::StreamId::make(0);
};

// One shard with its subscribers to one publisher.
class Stage {
 public:
  Stage(uint32_t subscribers, const char* profile, bool send, Place place = {})
      : index_(place.index),
        audio_(place.audio),
        video_(place.video),
        host_(place.index, place.count, env(send),
              {.post_shard = std::move(place.post_shard), .event = [](auto, auto, auto) {}, .post_control = {}}) {
    runtime::BindAddress loopback{IpAddress::v4(0x7f000001)};
    sockets_.push_back(std::move(*runtime::UdpSocket::open(loopback, 0, {})));
    sender_ = std::make_unique<runtime::UdpSender>(sockets_, true);
    if (index_ == 0) {
      audio_source_.emplace(host_, audio_, media::SourceSettings{}, media::SourceObserver{});
      video_source_.emplace(host_, video_, media::SourceSettings{}, media::SourceObserver{});
    }
    for (uint32_t i = 0; i < subscribers; ++i) add(i, profile);
    connect();
  }
  ~Stage() {
    audio_source_.reset();
    video_source_.reset();
  }

  // Returns how many datagrams leave.
  size_t video_turn(int packets) {
    RtpPacket packet = video_packet_;
    for (int i = 0; i < packets; ++i) {
      packet.packet = pool_.copy(bytes_, clock_.now());
      packet.sequence = ++video_packet_.sequence;
      packet.video.keyframe = !begun_;
      begun_ = true;
      video_source_->push(packet);
    }
    video_packet_.timestamp += 3000;
    return end_turn();
  }
  size_t audio_turn() {
    RtpPacket packet = audio_packet_;
    packet.packet = pool_.copy(Bytes(bytes_).first(104), clock_.now());
    packet.sequence = ++audio_packet_.sequence;
    audio_packet_.timestamp += 960;
    audio_source_->push(packet);
    return end_turn();
  }
  // What other stages have posted, and what that makes leave.
  size_t turn() {
    clock_.run();
    return end_turn();
  }
  // From any thread.
  void post(std::move_only_function<void(MediaShard&)> task) {
    clock_.post([this, task = std::move(task)]() mutable { task(host_); });
  }

 private:
  struct Far {
    TxQueue tx;
    std::unique_ptr<rtc::Peer> peer;
    SocketAddress address;
    std::optional<runtime::UdpSocket> socket;
    bool connected = false;
  };

  static RtpPacket source_packet(uint32_t ssrc, uint8_t payload_type, Codec codec, uint16_t size) {
    RtpPacket packet;
    packet.payload_offset = 24;
    packet.payload_size = size;
    packet.ssrc = ssrc;
    packet.payload_type = payload_type;
    packet.codec = codec;
    return packet;
  }

  core::MediaShardEnv env(bool send) {
    core::MediaShardEnv env{clock_, tx_, pool_, random_, {}};
    env.flush = [this, send] {
      left_ += tx_.slots().size();
      if (send) sender_->send(tx_);
      tx_.clear();
    };
    flush_ = env.flush;
    return env;
  }

  rtc::PeerConfig config(const char* profile) {
    rtc::PeerConfig config;
    config.certificate = certificate();
    config.srtp_profiles = profile;
    config.ice.local = {random_.text(8, kLetters), random_.text(22, kLetters)};
    config.ice.tie_breaker = random_.u64();
    return config;
  }

  void add(uint32_t number, const char* profile) {
    auto far = std::make_unique<Far>();
    runtime::BindAddress loopback{IpAddress::v4(0x7f000001)};
    far->socket = std::move(*runtime::UdpSocket::open(loopback, 0, {}));
    far->address = far->socket->local();
    rtc::PeerConfig near_config = config(profile), far_config = config(profile);
    near_config.ice.bases.push_back({0, near_, {}});
    far_config.ice.bases.push_back({0, far->address, {}});
    far_config.ice.controlling = true;
    far->peer = std::make_unique<rtc::Peer>(far_config, far->tx, random_, clock_.now());

    PeerId id(index_ * 100'000 + number + 1);
    host_.add_handle(id);
    host_.install_handler(
        id, "bench", [this](MediaContext& context) { return std::make_unique<Subscriber>(context, audio_, video_); });
    auto remote = [](const rtc::PeerConfig& of, rtc::DtlsRole mine) {
      rtc::RemoteTransport made;
      made.ice = of.ice.local;
      made.fingerprint_hash = "sha-256";
      made.fingerprint = of.certificate->fingerprint("sha-256");
      made.local_dtls_role = mine;
      return made;
    };
    auto candidate = [](const SocketAddress& address) {
      rtc::Candidate made;
      made.foundation = "1";
      made.priority = rtc::candidate_priority(rtc::CandidateType::host, 65535);
      made.address = address;
      return made;
    };
    host_.create_peer(id, 1, near_config);
    host_.with_peer(id, [&](rtc::Peer& peer, Instant now) {
      peer.set_media(sending(true), now);
      peer.set_remote(remote(far_config, rtc::DtlsRole::server), now);
      peer.add_remote_candidate(candidate(far->address), now);
      peer.remote_candidates_done(now);
    });
    far->peer->set_remote(remote(near_config, rtc::DtlsRole::client), clock_.now());
    far->peer->add_remote_candidate(candidate(near_), clock_.now());
    far->peer->remote_candidates_done(clock_.now());
    far_.push_back(std::move(far));
  }

  // Datagrams to and fro, in memory, until everybody is connected.
  void connect() {
    size_t connected = 0;
    for (int round = 0; round < 2000 && connected < far_.size(); ++round) {
      clock_.clock += std::chrono::milliseconds(5);
      clock_.run();
      if (host_.next_deadline() <= clock_.now()) host_.on_timer(clock_.now());
      host_.end_of_turn(clock_.now());
      for (const TxQueue::Slot& slot : tx_.slots()) deliver(slot.flow.remote, tx_.bytes(slot));
      tx_.clear();
      for (auto& far : far_) {
        if (far->peer->next_deadline() <= clock_.now()) far->peer->handle_timeout(clock_.now());
        rtc::PeerEvent event;
        while (far->peer->poll_event(event)) {
          if (!std::holds_alternative<rtc::Connected>(event)) continue;
          far->connected = true;
          ++connected;
        }
        for (const TxQueue::Slot& slot : far->tx.slots()) {
          host_.on_datagram({0, far->address}, pool_.copy(far->tx.bytes(slot), clock_.now()), clock_.now());
        }
        far->tx.clear();
      }
    }
    connected_ = connected == far_.size();
  }
  void deliver(const SocketAddress& to, Bytes datagram) {
    for (auto& far : far_) {
      if (far->address != to) continue;
      far->peer->handle({0, near_}, pool_.copy(datagram, clock_.now()), clock_.now());
      return;
    }
  }

  size_t end_turn() {
    clock_.clock += std::chrono::milliseconds(10);
    host_.end_of_turn(clock_.now());
    flush_();
    return std::exchange(left_, 0);
  }

 public:
  bool connected() const { return connected_; }

 private:
  const uint32_t index_;
  const media::StreamId audio_, video_;
  HandClock clock_;
  TxQueue tx_;
  PacketPool pool_;
  test::SeededRandom random_{1};
  std::function<void()> flush_;
  core::MediaHost host_;
  SocketAddress near_{IpAddress::v4(0x7f000001), 4000};
  std::vector<runtime::UdpSocket> sockets_;
  std::unique_ptr<runtime::UdpSender> sender_;
  std::vector<std::unique_ptr<Far>> far_;
  std::optional<media::FanoutSource> audio_source_, video_source_;
  std::vector<uint8_t> bytes_ = std::vector<uint8_t>(1100, 0x5a);
  RtpPacket video_packet_ = source_packet(7, 96, Codec::h264, 1076);
  RtpPacket audio_packet_ = source_packet(8, 111, Codec::opus, 80);
  bool begun_ = false;
  bool connected_ = false;
  size_t left_ = 0;
};

}  // namespace limen::bench
