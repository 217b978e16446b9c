// MountpointSettings: what a mountpoint is like, whoever asked for it (configuration file or `create`).
//
// Plain values, any thread. Contract, section 2.2; how they are spelled is in mountpoint_keys.hpp.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/media_ports.hpp"
#include "base/time.hpp"
#include "media/layer_selector.hpp"
#include "plugins/streaming/ingest/source.hpp"
#include "wire/codec/codec.hpp"

namespace limen::streaming {

enum class MountpointType : uint8_t { rtp, live, ondemand, rtsp, url, whip };
std::string_view type_name(MountpointType type);      // as configured
std::string_view type_in_lists(MountpointType type);  // "live" or "on demand"

// How much of a video is kept for viewers that come later (contract, 7.3).
struct KeyframeLimits {
  static constexpr uint32_t kDefaultMs = 4000;
  static constexpr uint32_t kMostBytes = 16 * 1024 * 1024;
  uint32_t ms = 0;     // 0..65535
  uint32_t bytes = 0;  // 0: as many as kMostBytes
  friend bool operator==(const KeyframeLimits&, const KeyframeLimits&) = default;
};

// One stream of a mountpoint.
struct MediumSettings {
  MediaKind kind = MediaKind::audio;
  std::string mid, label, msid;  // label and msid: "" none
  uint16_t port = 0;             // 0: from the range; after opening: the real one, as of the other ports
  std::optional<uint16_t> rtcp_port, port2, port3;
  std::string multicast, interface;  // "" none
  uint8_t payload_type = 0;
  Codec codec = Codec::unknown;
  std::string fmtp;
  bool skew = false;
  bool simulcast = false, svc = false;
  bool buffer_keyframe = false;     // of this stream alone, with the default limits
  std::string h264_parameter_sets;  // base64, comma separated
  bool binary = false;              // data: binary messages, not text
  bool buffer_message = false;

  media::LayerMode layers() const {
    return simulcast ? media::LayerMode::simulcast : svc ? media::LayerMode::svc : media::LayerMode::none;
  }
  std::string_view rtpmap() const;
  std::string label_or_kind() const { return label.empty() ? std::string(media_kind_name(kind)) : label; }
};

// A WebRTC publisher comes by the request `publish` (WHIP does).
struct WhipSpec {
  bool audio = true, video = true;
};

struct MountpointSettings {
  MountpointType type = MountpointType::rtp;
  std::string name, description;
  std::optional<std::string> secret, pin;
  std::optional<std::string> metadata;
  bool is_private = false;
  std::vector<MediumSettings> media;
  bool legacy_form = false;  // one audio, one video, one data by the old keys

  // rtp
  uint32_t collision_ms = 0;
  std::optional<KeyframeLimits> keyframes;  // for all videos
  uint32_t threads = 0;
  int srtp_suite = 0;  // 32 or 80; 0: plain RTP
  std::string srtp_crypto;
  bool e2ee = false;
  bool playout_delay = false;
  uint8_t capture_time_id = 0;  // of abs-capture-time in what comes in; 0: none

  bool notify_changes = false;  // rtsp, url: viewers are told of disconnections

  FileSpec file;  // live, ondemand
  RtspSpec rtsp;
  UrlSpec url;
  WhipSpec whip;

  bool has_sockets() const { return type == MountpointType::rtp; }
  bool from_file() const { return type == MountpointType::live || type == MountpointType::ondemand; }
  std::optional<SrtpMaterial> srtp() const;
};

}  // namespace limen::streaming
