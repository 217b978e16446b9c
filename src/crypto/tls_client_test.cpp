#include "crypto/tls_client.hpp"

#include <gtest/gtest.h>

#include "crypto/certificate.hpp"
#include "crypto/certificate_state.hpp"
#include "crypto/openssl_ptr.hpp"

namespace limen::crypto {
namespace {

// A server on plain OpenSSL, fed by hand.
class PlainServer {
 public:
  explicit PlainServer(const Certificate& identity) : context_(SSL_CTX_new(TLS_server_method())) {
    SSL_CTX_use_certificate(context_.get(), identity.state().certificate.get());
    SSL_CTX_use_PrivateKey(context_.get(), identity.state().key.get());
    ssl_.reset(SSL_new(context_.get()));
    in_ = BIO_new(BIO_s_mem());
    out_ = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl_.get(), in_, out_);
    SSL_set_accept_state(ssl_.get());
  }
  void receive(const std::vector<uint8_t>& bytes) {
    if (!bytes.empty()) BIO_write(in_, bytes.data(), static_cast<int>(bytes.size()));
    if (SSL_is_init_finished(ssl_.get()) != 1) SSL_do_handshake(ssl_.get());
    std::array<char, 4096> buffer;
    int size = 0;
    while (SSL_is_init_finished(ssl_.get()) == 1 && (size = SSL_read(ssl_.get(), buffer.data(), buffer.size())) > 0) {
      heard.append(buffer.data(), static_cast<size_t>(size));
    }
  }
  void say(std::string_view text) { SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())); }
  void hang_up() { SSL_shutdown(ssl_.get()); }
  std::vector<uint8_t> take() {
    std::vector<uint8_t> bytes(BIO_ctrl_pending(out_));
    if (!bytes.empty()) BIO_read(out_, bytes.data(), static_cast<int>(bytes.size()));
    return bytes;
  }
  std::string heard;

 private:
  SslCtxPtr context_;
  SslPtr ssl_;
  BIO* in_;
  BIO* out_;
};

// Bytes one at a time show that nothing depends on how the network cuts them.
void exchange(TlsClient& client, PlainServer& server) {
  for (int i = 0; i < 10; ++i) {
    server.receive(client.take_outgoing());
    for (uint8_t byte : server.take()) {
      if (!client.receive(Bytes(&byte, 1))) return;
    }
  }
}

TEST(TlsClient, plain_bytes_pass_both_ways) {
  auto identity = Certificate::generate().value();
  PlainServer server(*identity);
  auto client = TlsClient::create({"turn.example.org", false});
  ASSERT_TRUE(client) << client.error().text;
  EXPECT_FALSE((*client)->send(as_bytes("too early")));
  (*client)->start();
  exchange(**client, server);
  ASSERT_TRUE((*client)->established()) << (*client)->failure();
  EXPECT_TRUE((*client)->send(as_bytes("hello")));
  exchange(**client, server);
  EXPECT_EQ(server.heard, "hello");
  server.say("good day");
  exchange(**client, server);
  EXPECT_EQ(as_text((*client)->take_plain()), "good day");
  server.hang_up();
  exchange(**client, server);
  EXPECT_EQ((*client)->failure(), "the TLS connection was closed");
  EXPECT_FALSE((*client)->send(as_bytes("x")));
}

TEST(TlsClient, a_certificate_of_nobody_known_is_refused_by_default) {
  auto identity = Certificate::generate().value();
  PlainServer server(*identity);
  auto client = TlsClient::create({"turn.example.org", true});
  ASSERT_TRUE(client) << client.error().text;
  (*client)->start();
  exchange(**client, server);
  EXPECT_FALSE((*client)->established());
  EXPECT_NE((*client)->failure().find("certificate is not accepted"), std::string::npos) << (*client)->failure();
}

TEST(TlsClient, what_is_not_tls_is_told) {
  auto client = TlsClient::create({"192.0.2.1", false});
  ASSERT_TRUE(client);
  (*client)->start();
  EXPECT_FALSE((*client)->receive(as_bytes("HTTP/1.1 400 Bad Request\r\n\r\n")));
  EXPECT_NE((*client)->failure().find("TLS"), std::string::npos);
}

}  // namespace
}  // namespace limen::crypto
