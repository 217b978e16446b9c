#include "crypto/tls_client.hpp"

#include <openssl/x509v3.h>

#include <algorithm>
#include <array>

#include "base/net_address.hpp"
#include "crypto/openssl_ptr.hpp"

namespace limen::crypto {

struct TlsClient::State {
  SslCtxPtr context;
  SslPtr ssl;
  BIO* network_in = nullptr;   // owned by `ssl`
  BIO* network_out = nullptr;  // owned by `ssl`
};

namespace {

bool expect_name(SSL* ssl, const TlsClientOptions& options) {
  bool is_address = IpAddress::parse(options.host).has_value();
  if (!is_address && SSL_set_tlsext_host_name(ssl, options.host.c_str()) != 1) return false;
  if (!options.verify) return true;
  SSL_set_verify(ssl, SSL_VERIFY_PEER, nullptr);
  if (is_address) return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), options.host.c_str()) == 1;
  return SSL_set1_host(ssl, options.host.c_str()) == 1;
}

}  // namespace

TlsClient::TlsClient(std::unique_ptr<State> state) : state_(std::move(state)) {}
TlsClient::~TlsClient() = default;

Result<std::unique_ptr<TlsClient>> TlsClient::create(const TlsClientOptions& options) {
  ERR_clear_error();
  auto state = std::make_unique<State>();
  state->context.reset(SSL_CTX_new(TLS_client_method()));
  if (!state->context) return fail("OpenSSL cannot make a TLS context: {}", take_openssl_error());
  SSL_CTX_set_min_proto_version(state->context.get(), TLS1_2_VERSION);
  if (options.verify && SSL_CTX_set_default_verify_paths(state->context.get()) != 1) {
    return fail("the system's certificate authorities cannot be read: {}", take_openssl_error());
  }
  state->ssl.reset(SSL_new(state->context.get()));
  state->network_in = BIO_new(BIO_s_mem());
  state->network_out = BIO_new(BIO_s_mem());
  if (!state->ssl || state->network_in == nullptr || state->network_out == nullptr) {
    BIO_free(state->network_in);
    BIO_free(state->network_out);
    return fail("OpenSSL cannot make a TLS connection: {}", take_openssl_error());
  }
  SSL_set_bio(state->ssl.get(), state->network_in, state->network_out);
  SSL_set_connect_state(state->ssl.get());
  if (!expect_name(state->ssl.get(), options)) return fail("\"{}\" cannot be the name of a TLS server", options.host);
  return std::unique_ptr<TlsClient>(new TlsClient(std::move(state)));
}

bool TlsClient::established() const {
  return failure_.empty() && SSL_is_init_finished(state_->ssl.get()) == 1;
}

bool TlsClient::fail_with(std::string text) {
  if (failure_.empty()) failure_ = std::move(text);
  return false;
}

void TlsClient::start() {
  advance();
}

bool TlsClient::receive(Bytes bytes) {
  if (!failure_.empty()) return false;
  while (!bytes.empty()) {
    int taken = BIO_write(state_->network_in, bytes.data(), static_cast<int>(std::min<size_t>(bytes.size(), 1 << 20)));
    if (taken <= 0) return fail_with("out of memory");
    bytes = bytes.subspan(static_cast<size_t>(taken));
  }
  return advance();
}

// The handshake as far as it goes, then what has been decrypted.
bool TlsClient::advance() {
  SSL* ssl = state_->ssl.get();
  std::array<uint8_t, 16384> buffer;
  while (true) {
    ERR_clear_error();
    bool shaking = SSL_is_init_finished(ssl) != 1;
    int result = shaking ? SSL_do_handshake(ssl) : SSL_read(ssl, buffer.data(), static_cast<int>(buffer.size()));
    if (result > 0) {
      if (!shaking) plain_.insert(plain_.end(), buffer.begin(), buffer.begin() + result);
      continue;
    }
    int error = SSL_get_error(ssl, result);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return true;
    if (error == SSL_ERROR_ZERO_RETURN) return fail_with("the TLS connection was closed");
    long verdict = SSL_get_verify_result(ssl);
    if (shaking && verdict != X509_V_OK) {
      return fail_with(std::string("its certificate is not accepted: ") + X509_verify_cert_error_string(verdict));
    }
    return fail_with("TLS: " + take_openssl_error());
  }
}

bool TlsClient::send(Bytes plain) {
  if (!established()) return false;
  if (plain.empty()) return true;
  ERR_clear_error();
  if (SSL_write(state_->ssl.get(), plain.data(), static_cast<int>(plain.size())) > 0) return true;
  return fail_with("TLS: " + take_openssl_error());
}

std::vector<uint8_t> TlsClient::take_outgoing() {
  std::vector<uint8_t> out(BIO_ctrl_pending(state_->network_out));
  if (out.empty()) return out;
  int size = BIO_read(state_->network_out, out.data(), static_cast<int>(out.size()));
  out.resize(size > 0 ? static_cast<size_t>(size) : 0);
  return out;
}

std::vector<uint8_t> TlsClient::take_plain() {
  return std::exchange(plain_, {});
}

}  // namespace limen::crypto
