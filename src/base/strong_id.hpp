// Integers that cannot be mixed up: a HandleId is not a SessionId.
#pragma once
#include <compare>
#include <cstdint>
#include <functional>

namespace limen {

template <typename Tag, typename Int = uint64_t>
class StrongId {
 public:
  constexpr StrongId() = default;
  constexpr explicit StrongId(Int value) : value_(value) {}
  constexpr Int value() const { return value_; }
  constexpr explicit operator bool() const { return value_ != 0; }
  friend constexpr auto operator<=>(StrongId, StrongId) = default;

 private:
  Int value_ = 0;
};

// Janus's session and handle ids: random, below 2^53 so that JavaScript can hold them.
using SessionId = StrongId<struct SessionTag>;
using HandleId = StrongId<struct HandleTag>;

// A peer connection: names an object on a shard from any thread; never reused in a process.
using PeerId = StrongId<struct PeerTag>;

}  // namespace limen

template <typename Tag, typename Int>
struct std::hash<limen::StrongId<Tag, Int>> {
  size_t operator()(limen::StrongId<Tag, Int> id) const noexcept { return std::hash<Int>()(id.value()); }
};
