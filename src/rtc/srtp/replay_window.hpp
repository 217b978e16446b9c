// ReplayWindow: which packet indices of one SSRC have been seen, and how a 16-bit sequence number
// becomes a 48-bit index (RFC 3711 sections 3.3.1 and 3.3.2, appendix A). A value.
#pragma once
#include <array>
#include <cstdint>

namespace limen::rtc {

class ReplayWindow {
 public:
  // Wider than the customary 128, because a plain retransmission arrives hundreds of packets late.
  static constexpr uint64_t kSize = 1024;
  static constexpr uint64_t kMaxIndex = (uint64_t{1} << 48) - 1;

  enum class Verdict : uint8_t { fresh, seen, too_old };

  // The index that `sequence` most likely means. Before wrap-around zero (a late packet from before
  // the first one seen) and past the last index there is none: returns false.
  bool estimate(uint16_t sequence, uint64_t& index) const;
  Verdict check(uint64_t index) const;
  void record(uint64_t index);  // only after authentication

  bool empty() const { return !started_; }
  uint64_t highest() const { return highest_; }

 private:
  static constexpr uint64_t kWordBits = 64;
  void clear_between(uint64_t from, uint64_t to);

  uint64_t highest_ = 0;
  bool started_ = false;
  // Bit (index mod kSize): the window slides by clearing, not by shifting.
  std::array<uint64_t, kSize / kWordBits> seen_{};
};

}  // namespace limen::rtc
