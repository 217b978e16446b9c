#include "crypto/random.hpp"

#include <openssl/rand.h>

#include <cstdlib>

#include "base/log.hpp"

namespace limen::crypto {

void SecureRandom::fill(MutableBytes out) {
  if (out.empty()) return;
  if (RAND_bytes(out.data(), static_cast<int>(out.size())) == 1) return;
  log::fatal("", "The random generator of OpenSSL failed");
  std::abort();
}

}  // namespace limen::crypto
