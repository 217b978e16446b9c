#include "wire/mjr/mjr_header.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <charconv>
#include <span>

namespace limen::mjr {

namespace {

constexpr std::array<std::string_view, 5> kVideo = {"vp8", "vp9", "h264", "av1", "h265"};
constexpr std::array<std::string_view, 8> kAudio = {"opus", "multiopus", "g711",   "pcmu",
                                                    "pcma", "g722",      "l16-48", "l16"};
constexpr std::array<std::string_view, 2> kData = {"text", "binary"};

std::span<const std::string_view> codecs_of(MediaKind kind) {
  switch (kind) {
    case MediaKind::audio:
      return kAudio;
    case MediaKind::video:
      return kVideo;
    case MediaKind::data:
      return kData;
  }
  return {};
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string quoted(std::string_view text) {
  return boost::json::serialize(boost::json::string(text));
}

void add_field(std::string& json, std::string_view key, std::string_view value) {
  json += json.empty() ? "{" : ", ";
  json += quoted(key);
  json += ": ";
  json += value;
}

std::string extensions_json(const Header& header) {
  std::string json;
  for (const auto& [id, uri] : header.extensions) add_field(json, std::to_string(id), quoted(uri));
  return json + "}";
}

std::string_view kind_letter(MediaKind kind) {
  return media_kind_name(kind).substr(0, 1);
}

Result<MediaKind> kind_of(std::string_view letter) {
  for (MediaKind kind : {MediaKind::audio, MediaKind::video, MediaKind::data}) {
    if (!letter.empty() && letter[0] == kind_letter(kind)[0]) return kind;
  }
  return fail("unknown media type \"{}\" (a, v or d)", letter);
}

Result<std::string> text_field(const boost::json::object& json, std::string_view key, bool required) {
  const auto* value = json.if_contains(key);
  if (value == nullptr && !required) return std::string{};
  if (value == nullptr || !value->is_string()) return fail("\"{}\" is missing or not a string", key);
  return std::string(value->get_string());
}

Result<WallTime> time_field(const boost::json::object& json, std::string_view key) {
  const auto* value = json.if_contains(key);
  if (value == nullptr || !value->is_int64()) return fail("\"{}\" is missing or not an integer", key);
  return WallTime{value->get_int64()};
}

// Ids that are no RTP extension ids are left out rather than making a recording unreadable.
void read_extensions(const boost::json::object& json, Header& header) {
  const auto* extensions = json.if_contains("x");
  if (extensions == nullptr || !extensions->is_object()) return;
  for (const auto& entry : extensions->get_object()) {
    std::string_view key = entry.key();
    unsigned id = 0;
    auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
    bool valid = error == std::errc{} && end == key.data() + key.size() && id >= 1 && id <= 15;
    if (valid && entry.value().is_string()) {
      header.extensions.emplace_back(static_cast<uint8_t>(id), std::string(entry.value().get_string()));
    }
  }
}

}  // namespace

bool is_recordable(MediaKind kind, std::string_view codec) {
  return std::ranges::any_of(codecs_of(kind),
                             [codec](std::string_view name) { return std::ranges::equal(name, codec, {}, {}, lower); });
}

std::string write_header_json(const Header& header) {
  std::string json;
  add_field(json, "t", quoted(kind_letter(header.kind)));
  add_field(json, "c", quoted(header.codec));
  if (!header.fmtp.empty()) add_field(json, "f", quoted(header.fmtp));
  if (!header.description.empty()) add_field(json, "d", quoted(header.description));
  if (!header.extensions.empty()) add_field(json, "x", extensions_json(header));
  add_field(json, "s", std::to_string(header.created.us));
  add_field(json, "u", std::to_string(header.first_frame.us));
  if (header.kind == MediaKind::audio && header.red_payload_type > 0) {
    add_field(json, "or", std::to_string(header.red_payload_type));
  }
  if (header.encrypted) add_field(json, "e", "true");
  return json + "}";
}

Result<Header> parse_header_json(std::string_view text) {
  boost::system::error_code error;
  boost::json::value parsed = boost::json::parse(boost::json::string_view(text), error);
  if (error || !parsed.is_object()) return fail("the recording's header is not a JSON object");
  const auto& json = parsed.get_object();
  Header header;
  auto type = text_field(json, "t", true);
  if (!type) return std::unexpected(type.error());
  auto kind = kind_of(*type);
  if (!kind) return std::unexpected(kind.error());
  header.kind = *kind;
  for (auto [key, target, required] : {std::tuple{"c", &header.codec, true}, std::tuple{"f", &header.fmtp, false},
                                       std::tuple{"d", &header.description, false}}) {
    auto value = text_field(json, key, required);
    if (!value) return std::unexpected(value.error());
    *target = std::move(*value);
  }
  if (!is_recordable(header.kind, header.codec)) {
    return fail("unknown {} codec \"{}\"", media_kind_name(header.kind), header.codec);
  }
  for (auto [key, target] : {std::tuple{"s", &header.created}, std::tuple{"u", &header.first_frame}}) {
    auto value = time_field(json, key);
    if (!value) return std::unexpected(value.error());
    *target = *value;
  }
  read_extensions(json, header);
  if (const auto* red = json.if_contains("or"); red != nullptr && red->is_int64()) {
    int64_t payload_type = red->get_int64();
    if (payload_type > 0 && payload_type < 128) header.red_payload_type = static_cast<uint8_t>(payload_type);
  }
  if (const auto* flag = json.if_contains("e"); flag != nullptr && flag->is_bool()) header.encrypted = flag->get_bool();
  return header;
}

}  // namespace limen::mjr
