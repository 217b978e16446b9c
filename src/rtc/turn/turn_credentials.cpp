#include "rtc/turn/turn_credentials.hpp"

#include <string_view>

#include "crypto/digest.hpp"
#include "crypto/hmac.hpp"

namespace limen::rtc {
namespace {

using stun::AttributeType;
using stun::PasswordAlgorithm;

constexpr size_t kMaxOffered = 256;

// The nonce cookie: nine fixed characters and 24 flags in base64, of which the first says "password
// algorithms" (RFC 8489 sections 9.2 and 18.1).
bool promises_algorithms(std::string_view nonce) {
  constexpr std::string_view kCookie = "obMatJos2";
  constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  if (nonce.size() < kCookie.size() + 4 || !nonce.starts_with(kCookie)) return false;
  size_t value = kBase64.find(nonce[kCookie.size()]);
  return value != std::string_view::npos && (value & 0x20) != 0;
}

auto sha1_with(const std::vector<uint8_t>& key) {
  return [&key](std::initializer_list<Bytes> parts) { return crypto::hmac_sha1(key, parts); };
}
auto sha256_with(const std::vector<uint8_t>& key) {
  return [&key](std::initializer_list<Bytes> parts) { return crypto::hmac_sha256(key, parts); };
}

}  // namespace

bool TurnCredentials::learn(const stun::Message& challenge) {
  auto realm = challenge.text(AttributeType::realm);
  auto nonce = challenge.text(AttributeType::nonce);
  if (!nonce || nonce->empty() || nonce->size() > kMaxText) return false;
  if (!realm && realm_.empty()) return false;
  if (realm && (realm->empty() || realm->size() > kMaxText)) return false;

  auto offered = challenge.find(AttributeType::password_algorithms);
  bool promised = promises_algorithms(*nonce);
  if (promised && (!offered || offered->size() > kMaxOffered)) return false;
  if (promised && !challenge.offers(PasswordAlgorithm::sha256) && !challenge.offers(PasswordAlgorithm::md5)) {
    return false;
  }
  if (realm) realm_ = *realm;
  nonce_ = *nonce;
  offered_.clear();
  algorithm_ = PasswordAlgorithm::md5;
  if (promised) {
    offered_.assign(offered->begin(), offered->end());
    if (challenge.offers(PasswordAlgorithm::sha256)) algorithm_ = PasswordAlgorithm::sha256;
  }
  derive_key();
  return true;
}

void TurnCredentials::derive_key() {
  std::string text = user_ + ":" + realm_ + ":" + password_;
  if (algorithm_ == PasswordAlgorithm::sha256) {
    auto digest = crypto::sha256(as_bytes(text));
    key_.assign(digest.begin(), digest.end());
  } else {
    auto digest = crypto::md5(as_bytes(text));
    key_.assign(digest.begin(), digest.end());
  }
}

void TurnCredentials::sign(stun::MessageWriter& writer) const {
  if (!known()) return;
  writer.add_text(AttributeType::username, user_);
  writer.add_text(AttributeType::realm, realm_);
  writer.add_text(AttributeType::nonce, nonce_);
  if (offered_.empty()) return writer.add_integrity(sha1_with(key_));
  writer.add(AttributeType::password_algorithms, offered_);
  writer.add_u32(AttributeType::password_algorithm, uint32_t{static_cast<uint16_t>(algorithm_)} << 16);
  writer.add_integrity256(sha256_with(key_));
}

bool TurnCredentials::verify(const stun::Message& answer) const {
  if (!known()) return false;
  return offered_.empty() ? answer.integrity_ok(sha1_with(key_)) : answer.integrity256_ok(sha256_with(key_));
}

}  // namespace limen::rtc
