// Comparing secrets so that the time taken says nothing about where they differ.
#pragma once
#include <string_view>

namespace limen {

// The lengths may leak, the contents do not.
inline bool constant_time_equal(std::string_view a, std::string_view b) {
  unsigned char difference = a.size() == b.size() ? 0 : 1;
  size_t count = a.size() < b.size() ? a.size() : b.size();
  for (size_t i = 0; i < count; ++i) {
    difference =
        static_cast<unsigned char>(difference | (static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i])));
  }
  return difference == 0;
}

// Is the text one of these? Looks at all of them, whichever it is.
template <typename Texts>
bool constant_time_contains(const Texts& texts, std::string_view wanted) {
  bool found = false;
  for (const auto& text : texts) found |= constant_time_equal(text, wanted);
  return found;
}

}  // namespace limen
