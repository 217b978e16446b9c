#include "plugins/voicemail/voicemail_media.hpp"

#include <utility>

#include "base/log.hpp"

namespace limen::voicemail {

void VoiceMailMedia::on_rtp(const RtpPacket& packet) {
  if (!writer_ || packet.mline != mline_) return;
  if (!enough_ && connected_at_ && context_.now() - *connected_at_ >= kLongest) {
    enough_ = true;
    on_enough_();
  }
  if (enough_) return;
  if (last_sequence_) {
    int16_t ahead = sequence_distance(*last_sequence_, packet.sequence);
    if (ahead <= 0) return;  // late or repeated: the stream has gone on
    number_ += ahead;
  }
  last_sequence_ = packet.sequence;
  std::vector<uint8_t> pages;
  writer_->add(packet.payload(), number_, pages);
  if (!pages.empty()) file_->add(pages);
}

void VoiceMailMedia::on_disconnected() {
  connected_at_.reset();
  end();
}

void VoiceMailMedia::begin(std::unique_ptr<OggOpusWriter> writer, std::shared_ptr<VoiceFile> file) {
  writer_ = std::move(writer);
  file_ = std::move(file);
  last_sequence_.reset();
  number_ = 0;
  enough_ = false;
}

void VoiceMailMedia::finish(Task then) {
  if (!writer_) return context_.post_control(std::move(then));
  std::vector<uint8_t> pages;
  writer_->finish(pages);
  file_->add(pages);
  writer_.reset();
  auto write = [file = std::move(file_)] {
    if (auto written = file->write(); !written) log::error("", "VoiceMail: {}", written.error().text);
  };
  pool_.run(std::move(write), back_, std::move(then));
}

}  // namespace limen::voicemail
