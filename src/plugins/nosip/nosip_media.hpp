// NoSipMedia: the half of a NoSIP handle that touches packets: between the browser and the plain peer.
//
// Lives on the handle's shard; the control half tells it what to do by post.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "api/media.hpp"
#include "media/forward/plain_rtp_leg.hpp"
#include "media/forward/rtp_forwarder.hpp"
#include "media/recording/recorder.hpp"
#include "media/rtp_rewriter.hpp"

namespace limen::nosip {

// What is the same for all calls.
struct NoSipNetwork {
  IpAddress bind;
  std::shared_ptr<media::PortPairs> ports;
  WallTime wall;  // microseconds since 1970 at Instant{}
};

// How a medium goes between the two.
struct MediumSettings {
  uint8_t mline = 0;  // of the browser
  media::PlainRtpRemote remote;
  std::optional<SrtpMaterial> local_key, remote_key;
  ExtensionMap extensions;                        // of what the peer sends
  std::vector<std::pair<uint8_t, Codec>> codecs;  // by payload type
};

// Whose stream.
struct StreamName {
  MediaKind kind = MediaKind::audio;
  bool peer = false;
  friend auto operator<=>(const StreamName&, const StreamName&) = default;
};

class NoSipMedia final : public MediaHandler {
 public:
  NoSipMedia(MediaContext& context, NoSipNetwork network) : context_(context), network_(std::move(network)) {}

  void on_rtp(const RtpPacket& packet) override;
  void on_feedback(const RtcpFeedback& feedback) override;
  void on_disconnected() override { reset(); }

  // Posted by the control half. Ports that are there are kept.
  struct Ports {
    uint16_t audio = 0, video = 0;
  };
  // `then` runs on the control thread.
  void open_ports(bool audio, bool video, std::move_only_function<void(Result<Ports>)> then);
  void configure(MediaKind kind, MediumSettings settings);
  // The browser's m-line, as soon as it is known.
  void set_mline(MediaKind kind, uint8_t mline);
  void reset();
  void record(StreamName stream, std::unique_ptr<media::Recorder> recorder);
  void stop_recording(StreamName stream) { recorders_.erase(stream); }
  void ask_user_keyframe();
  void ask_peer_keyframe();
  // Fails in the log only.
  void forward(uint32_t id, StreamName stream, media::ForwardSpec spec);
  void stop_forward(uint32_t id) { forwarders_.erase(id); }

 private:
  struct Medium {
    MediaKind kind;
    std::unique_ptr<media::PlainRtpLeg> leg;
    std::optional<uint8_t> mline;
    std::vector<std::pair<uint8_t, Codec>> codecs;
    std::optional<media::RtpRewriter> rewriter;
  };
  struct Forward {
    StreamName stream;
    std::unique_ptr<media::RtpForwarder> forwarder;
  };

  Medium& medium(MediaKind kind) { return kind == MediaKind::audio ? audio_ : video_; }
  Result<Ports> open_ports(bool audio, bool video);
  Result<> open_port(Medium& medium);
  void on_peer_rtp(Medium& medium, RtpPacket packet);
  void copy_out(StreamName stream, const RtpPacket& packet);

  MediaContext& context_;
  NoSipNetwork network_;
  Medium audio_{.kind = MediaKind::audio, .leg = {}, .mline = {}, .codecs = {}, .rewriter = {}};
  Medium video_{.kind = MediaKind::video, .leg = {}, .mline = {}, .codecs = {}, .rewriter = {}};
  std::map<StreamName, std::unique_ptr<media::Recorder>> recorders_;
  std::map<uint32_t, Forward> forwarders_;
};

}  // namespace limen::nosip
