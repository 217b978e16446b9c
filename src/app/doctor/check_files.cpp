// Configuration files and certificates.
#include <chrono>
#include <optional>

#include "app/check_config.hpp"
#include "app/doctor/checks.hpp"
#include "app/https_certificate.hpp"
#include "crypto/certificate.hpp"
#include "transports/http/http_config.hpp"
#include "transports/websockets/websockets_config.hpp"

namespace limen::app {
namespace {

using namespace std::chrono_literals;

int64_t days(std::chrono::system_clock::duration duration) {
  return std::chrono::duration_cast<std::chrono::hours>(duration).count() / 24;
}

std::string join(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

struct CertificatePlace {
  std::string area, certificate, key, password;
  bool for_browsers_pages = false;  // its names are compared with the address of the page
};

void check_one(const CertificatePlace& place, FindingList& findings) {
  const std::string& key = place.key.empty() ? place.certificate : place.key;
  auto loaded = crypto::Certificate::load(place.certificate, key, place.password);
  if (!loaded) {
    return findings.problem(place.area, loaded.error().text,
                            "cert_pem and cert_key must be PEM files of one certificate and its own private key");
  }
  const crypto::Certificate& certificate = **loaded;
  auto now = std::chrono::system_clock::now();
  bool odd = true;
  if (certificate.not_after() <= now) {
    findings.problem(place.area,
                     fmt::format("{} expired {} days ago", place.certificate, days(now - certificate.not_after())),
                     "renew it; clients refuse expired certificates");
  } else if (certificate.not_before() > now) {
    findings.problem(place.area, fmt::format("{} is not valid yet", place.certificate),
                     "check the clock of this machine, or use another certificate");
  } else if (certificate.not_after() < now + 21 * 24h) {
    findings.warning(place.area,
                     fmt::format("{} expires in {} days", place.certificate, days(certificate.not_after() - now)),
                     "renew it; the files are read again when they change");
  } else {
    odd = false;
  }
  std::vector<std::string> names = certificate.alternative_names();
  if (place.for_browsers_pages && names.empty()) {
    return findings.warning(place.area, fmt::format("{} names no host (subjectAltName)", place.certificate),
                            "browsers refuse such a certificate; make one for the host name that people type");
  }
  if (odd) return;
  findings.fine(place.area, fmt::format("{} fits its key, is valid for {} days{}", place.certificate,
                                        days(certificate.not_after() - now),
                                        names.empty() ? "" : fmt::format(", and names {}", join(names))));
}

void add_place(std::vector<CertificatePlace>& places, std::string area, bool secure,
               const net::CertificatesConfig& config) {
  if (secure && !config.cert_pem.empty())
    places.push_back({std::move(area), config.cert_pem, config.cert_key, config.cert_pwd, true});
}

}  // namespace

void check_configuration(const LoadedSettings& loaded, FindingList& findings) {
  ConfigReport report = examine_config(loaded);
  for (const std::string& text : report.errors)
    findings.problem("configuration", text, "correct the file; --check-config tells whether that was all");
  for (const std::string& text : report.warnings) findings.warning("configuration", text, {});
  if (report.errors.empty() && report.warnings.empty()) findings.fine("configuration", "all files are in order");
}

void check_certificates(const LoadedSettings& loaded, FindingList& findings) {
  const core::CertificateSettings& dtls = loaded.settings.certificates;
  std::vector<CertificatePlace> places;
  if (dtls.cert_pem.empty()) {
    findings.fine("DTLS certificate", "made at start, as most servers do");
  } else {
    places.push_back({"DTLS certificate", dtls.cert_pem, dtls.cert_key, dtls.cert_pwd});
  }
  config::Findings ignored;  // check_configuration() has told
  if (auto http = http::read_http_config(loaded.configs_folder, ignored))
    add_place(places, "HTTPS certificate", http->general.https || http->admin.admin_https, http->certificates);
  if (auto ws = websockets::read_websockets_config(loaded.configs_folder, ignored))
    add_place(places, "WebSocket certificate", ws->general.wss || ws->admin.admin_wss, ws->certificates);
  for (const CertificatePlace& place : places) check_one(place, findings);
  if (needs_https_certificate(loaded.configs_folder)) {
    findings.warning("HTTPS certificate", "none is configured: one that nobody knows is made",
                     "browsers ask before they show the pages; set certificates.cert_pem and cert_key for real use");
  }
}

}  // namespace limen::app
