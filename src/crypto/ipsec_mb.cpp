#include "crypto/ipsec_mb.hpp"

#include <array>

namespace limen::crypto {

#ifdef LIMEN_HAVE_IPSEC_MB

namespace {

constexpr uint64_t kNeeded = IMB_FEATURE_AVX2 | IMB_FEATURE_AESNI | IMB_FEATURE_PCLMULQDQ;

IpsecMbPtr make_usable() {
  IpsecMbPtr manager = make_ipsec_mb();
  if (manager && (manager->features & kNeeded) != kNeeded) return nullptr;
  return manager;
}

}  // namespace

IpsecMbPtr make_ipsec_mb() {
  IpsecMbPtr manager(alloc_mb_mgr(0));
  IMB_ARCH chosen = IMB_ARCH_NONE;
  if (manager) init_mb_mgr_auto(manager.get(), &chosen);
  if (chosen == IMB_ARCH_NONE || imb_get_errno(manager.get()) != 0) return nullptr;
  return manager;
}

const IMB_MGR* ipsec_mb_functions() {
  static const IpsecMbPtr functions = make_usable();
  return functions.get();
}

bool ipsec_mb_usable() {
  return ipsec_mb_functions() != nullptr;
}

void expand_aes_128_key(const uint8_t* key, uint8_t* round_keys) {
  alignas(16) std::array<uint8_t, 11 * 16> unused;  // the library always makes the decryption keys too
  IMB_AES_KEYEXP_128(ipsec_mb_functions(), key, round_keys, unused.data());
}

#else

bool ipsec_mb_usable() {
  return false;
}
void expand_aes_128_key(const uint8_t*, uint8_t*) {}

#endif

}  // namespace limen::crypto
