#include "wire/codec/dependency_descriptor.hpp"

#include <algorithm>

#include "wire/codec/bit_reader.hpp"

namespace limen {

namespace {

constexpr size_t kMandatorySize = 3;
constexpr uint8_t kMaxSpatialId = 7;
constexpr uint8_t kMaxTemporalId = 7;

enum NextLayer : uint32_t { kSameLayer = 0, kNextTemporal = 1, kNextSpatial = 2, kNoMoreTemplates = 3 };

struct ExtendedFlags {
  bool structure = false;
  bool active_targets = false;
  bool custom_indications = false;
  bool custom_diffs = false;
  bool custom_chains = false;
};

bool read_template_layers(BitReader& bits, DependencyStructure& structure) {
  uint8_t spatial = 0, temporal = 0;
  while (structure.templates.size() < kMaxTemplates) {
    FrameDependencies& layer = structure.templates.emplace_back();
    layer.spatial_id = spatial;
    layer.temporal_id = temporal;
    structure.max_temporal_id = std::max(structure.max_temporal_id, temporal);
    structure.max_spatial_id = spatial;
    switch (bits.bits(2)) {
      case kNextTemporal:
        ++temporal;
        break;
      case kNextSpatial:
        temporal = 0;
        ++spatial;
        break;
      case kNoMoreTemplates:
        return bits.ok();
      default:
        break;
    }
    if (!bits.ok() || spatial > kMaxSpatialId || temporal > kMaxTemporalId) return false;
  }
  return false;
}

void read_indications(BitReader& bits, uint8_t count, FrameDependencies& frame) {
  for (uint8_t i = 0; i < count; ++i) frame.indications[i] = static_cast<DecodeTargetIndication>(bits.bits(2));
}

bool add_diff(FrameDependencies& frame, uint32_t diff) {
  if (frame.frame_diff_count == kMaxFrameDiffs) return false;
  frame.frame_diffs[frame.frame_diff_count++] = static_cast<uint16_t>(diff);
  return true;
}

bool read_template_diffs(BitReader& bits, DependencyStructure& structure) {
  for (FrameDependencies& layer : structure.templates) {
    while (bits.flag()) {
      if (!add_diff(layer, bits.bits(4) + 1)) return false;
    }
  }
  return bits.ok();
}

bool read_frame_diffs(BitReader& bits, FrameDependencies& frame) {
  frame.frame_diff_count = 0;
  while (uint32_t groups = bits.bits(2)) {
    if (!add_diff(frame, bits.bits(4 * groups) + 1)) return false;
  }
  return bits.ok();
}

void read_template_chains(BitReader& bits, DependencyStructure& structure) {
  structure.chain_count = static_cast<uint8_t>(bits.non_symmetric(structure.decode_target_count + 1u));
  if (structure.chain_count == 0) return;
  for (uint8_t i = 0; i < structure.decode_target_count; ++i) {
    structure.decode_targets[i].chain = static_cast<uint8_t>(bits.non_symmetric(structure.chain_count));
  }
  for (FrameDependencies& layer : structure.templates) {
    for (uint8_t i = 0; i < structure.chain_count; ++i) layer.chain_diffs[i] = static_cast<uint8_t>(bits.bits(4));
  }
}

// A decode target is as high as the highest template that it contains.
void find_target_layers(DependencyStructure& structure) {
  for (uint8_t i = 0; i < structure.decode_target_count; ++i) {
    auto& target = structure.decode_targets[i];
    for (const FrameDependencies& layer : structure.templates) {
      if (layer.indications[i] == DecodeTargetIndication::not_present) continue;
      target.spatial_id = std::max(target.spatial_id, layer.spatial_id);
      target.temporal_id = std::max(target.temporal_id, layer.temporal_id);
    }
  }
}

void read_sizes(BitReader& bits, DependencyStructure& structure) {
  for (unsigned i = 0; i <= structure.max_spatial_id; ++i) {
    uint32_t width = bits.bits(16) + 1;
    uint32_t height = bits.bits(16) + 1;
    // 65536 does not fit and is no size that anybody sends; it is kept as 65535.
    structure.sizes.push_back(
        {static_cast<uint16_t>(std::min(width, 0xffffu)), static_cast<uint16_t>(std::min(height, 0xffffu))});
  }
}

std::optional<DependencyStructure> read_structure(BitReader& bits) {
  DependencyStructure structure;
  structure.template_id_offset = static_cast<uint8_t>(bits.bits(6));
  structure.decode_target_count = static_cast<uint8_t>(bits.bits(5) + 1);
  if (!read_template_layers(bits, structure)) return std::nullopt;
  for (FrameDependencies& layer : structure.templates) read_indications(bits, structure.decode_target_count, layer);
  if (!read_template_diffs(bits, structure)) return std::nullopt;
  read_template_chains(bits, structure);
  find_target_layers(structure);
  if (bits.flag()) read_sizes(bits, structure);
  if (!bits.ok()) return std::nullopt;
  return structure;
}

ExtendedFlags read_flags(BitReader& bits) {
  ExtendedFlags flags;
  flags.structure = bits.flag();
  flags.active_targets = bits.flag();
  flags.custom_indications = bits.flag();
  flags.custom_diffs = bits.flag();
  flags.custom_chains = bits.flag();
  return flags;
}

// The frame's template with the frame's own changes; false if malformed.
bool read_frame(BitReader& bits, const ExtendedFlags& flags, const DependencyStructure& structure,
                DependencyDescriptor& out) {
  size_t index = (out.template_id + 64u - structure.template_id_offset) % 64;
  if (index >= structure.templates.size()) return false;
  out.frame = structure.templates[index];
  if (flags.custom_indications) read_indications(bits, structure.decode_target_count, out.frame);
  if (flags.custom_diffs && !read_frame_diffs(bits, out.frame)) return false;
  if (flags.custom_chains) {
    for (uint8_t i = 0; i < structure.chain_count; ++i) out.frame.chain_diffs[i] = static_cast<uint8_t>(bits.bits(8));
  }
  if (out.frame.spatial_id < structure.sizes.size()) out.size = structure.sizes[out.frame.spatial_id];
  return bits.ok();
}

uint32_t all_targets(const DependencyStructure& structure) {
  return static_cast<uint32_t>((uint64_t{1} << structure.decode_target_count) - 1);
}

}  // namespace

bool DependencyDescriptor::switching_point() const {
  return std::ranges::find(frame.indications, DecodeTargetIndication::switch_point) != frame.indications.end();
}

std::optional<DependencyDescriptor> DependencyReader::read(Bytes extension) {
  auto drop = [](uint64_t& counter) {
    ++counter;
    return std::nullopt;
  };
  BitReader bits(extension);
  DependencyDescriptor out;
  out.start_of_frame = bits.flag();
  out.end_of_frame = bits.flag();
  out.template_id = static_cast<uint8_t>(bits.bits(6));
  out.frame_number = static_cast<uint16_t>(bits.bits(16));
  if (!bits.ok()) return drop(malformed_);
  ExtendedFlags flags;
  if (extension.size() > kMandatorySize) flags = read_flags(bits);

  std::optional<DependencyStructure> attached;
  if (flags.structure) {
    attached = read_structure(bits);
    if (!attached) return drop(malformed_);
  }
  const DependencyStructure* structure = attached ? &*attached : this->structure();
  if (structure == nullptr) return drop(without_structure_);
  out.structure_attached = attached.has_value();
  out.active_targets_given = flags.active_targets;
  out.active_decode_targets = attached ? all_targets(*attached) : active_decode_targets_;
  if (flags.active_targets) out.active_decode_targets = bits.bits(structure->decode_target_count);
  if (!read_frame(bits, flags, *structure, out)) return drop(malformed_);

  // Only now: a packet cut in the middle must not leave half of its news behind.
  active_decode_targets_ = out.active_decode_targets;
  if (attached) structure_ = std::move(attached);
  return out;
}

void apply(const DependencyDescriptor& descriptor, VideoFacts& facts) {
  facts.start_of_frame = descriptor.start_of_frame;
  facts.end_of_frame = descriptor.end_of_frame;
  facts.spatial = static_cast<int8_t>(descriptor.frame.spatial_id);
  facts.temporal = static_cast<int8_t>(descriptor.frame.temporal_id);
  facts.layer_sync = descriptor.switching_point();
  facts.keyframe = descriptor.structure_attached && descriptor.start_of_frame && descriptor.frame.frame_diff_count == 0;
}

}  // namespace limen
