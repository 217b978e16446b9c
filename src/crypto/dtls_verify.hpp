// Whether the certificate that a DTLS peer presents is the one that signalling announced (RFC 8122
// section 5, RFC 5763 section 5). Internal to crypto/.
#pragma once
#include <string>

#include "crypto/fingerprint.hpp"
#include "crypto/openssl_ptr.hpp"

namespace limen::crypto {

// Hung onto the SSL object as its application data.
struct DtlsPeerCheck {
  Fingerprint expected;
  bool accept_self_signed = true;
  std::string refusal;  // out: why the certificate was refused
  std::string alert;    // out: the fatal alert that the peer sent
};

// SSL_CTX_set_cert_verify_callback; the second argument is unused.
int verify_dtls_peer(X509_STORE_CTX* store, void* unused);

}  // namespace limen::crypto
