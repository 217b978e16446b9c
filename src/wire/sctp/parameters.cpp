#include "wire/sctp/parameters.hpp"

#include <algorithm>

#include "wire/sctp/chunks.hpp"

namespace limen::sctp {

std::optional<Parameter> ParameterReader::next() {
  if (rest_.empty()) return std::nullopt;
  size_t length = rest_.size() < 4 ? 0 : load_u16(&rest_[2]);
  if (length < 4 || length > rest_.size()) {
    malformed_ = true;
    rest_ = {};
    return std::nullopt;
  }
  Parameter out{load_u16(rest_.data()), rest_.subspan(4, length - 4), rest_.first(length)};
  rest_ = rest_.subspan(std::min(padded(length), rest_.size()));
  return out;
}

}  // namespace limen::sctp
