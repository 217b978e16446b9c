#include "media/gapless_counter.hpp"

#include <algorithm>

namespace limen::media {

int64_t GaplessCounter::unwrap(uint32_t in) const {
  int64_t size = int64_t{1} << bits_;
  int64_t distance = (static_cast<int64_t>(in) - highest_in_) & (size - 1);
  if (distance >= size / 2) distance -= size;
  return highest_in_ + distance;
}

void GaplessCounter::base(uint32_t in) {
  highest_in_ = in;
  // The very first number stays what it is; later sources follow the highest one given out.
  offset_ = started_ ? highest_out_ + 1 - highest_in_ : 0;
  // Of a later source only what follows has a place; the first one may begin out of order.
  oldest_ = started_ ? highest_in_ : highest_in_ - window();
  left_out_.clear();
  based_ = true;
}

void GaplessCounter::advance(int64_t in) {
  if (in <= highest_in_) return;
  highest_in_ = in;
  oldest_ = std::max(oldest_, highest_in_ - window());
  while (!left_out_.empty() && left_out_.front() < oldest_) {
    left_out_.pop_front();
    --offset_;
  }
}

std::optional<uint32_t> GaplessCounter::map(uint32_t in) {
  if (!based_) base(in);
  int64_t number = unwrap(in);
  if (number < oldest_) return std::nullopt;
  auto place = std::lower_bound(left_out_.begin(), left_out_.end(), number);
  if (place != left_out_.end() && *place == number) return std::nullopt;
  int64_t out = number + offset_ - (place - left_out_.begin());
  advance(number);
  highest_out_ = started_ ? std::max(highest_out_, out) : out;
  started_ = true;
  return static_cast<uint32_t>(out & ((int64_t{1} << bits_) - 1));
}

void GaplessCounter::leave_out(uint32_t in) {
  if (!based_) return;  // nothing was given out from this source yet
  int64_t number = unwrap(in);
  if (number < oldest_) return;
  auto place = std::lower_bound(left_out_.begin(), left_out_.end(), number);
  if (place != left_out_.end() && *place == number) return;
  left_out_.insert(place, number);
  advance(number);
}

}  // namespace limen::media
