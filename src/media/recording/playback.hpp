// Playback: recordings sent to a peer at the pace they were recorded at (contract plugin-recordplay, 9).
//
// Owned by a media handler; that shard's thread only. Audio and video each begin with their first packet
// at once and follow their RTP timestamps; data messages follow their stored times.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "api/media.hpp"
#include "media/recording/playback_file.hpp"
#include "wire/codec/codec.hpp"
#include "wire/rtp/header_extensions.hpp"

namespace limen::media {

struct PlaybackTrack {
  std::shared_ptr<PlaybackFile> file;
  uint8_t mline = 0;
  uint8_t payload_type = 0;                 // as offered
  uint8_t recorded_red = 0;                 // payload type of RED in the file; 0: none
  std::optional<uint8_t> offered_red = {};  // RED is sent as this; nothing: only its primary block is sent
};

struct PlaybackCounters {
  uint64_t sent = 0;
  uint64_t dropped = 0;  // malformed, or no packet to be had
};

class Playback {
 public:
  static constexpr Duration kEarly = std::chrono::milliseconds(5);  // packets may leave this early
  static constexpr Duration kPoll = std::chrono::milliseconds(5);   // while waiting for the disk

  // `on_end`: audio and video are over, data or not. It must not destroy the playback: post that.
  Playback(MediaContext& context, std::vector<PlaybackTrack> tracks, std::function<void()> on_end);
  ~Playback();
  Playback(const Playback&) = delete;
  Playback& operator=(const Playback&) = delete;

  void start();
  bool started() const { return started_; }
  // The viewer cannot take RED (or can): from now on.
  void set_offered_red(std::optional<uint8_t> payload_type);
  void on_data_writable();
  const PlaybackCounters& counters() const { return counters_; }

 private:
  struct Stream {
    PlaybackTrack track;
    MediaKind kind = MediaKind::audio;
    Codec codec = Codec::unknown;
    bool text = true;
    uint32_t clock_rate = 90000;
    ExtensionMap extensions;
    std::unique_ptr<PlaybackBlock> block;
    size_t next = 0;
    std::optional<int64_t> base;  // time of what begins the playback
    bool over = false;
    bool blocked = false;  // data: the association has no room
  };

  void turn();
  // When the stream wants its next turn.
  Instant run(Stream& stream, Instant now);
  bool fetch(Stream& stream);
  Instant due(const Stream& stream, const PlaybackFrame& frame) const;
  bool send(Stream& stream, Bytes frame, Instant now);
  bool send_message(const Stream& stream, Bytes frame);
  void send_rtp(const Stream& stream, Bytes frame, Instant now);
  Bytes without_redundancy(Bytes packet);

  MediaContext& context_;
  std::vector<Stream> streams_;
  std::function<void()> on_end_;
  bool started_ = false;
  Instant started_at_{};
  TimerId timer_;
  std::vector<uint8_t> scratch_;
  PlaybackCounters counters_;
};

}  // namespace limen::media
