// rooms: wire base
// Every payload parser, the dependency descriptor with its state, RED and the layers allocation.
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "wire/codec/av1.hpp"
#include "wire/codec/dependency_descriptor.hpp"
#include "wire/codec/h264.hpp"
#include "wire/codec/h265.hpp"
#include "wire/codec/opus.hpp"
#include "wire/codec/video_facts.hpp"
#include "wire/codec/video_layers_allocation.hpp"
#include "wire/codec/vp8.hpp"
#include "wire/codec/vp9.hpp"

using namespace limen;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void rewrite_vp8(Bytes payload) {
  static PacketPool pool;
  RtpPacket packet;
  packet.packet = pool.copy(payload, Instant{});
  if (!packet.packet) return;
  packet.payload_size = static_cast<uint16_t>(payload.size());
  OutgoingRtp note = OutgoingRtp::same_as(packet);
  if (!vp8::rewrite_descriptor(note, 0x1234, 0x56)) return;
  VideoFacts before = vp8::parse(payload);
  std::vector<uint8_t> after(payload.begin(), payload.end());
  std::copy_n(note.prefix.begin(), note.prefix_size, after.begin());
  VideoFacts facts = vp8::parse(after);
  require(facts.descriptor_size == before.descriptor_size && facts.keyframe == before.keyframe);
  if (before.picture_id >= 0) require(facts.picture_id == (before.wide_picture_id ? 0x1234 : 0x34));
}

// Descriptors one after the other, each behind a length byte.
void read_descriptors(Bytes bytes) {
  DependencyReader dependencies;
  ByteReader reader(bytes);
  while (reader.remaining() > 0) {
    auto descriptor = dependencies.read(reader.bytes(std::min<size_t>(reader.u8(), reader.remaining())));
    if (!descriptor) continue;
    VideoFacts facts;
    apply(*descriptor, facts);
    const DependencyStructure* structure = dependencies.structure();
    require(structure != nullptr && structure->decode_target_count >= 1);
    require(descriptor->frame.spatial_id <= structure->max_spatial_id);
    require(descriptor->frame.temporal_id <= structure->max_temporal_id);
  }
}

void rewrite_red(Bytes bytes) {
  auto payload = red::parse(bytes);
  if (!payload) return;
  std::vector<uint8_t> out(bytes.size());
  size_t size = red::write(*payload, out);
  require(size == bytes.size() && std::ranges::equal(out, bytes));
}

}  // namespace

// The first byte chooses the parser.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  Bytes payload(data + 1, size - 1);
  switch (data[0] % 9) {
    case 0: {
      (void)parse_video_facts(Codec::vp8, payload);
      (void)vp8::keyframe_size(payload);
      rewrite_vp8(payload);
      break;
    }
    case 1:
      (void)parse_video_facts(Codec::vp9, payload);
      (void)vp9::keyframe_size(payload);
      break;
    case 2:
      (void)parse_video_facts(Codec::h264, payload);
      (void)h264::sps_size(payload);
      break;
    case 3:
      (void)parse_video_facts(Codec::h265, payload);
      (void)h265::sps_size(payload);
      break;
    case 4:
      (void)parse_video_facts(Codec::av1, payload);
      (void)av1::sequence_size(payload);
      break;
    case 5:
      read_descriptors(payload);
      break;
    case 6:
      (void)opus::parse_toc(payload);
      break;
    case 7:
      rewrite_red(payload);
      break;
    case 8:
      (void)parse_layers_allocation(payload);
      break;
  }
  return 0;
}
