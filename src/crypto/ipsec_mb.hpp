// The little of libipsec-mb that does not belong to one thread. Internal to crypto/; also compiled
// where the library is absent.
#pragma once
#include <cstdint>

#ifdef LIMEN_HAVE_IPSEC_MB
#define NO_COMPAT_IMB_API_053  // its old names without a prefix collide with OpenSSL's
#include <intel-ipsec-mb.h>

#include <memory>
#endif

namespace limen::crypto {

// Whether the library is built in and this CPU has AVX2 and the AES and carry-less multiplication
// instructions; with less, OpenSSL is as fast.
bool ipsec_mb_usable();

// `round_keys` takes 11 * 16 bytes, 16-byte aligned. Only if usable.
void expand_aes_128_key(const uint8_t* key, uint8_t* round_keys);

#ifdef LIMEN_HAVE_IPSEC_MB
struct FreeIpsecMb {
  void operator()(IMB_MGR* m) const { free_mb_mgr(m); }
};
using IpsecMbPtr = std::unique_ptr<IMB_MGR, FreeIpsecMb>;

// A manager of one's own, for jobs: they live in it, so it serves one thread. Null if out of memory.
IpsecMbPtr make_ipsec_mb();

// The table of functions chosen for this CPU, shared by all threads: only its direct calls (GCM, key
// expansion) may be used, which keep no state in it. Null if the library cannot be used here.
const IMB_MGR* ipsec_mb_functions();
#endif

}  // namespace limen::crypto
