#include "wire/codec/video_layers_allocation.hpp"

#include <span>

#include "wire/codec/leb128.hpp"

namespace limen {

namespace {

using Allocation = VideoLayersAllocation;

// Which spatial layers are active: one mask for all streams, or one each, two in a byte.
void read_layer_masks(ByteReader& reader, uint8_t shared_mask, Allocation& out) {
  uint8_t pair = 0;
  for (uint8_t stream = 0; stream < out.stream_count; ++stream) {
    if (shared_mask == 0 && stream % 2 == 0) pair = reader.u8();
    unsigned mask = shared_mask != 0 ? shared_mask : stream % 2 == 0 ? pair >> 4 : pair & 0x0f;
    for (uint8_t spatial = 0; spatial < Allocation::kMaxSpatial; ++spatial) {
      if ((mask >> spatial & 1) == 0) continue;
      out.layers[out.layer_count].stream = stream;
      out.layers[out.layer_count++].spatial = spatial;
    }
  }
}

void read_temporal_counts(ByteReader& reader, std::span<Allocation::Layer> layers) {
  uint8_t four = 0;
  for (size_t i = 0; i < layers.size(); ++i) {
    if (i % 4 == 0) four = reader.u8();
    layers[i].temporal_count = static_cast<uint8_t>((four >> (6 - 2 * (i % 4)) & 3) + 1);
  }
}

}  // namespace

std::optional<VideoLayersAllocation> parse_layers_allocation(Bytes extension) {
  ByteReader reader(extension);
  Allocation out;
  uint8_t head = reader.u8();
  if (!reader.ok()) return std::nullopt;
  out.stream_index = head >> 6;
  out.stream_count = static_cast<uint8_t>((head >> 4 & 3) + 1);
  if (head == 0 && extension.size() == 1) {  // nothing is being sent
    out.stream_count = 0;
    return out;
  }
  read_layer_masks(reader, head & 0x0f, out);
  std::span layers = std::span(out.layers).first(out.layer_count);
  read_temporal_counts(reader, layers);
  bool ok = true;
  for (auto& layer : layers) {
    for (uint8_t i = 0; i < layer.temporal_count; ++i) layer.kbps[i] = read_leb128(reader, ok);
  }
  out.has_sizes = reader.remaining() > 0 && !layers.empty();
  if (out.has_sizes) {
    for (auto& layer : layers) {
      uint32_t width = reader.u16() + 1u, height = reader.u16() + 1u;
      layer.width = static_cast<uint16_t>(width > 0xffff ? 0xffff : width);
      layer.height = static_cast<uint16_t>(height > 0xffff ? 0xffff : height);
      layer.max_fps = reader.u8();
    }
  }
  if (!reader.ok() || !ok) return std::nullopt;
  return out;
}

}  // namespace limen
