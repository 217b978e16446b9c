#include "media/forward/sdes.hpp"

#include "base/base64.hpp"

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
constexpr std::string_view kInline = "inline:";

const Profile* find_profile(std::string_view name) {
  for (const Profile& profile : kProfiles) {
    if (profile.name == name) return &profile;
  }
  return nullptr;
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

std::optional<std::vector<uint8_t>> srtp_key(std::string_view base64) {
  constexpr size_t kSize = 30;
  auto key = from_base64(base64);
  if (!key || key->size() < kSize) return std::nullopt;
  key->resize(kSize);
  return key;
}

std::string write_sdes_line(const SdesLine& line) {
  return fmt::format("{} {} inline:{}", line.tag, line.profile, to_base64(line.material.key));
}

}  // namespace limen::media
