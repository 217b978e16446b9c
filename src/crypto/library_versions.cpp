#include "crypto/library_versions.hpp"

#include <openssl/crypto.h>
#ifdef LIMEN_HAVE_IPSEC_MB
#include <intel-ipsec-mb.h>
#endif

namespace limen::crypto {

std::vector<std::pair<std::string, std::string>> library_versions() {
  std::vector<std::pair<std::string, std::string>> versions{{"crypto", OpenSSL_version(OPENSSL_VERSION)}};
#ifdef LIMEN_HAVE_IPSEC_MB
  versions.emplace_back("ipsec-mb", imb_get_version_str());
#endif
  return versions;
}

}  // namespace limen::crypto
