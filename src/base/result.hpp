// Result<T>: what a function returns when the outside world can make it fail.
//
// The text is for people: it says what is wrong and, where possible, what to do. Broken invariants
// of our own code are not Results, they are LIMEN_ASSERT (base/assert.hpp).
#pragma once
#include <fmt/core.h>

#include <expected>
#include <string>
#include <utility>

namespace limen {

struct Error {
  std::string text;
};

template <typename T = void>
using Result = std::expected<T, Error>;

template <typename... Args>
std::unexpected<Error> fail(fmt::format_string<Args...> format, Args&&... args) {
  return std::unexpected(Error{fmt::format(format, std::forward<Args>(args)...)});
}

}  // namespace limen
