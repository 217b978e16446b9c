#include "plugins/streaming/feed/feed_media.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/bytes.hpp"
#include "wire/codec/video_facts.hpp"
#include "wire/rtp/datagram_kind.hpp"
#include "wire/rtp/rtp_parser.hpp"

namespace limen::streaming {
namespace {

// So many ports of the range are tried before one is said to be full.
constexpr uint32_t kMostAttempts = 2048;
constexpr size_t kRtpHeader = 12;

// Opens with `bind`, on its port or the first one of the range that works.
template <typename Open>
auto open_somewhere(UdpBind bind, PortRange& range, const Open& open) -> decltype(open(bind)) {
  if (bind.local.port != 0) return open(bind);
  uint32_t attempts = std::min(range.size(), kMostAttempts);
  for (uint32_t i = 0;; ++i) {
    bind.local.port = range.next();
    auto opened = open(bind);
    if (opened || i + 1 >= attempts) return opened;
  }
}

// RTCP stands above the RTP whose port is `rtp` if that is free, or above another even one.
template <typename Open>
auto open_above(UdpBind bind, uint16_t rtp, PortRange& range, const Open& open) -> decltype(open(bind)) {
  if (bind.local.port != 0) return open(bind);
  uint32_t attempts = std::min(range.size(), kMostAttempts);
  bind.local.port = static_cast<uint16_t>((rtp % 2 == 0 ? rtp : range.next()) + 1);
  for (uint32_t i = 0;; ++i) {
    auto opened = open(bind);
    if (opened || i + 1 >= attempts) return opened;
    bind.local.port = static_cast<uint16_t>(range.next() + 1);
  }
}

UdpBind bind_of(const SocketPlan& plan, uint16_t port) {
  return {.local = {plan.local, port}, .multicast = plan.multicast, .interface = plan.interface};
}

}  // namespace

Result<std::unique_ptr<FeedMedia>> FeedMedia::open(MediaShard& shard, FeedPlan plan, FeedObserver observer,
                                                   PortRange& range) {
  std::vector<MediumPlan> media = std::exchange(plan.media, {});
  std::unique_ptr<FeedMedia> feed(new FeedMedia(shard, std::move(plan), std::move(observer)));
  for (const MediumPlan& medium : media) {
    if (auto added = feed->add(medium, range); !added) return std::unexpected(added.error());
  }
  feed->begin_connection(std::exchange(feed->plan_.source_media, {}));
  return feed;
}

FeedMedia::~FeedMedia() {
  for (auto& medium : media_) {
    if (medium->data_socket) shard_.close_udp(medium->data_socket);
  }
}

Result<> FeedMedia::add(const MediumPlan& plan, PortRange& range) {
  size_t index = media_.size();
  auto medium = std::make_unique<Medium>();
  medium->plan = plan;
  medium->extensions.set(ExtensionKind::abs_capture_time, plan_.capture_time_id);
  MediumFeed::Wishes wishes{.ask_keyframe = [this, index] { ask_keyframe(index); },
                            .set_bitrate = [this, index](uint64_t bps) { set_bitrate(index, bps); }};
  media_.push_back(std::move(medium));
  Medium& added = *media_.back();
  added.feed = std::make_unique<MediumFeed>(shard_, plan, plan_.collision_ms, plan_.enabled, std::move(wishes));
  if (!plan.sockets) return {};
  return open_sockets(added, range);
}

Result<> FeedMedia::open_sockets(Medium& medium, PortRange& range) {
  const SocketPlan& plan = *medium.plan.sockets;
  for (size_t i = 0; i < plan.ports.size(); ++i) {
    auto opened = open_somewhere(bind_of(plan, plan.ports[i]), range, [&](const UdpBind& bind) -> Result<> {
      if (medium.plan.kind == MediaKind::data) return open_data(medium, bind);
      return open_rtp(medium, bind, static_cast<uint8_t>(i));
    });
    if (!opened) return opened;
    if (i != 0 || !plan.rtcp) continue;
    if (auto rtcp = open_rtcp(medium, range); !rtcp) return rtcp;
  }
  return {};
}

Result<> FeedMedia::open_rtp(Medium& medium, const UdpBind& bind, uint8_t substream) {
  media::ReceiveSpec spec;
  spec.bind = bind;
  spec.codec = medium.plan.codec;
  spec.extensions = medium.extensions;
  spec.srtp = plan_.srtp;
  auto receiver =
      media::RtpReceiver::open(shard_, spec, [feed = medium.feed.get(), substream](const RtpPacket& packet) {
        RtpPacket own = packet;
        own.substream = substream;
        feed->on_rtp(std::move(own));
      });
  if (!receiver) return std::unexpected(receiver.error());
  medium.receivers.push_back(std::move(*receiver));
  return {};
}

Result<> FeedMedia::open_rtcp(Medium& medium, PortRange& range) {
  auto open = [&](const UdpBind& bind) -> Result<std::unique_ptr<RtcpPort>> {
    std::unique_ptr<SrtpProtector> protector;
    if (plan_.srtp) {
      auto made = shard_.make_protector(*plan_.srtp);
      if (!made) return std::unexpected(made.error());
      protector = std::move(*made);
    }
    return RtcpPort::open(shard_, bind, std::move(protector));
  };
  const SocketPlan& plan = *medium.plan.sockets;
  auto opened = open_above(bind_of(plan, *plan.rtcp), medium.receivers.front()->port(), range, open);
  if (!opened) return std::unexpected(opened.error());
  medium.rtcp = std::move(*opened);
  return {};
}

Result<> FeedMedia::open_data(Medium& medium, const UdpBind& bind) {
  auto port = shard_.open_udp(bind, [feed = medium.feed.get()](const SocketAddress&, Packet packet, Instant) {
    feed->on_message(packet.bytes());
  });
  if (!port) return std::unexpected(port.error());
  medium.data_socket = port->id;
  medium.data_port = port->local.port;
  return {};
}

std::vector<OpenedPorts> FeedMedia::ports() const {
  std::vector<OpenedPorts> out;
  for (const auto& medium : media_) {
    OpenedPorts& ports = out.emplace_back();
    for (const auto& receiver : medium->receivers) ports.ports.push_back(receiver->port());
    if (medium->data_socket) ports.ports.push_back(medium->data_port);
    if (medium->rtcp) ports.rtcp = medium->rtcp->port();
  }
  return out;
}

MediumFeed* FeedMedia::medium(size_t index) const {
  return index < media_.size() ? media_[index]->feed.get() : nullptr;
}

void FeedMedia::set_enabled(bool enabled) {
  for (auto& medium : media_) medium->feed->set_enabled(enabled);
}

void FeedMedia::ask_keyframe(size_t index) {
  Medium& medium = *media_[index];
  if (medium.rtcp) medium.rtcp->ask_keyframe(medium.feed->ssrc());
  else if (observer_.ask_keyframe) observer_.ask_keyframe(index);
}

void FeedMedia::set_bitrate(size_t index, uint64_t bps) {
  Medium& medium = *media_[index];
  if (medium.rtcp) medium.rtcp->tell_estimate(medium.feed->ssrc(), bps);
  else if (observer_.set_bitrate) observer_.set_bitrate(index, bps);
}

void FeedMedia::begin_connection(std::vector<int> source_media) {
  plan_.source_media = std::move(source_media);
  ++connections_;
  for (size_t i = 0; i < media_.size(); ++i) {
    // Another one for each connection of each medium: viewers go on smoothly from the old one.
    media_[i]->ssrc =
        static_cast<uint32_t>(plan_.number * 0x9e3779b1U) ^ (connections_ << 8) ^ static_cast<uint32_t>(i + 1);
    media_[i]->sequence = 1;
  }
}

void FeedMedia::on_packet(const SourcePacket& packet) {
  if (packet.medium >= plan_.source_media.size() || packet.bytes.size() > SourcePacket::kMaxPacket) return;
  int index = plan_.source_media[packet.medium];
  if (index < 0 || static_cast<size_t>(index) >= media_.size()) return;
  Medium& medium = *media_[static_cast<size_t>(index)];
  if (!packet.has_rtp_header) return on_payload(medium, packet);
  if (!looks_like_rtp(packet.bytes)) return;
  Packet copy = shard_.packets().copy(packet.bytes, shard_.now());
  if (!copy) return;
  auto parsed = parse_rtp(std::move(copy), medium.extensions);
  if (!parsed) return;
  parsed->video = parse_video_facts(medium.plan.codec, parsed->payload());
  medium.feed->on_rtp(std::move(*parsed));
}

void FeedMedia::on_payload(Medium& medium, const SourcePacket& packet) {
  std::array<uint8_t, kRtpHeader + SourcePacket::kMaxPacket> bytes{};
  bytes[0] = 0x80;
  bytes[1] = static_cast<uint8_t>((packet.marker ? 0x80 : 0) | medium.plan.payload_type);
  store_u16(&bytes[2], medium.sequence++);
  store_u32(&bytes[4], packet.timestamp);
  store_u32(&bytes[8], medium.ssrc);
  std::ranges::copy(packet.bytes, bytes.begin() + kRtpHeader);
  RtpPacket out;
  out.packet = shard_.packets().copy(Bytes(bytes).first(kRtpHeader + packet.bytes.size()), shard_.now());
  if (!out.packet) return;
  out.payload_offset = kRtpHeader;
  out.payload_size = static_cast<uint16_t>(packet.bytes.size());
  out.ssrc = medium.ssrc;
  out.timestamp = packet.timestamp;
  out.sequence = static_cast<uint16_t>(medium.sequence - 1);
  out.payload_type = medium.plan.payload_type;
  out.marker = packet.marker;
  out.video = parse_video_facts(medium.plan.codec, out.payload());
  medium.feed->on_rtp(std::move(out));
}

}  // namespace limen::streaming
