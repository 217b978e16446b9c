// Recorder: a stream becomes the frames of a .mjr recording: continuous numbering from 1 and 0 over layer
// changes, source changes and pauses (spec recordings 1.3 to 1.5).
//
// Owned by a media handler; that shard's thread only. Frames are gathered and handed to the RecordingFile
// in blocks; closed when it is destroyed.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "api/media.hpp"
#include "media/layer_selector.hpp"
#include "media/recording/recording_file.hpp"

namespace limen::media {

struct RecorderCounters {
  uint64_t frames = 0;
  uint64_t lost = 0;  // the disk could not keep up, or the frame was too large
};

class Recorder {
 public:
  static constexpr size_t kBlock = 32 * 1024;
  static constexpr Duration kLongestDelay = std::chrono::seconds(1);  // between a frame and its block

  // `mode` simulcast: the best quality is recorded, as one stream with `fixed_ssrc` (if not 0); SVC and
  // none: everything is.
  explicit Recorder(std::shared_ptr<RecordingFile> file, LayerMode mode = LayerMode::none, uint32_t fixed_ssrc = 1);
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  // True: a key frame should be asked of the publisher.
  bool on_rtp(const RtpPacket& packet, Instant now);
  // A packet already chosen and rewritten for somebody: recorded with that note's changes.
  void on_outgoing(const OutgoingRtp& note, Instant now);
  void on_data(const DataMessage& message, Instant now);
  // Nothing is recorded while paused, and no hole is left.
  void set_paused(bool paused, Instant now);
  void close();

  const std::string& path() const { return file_->path(); }
  MediaKind kind() const { return file_->header().kind; }
  const RecorderCounters& counters() const { return counters_; }

 private:
  void record(const OutgoingRtp& note, uint32_t ssrc, Instant now);
  // The frame's time; nothing if there is no recording.
  std::optional<uint32_t> begin_frame(Instant now);
  void end_frame(bool taken, Instant now);
  void flush(Instant now);

  std::shared_ptr<RecordingFile> file_;
  LayerSelector selector_;
  uint32_t fixed_ssrc_;
  bool paused_ = false, closed_ = false, started_ = false;
  Instant first_frame_{};
  Instant last_flush_{};
  uint16_t sequence_offset_ = 0;
  uint32_t timestamp_offset_ = 0;
  bool based_ = false;
  std::vector<uint8_t> block_;
  uint64_t block_frames_ = 0;
  std::vector<uint8_t> head_;  // of the frame in work
  RecorderCounters counters_;
};

}  // namespace limen::media
