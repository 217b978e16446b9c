#include "crypto/dtls_verify.hpp"

#include <fmt/core.h>
#include <openssl/x509_vfy.h>

#include <array>

#include "base/constant_time.hpp"
#include "crypto/certificate_state.hpp"

namespace limen::crypto {
namespace {

// Empty if the certificate is the announced one.
std::string fingerprint_mismatch(const X509* certificate, const Fingerprint& expected) {
  const EVP_MD* digest = fingerprint_digest(expected.hash);
  if (digest == nullptr) return fmt::format("fingerprint hash {} is not supported", expected.hash);
  auto wanted = parse_fingerprint(expected.value);
  if (!wanted) return "the announced fingerprint is malformed";
  std::array<uint8_t, EVP_MAX_MD_SIZE> found;
  unsigned size = 0;
  if (X509_digest(certificate, digest, found.data(), &size) != 1) return "the certificate cannot be hashed";
  if (constant_time_equal(as_text(Bytes(found).first(size)), as_text(*wanted))) return {};
  return "the certificate is not the one announced: fingerprint mismatch";
}

int refuse(X509_STORE_CTX* store, DtlsPeerCheck& check, int code, std::string reason) {
  check.refusal = std::move(reason);
  X509_STORE_CTX_set_error(store, code);  // becomes the alert
  return 0;
}

}  // namespace

int verify_dtls_peer(X509_STORE_CTX* store, void*) {
  auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto& check = *static_cast<DtlsPeerCheck*>(SSL_get_app_data(ssl));
  X509* certificate = X509_STORE_CTX_get0_cert(store);
  if (certificate == nullptr) return refuse(store, check, X509_V_ERR_UNSPECIFIED, "no certificate");
  if (std::string reason = fingerprint_mismatch(certificate, check.expected); !reason.empty()) {
    return refuse(store, check, X509_V_ERR_CERT_REJECTED, std::move(reason));
  }
  if (X509_cmp_current_time(X509_get0_notAfter(certificate)) <= 0) {
    return refuse(store, check, X509_V_ERR_CERT_HAS_EXPIRED, "the certificate has expired");
  }
  if (check.accept_self_signed) {
    X509_STORE_CTX_set_error(store, X509_V_OK);
    return 1;
  }
  if (X509_verify_cert(store) == 1) return 1;
  int code = X509_STORE_CTX_get_error(store);
  return refuse(store, check, code, X509_verify_cert_error_string(code));
}

}  // namespace limen::crypto
