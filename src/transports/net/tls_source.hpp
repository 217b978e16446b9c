// TlsSource: the certificate of a TLS listener, loaded from PEM files and read again when they change.
//
// Control thread. TLS 1.2 or newer, no session tickets, no session cache (RFC 8446, RFC 9325). New
// connections take current(); those that exist keep the context they began with.
#pragma once
#include <array>
#include <memory>
#include <string>

#include "base/executor.hpp"
#include "base/result.hpp"

namespace boost::asio::ssl {
class context;
}

namespace limen::net {

struct TlsFiles {
  std::string certificate;  // PEM, with intermediates
  std::string key;          // PEM; "" = in the certificate's file
  std::string password;     // of the key
  std::string ciphers;      // OpenSSL list; GnuTLS priorities ("NORMAL", "PFS:-VERS-TLS1.0") mean the defaults
};

// Would load() succeed now?
Result<> check_tls_files(const TlsFiles& files);

class TlsSource {
 public:
  static Result<std::shared_ptr<TlsSource>> load(TlsFiles files, Executor& executor);
  // Looks at the files at most once a second. If the new ones cannot be used, the old ones stay and
  // the reason is logged once.
  std::shared_ptr<boost::asio::ssl::context> current();

 private:
  // What tells one version of a file from the next.
  struct Version {
    int64_t modified_ns = 0;
    uint64_t size = 0;
    uint64_t inode = 0;
    friend bool operator==(const Version&, const Version&) = default;
  };
  using Versions = std::array<Version, 2>;

  TlsSource(TlsFiles files, Executor& executor) : files_(std::move(files)), executor_(executor) {}
  Versions versions_on_disk() const;

  TlsFiles files_;
  Executor& executor_;
  std::shared_ptr<boost::asio::ssl::context> context_;
  Versions versions_{};
  Instant next_look_{};
};

// Is this a GnuTLS priority string rather than an OpenSSL cipher list?
bool is_gnutls_priority(std::string_view ciphers);

}  // namespace limen::net
