#include "plugins/audiobridge/room_mixer.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace limen::audiobridge {
namespace {

constexpr Duration kFarBehind = 10 * kTick;
constexpr uint32_t kUnusedTicks = 250;  // then an encoder of several goes
constexpr size_t kHeader = 12;

media::EncoderSettings forward_settings(const MixerSettings& s) {
  return {.codec = Codec::opus,
          .fec = s.expected_loss > 0,
          .expected_loss = static_cast<int>(s.expected_loss),
          .bitrate = static_cast<int>(s.bitrate)};
}

}  // namespace

RoomMixer::RoomMixer(MediaShard& shard, MixerSettings settings, MixerObserver observer)
    : shard_(shard),
      settings_(settings),
      format_{.rate = settings.rate, .channels = settings.channels},
      observer_(std::move(observer)),
      forwards_(shard, format_, forward_settings(settings)),
      bus_(format_.frame(), settings.groups),
      work_(format_.frame()) {}

RoomMixer::~RoomMixer() = default;

void RoomMixer::add_member(uint64_t key, MediaId back) {
  members_.try_emplace(key, format_, back);
}

void RoomMixer::set_member(uint64_t key, const MemberSettings& settings) {
  auto member = members_.find(key);
  if (member != members_.end()) member->second.set(settings);
}

void RoomMixer::remove_member(uint64_t key) {
  members_.erase(key);
}

void RoomMixer::reset_decoder(uint64_t key) {
  auto member = members_.find(key);
  if (member != members_.end()) member->second.reset_decoder();
}

void RoomMixer::on_rtp(uint64_t key, const RtpPacket& packet) {
  auto member = members_.find(key);
  if (member != members_.end()) member->second.put(packet);
}

void RoomMixer::add_forward(Forward forward) {
  uint32_t id = forward.stream_id;
  auto added = forwards_.add(std::move(forward));
  if (!added && observer_.forward_failed) observer_.forward_failed(id, std::move(added.error().text));
}

void RoomMixer::remove_forward(uint32_t stream_id) {
  forwards_.remove(stream_id);
}

void RoomMixer::add_announcement(uint64_t key, std::optional<size_t> group) {
  announcements_.try_emplace(key, format_, group);
}

void RoomMixer::feed(uint64_t key, media::OggOpusFile::Block block) {
  auto announcement = announcements_.find(key);
  if (announcement != announcements_.end()) announcement->second.feed(std::move(block));
}

void RoomMixer::remove_announcement(uint64_t key) {
  announcements_.erase(key);
}

bool RoomMixer::wanted() const {
  if (!announcements_.empty() || forwards_.any_always_on()) return true;
  if (members_.empty()) return false;
  if (recording_ || !forwards_.empty()) return true;
  return std::ranges::any_of(members_, [](const auto& member) { return member.second.settings().listens; });
}

void RoomMixer::wake(Instant now) {
  bool needed = wanted();
  if (needed && next_tick_ == kNever) next_tick_ = now + kTick;
  if (!needed && phase_ == Phase::idle) next_tick_ = kNever;
}

void RoomMixer::begin_tick(Instant now) {
  ++tick_;
  next_tick_ += kTick;
  if (now - next_tick_ > kFarBehind) {
    auto missed = static_cast<uint32_t>((now - next_tick_) / kTick);
    counters_.late_ticks += missed;
    tick_ += missed;
    next_tick_ += missed * kTick;
  }
  if (phase_ != Phase::idle) {
    ++counters_.late_ticks;  // the last one is still being worked on
    return;
  }
  ++counters_.ticks;
  phase_ = Phase::decode;
  at_ = 0;
}

bool RoomMixer::step(MixedFrames& out) {
  switch (phase_) {
    case Phase::decode:
      if (decode_step()) return true;
      phase_ = Phase::announce;
      at_ = 0;
      return true;
    case Phase::announce:
      if (announce_step()) return true;
      phase_ = Phase::mix;
      return true;
    case Phase::mix:
      mix();
      phase_ = Phase::encode;
      at_ = 0;
      return true;
    case Phase::encode:
      if (encode_step(out)) return true;
      forwards_.begin(!members_.empty());
      phase_ = Phase::forward;
      return true;
    case Phase::forward:
      if (forwards_.step(bus_)) return true;
      drop_unused_encoders();
      phase_ = Phase::idle;
      return false;
    case Phase::idle:
      break;
  }
  return false;
}

