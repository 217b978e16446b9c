#include "media/forward/sdes.hpp"

#include <fmt/core.h>

#include <array>
#include <charconv>
#include <vector>

namespace limen::media {
namespace {

struct Profile {
  std::string_view name;
  int suite;
  size_t key_size;  // master key and salt
};
constexpr std::array<Profile, 4> kProfiles{{{"AES_CM_128_HMAC_SHA1_80", 80, 16 + 14},
                                            {"AES_CM_128_HMAC_SHA1_32", 32, 16 + 14},
                                            {"AEAD_AES_128_GCM", 128, 16 + 12},
                                            {"AEAD_AES_256_GCM", 256, 32 + 12}}};
constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kInline = "inline:";

const Profile* find_profile(std::string_view name) {
  for (const Profile& profile : kProfiles) {
    if (profile.name == name) return &profile;
  }
  return nullptr;
}

std::string to_base64(Bytes bytes) {
  std::string out;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    size_t left = bytes.size() - i;
    uint32_t bits = uint32_t{bytes[i]} << 16;
    if (left > 1) bits |= uint32_t{bytes[i + 1]} << 8;
    if (left > 2) bits |= bytes[i + 2];
    for (int shift = 18; shift >= 0; shift -= 6) out += kAlphabet[bits >> shift & 63];
    if (left < 3) out.replace(out.size() - (3 - left), 3 - left, 3 - left, '=');
  }
  return out;
}

std::optional<std::vector<uint8_t>> from_base64(std::string_view text) {
  std::vector<uint8_t> out;
  uint32_t bits = 0;
  int count = 0;
  for (char c : text) {
    if (c == '=') break;
    size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out.push_back(static_cast<uint8_t>(bits >> count));
  }
  return out;
}

std::string_view take_word(std::string_view& text) {
  size_t begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) return {};
  text.remove_prefix(begin);
  std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  return word;
}

}  // namespace

bool is_sdes_profile(std::string_view profile) {
  return find_profile(profile) != nullptr;
}

SdesLine make_sdes_line(uint32_t tag, std::string_view profile, Random& random) {
  const Profile* known = find_profile(profile);
  if (known == nullptr) known = &kProfiles.front();
  SdesLine line{.tag = tag, .profile = std::string(known->name), .material = {}};
  line.material.suite = known->suite;
  line.material.key.resize(known->key_size);
  random.fill(line.material.key);
  return line;
}

std::optional<SdesLine> parse_sdes_line(std::string_view value) {
  std::string_view tag = take_word(value), name = take_word(value), key = take_word(value);
  SdesLine line;
  auto [end, error] = std::from_chars(tag.data(), tag.data() + tag.size(), line.tag);
  const Profile* profile = find_profile(name);
  if (error != std::errc{} || end != tag.data() + tag.size() || profile == nullptr) return std::nullopt;
  if (!key.starts_with(kInline)) return std::nullopt;
  key.remove_prefix(kInline.size());
  auto bytes = from_base64(key.substr(0, key.find_first_of("|;")));  // lifetime and MKI are not for us
  if (!bytes || bytes->size() < profile->key_size) return std::nullopt;
  bytes->resize(profile->key_size);
  line.profile = profile->name;
  line.material = SrtpMaterial{.suite = profile->suite, .key = std::move(*bytes)};
  return line;
}

std::string write_sdes_line(const SdesLine& line) {
  return fmt::format("{} {} inline:{}", line.tag, line.profile, to_base64(line.material.key));
}

}  // namespace limen::media
