// What a Certificate holds, for the other sources of crypto/ only.
#pragma once
#include <map>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

#include "crypto/certificate.hpp"
#include "crypto/dtls_engine.hpp"
#include "crypto/openssl_ptr.hpp"

namespace limen::crypto {

struct Certificate::State {
  X509Ptr certificate;
  PkeyPtr key;
  std::vector<X509Ptr> chain;

  // One SSL_CTX for all associations with this certificate and the same options: it is the bulk of
  // what an association would cost to set up. Shards make associations at the same time, hence the lock.
  mutable std::mutex contexts_lock;
  mutable std::map<std::tuple<std::string, std::string, bool>, SslCtxPtr>
      contexts;  // ciphers, SRTP profiles, self-signed
};

// The shared context; stays alive as long as the certificate.
Result<SSL_CTX*> dtls_context(const Certificate& certificate, const DtlsOptions& options);

// The digest named as in a fingerprint line (any case); null if unknown.
const EVP_MD* fingerprint_digest(std::string_view hash);

}  // namespace limen::crypto
