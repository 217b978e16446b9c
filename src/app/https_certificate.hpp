// The certificate of HTTPS and WSS where the configuration names none: made once, kept in a file.
#pragma once
#include <string>

#include "base/result.hpp"

namespace limen::app {

struct CertificateFiles {
  std::string certificate;
  std::string key;
};

// Is HTTPS or WSS switched on in `configs_folder` without a certificate of its own?
bool needs_https_certificate(const std::string& configs_folder);

// <configs_folder>/certs/limen.pem and limen.key, or, where that folder cannot be written, in the
// user's state folder (~/.local/state/limen). Made for localhost, the host's name and `addresses`;
// made anew when it has less than a day to live.
Result<CertificateFiles> ensure_https_certificate(const std::string& configs_folder,
                                                  const std::vector<std::string>& addresses);

}  // namespace limen::app
