// VoiceMailMedia: a caller's first audio stream into an Ogg file; lives on the handle's shard.
#pragma once
#include <functional>
#include <memory>
#include <optional>

#include "api/media.hpp"
#include "plugins/voicemail/ogg_opus_writer.hpp"
#include "plugins/voicemail/voice_file.hpp"

namespace limen::voicemail {

class VoiceMailMedia final : public MediaHandler {
 public:
  static constexpr Duration kLongest = std::chrono::seconds(10);

  // `on_enough`: kLongest has passed; called once a recording, on the shard. `pool` and `back` outlive it.
  VoiceMailMedia(MediaContext& context, BackgroundPool& pool, Executor& back, std::function<void()> on_enough)
      : context_(context), pool_(pool), back_(back), on_enough_(std::move(on_enough)) {}
  ~VoiceMailMedia() override {
    finish([] {});
  }

  void on_rtp(const RtpPacket& packet) override;
  void on_connected() override { connected_at_ = context_.now(); }
  void on_disconnected() override;

  // Posted by the control half.
  void begin(std::unique_ptr<OggOpusWriter> writer, std::shared_ptr<VoiceFile> file);
  void set_mline(uint8_t mline) { mline_ = mline; }
  // `then` runs on the control thread when all is in the file.
  void finish(Task then);

 private:
  void end() {
    if (writer_) finish([] {});
  }

  MediaContext& context_;
  BackgroundPool& pool_;
  Executor& back_;
  std::function<void()> on_enough_;
  std::optional<uint8_t> mline_;
  std::optional<Instant> connected_at_;
  std::unique_ptr<OggOpusWriter> writer_;
  std::shared_ptr<VoiceFile> file_;
  std::optional<uint16_t> last_sequence_;
  int64_t number_ = 0;  // of the last packet, from 0
  bool enough_ = false;
};

}  // namespace limen::voicemail
