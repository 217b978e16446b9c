#include "plugins/videoroom/remote_feed.hpp"

#include "plugins/videoroom/cascade_ssrc.hpp"

namespace limen::videoroom {
namespace {

constexpr int kTries = 256;  // of free ports

// IPv4 and IPv6 alike, where there is IPv6.
IpAddress any_address() {
  static constexpr std::array<uint8_t, 16> kNone{};
  return IpAddress::v6(std::span<const uint8_t, 16>(kNone));
}

uint16_t next_port(uint16_t port) {
  return port >= RemoteSpec::kLastPort - 1 ? RemoteSpec::kFirstPort : static_cast<uint16_t>(port + 2);
}

}  // namespace

RemoteFeed::RemoteFeed(MediaShard& shard, std::string label, PublisherObserver observer)
    : media_(shard, [this](const RtcpFeedback& feedback) { on_feedback(feedback); }, std::move(observer)) {
  media_.set_label(std::move(label));
}

Result<std::unique_ptr<RemoteFeed>> RemoteFeed::open(MediaShard& shard, RemoteSpec spec, PublisherObserver observer) {
  std::unique_ptr<RemoteFeed> feed(new RemoteFeed(shard, std::move(spec.label), std::move(observer)));
  const RemoteBind& bind = spec.bind;
  UdpBind rtp{.local = {bind.local.value_or(any_address()), bind.port}, .multicast = bind.multicast, .interface = {}};
  UdpBind rtcp{.local = {rtp.local.ip, bind.rtcp_port}, .multicast = {}, .interface = {}};
  if (bind.multicast) {
    // Bound to the group, or other groups on the same port would be heard, too.
    rtp.local.ip = *bind.multicast;
    rtp.interface = bind.interface;
  }
  bool chosen = bind.port != 0 && bind.rtcp_port != 0;
  uint16_t port = bind.first_try;
  for (int i = 0;; ++i, port = next_port(port)) {
    if (bind.port == 0) rtp.local.port = port;
    if (bind.rtcp_port == 0) rtcp.local.port = static_cast<uint16_t>(port + 1);
    Result<> opened = feed->listen(shard, spec, rtp, rtcp);
    if (!opened && !bind.local && rtp.local.ip.is_v6()) {
      rtp.local.ip = rtcp.local.ip = IpAddress();  // no IPv6 here
      opened = feed->listen(shard, spec, rtp, rtcp);
      if (!opened) rtp.local.ip = rtcp.local.ip = any_address();
    }
    if (opened) return feed;
    if (chosen || i >= kTries) return std::unexpected(opened.error());
  }
}

Result<> RemoteFeed::listen(MediaShard& shard, const RemoteSpec& spec, UdpBind rtp, UdpBind rtcp) {
  media::ReceiveSpec receive;
  receive.bind = std::move(rtp);
  receive.rtcp_bind = std::move(rtcp);
  receive.srtp = spec.srtp;
  receive.choose = [this](const RtpHeader& header) { return choose(header); };
  receive.reduced_rtcp = true;
  auto receiver =
      media::RtpReceiver::open(shard, std::move(receive), [this](const RtpPacket& packet) { on_packet(packet); });
  if (!receiver) return std::unexpected(receiver.error());
  receiver_ = std::move(*receiver);
  return {};
}

void RemoteFeed::set_mlines(const std::vector<RemoteMline>& mlines) {
  mlines_.resize(mlines.size());
  for (size_t i = 0; i < mlines.size(); ++i) {
    const RemoteMline& from = mlines[i];
    Mline& to = mlines_[i];
    to.kind = from.kind;
    to.substreams = from.simulcast ? to.streams.size() : 1;
    for (size_t layer = 0; layer < to.streams.size(); ++layer) {
      media::ReceivedStream& stream = to.streams[layer];
      stream.codec = from.codec;
      stream.mline = static_cast<uint8_t>(i);
      stream.substream = static_cast<uint8_t>(layer);
      stream.extensions = from.extensions;
    }
  }
}

media::ReceivedStream* RemoteFeed::choose(const RtpHeader& header) {
  auto slot = cascade_slot(header.ssrc);
  if (!slot || static_cast<size_t>(slot->mindex) >= mlines_.size()) return nullptr;
  Mline& mline = mlines_[static_cast<size_t>(slot->mindex)];
  return slot->substream < mline.substreams ? &mline.streams[slot->substream] : nullptr;
}

void RemoteFeed::on_packet(const RtpPacket& packet) {
  if (mlines_[packet.mline].kind != MediaKind::data) return media_.on_rtp(packet);
  Bytes payload = packet.payload();
  DataMessage message;
  message.binary = packet.payload_type == 1;
  message.bytes.assign(payload.begin(), payload.end());
  media_.on_data(message);
}

// Only key frames can be asked for on this way.
void RemoteFeed::on_feedback(const RtcpFeedback& feedback) {
  const auto* request = std::get_if<KeyframeRequest>(&feedback);
  if (request != nullptr && receiver_) receiver_->ask_keyframe(cascade_ssrc(request->mline, 0));
}

}  // namespace limen::videoroom
