// For this plugin's tests: the plugin in a rig of its own, offers and cameras of publishers.
#pragma once
#include "media/fanout/fanout_hub.hpp"
#include "media/layer_test_packets.hpp"
#include "plugins/videoroom/remote_feed.hpp"
#include "plugins/videoroom/videoroom_plugin.hpp"
#include "tests/support/plugin_rig.hpp"

namespace limen::videoroom::test {

using limen::test::rig_answer;
using limen::test::RigHandle;
using limen::test::RigMedia;

class RoomRig : public limen::test::PluginRig {
 public:
  explicit RoomRig(uint32_t shard_count = 2, uint64_t seed = 1)
      : PluginRig(make_videoroom_plugin(), shard_count, seed) {}
};

// Opus, H.264 and data, as a browser offers them; `layers` above 1: simulcast.
inline RemoteJsep rig_offer(int layers = 1, bool data = true) {
  std::string sdp =
      "v=0\r\no=- 5 2 IN IP4 1.1.1.1\r\ns=-\r\nt=0 0\r\n"
      "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 1.1.1.1\r\na=mid:0\r\na=sendonly\r\n"
      "a=rtpmap:111 opus/48000/2\r\na=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n"
      "m=video 9 UDP/TLS/RTP/SAVPF 98\r\nc=IN IP4 1.1.1.1\r\na=mid:1\r\na=sendonly\r\n"
      "a=rtpmap:98 H264/90000\r\na=fmtp:98 profile-level-id=42e01f;packetization-mode=1\r\n";
  if (data) {
    sdp += "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 1.1.1.1\r\na=mid:2\r\na=sctp-port:5000\r\n";
  }
  RemoteJsep jsep;
  jsep.type = "offer";
  jsep.sdp = std::move(sdp);
  if (layers > 1) {
    SimulcastInfo info;
    info.mindex = 1;
    info.mid = "1";
    info.rids = {"h", "m", "l"};
    jsep.simulcast.push_back(std::move(info));
  }
  return jsep;
}

// The video of a publisher, a packet per frame and layer; a key frame when it is asked for.
class RigCamera {
 public:
  explicit RigCamera(uint32_t ssrc, uint8_t layers = 1) {
    for (uint8_t i = 0; i < layers; ++i) {
      layers_.push_back({.ssrc = ssrc + i,
                         .substream = i,
                         .codec = Codec::h264,
                         .sequence = uint16_t(ssrc * 77),
                         .timestamp = ssrc * 1000});
    }
    sound_ = {.ssrc = ssrc + 9, .substream = 0, .codec = Codec::opus, .sequence = uint16_t(ssrc), .timestamp = ssrc};
  }
  void send(RigHandle& handle) {
    for (const RtcpFeedback& wish : std::exchange(handle.media().feedback, {})) {
      wanted_ = wanted_ || std::holds_alternative<KeyframeRequest>(wish);
    }
    bool key = std::exchange(wanted_, false);
    for (auto& layer : layers_) {
      RtpPacket packet = layer.frame(key);
      packet.mline = 1;
      receive(handle, std::move(packet));
    }
    receive(handle, sound_.frame(false));
  }

 private:
  // With bytes, for forwarders.
  static void receive(RigHandle& handle, RtpPacket packet) {
    static constexpr std::array<uint8_t, 13> kBytes{0x80};
    packet.packet = handle.media().shard().packets().copy(kBytes, handle.media().now());
    packet.payload_offset = 12;
    packet.payload_size = 1;
    handle.receive(packet);
  }

  std::vector<media::test::Encoder> layers_;
  media::test::Encoder sound_;
  bool wanted_ = true;
};

}  // namespace limen::videoroom::test
