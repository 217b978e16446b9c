#include "crypto/fingerprint.hpp"

#include <algorithm>

#include "crypto/certificate_state.hpp"

namespace limen::crypto {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool equal_without_case(std::string_view a, std::string_view b) {
  auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

}  // namespace

const EVP_MD* fingerprint_digest(std::string_view hash) {
  if (equal_without_case(hash, "sha-256")) return EVP_sha256();
  if (equal_without_case(hash, "sha-1")) return EVP_sha1();
  if (equal_without_case(hash, "sha-224")) return EVP_sha224();
  if (equal_without_case(hash, "sha-384")) return EVP_sha384();
  if (equal_without_case(hash, "sha-512")) return EVP_sha512();
  return nullptr;
}

bool fingerprint_hash_supported(std::string_view hash) {
  return fingerprint_digest(hash) != nullptr;
}

std::string format_fingerprint(Bytes digest) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  out.reserve(digest.size() * 3);
  for (uint8_t byte : digest) {
    if (!out.empty()) out += ':';
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  return out;
}

std::optional<std::vector<uint8_t>> parse_fingerprint(std::string_view text) {
  if (text.size() % 3 != 2) return std::nullopt;
  std::vector<uint8_t> out;
  for (size_t i = 0; i < text.size(); i += 3) {
    int high = hex_value(text[i]), low = hex_value(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    if (i + 2 < text.size() && text[i + 2] != ':') return std::nullopt;
    out.push_back(static_cast<uint8_t>(high << 4 | low));
  }
  return out;
}

}  // namespace limen::crypto
