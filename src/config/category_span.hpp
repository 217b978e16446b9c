// Where in the text of a configuration file a category stands. Pure.
#pragma once
#include <cstddef>
#include <optional>
#include <string_view>

#include "base/result.hpp"
#include "config/category_edit.hpp"

namespace limen::config {

// From the category's name to behind the end of its last line.
struct CategorySpan {
  size_t begin = 0;
  size_t end = 0;
};

// Top level only, names in any case; what `@include` brings in is not looked at.
Result<std::optional<CategorySpan>> find_category(std::string_view text, Syntax syntax, std::string_view category);

}  // namespace limen::config
