#include "core/media/srtp_contexts.hpp"

#include <algorithm>
#include <optional>

#include "rtc/srtp/srtp_session.hpp"

namespace limen::core {
namespace {

struct Keys {
  crypto::SrtpProfile profile;
  crypto::SrtpMasterKey master;
};

std::optional<crypto::SrtpProfile> profile_of(int suite) {
  switch (suite) {
    case 80:
      return crypto::SrtpProfile::aes128_cm_sha1_80;
    case 32:
      return crypto::SrtpProfile::aes128_cm_sha1_32;
    case 128:
      return crypto::SrtpProfile::aead_aes_128_gcm;
    case 256:
      return crypto::SrtpProfile::aead_aes_256_gcm;
    default:
      return std::nullopt;
  }
}

Result<Keys> keys_of(const SrtpMaterial& material) {
  auto profile = profile_of(material.suite);
  if (!profile) return fail("Invalid SRTP suite ({})", material.suite);
  Keys keys;
  keys.profile = *profile;
  size_t key = crypto::srtp_key_size(keys.profile);
  size_t salt = crypto::srtp_salt_size(keys.profile);
  if (material.key.size() < key + salt) return fail("SRTP key of {} bytes, not {}", material.key.size(), key + salt);
  std::copy_n(material.key.begin(), key, keys.master.key.begin());
  std::copy_n(material.key.begin() + static_cast<std::ptrdiff_t>(key), salt, keys.master.salt.begin());
  return keys;
}

class Protector final : public SrtpProtector {
 public:
  explicit Protector(const Keys& keys) : sender_(keys.profile, keys.master) {}
  size_t protect_rtp(MutableBytes buffer, size_t size) override {
    return sender_.protect_rtp(buffer, size) == rtc::SrtpStatus::ok ? size : 0;
  }
  size_t protect_rtcp(MutableBytes buffer, size_t size) override {
    return sender_.protect_rtcp(buffer, size) == rtc::SrtpStatus::ok ? size : 0;
  }

 private:
  rtc::SrtpSender sender_;
};

class Unprotector final : public SrtpUnprotector {
 public:
  explicit Unprotector(const Keys& keys) : receiver_(keys.profile, keys.master) {}
  size_t unprotect_rtp(MutableBytes packet) override {
    size_t size = packet.size();
    return receiver_.unprotect_rtp(packet, size) == rtc::SrtpStatus::ok ? size : 0;
  }
  size_t unprotect_rtcp(MutableBytes packet) override {
    size_t size = packet.size();
    return receiver_.unprotect_rtcp(packet, size) == rtc::SrtpStatus::ok ? size : 0;
  }

 private:
  rtc::SrtpReceiver receiver_;
};

}  // namespace

Result<std::unique_ptr<SrtpProtector>> make_srtp_protector(const SrtpMaterial& material) {
  auto keys = keys_of(material);
  if (!keys) return std::unexpected(keys.error());
  return std::make_unique<Protector>(*keys);
}

Result<std::unique_ptr<SrtpUnprotector>> make_srtp_unprotector(const SrtpMaterial& material) {
  auto keys = keys_of(material);
  if (!keys) return std::unexpected(keys.error());
  return std::make_unique<Unprotector>(*keys);
}

}  // namespace limen::core
