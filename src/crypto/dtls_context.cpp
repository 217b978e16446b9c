// The SSL_CTX that all associations with one certificate and one set of options share.
#include <openssl/srtp.h>

#include "crypto/certificate_state.hpp"
#include "crypto/dtls_verify.hpp"

namespace limen::crypto {
namespace {

// The server chooses by its own order: GCM first because it is several times cheaper, 128 before 256
// for the same reason.
constexpr const char* kSrtpProfiles =
    "SRTP_AEAD_AES_128_GCM:SRTP_AEAD_AES_256_GCM:SRTP_AES128_CM_SHA1_80:SRTP_AES128_CM_SHA1_32";

Result<> set_ciphers(SSL_CTX* context, const std::string& ciphers) {
  if (ciphers.empty()) return {};
  ERR_clear_error();
  if (SSL_CTX_set_cipher_list(context, ciphers.c_str()) == 1) return {};
  return fail("OpenSSL refuses the DTLS cipher list \"{}\": {}", ciphers, take_openssl_error());
}

bool set_identity(SSL_CTX* context, const Certificate::State& identity) {
  if (SSL_CTX_use_certificate(context, identity.certificate.get()) != 1) return false;
  if (SSL_CTX_use_PrivateKey(context, identity.key.get()) != 1) return false;
  for (const X509Ptr& next : identity.chain) {
    if (SSL_CTX_add1_chain_cert(context, next.get()) != 1) return false;
  }
  return true;
}

bool set_protocol(SSL_CTX* context, const std::string& srtp_profiles) {
  SSL_CTX_set_options(context, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_cert_verify_callback(context, verify_dtls_peer, nullptr);
  return SSL_CTX_set_min_proto_version(context, DTLS1_2_VERSION) == 1 &&
         SSL_CTX_set1_groups_list(context, "P-256") == 1 &&
         // This one returns 0 for success.
         SSL_CTX_set_tlsext_use_srtp(context, srtp_profiles.empty() ? kSrtpProfiles : srtp_profiles.c_str()) == 0;
}

Result<SslCtxPtr> make_context(const Certificate::State& identity, const DtlsOptions& options) {
  ERR_clear_error();
  SslCtxPtr context(SSL_CTX_new(DTLS_method()));
  if (!context || !set_protocol(context.get(), options.srtp_profiles) || !set_identity(context.get(), identity)) {
    return fail("OpenSSL refuses the DTLS settings: {}", take_openssl_error());
  }
  if (auto set = set_ciphers(context.get(), options.ciphers); !set) return std::unexpected(set.error());
  // Only needed, and only worth reading the system's certificates, where a chain must verify.
  if (!options.accept_self_signed) SSL_CTX_set_default_verify_paths(context.get());
  return context;
}

}  // namespace

Result<> check_dtls_ciphers(const std::string& ciphers) {
  SslCtxPtr context(SSL_CTX_new(DTLS_method()));
  if (!context) return fail("OpenSSL cannot do DTLS: {}", take_openssl_error());
  return set_ciphers(context.get(), ciphers);
}

Result<SSL_CTX*> dtls_context(const Certificate& certificate, const DtlsOptions& options) {
  const Certificate::State& identity = certificate.state();
  std::lock_guard lock(identity.contexts_lock);
  SslCtxPtr& context = identity.contexts[{options.ciphers, options.srtp_profiles, options.accept_self_signed}];
  if (!context) {
    auto made = make_context(identity, options);
    if (!made) return std::unexpected(made.error());
    context = std::move(*made);
  }
  return context.get();
}

}  // namespace limen::crypto
