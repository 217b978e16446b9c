// RTP header extensions: which ones are understood, and what was read from a packet.
//
// RFC 8285. An ExtensionMap says which id (1..255) each kind has on one m-line; 0 = not negotiated.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace limen {

enum class ExtensionKind : uint8_t {
  mid,
  rid,
  repaired_rid,
  audio_level,
  video_orientation,
  playout_delay,
  abs_send_time,
  transport_cc,
  toffset,
  abs_capture_time,
  dependency_descriptor,
  video_layers_allocation,
  count,
};
inline constexpr size_t kExtensionKinds = static_cast<size_t>(ExtensionKind::count);

std::string_view extension_uri(ExtensionKind kind);
std::optional<ExtensionKind> extension_from_uri(std::string_view uri);

class ExtensionMap {
 public:
  uint8_t id(ExtensionKind kind) const { return ids_[static_cast<size_t>(kind)]; }
  void set(ExtensionKind kind, uint8_t id) { ids_[static_cast<size_t>(kind)] = id; }
  bool has(ExtensionKind kind) const { return id(kind) != 0; }
  std::optional<ExtensionKind> kind(uint8_t id) const {
    for (size_t i = 0; id != 0 && i < kExtensionKinds; ++i) {
      if (ids_[i] == id) return static_cast<ExtensionKind>(i);
    }
    return std::nullopt;
  }
  friend bool operator==(const ExtensionMap&, const ExtensionMap&) = default;

 private:
  std::array<uint8_t, kExtensionKinds> ids_{};
};

// What a received packet's extensions said. Offsets are from the start of the packet's bytes.
struct ExtensionFacts {
  int16_t audio_level = -1;        // 0..127 = -dBov (127 silence); -1 absent. RFC 6464
  bool voice_activity = false;     // valid with audio_level
  int8_t video_orientation = -1;   // the CVO byte's low 4 bits: C F R1 R0; -1 absent
  int16_t min_playout_delay = -1;  // units of 10 ms; -1 absent
  int16_t max_playout_delay = -1;
  int32_t abs_send_time = -1;       // 24-bit 6.18 seconds; -1 absent
  int32_t transport_sequence = -1;  // 16-bit; -1 absent
  bool has_capture_time = false;
  uint64_t capture_time = 0;  // NTP 32.32
  uint16_t mid_offset = 0;
  uint8_t mid_size = 0;
  uint16_t rid_offset = 0;
  uint8_t rid_size = 0;
  uint16_t repaired_rid_offset = 0;
  uint8_t repaired_rid_size = 0;
  uint16_t dependency_offset = 0;
  uint8_t dependency_size = 0;
  uint16_t layers_offset = 0;
  uint8_t layers_size = 0;
};

}  // namespace limen
