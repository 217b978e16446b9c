// Changing one category of a module's configuration file (a room that is created "permanent") while
// everything else in the file, comments included, stays as it was written.
//
// The text functions are pure. The file functions replace the file in one step (a new file, then a
// rename) and keep its mode; a few kilobytes go to the page cache, so the control thread may call them.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.hpp"

namespace limen::config {

// Lists, of texts and of groups ( { a = 1 }, { a = 2 } ), can be written in the libconfig syntax only.
using EntryScalar = std::variant<bool, int64_t, std::string>;
using EntryGroups = std::vector<std::vector<std::pair<std::string, EntryScalar>>>;
using EntryValue = std::variant<bool, int64_t, std::string, std::vector<std::string>, EntryGroups>;
using Entries = std::vector<std::pair<std::string, EntryValue>>;

enum class Syntax : uint8_t { libconfig, ini };

// `text` with the category set to exactly `entries` (in place if it was there, else at the end), or
// without it. Errors: a name that the syntax cannot express, a text that cannot be understood.
Result<std::string> with_category(std::string_view text, Syntax syntax, std::string_view category,
                                  const Entries& entries);
Result<std::string> without_category(std::string_view text, Syntax syntax, std::string_view category);

// The file that read_module() reads; nullopt if there is none.
std::optional<std::string> module_file(const std::string& folder, std::string_view package);
Result<> save_category(const std::string& folder, std::string_view package, std::string_view category,
                       const Entries& entries);
// Removing what is not there is no error.
Result<> remove_category(const std::string& folder, std::string_view package, std::string_view category);

// The entry of a room: written as "room-<id>", while a file may just as well call it "<id>".
Result<> save_room(const std::string& folder, std::string_view package, const std::string& id, const Entries& entries);
Result<> remove_room(const std::string& folder, std::string_view package, const std::string& id);

}  // namespace limen::config
