// Configuration groups that transports with a web face share: `cors` and `certificates`.
#pragma once
#include <string>

#include "config/describe.hpp"

namespace limen::net {

struct CorsConfig {
  std::string allow_origin;
  bool enforce_cors = false;
};

struct CertificatesConfig {
  std::string cert_pem, cert_key, cert_pwd, ciphers;
};

template <typename V>
void describe(V& v, CorsConfig& c) {
  v.field("allow_origin", c.allow_origin, "Origin that browsers may use the API from; absent: any (*)");
  v.field("enforce_cors", c.enforce_cors, "Refuse requests of other origins instead of leaving it to browsers");
}

template <typename V>
void describe(V& v, CertificatesConfig& c) {
  v.field("cert_pem", c.cert_pem, "Certificate with its intermediates, PEM; read again when it changes");
  v.field("cert_key", c.cert_key, "Private key, PEM; absent: in the certificate's file");
  v.field("cert_pwd", c.cert_pwd, "Passphrase of the private key");
  v.field("ciphers", c.ciphers, "Ciphers of TLS 1.2 (OpenSSL list); GnuTLS priorities mean the defaults");
}

}  // namespace limen::net
