// Source: where the media of a mountpoint come from when no encoder sends RTP to it: a file, an RTSP server, anything
// that a media library opens. SourceSink: the mountpoint (or the viewer of an `ondemand` one) as its source sees it.
//
// Control thread: making, start(), stop() and destruction of a Source. A source works on whatever thread it likes (one
// of its own, the control thread, a shard's) and calls its sink there: calls of one source never overlap. Nothing here
// blocks the control thread: what connects, resolves names or reads files does so elsewhere.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/plugin.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "wire/codec/codec.hpp"

namespace limen::streaming {

// How one medium of a source is encoded; the place in the list names the medium.
struct SourceFormat {
  MediaKind kind = MediaKind::audio;  // audio or video
  Codec codec = Codec::unknown;
  uint8_t payload_type = 0;  // 0..127
  std::string fmtp;          // "" none; of H.264 with sprop-parameter-sets if they are known
  bool simulcast = false;    // WebRTC publishers
  friend bool operator==(const SourceFormat&, const SourceFormat&) = default;
};

// One packet of a medium.
struct SourcePacket {
  // Larger ones are dropped and counted.
  static constexpr size_t kMaxPacket = 1500;

  size_t medium = 0;  // in the list of formats
  // A whole RTP packet as it came (decrypted), or the payload alone, already cut as the codec's payload format says.
  bool has_rtp_header = false;
  std::vector<uint8_t> bytes;
  // Of a payload alone: in units of the codec's RTP clock from any origin; last packet of its frame (video), or first
  // after silence (audio).
  uint32_t timestamp = 0;
  bool marker = false;
};

enum class SourceState : uint8_t {
  connected,  // formats have been told, packets follow
  lost,       // it was connected; the source goes on trying by itself
  failed,     // the first attempt did not work; told also where the source goes on trying (RtspSpec::retry_first)
  ended,      // there will be nothing more (a file that does not loop)
};

class SourceSink {
 public:
  virtual ~SourceSink() = default;
  // Before `connected`, at every connection. What changed with a reconnection is taken as far as it can be (codecs of a
  // mountpoint do not change: such media are dropped).
  virtual void on_formats(std::vector<SourceFormat> formats) = 0;
  // In the order in which they are to go out. Hand on together what was read together: a call costs a post to a shard.
  virtual void on_packets(std::vector<SourcePacket> packets) = 0;
  // `reason`: for people, without secrets.
  virtual void on_state(SourceState state, std::string reason) = 0;
};

class Source {
 public:
  // Ends like stop().
  virtual ~Source() = default;
  // Once. The sink outlives every call to it, as the source shares it.
  virtual void start(std::shared_ptr<SourceSink> sink) = 0;
  // Returns at once; what is still under way may reach the sink, which does not mind. RTSP: sends TEARDOWN.
  virtual void stop() = 0;
  // What viewers want of the encoder; any thread; may be ignored. At most one a second is asked for.
  virtual void ask_keyframe(size_t /*medium*/) {}
  // The lowest estimate of a viewer (REMB), bits per second.
  virtual void set_bitrate(size_t /*medium*/, uint64_t /*bps*/) {}
};

// A raw .alaw or .mulaw file, or Ogg Opus: one audio medium, paced in real time, repeated for ever.
struct FileSpec {
  std::string filename;
  uint8_t payload_type = 0;
  Codec codec = Codec::unknown;  // of .opus files: must be opus
};

// How media come from an RTSP server: UDP, TCP where the server refuses UDP or no packet arrives; or only one of them.
enum class RtspTransport : uint8_t { automatic, udp, tcp };

// Contract, sections 2.2 and 8.
struct RtspSpec {
  std::string url;
  std::string user, password;
  std::string interface;  // "" any
  bool quirk = false;
  RtspTransport transport = RtspTransport::automatic;  // key rtsp_transport: "auto", "udp", "tcp"
  uint16_t port_min = 10000, port_max = 60000;         // where pairs of UDP ports are taken from
  bool audio = false, video = false;
  // Instead of what the server says; fmtp "" and nullopt: as the server says.
  std::optional<uint8_t> audio_payload_type, video_payload_type;
  std::string audio_fmtp, video_fmtp;
  bool retry_first = false;  // rtsp_failcheck = false: a failed first attempt is repeated
  Duration reconnect_delay = std::chrono::seconds(5);
  Duration session_timeout = {};  // upper bound of the keep-alive interval; 0: none
  Duration request_timeout = std::chrono::seconds(10);
  Duration connect_timeout = std::chrono::seconds(5);
};

// Whatever the media library opens: srt://, rtmp:// (pull, or a listener), http(s):// (HLS, TS), files.
struct UrlSpec {
  std::string url;
  bool audio = true, video = true;
  bool loop = false;    // files
  bool listen = false;  // rtmp://, srt://, tcp://, http://: wait for an encoder on that address instead of calling it
  Duration reconnect_delay = std::chrono::seconds(5);
  Duration open_timeout = std::chrono::seconds(10);
};

// What can be told at once is an error here (no such file, unknown format, no such interface, bad URL); everything else
// is told to the sink. `context` outlives the source.
Result<std::unique_ptr<Source>> make_file_source(PluginContext& context, FileSpec spec);
Result<std::unique_ptr<Source>> make_rtsp_source(PluginContext& context, RtspSpec spec);
Result<std::unique_ptr<Source>> make_url_source(PluginContext& context, UrlSpec spec);

}  // namespace limen::streaming
