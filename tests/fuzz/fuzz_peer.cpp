// rooms: rtc
// Plain datagrams into a connected Peer (RTP, RTCP, STUN, DTLS records) with time passing between them.
//
// Input: repeated [one byte: milliseconds to wait][one byte: length][bytes].
#include <cstdlib>

#include "base/random.hpp"
#include "rtc/peer/peer.hpp"

namespace {

using namespace limen;
using namespace std::chrono_literals;

class CountingRandom final : public Random {
 public:
  void fill(MutableBytes out) override {
    for (uint8_t& byte : out) byte = static_cast<uint8_t>(state_ = state_ * 5 + 17);
  }

 private:
  uint32_t state_ = 1;
};

rtc::PeerMediaConfig media() {
  rtc::PeerMediaConfig media;
  media.transport_cc = true;
  rtc::MlineConfig audio;
  audio.mid = "0";
  audio.send = audio.receive = audio.nack = true;
  audio.payloads = {{111, Codec::opus, 48000, std::nullopt}};
  for (uint8_t i = 0; i < kExtensionKinds; ++i) audio.extensions.set(static_cast<ExtensionKind>(i), i + 1);
  audio.local_ssrc = 0x01010101;
  rtc::MlineConfig video = audio;
  video.kind = MediaKind::video;
  video.mid = "1";
  video.payloads = {{96, Codec::vp8, 90000, 97}, {98, Codec::vp9, 90000, 99}, {45, Codec::av1, 90000, 46}};
  video.local_ssrc = 0x02020202;
  video.local_rtx_ssrc = 0x03030303;
  video.rids = {"l", "m", "h"};
  media.mlines = {audio, video};
  return media;
}

struct Side {
  Side(bool controlling, uint16_t port) {
    rtc::PeerConfig config;
    config.encrypt = false;
    config.ice.controlling = controlling;
    config.ice.local = {controlling ? "aaaa" : "bbbb", "0123456789012345678901"};
    address = {IpAddress::v4(0xc0000201), port};
    config.ice.bases.push_back({0, address, {}});
    peer = std::make_unique<rtc::Peer>(config, tx, random, Instant{1h});
    peer->set_media(media(), Instant{1h});
  }
  PacketPool pool;
  CountingRandom random;
  TxQueue tx;
  SocketAddress address;
  std::unique_ptr<rtc::Peer> peer;
};

void deliver(Side& from, Side& to, Instant now) {
  std::vector<std::vector<uint8_t>> datagrams;
  for (const auto& slot : from.tx.slots()) {
    Bytes bytes = from.tx.bytes(slot);
    datagrams.emplace_back(bytes.begin(), bytes.end());
  }
  from.tx.clear();
  for (const auto& bytes : datagrams) to.peer->handle({0, from.address}, to.pool.copy(bytes, now), now);
}

bool connect(Side& a, Side& b, Instant& now) {
  for (auto [self, other] : {std::pair{&a, &b}, std::pair{&b, &a}}) {
    rtc::RemoteTransport remote;
    remote.ice = other->peer->local_credentials();
    self->peer->set_remote(remote, now);
    rtc::Candidate candidate;
    candidate.foundation = "1";
    candidate.priority = 1;
    candidate.address = other->address;
    self->peer->add_remote_candidate(candidate, now);
  }
  for (int i = 0; i < 200; ++i, now += 5ms) {
    for (Side* side : {&a, &b}) {
      if (side->peer->next_deadline() <= now) side->peer->handle_timeout(now);
    }
    deliver(a, b, now);
    deliver(b, a, now);
    rtc::PeerEvent event;
    while (b.peer->poll_event(event)) {
      if (std::holds_alternative<rtc::Connected>(event)) return true;
    }
  }
  return false;
}

// What a plugin would do: echo, and say what it is told.
void take_events(Side& side, Instant now) {
  rtc::PeerEvent event;
  while (side.peer->poll_event(event)) {
    if (auto* rtp = std::get_if<rtc::RtpReceived>(&event)) {
      side.peer->send(OutgoingRtp::same_as(rtp->packet), now);
    } else if (auto* feedback = std::get_if<rtc::FeedbackReceived>(&event)) {
      side.peer->send(feedback->feedback, now);
    }
  }
  side.tx.clear();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Side a(true, 1000);
  Side b(false, 2000);
  Instant now{1h};
  if (!connect(a, b, now)) std::abort();
  ByteReader reader({data, size});
  while (reader.remaining() >= 2) {
    now += std::chrono::milliseconds(reader.u8());
    size_t length = std::min<size_t>(reader.u8(), reader.remaining());
    if (b.peer->next_deadline() <= now) b.peer->handle_timeout(now);
    b.peer->handle({0, a.address}, b.pool.copy(reader.bytes(length), now), now);
    take_events(b, now);
  }
  (void)b.peer->stats(now);
  b.peer->close(now);
  return 0;
}
