#include "media/forward/plain_rtp_leg.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "wire/rtcp/rtcp_parser.hpp"
#include "wire/rtcp/rtcp_writer.hpp"
#include "wire/rtp/rtp_parser.hpp"

namespace limen::media {
namespace {

constexpr uint32_t kSsrcOfReports = 1;  // before anything was sent
constexpr size_t kRtcpRoom = 256;

IpAddress any_v6() {
  static constexpr std::array<uint8_t, 16> kNone{};
  return IpAddress::v6(std::span<const uint8_t, 16>(kNone));
}

}  // namespace

PlainRtpLeg::PlainRtpLeg(MediaShard& shard, WallTime wall, PlainRtpObserver observer)
    : shard_(shard),
      wall_(wall),
      observer_(std::move(observer)),
      buffer_(kMaxDatagram + 8 + SrtpProtector::kMaxGrowth) {}

PlainRtpLeg::~PlainRtpLeg() {
  shard_.close_udp(rtp_port_);
  shard_.close_udp(rtcp_port_);
}

Result<std::unique_ptr<PlainRtpLeg>> PlainRtpLeg::open(MediaShard& shard, PortPairs& ports, const IpAddress& local,
                                                       WallTime wall, PlainRtpObserver observer) {
  std::unique_ptr<PlainRtpLeg> leg(new PlainRtpLeg(shard, wall, std::move(observer)));
  for (uint32_t tries = ports.count(); tries > 0; --tries) {
    uint16_t port = ports.next();
    if (local.is_unspecified() && leg->bind(port, any_v6())) return leg;
    if (leg->bind(port, local)) return leg;
  }
  return fail("no pair of RTP ports is free");
}

bool PlainRtpLeg::bind(uint16_t port, const IpAddress& local) {
  auto rtp = shard_.open_udp({.local = {local, port}}, [this](const SocketAddress& from, Packet packet, Instant now) {
    on_rtp_port(from, std::move(packet), now);
  });
  if (!rtp) return false;
  auto rtcp = shard_.open_udp(
      {.local = {local, static_cast<uint16_t>(port + 1)}},
      [this](const SocketAddress& from, Packet packet, Instant) { on_rtcp_port(from, std::move(packet)); });
  if (!rtcp) {
    shard_.close_udp(rtp->id);
    return false;
  }
  rtp_port_ = rtp->id;
  rtcp_port_ = rtcp->id;
  port_ = port;
  return true;
}

void PlainRtpLeg::set_remote(const PlainRtpRemote& remote) {
  bool moved = remote.ip != remote_.ip || remote.port != remote_.port;
  remote_ = remote;
  if (!moved) return;
  confirmed_ = false;
  rtp_to_.reset();
  rtcp_to_.reset();
  if (!remote.ip || remote.ip->is_unspecified() || remote.port == 0) return;
  rtp_to_ = SocketAddress{*remote.ip, remote.port};
  rtcp_to_ = SocketAddress{*remote.ip, static_cast<uint16_t>(remote.port + 1)};
}

Result<> PlainRtpLeg::set_keys(const std::optional<SrtpMaterial>& local, const std::optional<SrtpMaterial>& remote) {
  if (local != local_key_) {
    protector_.reset();
    if (local) {
      auto made = shard_.make_protector(*local);
      if (!made) return std::unexpected(made.error());
      protector_ = std::move(*made);
    }
    local_key_ = local;
  }
  if (remote == remote_key_) return {};
  unprotector_.reset();
  if (remote) {
    auto made = shard_.make_unprotector(*remote);
    if (!made) return std::unexpected(made.error());
    unprotector_ = std::move(*made);
  }
  remote_key_ = remote;
  return {};
}

// ---- from the peer -----------------------------------------------------------------------------------

bool PlainRtpLeg::known_source(const SocketAddress& from, bool rtcp) {
  const std::optional<SocketAddress>& to = rtcp ? rtcp_to_ : rtp_to_;
  if (to) return to->ip == from.ip;
  return !rtcp && remote_.ip && remote_.ip->is_unspecified();
}

void PlainRtpLeg::on_rtp_port(const SocketAddress& from, Packet packet, Instant) {
  bool rtcp = looks_like_rtcp(packet.bytes());
  if (!known_source(from, false) || !(rtcp || looks_like_rtp(packet.bytes()))) {
    ++counters_.foreign;
    return;
  }
  if (rtcp) return read_rtcp(packet.mutable_bytes());
  if (unprotector_) {
    size_t size = unprotector_->unprotect_rtp(packet.mutable_bytes());
    if (size == 0) {
      ++counters_.unauthentic;
      return;
    }
    packet.set_size(size);
  }
  auto parsed = parse_rtp(std::move(packet), extensions_);
  if (!parsed) {
    ++counters_.malformed;
    return;
  }
  // The announced port is given up only for one that is used while it is not.
  if (!rtp_to_ || (*rtp_to_ != from && !confirmed_)) {
    rtp_to_ = from;
    if (!rtcp_to_ || remote_.port == 0) rtcp_to_ = SocketAddress{from.ip, static_cast<uint16_t>(from.port + 1)};
  }
  confirmed_ = confirmed_ || *rtp_to_ == from;
  ++counters_.received;
  note_received(*parsed);
  observer_.rtp(*parsed);
}

void PlainRtpLeg::note_received(const RtpPacket& packet) {
  if (packet.ssrc != peer_ssrc_ || received_ == 0) {
    peer_ssrc_ = packet.ssrc;
    first_sequence_ = highest_sequence_ = packet.sequence;
    received_ = reported_expected_ = reported_received_ = 0;
  }
  ++received_;
  int16_t ahead = sequence_distance(static_cast<uint16_t>(highest_sequence_), packet.sequence);
  if (ahead > 0) highest_sequence_ += static_cast<uint32_t>(ahead);
}

void PlainRtpLeg::on_rtcp_port(const SocketAddress& from, Packet packet) {
  if (!known_source(from, true) || !looks_like_rtcp(packet.bytes())) {
    ++counters_.foreign;
    return;
  }
  read_rtcp(packet.mutable_bytes());
  rtcp_to_ = from;
}

void PlainRtpLeg::read_rtcp(MutableBytes datagram) {
  size_t size = unprotector_ ? unprotector_->unprotect_rtcp(datagram) : datagram.size();
  if (size == 0) {
    ++counters_.unauthentic;
    return;
  }
  for (const rtcp::Message& message : rtcp::parse_rtcp(datagram.first(size)).messages) {
    if (std::holds_alternative<rtcp::PictureLoss>(message)) observer_.rtcp(KeyframeRequest{});
    else if (std::holds_alternative<rtcp::FullIntraRequest>(message)) observer_.rtcp(KeyframeRequest{.fir = true});
    else if (const auto* estimate = std::get_if<rtcp::ReceiverEstimate>(&message)) {
      observer_.rtcp(BitrateEstimate{estimate->bps});
    }
  }
}

// ---- to the peer -------------------------------------------------------------------------------------

void PlainRtpLeg::send(const OutgoingRtp& note) {
  const RtpPacket& packet = *note.source;
  Bytes bytes = packet.packet.bytes();
  if (!rtp_to_ || !remote_.send || packet.payload_offset < 12 || bytes.size() > kMaxDatagram) return;
  uint8_t* out = buffer_.data();
  std::memcpy(out, bytes.data(), bytes.size());
  out[1] = static_cast<uint8_t>((note.marker ? 0x80 : 0) | note.payload_type);
  store_u16(out + 2, note.sequence);
  store_u32(out + 4, note.timestamp);
  size_t size = bytes.size();
  if (protector_) size = protector_->protect_rtp(buffer_, size);
  if (size == 0 || !shard_.send_udp(rtp_port_, *rtp_to_, Bytes(buffer_).first(size))) {
    ++counters_.failed;
    return;
  }
  if (own_ssrc_ != packet.ssrc) sent_packets_ = sent_octets_ = 0;
  own_ssrc_ = packet.ssrc;
  ++counters_.sent;
  ++sent_packets_;
  sent_octets_ += packet.payload_size;
  report(shard_.now(), note.timestamp);
}

void PlainRtpLeg::report(Instant now, uint32_t timestamp) {
  if (last_report_ && now - *last_report_ < kReportPeriod) return;
  last_report_ = now;
  rtcp::SenderReport sender;
  sender.ssrc = own_ssrc_;
  sender.ntp = rtcp::ntp_time(WallTime{wall_.us + to_us(now)});
  sender.rtp_timestamp = timestamp;
  sender.packet_count = sent_packets_;
  sender.octet_count = sent_octets_;
  if (received_ > 0) {
    uint32_t expected = highest_sequence_ - first_sequence_ + 1;
    uint32_t expected_since = expected - reported_expected_, received_since = received_ - reported_received_;
    rtcp::ReportBlock block;
    block.ssrc = peer_ssrc_;
    block.packets_lost = static_cast<int32_t>(expected - received_);
    if (expected_since > received_since) {
      block.fraction_lost =
          static_cast<uint8_t>(std::min<uint32_t>(255, (expected_since - received_since) * 256 / expected_since));
    }
    block.highest_sequence = highest_sequence_;
    reported_expected_ = expected;
    reported_received_ = received_;
    sender.blocks.push_back(block);
  }
  rtcp::CompoundWriter writer(MutableBytes(buffer_).first(kRtcpRoom));
  writer.add(sender);
  writer.add(rtcp::SourceDescription{.chunks = {{.ssrc = own_ssrc_, .cname = "limen"}}});
  send_rtcp(writer.written().size());
}

bool PlainRtpLeg::ask_keyframe() {
  uint32_t ssrc = own_ssrc_ != 0 ? own_ssrc_ : kSsrcOfReports;
  rtcp::CompoundWriter writer(MutableBytes(buffer_).first(kRtcpRoom));
  // A compound packet begins with a report (RFC 3550 section 6.1).
  writer.add(rtcp::ReceiverReport{.ssrc = ssrc, .blocks = {}});
  writer.add(rtcp::PictureLoss{.sender_ssrc = ssrc, .media_ssrc = peer_ssrc_});
  return send_rtcp(writer.written().size());
}

bool PlainRtpLeg::send_estimate(uint64_t bps) {
  uint32_t ssrc = own_ssrc_ != 0 ? own_ssrc_ : kSsrcOfReports;
  rtcp::CompoundWriter writer(MutableBytes(buffer_).first(kRtcpRoom));
  writer.add(rtcp::ReceiverReport{.ssrc = ssrc, .blocks = {}});
  writer.add(rtcp::ReceiverEstimate{.sender_ssrc = ssrc, .bps = bps, .ssrcs = {peer_ssrc_}});
  return send_rtcp(writer.written().size());
}

bool PlainRtpLeg::send_rtcp(size_t size) {
  if (!rtcp_to_) return false;
  if (protector_) size = protector_->protect_rtcp(buffer_, size);
  return size != 0 && shard_.send_udp(rtcp_port_, *rtcp_to_, Bytes(buffer_).first(size));
}

}  // namespace limen::media
