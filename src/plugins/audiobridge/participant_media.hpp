// ParticipantMedia: the half of a participant that sees packets: what it sends goes to its room's mixer (which may
// be on another shard), what the mixer makes for it comes back and is numbered here.
//
// Lives on the handle's shard; the control half changes it by post and hears of it through the observer, whose
// calls come on the shard. A plain RTP participant has a UDP port of its own in place of a peer connection.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "api/media.hpp"
#include "media/mixing/talk_meter.hpp"
#include "media/recording/recorder.hpp"
#include "plugins/audiobridge/mixed_frame.hpp"
#include "plugins/audiobridge/mixer_link.hpp"
#include "plugins/audiobridge/plain_port.hpp"

namespace limen::audiobridge {

using media::TalkRule;

struct InputSettings {
  bool heard = true;     // goes to the mixer
  bool recorded = true;  // in the participant's own recording
  bool levels = false, talk_events = false;
  TalkRule talk = {};
};

struct LineFormat {
  uint8_t mline = 0;
  uint8_t payload_type = 0;
  Codec codec = Codec::opus;
};

struct ParticipantObserver {
  std::function<void(uint64_t key, bool talking)> talking = {};
  std::function<void(uint32_t level)> level = {};     // average, 0 loud to 127 silent
  std::function<void(Backlog backlog)> backlog = {};  // when it changed, at most once a second
};

class ParticipantMedia final : public MediaHandler {
 public:
  ParticipantMedia(MediaContext& context, ParticipantObserver observer);
  ~ParticipantMedia() override;

  void on_rtp(const RtpPacket& packet) override;
  void on_frame(const MixedFrame& frame);

  // Posted by the control half.
  void set_line(LineFormat line) { line_ = line; }
  void enter(MixerId mixer, uint64_t key);
  void leave(uint64_t key);
  void set_input(InputSettings input);
  void record(std::shared_ptr<media::RecordingFile> file);
  void stop_recording() { recorder_.reset(); }
  // `done` gets the local port, on the control thread; fails if none is free.
  void open_plain(PlainRange range, std::function<void(Result<uint16_t>)> done);
  void set_plain(PlainFacts facts);
  void close_plain() { plain_.reset(); }

 private:
  void watch_level(const RtpPacket& packet);
  void number(const MixedFrame& frame);
  void tell_backlog(Backlog backlog);

  MediaContext& context_;
  ParticipantObserver observer_;
  std::optional<LineFormat> line_;
  MixerId mixer_;
  uint64_t key_ = 0;  // 0: in no room
  InputSettings input_;
  media::TalkMeter meter_;
  std::unique_ptr<media::Recorder> recorder_;
  std::unique_ptr<PlainPort> plain_;
  // Numbers go on from room to room.
  uint16_t sequence_ = 0;
  uint32_t timestamp_ = 0;
  std::optional<uint32_t> last_tick_;
  Instant last_sent_{};
  Backlog told_backlog_;
  Instant backlog_told_{};
};

}  // namespace limen::audiobridge
