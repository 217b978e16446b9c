#include "config/category_edit.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "config/category_span.hpp"
#include "config/config_node.hpp"

namespace limen::config {
namespace {

std::string libconfig_text(const std::string& value) {
  std::string out = "\"";
  for (char c : value) {
    switch (c) {
      case '"':
      case '\\':
        out += '\\';
        out += c;
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        else out += c;
    }
  }
  return out + '"';
}

std::string written(const EntryScalar& value, Syntax syntax) {
  if (const bool* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const int64_t* number = std::get_if<int64_t>(&value)) {
    bool wide = syntax == Syntax::libconfig && (*number > INT32_MAX || *number < INT32_MIN);
    return fmt::format("{}{}", *number, wide ? "L" : "");
  }
  const std::string& text = std::get<std::string>(value);
  return syntax == Syntax::libconfig ? libconfig_text(text) : text;
}

std::string written(const EntryGroups& groups) {
  std::string out = "(";
  for (const auto& group : groups) {
    out += out.size() == 1 ? "\n\t\t{\n" : ",\n\t\t{\n";
    for (const auto& [key, value] : group)
      out += fmt::format("\t\t\t{} = {}\n", key, written(value, Syntax::libconfig));
    out += "\t\t}";
  }
  return out + "\n\t)";
}

Result<std::string> written(const EntryValue& value, Syntax syntax) {
  const auto* texts = std::get_if<std::vector<std::string>>(&value);
  const auto* groups = std::get_if<EntryGroups>(&value);
  if (syntax == Syntax::ini && (texts != nullptr || groups != nullptr)) {
    return fail("this is a list, which this kind of file cannot hold");
  }
  if (groups != nullptr) return written(*groups);
  if (texts != nullptr) {
    std::string out;
    for (const std::string& text : *texts) out += (out.empty() ? "" : ", ") + libconfig_text(text);
    return fmt::format("[{}]", out);
  }
  if (const bool* flag = std::get_if<bool>(&value)) return written(EntryScalar(*flag), syntax);
  if (const int64_t* number = std::get_if<int64_t>(&value)) return written(EntryScalar(*number), syntax);
  return written(EntryScalar(std::get<std::string>(value)), syntax);
}

Result<> check_name(std::string_view name, Syntax syntax) {
  auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '*'; };
  bool good = !name.empty();
  if (syntax == Syntax::libconfig) {
    good = good && letter(name.front());
    for (char c : name) good = good && (letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_');
  } else {
    good = good && name.find_first_of("[]\r\n") == std::string_view::npos;
  }
  if (!good) return fail("'{}' cannot be the name of a category", name);
  return {};
}

Result<std::string> category_text(Syntax syntax, std::string_view category, const Entries& entries) {
  std::string out = syntax == Syntax::libconfig ? fmt::format("{}: {{\n", category) : fmt::format("[{}]\n", category);
  for (const auto& [key, value] : entries) {
    const std::string* text = std::get_if<std::string>(&value);
    if (syntax == Syntax::ini && text != nullptr && text->find_first_of("\r\n") != std::string::npos) {
      return fail("the value of {} has more than one line", key);
    }
    Result<std::string> shown = written(value, syntax);
    if (!shown) return fail("{}: {}", key, shown.error().text);
    out += fmt::format("{}{} = {}\n", syntax == Syntax::libconfig ? "\t" : "", key, *shown);
  }
  return out + (syntax == Syntax::libconfig ? "}\n" : "");
}

Result<> still_readable(const std::string& text, Syntax syntax) {
  auto parsed = syntax == Syntax::libconfig ? parse_libconfig(text, "new text") : parse_ini(text, "new text");
  if (!parsed) return std::unexpected(parsed.error());
  return {};
}

Syntax syntax_of(const std::string& path) {
  return path.ends_with(".jcfg") ? Syntax::libconfig : Syntax::ini;
}

Result<std::string> read_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail("{}: cannot be read: {}", path, std::strerror(errno));
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

Result<> replace_file(const std::string& path, const std::string& text) {
  std::error_code error;
  std::filesystem::path target = std::filesystem::canonical(path, error);  // a link stays a link
  if (error) return fail("{}: {}", path, error.message());
  std::filesystem::path fresh = target.string() + ".new";
  {
    std::ofstream out(fresh, std::ios::binary | std::ios::trunc);
    std::filesystem::permissions(fresh, std::filesystem::status(target).permissions(), error);
    if (!error) out << text;
    out.flush();
    if (!out || error) {
      std::filesystem::remove(fresh, error);
      return fail("{}: cannot be written", fresh.string());
    }
  }
  std::filesystem::rename(fresh, target, error);
  if (error) return fail("{}: {}", path, error.message());
  return {};
}

using Edit = Result<std::string> (*)(std::string_view, Syntax, std::string_view, const Entries&);

Result<> edit_file(const std::string& folder, std::string_view package, std::string_view category,
                   const Entries& entries, Edit edit) {
  std::optional<std::string> path = module_file(folder, package);
  if (!path) return fail("there is no configuration file of {} in {}", package, folder);
  Result<std::string> text = read_text(*path);
  if (!text) return std::unexpected(text.error());
  Result<std::string> changed = edit(*text, syntax_of(*path), category, entries);
  if (!changed) return fail("{}: {}", *path, changed.error().text);
  return replace_file(*path, *changed);
}

}  // namespace

Result<std::string> with_category(std::string_view text, Syntax syntax, std::string_view category,
                                  const Entries& entries) {
  if (Result<> name = check_name(category, syntax); !name) return std::unexpected(name.error());
  Result<std::string> fresh = category_text(syntax, category, entries);
  if (!fresh) return fresh;
  Result<std::optional<CategorySpan>> span = find_category(text, syntax, category);
  if (!span) return std::unexpected(span.error());
  std::string out(text);
  if (*span) {
    out.replace((*span)->begin, (*span)->end - (*span)->begin, *fresh);
  } else {
    if (!out.empty() && out.back() != '\n') out += '\n';
    out += "\n" + *fresh;
  }
  if (Result<> good = still_readable(out, syntax); !good) return std::unexpected(good.error());
  return out;
}

Result<std::string> without_category(std::string_view text, Syntax syntax, std::string_view category) {
  Result<std::optional<CategorySpan>> span = find_category(text, syntax, category);
  if (!span) return std::unexpected(span.error());
  std::string out(text);
  if (!*span) return out;
  out.erase((*span)->begin, (*span)->end - (*span)->begin);
  if (Result<> good = still_readable(out, syntax); !good) return std::unexpected(good.error());
  return out;
}

std::optional<std::string> module_file(const std::string& folder, std::string_view package) {
  for (const char* extension : {".jcfg", ".cfg"}) {
    std::string path = folder + "/" + std::string(package) + extension;
    std::error_code error;
    if (std::filesystem::exists(path, error)) return path;
  }
  return std::nullopt;
}

Result<> save_category(const std::string& folder, std::string_view package, std::string_view category,
                       const Entries& entries) {
  return edit_file(folder, package, category, entries, with_category);
}

Result<> remove_category(const std::string& folder, std::string_view package, std::string_view category) {
  return edit_file(folder, package, category, {},
                   [](std::string_view text, Syntax syntax, std::string_view name, const Entries&) {
                     return without_category(text, syntax, name);
                   });
}

Result<> save_room(const std::string& folder, std::string_view package, const std::string& id, const Entries& entries) {
  Result<> done = save_category(folder, package, "room-" + id, entries);
  return done ? remove_category(folder, package, id) : done;
}

Result<> remove_room(const std::string& folder, std::string_view package, const std::string& id) {
  Result<> done = remove_category(folder, package, "room-" + id);
  return done ? remove_category(folder, package, id) : done;
}

}  // namespace limen::config
