// How transports with a plain and a TLS server for each API begin: the certificate, then one server after the other.
//
// Control thread.
#pragma once
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "api/transport.hpp"
#include "base/log.hpp"
#include "transports/net/common_config.hpp"
#include "transports/net/tls_source.hpp"

namespace limen::net {

// Warns where `config` names a certificate that cannot be used.
void check_certificates(const CertificatesConfig& config, std::string_view package, config::Findings& findings);
// The certificate that `config` names, else the server's own.
Result<std::shared_ptr<TlsSource>> load_certificate(const CertificatesConfig& config, TransportContext& context);

template <typename ServerConfig>
struct WantedServer {
  bool enabled = false;
  bool secure = false;
  ServerConfig config;  // has a `name`
};

// `open` makes a server of a ServerConfig and a TlsSource (null: plain). What cannot be opened is logged and left out;
// the certificate is read when the first server needs it.
template <typename ServerConfig, typename Open>
auto open_servers(std::string_view tag, std::vector<WantedServer<ServerConfig>> wanted_servers,
                  const CertificatesConfig& certificates, TransportContext& context, Open open) {
  using Server = typename decltype(open(std::declval<ServerConfig>(), nullptr))::value_type;
  std::vector<Server> servers;
  std::shared_ptr<TlsSource> tls;
  for (auto& wanted : wanted_servers) {
    if (!wanted.enabled) continue;
    const auto failed = [&](const Error& error) {
      log::error(tag, "No {} server: {}", wanted.config.name, error.text);
    };
    if (wanted.secure && !tls) {
      auto loaded = load_certificate(certificates, context);
      if (!loaded) {
        failed(loaded.error());
        continue;
      }
      tls = std::move(*loaded);
    }
    auto server = open(wanted.config, wanted.secure ? tls : nullptr);
    if (server) servers.push_back(std::move(*server));
    else failed(server.error());
  }
  return servers;
}

}  // namespace limen::net
