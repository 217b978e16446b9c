#include "tests/support/peer_pair.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "crypto/certificate.hpp"
#include "wire/rtp/rtp_parser.hpp"

namespace limen::test {
namespace {

// Making one takes milliseconds; all peers of a test program share it.
std::shared_ptr<const crypto::Certificate> shared_certificate() {
  static const auto certificate = crypto::Certificate::generate().value();
  return certificate;
}

constexpr std::string_view kIceAlphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

}  // namespace

PeerSide::PeerSide(SimNetwork& network, VirtualClock& clock, std::string name, IpAddress address, uint64_t seed,
                   NatId behind)
    : network_(network), clock_(clock), random_(seed) {
  host_ = network.add_host(std::move(name), {address}, behind);
  socket_ = network.bind(host_, {address, 5000}, [this](const SimDatagram& d) { handle(d.from, d.bytes); });
  config.certificate = shared_certificate();
  config.ice.local = {random_.text(4, kIceAlphabet), random_.text(22, kIceAlphabet)};
  config.ice.tie_breaker = random_.u64();
  config.ice.bases.push_back({0, {address, 5000}, {}});
}

void PeerSide::move_to(const IpAddress& to) {
  network_.add_address(host_, to);
  network_.remove_address(host_, address().ip);
  network_.close(socket_);
  socket_ = network_.bind(host_, {to, 6000}, [this](const SimDatagram& d) { handle(d.from, d.bytes); });
}

void PeerSide::create() {
  peer_ = std::make_unique<rtc::Peer>(config, tx_, random_, clock_.now());
  peer_->set_media(media, clock_.now());
  settle();
}

rtc::Candidate PeerSide::candidate() const {
  rtc::Candidate candidate;
  candidate.foundation = "1";
  candidate.priority = rtc::candidate_priority(rtc::CandidateType::host, 65535);
  candidate.address = address();
  return candidate;
}

rtc::RemoteTransport PeerSide::transport() const {
  rtc::RemoteTransport remote;
  remote.ice = config.ice.local;
  remote.fingerprint_hash = "sha-256";
  remote.fingerprint = config.certificate->fingerprint("sha-256");
  remote.local_dtls_role = dtls_role == rtc::DtlsRole::client ? rtc::DtlsRole::server : rtc::DtlsRole::client;
  return remote;
}

void PeerSide::handle(const SocketAddress& from, Bytes bytes) {
  if (!peer_) return;
  Packet packet = pool.copy(bytes, clock_.now());
  ASSERT_TRUE(packet);
  peer_->handle({0, from}, std::move(packet), clock_.now());
  settle();
}

void PeerSide::settle() {
  if (!peer_) return;
  rtc::PeerEvent event;
  while (peer_->poll_event(event)) take(event);
  for (const auto& slot : tx_.slots()) {
    if (mute_dtls && looks_like_dtls(tx_.bytes(slot))) continue;
    network_.send(socket_, slot.flow.remote, tx_.bytes(slot));
  }
  tx_.clear();
}

void PeerSide::take(rtc::PeerEvent& event) {
  using namespace rtc;
  if (auto* packet = std::get_if<RtpReceived>(&event)) {
    if (echo) peer_->send(OutgoingRtp::same_as(packet->packet), clock_.now());
    rtp.push_back(std::move(packet->packet));
  } else if (auto* message = std::get_if<FeedbackReceived>(&event)) {
    if (echo) peer_->send(message->feedback, clock_.now());
    feedback.push_back(message->feedback);
  } else if (std::get_if<Connected>(&event) != nullptr) {
    connected = true;
    ++connected_events;
  } else if (auto* end = std::get_if<Closed>(&event)) {
    closed = end->reason;
  } else if (auto* state = std::get_if<MediaStateChanged>(&event)) {
    media_states.push_back(*state);
  } else if (auto* slow = std::get_if<SlowLinkDetected>(&event)) {
    slow_links.push_back(*slow);
  } else if (auto* dtls = std::get_if<DtlsStateChanged>(&event)) {
    dtls_states.push_back(*dtls);
  } else if (auto* ice = std::get_if<IceStateChanged>(&event)) {
    ice_states.push_back(ice->state);
  } else if (auto* pair = std::get_if<PairSelected>(&event)) {
    pairs.push_back(pair->pair);
  } else if (std::get_if<IceFailedAfterConnect>(&event) != nullptr) {
    ++failed_after_connect;
  } else if (auto* channel = std::get_if<DataChannelOpened>(&event)) {
    channels.push_back(*channel);
  } else if (auto* received = std::get_if<DataReceived>(&event)) {
    data.push_back(std::move(*received));
  } else if (auto* gone = std::get_if<DataChannelClosed>(&event)) {
    closed_channels.push_back(gone->stream);
  } else if (std::get_if<DataWritable>(&event) != nullptr) {
    ++writable_events;
  }
}

bool PeerSide::send_media(uint8_t mline, uint16_t sequence, uint32_t timestamp, bool keyframe, size_t size) {
  std::vector<uint8_t> raw(12 + size, static_cast<uint8_t>(sequence));
  ByteWriter header(raw);
  header.u8(0x80);
  header.u8(0x80);
  header.u16(sequence);
  header.u32(timestamp);
  header.u32(0);
  header.u8(0x10);                    // VP8: start of a partition
  header.u8(keyframe ? 0x00 : 0x01);  // inverse key frame bit
  auto source = parse_rtp(pool.copy(raw, clock_.now()), {});
  if (!source) return false;
  OutgoingRtp note = OutgoingRtp::same_as(*source);
  note.mline = mline;
  note.payload_type = media.mlines[mline].payloads[0].payload_type;
  source->video.keyframe = keyframe;
  bool sent = peer_->send(note, clock_.now());
  settle();
  return sent;
}

PeerPair::PeerPair(uint64_t seed)
    : network(clock, seed),
      a(network, clock, "a", ip("192.0.2.1"), seed * 2 + 1000),
      b(network, clock, "b", ip("192.0.2.2"), seed * 2 + 1001),
      host_a_(1),
      host_b_(2) {
  a.config.ice.controlling = true;
  a.media = audio_video(1000);
  b.media = audio_video(2000);
  expect_ssrcs(a.media, b.media);
  expect_ssrcs(b.media, a.media);
  b.dtls_role = rtc::DtlsRole::server;
}

void PeerPair::start() {
  a.create();
  b.create();
  for (auto [self, other] : {std::pair{&a, &b}, std::pair{&b, &a}}) {
    self->peer().set_remote(other->transport(), clock.now());
    self->settle();
    self->peer().add_remote_candidate(other->candidate(), clock.now());
    self->settle();
    self->peer().remote_candidates_done(clock.now());
    self->settle();
  }
}

bool PeerPair::connect(Duration bound) {
  start();
  return run_until([&] { return a.connected && b.connected; }, bound);
}

void PeerPair::restart_ice() {
  SeededRandom random(99);
  a.config.ice.local = {random.text(4, kIceAlphabet), random.text(22, kIceAlphabet)};
  b.config.ice.local = {random.text(4, kIceAlphabet), random.text(22, kIceAlphabet)};
  for (auto [self, other] : {std::pair{&b, &a}, std::pair{&a, &b}}) {
    self->peer().restart_ice(self->config.ice.local, other->config.ice.local, clock.now());
    self->settle();
    self->peer().add_remote_candidate(other->candidate(), clock.now());
    self->settle();
    self->peer().remote_candidates_done(clock.now());
    self->settle();
  }
}

bool PeerPair::run_until(const std::function<bool()>& done, Duration bound) {
  Instant end = clock.now() + bound;
  int stuck = 0;
  while (!done()) {
    Instant next = network.next_event();
    for (PeerSide* side : {&a, &b}) next = std::min(next, side->created() ? side->peer().next_deadline() : kNever);
    if (next > end) {
      clock.advance_to(end);
      return done();
    }
    stuck = next > clock.now() ? 0 : stuck + 1;
    if (stuck > 10000) {
      ADD_FAILURE() << "time does not move";
      return false;
    }
    clock.advance_to(next);
    network.deliver_due();
    for (PeerSide* side : {&a, &b}) {
      if (!side->created() || side->peer().next_deadline() > clock.now()) continue;
      side->peer().handle_timeout(clock.now());
      side->settle();
    }
  }
  return true;
}

void PeerPair::run_for(Duration duration) {
  run_until([] { return false; }, duration);
}

rtc::PeerMediaConfig audio_video(uint32_t base) {
  rtc::PeerMediaConfig media;
  media.transport_cc = true;
  rtc::MlineConfig audio;
  audio.mid = "0";
  audio.send = audio.receive = true;
  audio.payloads = {{111, Codec::opus, 48000, std::nullopt}};
  audio.extensions.set(ExtensionKind::mid, 1);
  audio.local_ssrc = base;
  rtc::MlineConfig video = audio;
  video.kind = MediaKind::video;
  video.mid = "1";
  video.nack = true;
  video.payloads = {{96, Codec::vp8, 90000, 97}};
  video.extensions.set(ExtensionKind::transport_cc, 3);
  video.extensions.set(ExtensionKind::abs_send_time, 4);
  video.local_ssrc = base + 1;
  video.local_rtx_ssrc = base + 2;
  media.mlines = {audio, video};
  return media;
}

void expect_ssrcs(rtc::PeerMediaConfig& local, const rtc::PeerMediaConfig& remote) {
  for (size_t i = 0; i < local.mlines.size(); ++i) {
    local.mlines[i].remote_ssrc[0] = remote.mlines[i].local_ssrc;
    local.mlines[i].remote_rtx_ssrc[0] = remote.mlines[i].local_rtx_ssrc;
  }
}

}  // namespace limen::test
