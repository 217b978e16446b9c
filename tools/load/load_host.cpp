#include "tools/load/load_host.hpp"

#include <algorithm>
#include <thread>
#include <utility>
#include <variant>

#include "runtime/clock.hpp"
#include "wire/rtp/datagram_kind.hpp"

namespace limen::load {
namespace {

constexpr Duration kMinimumStep = std::chrono::microseconds(100);

// The `number`th (from 0) that sends media of a kind; -1: there is none.
int sending_mline(const rtc::PeerMediaConfig& media, MediaKind kind, size_t number) {
  for (size_t i = 0; i < media.mlines.size(); ++i) {
    if (media.mlines[i].kind == kind && media.mlines[i].send && number-- == 0) return static_cast<int>(i);
  }
  return -1;
}

Instant next_of(const std::vector<MediaSource>& sources) {
  Instant next = kNever;
  for (const MediaSource& source : sources) next = std::min(next, source.next());
  return next;
}

}  // namespace

void HostTotals::add(const HostTotals& other) {
  peers += other.peers;
  connected += other.connected;
  with_media += other.with_media;
  closed += other.closed;
  streams.add(other.streams);
  sent += other.sent;
  not_sent += other.not_sent;
  checked += other.checked;
  corrupt += other.corrupt;
  keyframe_requests += other.keyframe_requests;
  latency.add(other.latency);
  for (const auto& [name, count] : other.drops) drops[name] += count;
  for (const auto& [name, count] : other.profiles) profiles[name] += count;
}

LoadHost::LoadHost(runtime::Shard& shard, Random& random, Reports reports, Duration poll)
    : shard_(shard), random_(random), reports_(std::move(reports)), poll_(poll) {}
LoadHost::~LoadHost() = default;

runtime::ShardCallbacks LoadHost::callbacks() {
  return {.on_datagram = [this](const Flow& from, Packet packet,
                                Instant now) { on_datagram(from, std::move(packet), now); },
          .on_timer = [this](Instant now) { on_timer(now); },
          .next_deadline = [this] { return std::min(peer_deadlines_.next(), source_deadlines_.next()); },
          .end_of_turn = [this](Instant now) { end_of_turn(now); }};
}

void LoadHost::create(uint32_t peer, LoadPeerSetup setup) {
  if (peers_.size() <= peer) peers_.resize(peer + 1);
  auto load = std::make_unique<LoadPeer>();
  load->setup = std::move(setup);
  load->peer = std::make_unique<rtc::Peer>(load->setup.config, shard_.tx(), random_, shard_.now());
  peers_[peer] = std::move(load);
  touch(peer);
}

void LoadHost::connect(uint32_t peer, RemoteSide remote) {
  if (peer >= peers_.size() || !peers_[peer]) return;
  LoadPeer& load = *peers_[peer];
  Instant now = shard_.now();
  load.media = remote.media;
  load.peer->set_media(remote.media, now);
  load.peer->set_remote(remote.transport, now);
  for (const rtc::Candidate& candidate : remote.candidates) load.peer->add_remote_candidate(candidate, now);
  load.peer->remote_candidates_done(now);
  load.peer->start_checks(now);
  touch(peer);
}

void LoadHost::create_plain_source(uint32_t peer, PlainSourceSetup setup) {
  if (peers_.size() <= peer) peers_.resize(peer + 1);
  auto load = std::make_unique<LoadPeer>();
  load->sources.emplace_back(setup.source, setup.phase, shard_.now());
  load->plain = std::make_unique<PlainSourceSetup>(std::move(setup));
  source_deadlines_.set(peer, next_of(load->sources));
  peers_[peer] = std::move(load);
}

void LoadHost::remove(uint32_t peer) {
  if (peer >= peers_.size() || !peers_[peer]) return;
  if (peers_[peer]->peer) peers_[peer]->peer->close(shard_.now());
  peers_[peer].reset();
  peer_deadlines_.remove(peer);
  source_deadlines_.remove(peer);
}

void LoadHost::on_datagram(const Flow& from, Packet packet, Instant now) {
  ++taken_;
  if (from.socket >= peers_.size() || !peers_[from.socket] || !peers_[from.socket]->peer) return;
  LoadPeer& load = *peers_[from.socket];
  bool rtp = looks_like_rtp(packet.bytes());
  if (rtp) count(from.socket, load, packet.bytes());
  if (rtp && !load.setup.inspect) return;
  load.peer->handle(from, std::move(packet), now);
  touch(from.socket);
}

void LoadHost::count(uint32_t number, LoadPeer& load, Bytes rtp) {
  uint32_t ssrc = load_u32(rtp.data() + 8);
  auto stream =
      std::find_if(load.streams.begin(), load.streams.end(), [ssrc](const Stream& s) { return s.ssrc == ssrc; });
  if (stream == load.streams.end()) {
    constexpr size_t kMaxStreams = 256;
    if (load.streams.size() >= kMaxStreams) return;
    load.streams.push_back({ssrc, {}});
    stream = load.streams.end() - 1;
  }
  stream->tally.add(load_u16(rtp.data() + 2));
  if (load.got_media) return;
  load.got_media = true;
  reports_.first_media(number);
}

void LoadHost::on_timer(Instant now) {
  while (peer_deadlines_.next() <= now) {
    uint32_t number = peer_deadlines_.front();
    peer_deadlines_.remove(number);
    peers_[number]->peer->handle_timeout(now);
    touch(number);
  }
  while (source_deadlines_.next() <= now) {
    uint32_t number = source_deadlines_.front();
    LoadPeer& load = *peers_[number];
    if (load.plain) run_plain_source(number, load);
    else run_sources(load, now);
    source_deadlines_.set(number, std::max(next_of(load.sources), now + kMinimumStep));
    if (load.peer) touch(number);
  }
}

void LoadHost::touch(uint32_t peer) {
  if (std::exchange(peers_[peer]->touched, true)) return;
  touched_.push_back(peer);
}

void LoadHost::end_of_turn(Instant now) {
  for (uint32_t number : std::exchange(touched_, {})) {
    if (peers_[number]) settle(number, now);
  }
  // As many as a turn can bring: there may be more.
  constexpr uint32_t kFullTurn = 64;
  if (std::exchange(taken_, 0) >= kFullTurn || poll_ == Duration::zero()) return;
  shard_.send_now();
  std::this_thread::sleep_for(poll_);
}

void LoadHost::settle(uint32_t number, Instant now) {
  LoadPeer& load = *peers_[number];
  load.touched = false;
  rtc::PeerEvent event;
  while (load.peer->poll_event(event)) on_event(number, load, event);
  Instant next = load.peer->next_deadline();
  peer_deadlines_.set(number, next == kNever ? kNever : std::max(next, now + kMinimumStep));
}

void LoadHost::on_event(uint32_t number, LoadPeer& load, rtc::PeerEvent& event) {
  if (auto* media = std::get_if<rtc::RtpReceived>(&event)) {
    check(load, media->packet);
  } else if (auto* feedback = std::get_if<rtc::FeedbackReceived>(&event)) {
    if (!std::holds_alternative<KeyframeRequest>(feedback->feedback)) return;
    ++totals_.keyframe_requests;
    for (MediaSource& source : load.sources) source.request_keyframe();
  } else if (auto* dtls = std::get_if<rtc::DtlsStateChanged>(&event)) {
    if (dtls->state == rtc::DtlsState::connected) totals_.profiles[dtls->srtp_profile] += 1;
  } else if (std::holds_alternative<rtc::Connected>(event)) {
    load.connected = true;
    if (load.setup.send) start_source(number, load);
    reports_.connected(number);
  } else if (auto* closed = std::get_if<rtc::Closed>(&event)) {
    load.connected = false;
    ++totals_.closed;
    source_deadlines_.remove(number);
    reports_.closed(number, std::string(rtc::close_reason_text(closed->reason)));
  }
}

void LoadHost::check(LoadPeer& load, const RtpPacket& packet) {
  if (packet.mline >= load.media.mlines.size()) return;
  ++totals_.checked;
  bool video = load.media.mlines[packet.mline].kind == MediaKind::video;
  if (auto sent_at = check_payload(packet.payload(), video)) totals_.latency.add(shard_.now() - *sent_at);
  else ++totals_.corrupt;
}

void LoadHost::start_source(uint32_t number, LoadPeer& load) {
  const SourceProfile& profile = load.setup.source;
  size_t count = profile.simulcast ? kSimulcastLayers : 1;
  load.sources.clear();
  for (size_t i = 0; i < count; ++i) {
    load.sources.emplace_back(profile.simulcast ? simulcast_layer(profile, i) : profile, load.setup.phase,
                              shard_.now());
  }
  source_deadlines_.set(number, next_of(load.sources));
}

void LoadHost::run_sources(LoadPeer& load, Instant now) {
  int audio = sending_mline(load.media, MediaKind::audio, 0);
  for (size_t i = 0; i < load.sources.size(); ++i) {
    int video = sending_mline(load.media, MediaKind::video, i);
    load.sources[i].run(runtime::monotonic_now(), [&](const SourcePacket& source) {
      int mline = source.video ? video : audio;
      if (mline >= 0) send(load, source, mline, now);
    });
  }
}

void LoadHost::send(LoadPeer& load, const SourcePacket& source, int mline, Instant now) {
  RtpPacket packet;
  packet.packet = shard_.packets().copy(source.payload, now);
  if (!packet.packet) {
    ++totals_.not_sent;
    return;
  }
  packet.payload_size = static_cast<uint16_t>(source.payload.size());
  OutgoingRtp out = OutgoingRtp::same_as(packet);
  out.timestamp = source.timestamp;
  out.sequence = source.sequence;
  out.marker = source.marker;
  out.mline = static_cast<uint8_t>(mline);
  out.payload_type = load.media.mlines[static_cast<size_t>(mline)].payloads[0].payload_type;
  ++(load.peer->send(out, now) ? totals_.sent : totals_.not_sent);
}

void LoadHost::run_plain_source(uint32_t number, LoadPeer& load) {
  load.sources.front().run(runtime::monotonic_now(), [&](const SourcePacket& source) {
    constexpr size_t kHeader = 12;
    MutableBytes out = shard_.tx().reserve(kHeader + source.payload.size());
    out[0] = 0x80;  // version 2
    out[1] = static_cast<uint8_t>((source.marker ? 0x80 : 0) | (source.video ? kPlainVideoType : kPlainAudioType));
    store_u16(&out[2], source.sequence);
    store_u32(&out[4], source.timestamp);
    store_u32(&out[8], (source.video ? 0x10000000U : 0x20000000U) + number);
    std::copy(source.payload.begin(), source.payload.end(), out.begin() + kHeader);
    shard_.tx().commit({number, source.video ? load.plain->video : load.plain->audio}, out.size());
    ++totals_.sent;
  });
}

HostTotals LoadHost::totals() const {
  HostTotals out = totals_;
  for (const auto& load : peers_) {
    if (!load || !load->peer) continue;
    ++out.peers;
    out.connected += load->connected;
    out.with_media += load->got_media;
    for (const Stream& stream : load->streams) out.streams.add(stream.tally.totals());
    if (!load->setup.inspect) continue;
    for (const auto& [name, count] : load->peer->stats(shard_.now()).drops) out.drops[name] += count;
  }
  return out;
}

void LoadHost::restart_counting() {
  auto profiles = std::move(totals_.profiles);
  totals_ = {};
  totals_.profiles = std::move(profiles);
  for (auto& load : peers_) {
    if (!load) continue;
    for (Stream& stream : load->streams) stream.tally.restart();
  }
}

}  // namespace limen::load
