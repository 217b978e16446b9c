// The AV1 RTP dependency descriptor header extension, usable with any codec.
//
// AOMedia RTP specification for AV1, appendix A. Templates come with key frames and are needed to read
// the packets after them, so each received stream has one DependencyReader (its explicit state).
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "wire/codec/video_facts.hpp"

namespace limen {

inline constexpr size_t kMaxDecodeTargets = 32;
inline constexpr size_t kMaxTemplates = 64;
inline constexpr size_t kMaxFrameDiffs = 16;  // more references in one frame are refused

enum class DecodeTargetIndication : uint8_t { not_present = 0, discardable = 1, switch_point = 2, required = 3 };

// What one frame depends on; a template or a frame's own variation of it.
struct FrameDependencies {
  uint8_t spatial_id = 0;
  uint8_t temporal_id = 0;
  uint8_t frame_diff_count = 0;
  std::array<uint16_t, kMaxFrameDiffs> frame_diffs{};  // frame_number - diff is referred to
  std::array<DecodeTargetIndication, kMaxDecodeTargets> indications{};
  std::array<uint8_t, kMaxDecodeTargets> chain_diffs{};  // 0: chain starts here
  friend bool operator==(const FrameDependencies&, const FrameDependencies&) = default;
};

struct DependencyStructure {
  struct DecodeTarget {
    uint8_t spatial_id = 0;  // highest layers in it
    uint8_t temporal_id = 0;
    uint8_t chain = 0;  // that protects it; valid if chain_count > 0
  };
  uint8_t template_id_offset = 0;
  uint8_t decode_target_count = 0;
  uint8_t chain_count = 0;
  uint8_t max_spatial_id = 0;
  uint8_t max_temporal_id = 0;
  std::array<DecodeTarget, kMaxDecodeTargets> decode_targets{};
  std::vector<FrameDependencies> templates;
  std::vector<VideoSize> sizes;  // per spatial layer; empty if not given
};

struct DependencyDescriptor {
  bool start_of_frame = false;
  bool end_of_frame = false;
  uint8_t template_id = 0;
  uint16_t frame_number = 0;
  bool structure_attached = false;  // key frame of a coded video sequence
  bool active_targets_given = false;
  uint32_t active_decode_targets = 0;  // bit i: decode target i is being sent
  FrameDependencies frame;
  VideoSize size;  // of this frame's spatial layer; zero if unknown

  // May a receiver of lower layers begin to take the layers of this frame here?
  bool switching_point() const;
};

class DependencyReader {
 public:
  // Nothing if malformed, or if the templates it needs were never seen (counted apart).
  std::optional<DependencyDescriptor> read(Bytes extension);

  const DependencyStructure* structure() const { return structure_ ? &*structure_ : nullptr; }
  uint32_t active_decode_targets() const { return active_decode_targets_; }
  uint64_t malformed() const { return malformed_; }
  uint64_t without_structure() const { return without_structure_; }

 private:
  std::optional<DependencyStructure> structure_;
  uint32_t active_decode_targets_ = 0;
  uint64_t malformed_ = 0;
  uint64_t without_structure_ = 0;
};

// Layers, frame borders, key frame and switching point as VideoFacts; other fields stay as they are.
void apply(const DependencyDescriptor& descriptor, VideoFacts& facts);

}  // namespace limen
