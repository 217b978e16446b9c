#include "media/recording/recorder.hpp"

#include <utility>

#include "base/bytes.hpp"
#include "wire/mjr/mjr_writer.hpp"

namespace limen::media {
namespace {

uint32_t clock_rate_of(const mjr::Header& header) {
  if (header.kind == MediaKind::video) return 90000;
  std::optional<Codec> codec = codec_from_name(header.codec);
  return codec ? codec_clock_rate(*codec) : 8000;  // "g711"
}

}  // namespace

Recorder::Recorder(std::shared_ptr<RecordingFile> file, LayerMode mode, uint32_t fixed_ssrc)
    : file_(std::move(file)), selector_(clock_rate_of(file_->header())), fixed_ssrc_(fixed_ssrc) {
  if (mode == LayerMode::simulcast) selector_.set_mode(mode);
}

Recorder::~Recorder() {
  close();
}

bool Recorder::on_rtp(const RtpPacket& packet, Instant now) {
  if (paused_ || closed_) return false;
  LayerOutcome outcome = selector_.on_packet(packet, now);
  if (!outcome.out) return outcome.need_keyframe;
  bool choice = selector_.mode() == LayerMode::simulcast && fixed_ssrc_ != 0;
  record(*outcome.out, choice ? fixed_ssrc_ : packet.ssrc, now);
  return outcome.need_keyframe;
}

void Recorder::on_outgoing(const OutgoingRtp& note, Instant now) {
  if (paused_ || closed_) return;
  record(note, fixed_ssrc_ != 0 ? fixed_ssrc_ : note.source->ssrc, now);
}

// Header, extensions and padding as received; numbering, SSRC and what the note replaces as chosen.
void Recorder::record(const OutgoingRtp& note, uint32_t ssrc, Instant now) {
  const RtpPacket& packet = *note.source;
  Bytes bytes = packet.packet.bytes();
  size_t cut = size_t{packet.payload_offset} + note.prefix_replaced;
  if (packet.payload_offset < 12 || cut > bytes.size()) return;
  std::optional<uint32_t> ms = begin_frame(now);
  if (!ms) return;
  if (!based_) {
    based_ = true;
    sequence_offset_ = static_cast<uint16_t>(1 - note.sequence);
    timestamp_offset_ = 0 - note.timestamp;
  }
  head_.assign(bytes.begin(), bytes.begin() + packet.payload_offset);
  head_[1] = static_cast<uint8_t>((note.marker ? 0x80 : 0) | packet.payload_type);
  store_u16(&head_[2], static_cast<uint16_t>(note.sequence + sequence_offset_));
  store_u32(&head_[4], note.timestamp + timestamp_offset_);
  store_u32(&head_[8], ssrc);
  head_.insert(head_.end(), note.prefix.begin(), note.prefix.begin() + note.prefix_size);
  end_frame(mjr::append_rtp_frame(*ms, head_, bytes.subspan(cut), block_), now);
}

void Recorder::on_data(const DataMessage& message, Instant now) {
  if (paused_ || closed_) return;
  std::optional<uint32_t> ms = begin_frame(now);
  if (ms) end_frame(mjr::append_data_frame(*ms, file_->wall_time(now), message.bytes, block_), now);
}

std::optional<uint32_t> Recorder::begin_frame(Instant now) {
  if (!started_) {
    mjr::Header header = file_->header();
    header.first_frame = file_->wall_time(now);
    if (!mjr::append_header(header, block_)) {
      ++counters_.lost;
      return std::nullopt;
    }
    started_ = true;
    first_frame_ = last_flush_ = now;
  }
  return static_cast<uint32_t>(to_ms(now - first_frame_));
}

void Recorder::end_frame(bool taken, Instant now) {
  if (!taken) {
    ++counters_.lost;
    return;
  }
  ++counters_.frames;
  ++block_frames_;
  if (block_.size() >= kBlock || now - last_flush_ >= kLongestDelay) flush(now);
}

void Recorder::flush(Instant now) {
  last_flush_ = now;
  uint64_t frames = std::exchange(block_frames_, 0);
  if (block_.empty()) return;
  std::vector<uint8_t> block;
  block.swap(block_);
  block_.reserve(kBlock + 2048);
  if (file_->append(std::move(block))) return;
  counters_.frames -= frames;
  counters_.lost += frames;
}

void Recorder::set_paused(bool paused, Instant now) {
  if (std::exchange(paused_, paused) == paused || paused) return;
  selector_.resume(now);
}

void Recorder::close() {
  if (std::exchange(closed_, true)) return;
  flush(last_flush_);
  file_->close();
}

}  // namespace limen::media
