// HotLines: the cache lines that sending one packet through a peer touches, so that they can be fetched
// while the packet of the peer before is on its way. With hundreds of subscribers each one's state has
// left the first caches when its turn comes, and its parts hang together by pointers.
//
// Only addresses, never dereferenced: what they pointed to may have gone. A value.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

namespace limen::rtc {

class HotLines {
 public:
  static constexpr size_t kMax = 32;
  static constexpr size_t kLine = 64;

  void clear() { count_ = 0; }
  // `size` bytes from there on.
  void add(const void* address, size_t size) {
    const auto* from = static_cast<const char*>(address);
    const char* to = from + size;
    from -= reinterpret_cast<uintptr_t>(from) % kLine;
    for (; from < to && count_ < kMax; from += kLine) lines_[count_++] = from;
  }
  template <typename Object>
  void add(const Object& object) {
    add(&object, sizeof object);
  }
  void fetch() const {
    for (size_t i = 0; i < count_; ++i) __builtin_prefetch(lines_[i], 1);
  }

 private:
  size_t count_ = 0;
  std::array<const char*, kMax> lines_;
};

}  // namespace limen::rtc
