// Bounds-checked reading and writing of network byte order.
//
// ByteReader never reads past its end: a read that does not fit sets `ok()` to false and returns 0
// (or an empty span), and every later read fails too, so a parser checks once at the end.
// ByteWriter behaves the same for writing.
#pragma once
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace limen {

using Bytes = std::span<const uint8_t>;
using MutableBytes = std::span<uint8_t>;

inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline uint16_t load_u16(const uint8_t* p) {
  return static_cast<uint16_t>(p[0] << 8 | p[1]);
}
inline uint32_t load_u24(const uint8_t* p) {
  return uint32_t{p[0]} << 16 | uint32_t{p[1]} << 8 | p[2];
}
inline uint32_t load_u32(const uint8_t* p) {
  return uint32_t{p[0]} << 24 | uint32_t{p[1]} << 16 | uint32_t{p[2]} << 8 | p[3];
}
inline uint64_t load_u64(const uint8_t* p) {
  return uint64_t{load_u32(p)} << 32 | load_u32(p + 4);
}
inline void store_u16(uint8_t* p, uint16_t v) {
  p[0] = static_cast<uint8_t>(v >> 8);
  p[1] = static_cast<uint8_t>(v);
}
inline void store_u24(uint8_t* p, uint32_t v) {
  p[0] = static_cast<uint8_t>(v >> 16);
  p[1] = static_cast<uint8_t>(v >> 8);
  p[2] = static_cast<uint8_t>(v);
}
inline void store_u32(uint8_t* p, uint32_t v) {
  store_u16(p, static_cast<uint16_t>(v >> 16));
  store_u16(p + 2, static_cast<uint16_t>(v));
}
inline void store_u64(uint8_t* p, uint64_t v) {
  store_u32(p, static_cast<uint32_t>(v >> 32));
  store_u32(p + 4, static_cast<uint32_t>(v));
}

class ByteReader {
 public:
  explicit ByteReader(Bytes bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }
  size_t remaining() const { return bytes_.size() - position_; }
  size_t position() const { return position_; }

  uint8_t u8() { return need(1) ? bytes_[position_++] : uint8_t{0}; }
  uint16_t u16() { return take(2) ? load_u16(&bytes_[position_ - 2]) : uint16_t{0}; }
  uint32_t u24() { return take(3) ? load_u24(&bytes_[position_ - 3]) : 0; }
  uint32_t u32() { return take(4) ? load_u32(&bytes_[position_ - 4]) : 0; }
  uint64_t u64() { return take(8) ? load_u64(&bytes_[position_ - 8]) : 0; }
  Bytes bytes(size_t count) { return take(count) ? bytes_.subspan(position_ - count, count) : Bytes{}; }
  Bytes rest() { return bytes(remaining()); }
  void skip(size_t count) { take(count); }

 private:
  bool need(size_t count) {
    if (remaining() < count) ok_ = false;
    return ok_;
  }
  bool take(size_t count) {
    if (!need(count)) return false;
    position_ += count;
    return true;
  }

  Bytes bytes_;
  size_t position_ = 0;
  bool ok_ = true;
};

class ByteWriter {
 public:
  explicit ByteWriter(MutableBytes bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }
  size_t size() const { return position_; }
  size_t room() const { return bytes_.size() - position_; }
  Bytes written() const { return bytes_.first(position_); }

  void u8(uint8_t v) {
    if (take(1)) bytes_[position_ - 1] = v;
  }
  void u16(uint16_t v) {
    if (take(2)) store_u16(&bytes_[position_ - 2], v);
  }
  void u24(uint32_t v) {
    if (take(3)) store_u24(&bytes_[position_ - 3], v);
  }
  void u32(uint32_t v) {
    if (take(4)) store_u32(&bytes_[position_ - 4], v);
  }
  void u64(uint64_t v) {
    if (take(8)) store_u64(&bytes_[position_ - 8], v);
  }
  void bytes(Bytes v) {
    if (take(v.size()) && !v.empty()) std::memcpy(&bytes_[position_ - v.size()], v.data(), v.size());
  }
  void zeros(size_t count) {
    if (take(count) && count != 0) std::memset(&bytes_[position_ - count], 0, count);
  }
  // Overwrites two bytes already written; `at` is an offset from the start.
  void patch_u16(size_t at, uint16_t v) {
    if (at + 2 <= position_) store_u16(&bytes_[at], v);
    else ok_ = false;
  }

 private:
  bool take(size_t count) {
    if (room() < count) ok_ = false;
    if (!ok_) return false;
    position_ += count;
    return true;
  }

  MutableBytes bytes_;
  size_t position_ = 0;
  bool ok_ = true;
};

}  // namespace limen
