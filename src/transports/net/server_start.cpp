#include "transports/net/server_start.hpp"

namespace limen::net {
namespace {

TlsFiles tls_files(const CertificatesConfig& config) {
  return {config.cert_pem, config.cert_key, config.cert_pwd, config.ciphers};
}

}  // namespace

void check_certificates(const CertificatesConfig& config, std::string_view package, config::Findings& findings) {
  if (config.cert_pem.empty()) return;
  auto usable = check_tls_files(tls_files(config));
  if (!usable) findings.warnings.push_back(fmt::format("{}: {}", package, usable.error().text));
}

Result<std::shared_ptr<TlsSource>> load_certificate(const CertificatesConfig& config, TransportContext& context) {
  TlsFiles use = tls_files(config);
  if (use.certificate.empty()) {
    use.certificate = context.default_certificate();
    use.key = context.default_certificate_key();
  }
  if (use.certificate.empty()) return fail("there is no certificate: set `cert_pem` (group certificates)");
  return TlsSource::load(std::move(use), context.executor());
}

}  // namespace limen::net
