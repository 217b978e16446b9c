#include "api/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace limen {
namespace {

constexpr size_t kMaxDepth = 64;
constexpr int kIndent = 3;

class Writer {
 public:
  explicit Writer(JsonFormat format) : format_(format) {}
  std::string take() { return std::move(out_); }

  void value(const Json& v, int depth) {
    switch (v.kind()) {
      case boost::json::kind::null:
        out_ += "null";
        break;
      case boost::json::kind::bool_:
        out_ += v.get_bool() ? "true" : "false";
        break;
      case boost::json::kind::int64:
        fmt::format_to(std::back_inserter(out_), "{}", v.get_int64());
        break;
      case boost::json::kind::uint64:
        fmt::format_to(std::back_inserter(out_), "{}", v.get_uint64());
        break;
      case boost::json::kind::double_:
        number(v.get_double());
        break;
      case boost::json::kind::string:
        text(v.get_string());
        break;
      case boost::json::kind::array:
        array(v.get_array(), depth);
        break;
      case boost::json::kind::object:
        object(v.get_object(), depth);
        break;
    }
  }

 private:
  void array(const JsonArray& items, int depth) {
    out_ += '[';
    bool first = true;
    for (const Json& item : items) {
      separate(first, depth + 1);
      value(item, depth + 1);
    }
    close(items.empty(), depth);
    out_ += ']';
  }

  void object(const JsonObject& members, int depth) {
    out_ += '{';
    bool first = true;
    for (const auto& member : members) {
      separate(first, depth + 1);
      text(member.key());
      out_ += format_ == JsonFormat::compact ? ":" : ": ";
      value(member.value(), depth + 1);
    }
    close(members.empty(), depth);
    out_ += '}';
  }

  void separate(bool& first, int depth) {
    if (!first) out_ += ',';
    if (format_ == JsonFormat::indented) new_line(depth);
    else if (!first && format_ == JsonFormat::plain) out_ += ' ';
    first = false;
  }
  void close(bool empty, int depth) {
    if (!empty && format_ == JsonFormat::indented) new_line(depth);
  }
  void new_line(int depth) {
    out_ += '\n';
    out_.append(static_cast<size_t>(depth) * kIndent, ' ');
  }

  // JSON has no infinities; what cannot be written is null, so that the document stays valid.
  void number(double d) {
    if (!std::isfinite(d)) {
      out_ += "null";
      return;
    }
    std::string digits = fmt::format("{}", d);
    if (digits.find_first_of(".e") == std::string::npos) digits += ".0";
    out_ += digits;
  }

  void text(std::string_view s) {
    out_ += '"';
    for (char c : s) character(c);
    out_ += '"';
  }
  void character(char c) {
    switch (c) {
      case '"':
        out_ += "\\\"";
        break;
      case '\\':
        out_ += "\\\\";
        break;
      case '\b':
        out_ += "\\b";
        break;
      case '\f':
        out_ += "\\f";
        break;
      case '\n':
        out_ += "\\n";
        break;
      case '\r':
        out_ += "\\r";
        break;
      case '\t':
        out_ += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) fmt::format_to(std::back_inserter(out_), "\\u{:04x}", c);
        else out_ += c;
    }
  }

  JsonFormat format_;
  std::string out_;
};

JsonError error_at(std::string_view text, size_t position, std::string reason) {
  std::string_view before = text.substr(0, std::min(position, text.size()));
  JsonError error;
  error.line = 1 + static_cast<int>(std::count(before.begin(), before.end(), '\n'));
  size_t start = before.rfind('\n');
  error.column = static_cast<int>(start == std::string_view::npos ? before.size() : before.size() - start - 1);
  error.text = std::move(reason);
  return error;
}

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
size_t skip_space(std::string_view text, size_t position) {
  while (position < text.size() && is_space(text[position])) ++position;
  return position;
}

// Strings with a NUL and numbers beyond what a double holds are no JSON for clients that count on C strings and
// finite numbers; nullptr: none of them is in there.
const char* unusable(const Json& value) {
  switch (value.kind()) {
    case boost::json::kind::double_:
      return std::isfinite(value.get_double()) ? nullptr : "real number overflow";
    case boost::json::kind::string:
      return value.get_string().find('\0') == std::string_view::npos ? nullptr : "\\u0000 is not allowed";
    case boost::json::kind::array:
      for (const Json& item : value.get_array()) {
        if (const char* why = unusable(item)) return why;
      }
      return nullptr;
    case boost::json::kind::object:
      for (const auto& member : value.get_object()) {
        if (member.key().find('\0') != std::string_view::npos) return "\\u0000 is not allowed";
        if (const char* why = unusable(member.value())) return why;
      }
      return nullptr;
    default:
      return nullptr;
  }
}

// One object or array from `position` on, which then points behind it.
std::expected<Json, JsonError> parse_one(std::string_view text, size_t& position) {
  if (position == text.size() || (text[position] != '{' && text[position] != '[')) {
    return std::unexpected(error_at(text, position, "'[' or '{' expected"));
  }
  boost::json::parse_options options;
  options.max_depth = kMaxDepth;
  boost::json::stream_parser parser({}, options);
  boost::json::error_code failure;
  std::string_view rest = text.substr(position);
  size_t used = parser.write_some(rest.data(), rest.size(), failure);
  if (!failure && !parser.done()) parser.finish(failure);
  if (failure) return std::unexpected(error_at(text, position + used, failure.message()));
  Json value = parser.release();
  if (const char* why = unusable(value)) return std::unexpected(error_at(text, position + used, why));
  position += used;
  return value;
}

}  // namespace

std::optional<JsonFormat> json_format_from_name(std::string_view name) {
  auto is = [&](std::string_view wanted) {
    return std::equal(name.begin(), name.end(), wanted.begin(), wanted.end(),
                      [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; });
  };
  if (is("indented")) return JsonFormat::indented;
  if (is("plain")) return JsonFormat::plain;
  if (is("compact")) return JsonFormat::compact;
  return std::nullopt;
}

std::string write_json(const Json& value, JsonFormat format) {
  Writer writer(format);
  writer.value(value, 0);
  return writer.take();
}

std::expected<Json, JsonError> parse_json(std::string_view text) {
  size_t position = skip_space(text, 0);
  auto value = parse_one(text, position);
  if (!value) return value;
  position = skip_space(text, position);
  if (position != text.size()) return std::unexpected(error_at(text, position, "end of text expected"));
  return value;
}

std::expected<std::vector<Json>, JsonError> parse_json_sequence(std::string_view text) {
  std::vector<Json> values;
  size_t position = skip_space(text, 0);
  do {
    auto value = parse_one(text, position);
    if (!value) return std::unexpected(value.error());
    values.push_back(std::move(*value));
    position = skip_space(text, position);
  } while (position < text.size());
  return values;
}

}  // namespace limen
