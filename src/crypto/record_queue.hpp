// RecordQueue: datagrams (or records) that wait to be taken, in one buffer that is used again.
// Internal to crypto/; a value.
#pragma once
#include <cstdint>
#include <vector>

#include "base/bytes.hpp"

namespace limen::crypto {

class RecordQueue {
 public:
  void push(Bytes record) {
    compact();
    bytes_.insert(bytes_.end(), record.begin(), record.end());
    ends_.push_back(static_cast<uint32_t>(bytes_.size()));
  }
  // The view is valid until the next call of any member.
  bool pop(Bytes& record) {
    if (next_ == ends_.size()) {
      release();
      return false;
    }
    uint32_t begin = next_ == 0 ? 0 : ends_[next_ - 1];
    record = Bytes(bytes_).subspan(begin, ends_[next_] - begin);
    ++next_;
    return true;
  }
  // What waits, in order.
  std::vector<std::vector<uint8_t>> copy() const {
    std::vector<std::vector<uint8_t>> records;
    for (size_t i = next_; i < ends_.size(); ++i) {
      auto begin = bytes_.begin() + static_cast<std::ptrdiff_t>(i == 0 ? 0 : ends_[i - 1]);
      records.emplace_back(begin, bytes_.begin() + static_cast<std::ptrdiff_t>(ends_[i]));
    }
    return records;
  }
  void clear() { next_ = ends_.size(); }

 private:
  void compact() {
    if (next_ == 0 || next_ != ends_.size()) return;
    bytes_.clear();
    ends_.clear();
    next_ = 0;
  }
  // A handshake needs kilobytes once; ten thousand idle associations must not keep them.
  void release() {
    compact();
    if (bytes_.capacity() == 0) return;
    bytes_.shrink_to_fit();
    ends_.shrink_to_fit();
  }

  std::vector<uint8_t> bytes_;
  std::vector<uint32_t> ends_;
  size_t next_ = 0;
};

}  // namespace limen::crypto
