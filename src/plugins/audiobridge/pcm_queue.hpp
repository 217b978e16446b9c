// PcmQueue: decoded audio that waits to be mixed, in frames of whatever length it came. A value; any thread.
#pragma once
#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace limen::audiobridge {

class PcmQueue {
 public:
  size_t size() const { return samples_.size() - begin_; }
  void push(std::span<const int16_t> samples) {
    settle();
    samples_.insert(samples_.end(), samples.begin(), samples.end());
  }
  void push_silence(size_t count) {
    settle();
    samples_.resize(samples_.size() + count);
  }
  // The first samples; what is missing of them is silence.
  void pop(std::span<int16_t> out) {
    size_t count = std::min(out.size(), size());
    std::copy_n(samples_.begin() + static_cast<ptrdiff_t>(begin_), count, out.begin());
    std::fill(out.begin() + static_cast<ptrdiff_t>(count), out.end(), int16_t{0});
    begin_ += count;
  }
  void clear() {
    samples_.clear();
    begin_ = 0;
  }

 private:
  // What has been taken goes, so that the queue does not grow.
  void settle() {
    samples_.erase(samples_.begin(), samples_.begin() + static_cast<ptrdiff_t>(begin_));
    begin_ = 0;
  }

  std::vector<int16_t> samples_;
  size_t begin_ = 0;
};

}  // namespace limen::audiobridge
