#include "media/recording/playback.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "wire/codec/opus.hpp"
#include "wire/codec/video_facts.hpp"
#include "wire/rtp/rtp_parser.hpp"

namespace limen::media {
namespace {

// Of the names in recordings; "g711" stands for either law.
Codec codec_of(const mjr::Header& header) {
  return header.codec == "g711" ? Codec::pcmu : codec_from_name(header.codec).value_or(Codec::unknown);
}

ExtensionMap extensions_of(const mjr::Header& header) {
  ExtensionMap map;
  for (const auto& [id, uri] : header.extensions) {
    if (auto kind = extension_from_uri(uri)) map.set(*kind, id);
  }
  return map;
}

// Data times begin where the media do: with the earliest first frame.
std::optional<int64_t> media_begin(const std::vector<PlaybackTrack>& tracks) {
  std::optional<int64_t> begin;
  for (const PlaybackTrack& track : tracks) {
    const mjr::Header& header = track.file->header();
    if (header.kind == MediaKind::data || header.first_frame.us <= 0) continue;
    begin = std::min(begin.value_or(std::numeric_limits<int64_t>::max()), header.first_frame.us);
  }
  return begin;
}

}  // namespace

Playback::Playback(MediaContext& context, std::vector<PlaybackTrack> tracks, std::function<void()> on_end)
    : context_(context), on_end_(std::move(on_end)) {
  std::optional<int64_t> begin = media_begin(tracks);
  for (PlaybackTrack& track : tracks) {
    const mjr::Header& header = track.file->header();
    Stream stream;
    stream.kind = header.kind;
    stream.codec = codec_of(header);
    stream.text = header.codec != "binary";
    if (stream.kind == MediaKind::audio) stream.clock_rate = codec_clock_rate(stream.codec);
    if (stream.kind == MediaKind::data) {
      stream.clock_rate = 1'000'000;
      stream.base = begin;
    }
    stream.extensions = extensions_of(header);
    stream.track = std::move(track);
    streams_.push_back(std::move(stream));
  }
}

Playback::~Playback() {
  context_.cancel(timer_);
}

void Playback::set_offered_red(std::optional<uint8_t> payload_type) {
  for (Stream& stream : streams_) {
    if (stream.kind == MediaKind::audio) stream.track.offered_red = payload_type;
  }
}

void Playback::start() {
  if (std::exchange(started_, true)) return;
  started_at_ = context_.now();
  turn();
}

void Playback::turn() {
  Instant now = context_.now();
  Instant next = kNever;
  bool media_over = true;
  for (Stream& stream : streams_) {
    next = std::min(next, run(stream, now));
    media_over = media_over && (stream.over || stream.kind == MediaKind::data);
  }
  if (media_over) {
    if (on_end_) std::exchange(on_end_, {})();
    return;
  }
  timer_ = context_.call_at(next == kNever ? now + kPoll : next, [this] { turn(); });
}

Instant Playback::run(Stream& stream, Instant now) {
  while (!stream.over && !stream.blocked) {
    if (!fetch(stream)) return stream.over ? kNever : now + kPoll;
    const PlaybackFrame& frame = stream.block->frames[stream.next];
    if (!stream.base) stream.base = frame.time;
    Instant at = due(stream, frame);
    if (at > now + kEarly) return at;
    if (!send(stream, Bytes(stream.block->bytes).subspan(frame.offset, frame.size), now)) stream.blocked = true;
    else ++stream.next;
  }
  return kNever;
}

// Is there a frame? If not, the stream is over, or the disk has not delivered yet.
bool Playback::fetch(Stream& stream) {
  while (!stream.block || stream.next >= stream.block->frames.size()) {
    if (stream.block && stream.block->last) {
      stream.over = true;
      return false;
    }
    auto block = stream.track.file->take();
    if (!block) return false;
    stream.block = std::move(block);
    stream.next = 0;
  }
  return true;
}

Instant Playback::due(const Stream& stream, const PlaybackFrame& frame) const {
  // Times come from a file: what is absurdly far away is taken as a year.
  constexpr double kYear = 366.0 * 86400;
  double seconds = (static_cast<double>(frame.time) - static_cast<double>(*stream.base)) / stream.clock_rate;
  seconds = std::clamp(seconds, 0.0, kYear);
  return started_at_ + std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

bool Playback::send(Stream& stream, Bytes frame, Instant now) {
  if (stream.kind == MediaKind::data) return send_message(stream, frame);
  send_rtp(stream, frame, now);
  return true;
}

bool Playback::send_message(const Stream& stream, Bytes frame) {
  DataMessage message;
  message.binary = !stream.text;
  message.bytes.assign(frame.begin(), frame.end());
  if (!context_.send_data(message)) return false;
  ++counters_.sent;
  return true;
}

void Playback::send_rtp(const Stream& stream, Bytes frame, Instant now) {
  const PlaybackTrack& track = stream.track;
  uint8_t payload_type = track.payload_type;
  bool red = track.recorded_red != 0 && frame.size() > 1 && (frame[1] & 0x7f) == track.recorded_red;
  if (red && track.offered_red) payload_type = *track.offered_red;
  else if (red) frame = without_redundancy(frame);
  Packet bytes = frame.empty() ? Packet() : context_.shard().packets().copy(frame, now);
  auto packet = bytes ? parse_rtp(std::move(bytes), stream.extensions) : std::unexpected(RtpError::too_short);
  if (!packet) {
    ++counters_.dropped;
    return;
  }
  packet->mline = track.mline;
  packet->codec = stream.codec;
  if (stream.kind == MediaKind::video) packet->video = parse_video_facts(stream.codec, packet->payload());
  OutgoingRtp out = OutgoingRtp::same_as(*packet);
  out.payload_type = payload_type;
  if (context_.send(out)) ++counters_.sent;
  else ++counters_.dropped;
}

// RFC 2198: the last block of the payload, under the packet's own header. Empty if it is malformed.
Bytes Playback::without_redundancy(Bytes packet) {
  auto header = parse_rtp_header(packet);
  if (!header || header->padding) return {};
  auto blocks = red::parse(packet.subspan(header->size));
  if (!blocks || blocks->count == 0) return {};
  Bytes primary = blocks->primary().data;
  scratch_.assign(packet.begin(), packet.begin() + header->size);
  scratch_.insert(scratch_.end(), primary.begin(), primary.end());
  return scratch_;
}

void Playback::on_data_writable() {
  for (Stream& stream : streams_) {
    if (!std::exchange(stream.blocked, false) || !started_) continue;
    run(stream, context_.now());
  }
}

}  // namespace limen::media