// Whoever is silent is passed over; one that is decoded for is a step.
bool RoomMixer::decode_step() {
  for (auto member = members_.lower_bound(at_); member != members_.end(); ++member) {
    MixMember::Work work = member->second.decode();
    counters_.decodings += work.done;
    counters_.failed += work.failed;
    if (work.done + work.failed == 0) continue;
    at_ = member->first + 1;
    return true;
  }
  return false;
}

bool RoomMixer::announce_step() {
  for (auto one = announcements_.lower_bound(at_); one != announcements_.end(); ++one) {
    at_ = one->first + 1;
    bool worked = one->second.decode();
    if (one->second.speaks() && !std::exchange(one->second.started, true) && observer_.started) {
      observer_.started(one->first);
    }
    if (one->second.hungry() && observer_.hungry) observer_.hungry(one->first);
    if (worked) return true;
  }
  return false;
}

void RoomMixer::mix() {
  bus_.clear();
  for (const auto& [key, member] : members_) {
    if (!member.voice().empty()) bus_.add(member.voice(), member.settings().group);
  }
  for (auto one = announcements_.begin(); one != announcements_.end();) {
    if (one->second.speaks()) bus_.add(one->second.voice(), one->second.group());
    if (!one->second.ended()) {
      ++one;
      continue;
    }
    uint64_t key = one->first;
    one = announcements_.erase(one);
    if (observer_.ended) observer_.ended(key);
  }
  if (!recording_ || members_.empty()) return;
  bus_.output({}, work_);
  recording_->append(work_);
}

bool RoomMixer::encode_step(MixedFrames& out) {
  for (auto entry = members_.lower_bound(at_); entry != members_.end(); ++entry) {
    MixMember& member = entry->second;
    at_ = entry->first + 1;
    if (!member.settings().listens) continue;
    bool worked = true;
    RtpPacket packet = member.quiet() ? encode_shared(member, worked) : encode_own(member);
    if (member.quiet()) member.encoder.reset();
    uint32_t shard = member.back().shard;
    if (packet.packet && shard < out.size()) {
      out[shard].push_back({.peer = member.back().peer,
                            .key = entry->first,
                            .tick = tick_,
                            .packet = packet,
                            .backlog = member.backlog()});
    }
    if (worked) return true;
  }
  return false;
}

RtpPacket RoomMixer::encode_own(MixMember& member) {
  if (!member.encoder) {
    auto made = media::AudioEncoder::create(format_, member.settings().encoder());
    if (!made) {
      ++counters_.failed;
      return {};
    }
    member.encoder = std::move(*made);
  }
  bus_.output(member.voice(), work_);
  return encoded(*member.encoder, member.settings().codec);
}

RtpPacket RoomMixer::encode_shared(const MixMember& member, bool& worked) {
  SharedEncoder* shared = shared_encoder(member.settings().encoder());
  if (shared == nullptr) {
    ++counters_.failed;
    return {};
  }
  worked = shared->tick != tick_;
  if (worked) {
    shared->tick = tick_;
    bus_.output({}, work_);
    shared->frame = encoded(*shared->encoder, member.settings().codec);
  } else {
    ++counters_.shared;
  }
  return shared->frame;
}

RoomMixer::SharedEncoder* RoomMixer::shared_encoder(const media::EncoderSettings& settings) {
  for (SharedEncoder& shared : shared_) {
    if (shared.settings == settings) return &shared;
  }
  auto made = media::AudioEncoder::create(format_, settings);
  if (!made) return nullptr;
  shared_.push_back({.settings = settings, .encoder = std::move(*made), .frame = {}, .tick = tick_ - 1});
  return &shared_.back();
}

void RoomMixer::drop_unused_encoders() {
  std::erase_if(shared_, [this](SharedEncoder& shared) {
    shared.frame = {};
    return tick_ - shared.tick > kUnusedTicks;
  });
}

// `work_` as a packet that can go to any number of receivers.
RtpPacket RoomMixer::encoded(media::AudioEncoder& encoder, Codec codec) {
  std::array<uint8_t, kHeader + media::AudioEncoder::kMaxPayload> bytes{0x80};
  size_t size = encoder.encode(work_, MutableBytes(bytes).subspan(kHeader));
  ++counters_.encodings;
  RtpPacket packet;
  if (size != 0) packet.packet = shard_.packets().copy(Bytes(bytes).first(kHeader + size), shard_.now());
  if (!packet.packet) {
    ++counters_.failed;
    return {};
  }
  packet.payload_offset = kHeader;
  packet.payload_size = static_cast<uint16_t>(size);
  packet.codec = codec;
  return packet;
}

}  // namespace limen::audiobridge
