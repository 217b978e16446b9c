#include "transports/net/tls_source.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/stat.h>

#include <boost/asio/ssl/context.hpp>

#include "base/log.hpp"

namespace limen::net {
namespace {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;

constexpr std::string_view kTag = "[tls]";

Result<> set_ciphers(ssl::context& context, const std::string& ciphers) {
  if (ciphers.empty()) return {};
  if (is_gnutls_priority(ciphers)) {
    log::verbose(kTag, "Ciphers '{}' are GnuTLS priorities: using OpenSSL's defaults with TLS 1.2 or newer", ciphers);
    return {};
  }
  if (SSL_CTX_set_cipher_list(context.native_handle(), ciphers.c_str()) == 1) return {};
  ERR_clear_error();
  return fail("'{}' (key `ciphers`) names no cipher that OpenSSL knows", ciphers);
}

Result<std::shared_ptr<ssl::context>> make_context(const TlsFiles& files) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  SSL_CTX* native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(native, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                  SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_num_tickets(native, 0);
  SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
  error_code failure;
  context->set_password_callback(
      [password = files.password](size_t, ssl::context::password_purpose) { return password; }, failure);
  if (auto done = set_ciphers(*context, files.ciphers); !done) return std::unexpected(done.error());
  context->use_certificate_chain_file(files.certificate, failure);
  if (failure) return fail("certificate '{}': {}", files.certificate, failure.message());
  const std::string& key = files.key.empty() ? files.certificate : files.key;
  context->use_private_key_file(key, ssl::context::pem, failure);
  if (failure) return fail("private key '{}': {}", key, failure.message());
  if (SSL_CTX_check_private_key(native) != 1) {
    ERR_clear_error();
    return fail("private key '{}' does not belong to certificate '{}'", key, files.certificate);
  }
  return context;
}

}  // namespace

bool is_gnutls_priority(std::string_view ciphers) {
  static constexpr std::string_view kKeywords[] = {"NORMAL",    "PFS",       "PERFORMANCE", "LEGACY",    "SECURE128",
                                                   "SECURE192", "SECURE256", "SUITEB128",   "SUITEB192", "NONE",
                                                   "@"};
  for (std::string_view keyword : kKeywords) {
    if (!ciphers.starts_with(keyword)) continue;
    std::string_view rest = ciphers.substr(keyword.size());
    if (keyword == "@" || rest.empty() || rest.front() == ':') return true;
  }
  return ciphers.find("VERS-") != std::string_view::npos;
}

Result<> check_tls_files(const TlsFiles& files) {
  auto context = make_context(files);
  if (!context) return std::unexpected(context.error());
  return {};
}

Result<std::shared_ptr<TlsSource>> TlsSource::load(TlsFiles files, Executor& executor) {
  std::shared_ptr<TlsSource> source(new TlsSource(std::move(files), executor));
  source->versions_ = source->versions_on_disk();
  auto context = make_context(source->files_);
  if (!context) return std::unexpected(context.error());
  source->context_ = std::move(*context);
  return source;
}

TlsSource::Versions TlsSource::versions_on_disk() const {
  Versions versions;
  const std::string* names[2] = {&files_.certificate, &files_.key};
  for (size_t i = 0; i < 2; ++i) {
    struct stat facts{};
    if (names[i]->empty() || stat(names[i]->c_str(), &facts) != 0) continue;
    versions[i].modified_ns = int64_t{facts.st_mtim.tv_sec} * 1'000'000'000 + facts.st_mtim.tv_nsec;
    versions[i].size = static_cast<uint64_t>(facts.st_size);
    versions[i].inode = facts.st_ino;
  }
  return versions;
}

std::shared_ptr<ssl::context> TlsSource::current() {
  Instant now = executor_.now();
  if (now < next_look_) return context_;
  next_look_ = now + std::chrono::seconds(1);
  Versions seen = versions_on_disk();
  if (seen == versions_) return context_;
  versions_ = seen;
  if (auto context = make_context(files_)) {
    context_ = std::move(*context);
    log::info(kTag, "Certificate '{}' has changed: new connections use it", files_.certificate);
  } else {
    log::error(kTag, "The changed certificate cannot be used, keeping the old one: {}", context.error().text);
  }
  return context_;
}

}  // namespace limen::net
