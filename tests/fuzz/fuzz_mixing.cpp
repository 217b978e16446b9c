// rooms: media wire
// What a mixer takes from strangers. The first byte chooses: an Ogg Opus file; or packets of a participant, each with
// its place in the stream, through jitter buffer and decoder.
#include <cstdlib>
#include <vector>

#include "media/mixing/audio_codec.hpp"
#include "media/mixing/jitter_buffer.hpp"
#include "media/mixing/ogg_opus.hpp"

using namespace limen;
using namespace limen::media;

namespace {

void read_file(Bytes bytes) {
  OggOpusDemuxer demuxer;
  size_t step = bytes.empty() ? 1 : bytes[0] + size_t{1};
  for (size_t at = 0; at < bytes.size(); at += step) {
    if (!demuxer.feed(bytes.subspan(at, std::min(step, bytes.size() - at)))) break;
    for (OpusPiece piece; demuxer.next(piece);) {
      if (piece.bytes.size() > OggOpusDemuxer::kMaxPacket || piece.samples > 5760 || piece.skip > piece.samples) {
        std::abort();
      }
    }
  }
}

void play(Bytes bytes, Codec codec) {
  static PacketPool pool;
  AudioFormat format{48000, 2};
  auto decoder = AudioDecoder::create(format, codec);
  std::vector<int16_t> out(format.samples_of_ms(AudioDecoder::kMaxMs) * format.channels);
  JitterBuffer buffer;
  uint16_t sequence = 0;
  // A length, a jump of the number, the payload.
  while (bytes.size() >= 2) {
    size_t size = std::min<size_t>(bytes[0] & 0x7f, bytes.size() - 2);
    sequence = static_cast<uint16_t>(sequence + static_cast<int8_t>(bytes[1]));
    RtpPacket packet;
    packet.packet = pool.copy(bytes.subspan(2, size), {});
    packet.payload_size = static_cast<uint16_t>(size);
    packet.sequence = sequence;
    buffer.put(packet, (bytes[0] & 0x80) != 0);
    bytes = bytes.subspan(2 + size);
    if (buffer.waiting() > JitterBuffer::kCapacity) std::abort();
    auto take = buffer.take();
    size_t got = 0;
    if (take.kind == JitterBuffer::Kind::packet) got = (*decoder)->decode(take.packet.payload(), out);
    else if (take.kind == JitterBuffer::Kind::lost) got = (*decoder)->conceal(960, take.next, out);
    if (got * format.channels > out.size()) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  Bytes rest(data + 1, size - 1);
  if (data[0] % 3 == 0) read_file(rest);
  else play(rest, data[0] % 3 == 1 ? Codec::opus : Codec::pcmu);
  return 0;
}
