// The engine against peers that only OpenSSL itself can play: without certificate, with an expired
// one, without use_srtp, renegotiating, or with a hello as long as a browser's.
#include "crypto/dtls_engine.hpp"

#include <gtest/gtest.h>
#include <openssl/x509.h>

#include "crypto/certificate_state.hpp"
#include "crypto/dtls_bio.hpp"

namespace limen::crypto {
namespace {

using Status = DtlsEngine::Status;

std::shared_ptr<const Certificate> make_certificate() {
  return Certificate::generate().value();
}

std::shared_ptr<const Certificate> make_expired_certificate() {
  auto fresh = make_certificate();
  auto state = std::make_unique<Certificate::State>();
  state->certificate.reset(X509_dup(fresh->state().certificate.get()));
  state->key.reset(EVP_PKEY_dup(fresh->state().key.get()));
  X509_gmtime_adj(X509_getm_notAfter(state->certificate.get()), -3600);
  X509_sign(state->certificate.get(), state->key.get(), EVP_sha256());
  return std::make_shared<const Certificate>(std::move(state));
}

int accept_anybody(X509_STORE_CTX*, void*) {
  return 1;
}

// A DTLS client on plain OpenSSL.
class PlainClient {
 public:
  explicit PlainClient(const Certificate* identity, const char* srtp = "SRTP_AEAD_AES_256_GCM:SRTP_AES128_CM_SHA1_80",
                       size_t extra_hello = 0)
      : context_(SSL_CTX_new(DTLS_client_method())) {
    SSL_CTX_set_cert_verify_callback(context_.get(), accept_anybody, nullptr);
    SSL_CTX_set_options(context_.get(), SSL_OP_NO_QUERY_MTU | SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION);
    if (srtp != nullptr) SSL_CTX_set_tlsext_use_srtp(context_.get(), srtp);
    if (identity != nullptr) {
      SSL_CTX_use_certificate(context_.get(), identity->state().certificate.get());
      SSL_CTX_use_PrivateKey(context_.get(), identity->state().key.get());
    }
    if (extra_hello != 0) {
      std::vector<uint8_t> protocols;
      while (protocols.size() < extra_hello) {
        protocols.push_back(200);
        protocols.insert(protocols.end(), 200, 'x');
      }
      SSL_CTX_set_alpn_protos(context_.get(), protocols.data(), static_cast<unsigned>(protocols.size()));
    }
    ssl_.reset(SSL_new(context_.get()));
    BIO* bio = make_dtls_bio(wire).release();
    SSL_set_bio(ssl_.get(), bio, bio);
    SSL_set_mtu(ssl_.get(), 1200);
    SSL_set_connect_state(ssl_.get());
  }

  SSL* ssl() { return ssl_.get(); }
  void turn() {
    ERR_clear_error();
    if (SSL_is_init_finished(ssl()) == 0) {
      SSL_do_handshake(ssl());
    } else {
      char data[2000];
      int size = SSL_read(ssl(), data, sizeof data);
      if (size > 0) received.emplace_back(data, static_cast<size_t>(size));
    }
    ERR_clear_error();
  }

  DtlsWire wire;
  std::vector<std::string> received;

 private:
  SslCtxPtr context_;
  SslPtr ssl_;
};

struct Encounter {
  explicit Encounter(PlainClient& client_in, const Certificate* client_identity, DtlsOptions options = {})
      : client(client_in), certificate(make_certificate()) {
    std::string announced = client_identity != nullptr ? client_identity->fingerprint() : certificate->fingerprint();
    server = DtlsEngine::create(certificate, options, DtlsEngine::Role::server, {"sha-256", announced}).value();
  }
  // Carries datagrams to and fro until neither has anything to say.
  void run() {
    client.turn();
    bool moved = true;
    while (moved) {
      moved = false;
      Bytes datagram;
      while (client.wire.outgoing.pop(datagram)) {
        ++datagrams_to_server;
        std::vector<uint8_t> copy(datagram.begin(), datagram.end());
        server->handle(copy, now);
        moved = true;
      }
      while (server->poll_transmit(datagram)) {
        if (lose_last_flight && server->status() == Status::connected) continue;
        std::vector<uint8_t> copy(datagram.begin(), datagram.end());
        client.wire.incoming = copy;
        client.turn();
        moved = true;
      }
    }
  }

  PlainClient& client;
  std::shared_ptr<const Certificate> certificate;
  std::unique_ptr<DtlsEngine> server;
  Instant now{std::chrono::hours(1)};
  size_t datagrams_to_server = 0;
  bool lose_last_flight = false;
};

TEST(DtlsEngine, a_server_prefers_aes_128_gcm_but_takes_what_is_offered) {
  const std::pair<const char*, SrtpProfile> offers[] = {
      {"SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_256_GCM:SRTP_AEAD_AES_128_GCM", SrtpProfile::aead_aes_128_gcm},
      {"SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_256_GCM", SrtpProfile::aead_aes_256_gcm},
      {"SRTP_AES128_CM_SHA1_32:SRTP_AES128_CM_SHA1_80", SrtpProfile::aes128_cm_sha1_80},
      {"SRTP_AES128_CM_SHA1_32", SrtpProfile::aes128_cm_sha1_32},
      {nullptr, SrtpProfile::none}};
  for (auto [offer, expected] : offers) {
    auto identity = make_certificate();
    PlainClient client(identity.get(), offer);
    Encounter encounter(client, identity.get());
    encounter.run();
    ASSERT_EQ(encounter.server->status(), Status::connected);
    EXPECT_EQ(encounter.server->keys().profile, expected);
  }
}

TEST(DtlsEngine, a_client_without_certificate_is_refused) {
  PlainClient client(nullptr);
  Encounter encounter(client, nullptr);
  encounter.run();
  EXPECT_NE(encounter.server->status(), Status::connected);
  EXPECT_NE(encounter.server->status(), Status::handshaking);
  EXPECT_FALSE(encounter.server->was_connected());
  EXPECT_EQ(encounter.server->error(), "peer did not return a certificate");
}

TEST(DtlsEngine, an_expired_certificate_is_refused_even_if_self_signed_ones_are_accepted) {
  auto identity = make_expired_certificate();
  PlainClient client(identity.get());
  Encounter encounter(client, identity.get());
  encounter.run();
  EXPECT_EQ(encounter.server->status(), Status::refused);
  EXPECT_EQ(encounter.server->error(), "the certificate has expired");
}

TEST(DtlsEngine, a_hello_as_long_as_a_browsers_arrives_in_two_datagrams) {
  auto identity = make_certificate();
  PlainClient client(identity.get(), "SRTP_AEAD_AES_128_GCM", 1250);
  Encounter encounter(client, identity.get());
  client.turn();
  size_t datagrams = 0;
  Bytes datagram;
  while (client.wire.outgoing.pop(datagram)) {
    ++datagrams;
    std::vector<uint8_t> copy(datagram.begin(), datagram.end());
    encounter.server->handle(copy, encounter.now);
  }
  EXPECT_EQ(datagrams, 2u);
  encounter.run();
  EXPECT_EQ(encounter.server->status(), Status::connected);
}

TEST(DtlsEngine, renegotiation_is_refused_and_the_association_goes_on) {
  auto identity = make_certificate();
  PlainClient client(identity.get());
  Encounter encounter(client, identity.get());
  encounter.run();
  ASSERT_EQ(encounter.server->status(), Status::connected);
  SrtpKeyingMaterial before = encounter.server->keys();
  SSL_renegotiate(client.ssl());
  SSL_do_handshake(client.ssl());
  encounter.run();
  EXPECT_EQ(encounter.server->keys().local.key, before.local.key);
  // Whether the client gives up is its own business; the server never starts over.
  EXPECT_TRUE(encounter.server->status() == Status::connected || encounter.server->status() == Status::closed_by_peer);
  EXPECT_EQ(encounter.server->next_deadline(), kNever);
}

TEST(DtlsEngine, a_fatal_alert_closes) {
  auto identity = make_certificate();
  PlainClient client(identity.get());
  Encounter encounter(client, identity.get());
  const uint8_t alert[] = {21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 40};  // handshake_failure
  encounter.server->handle(alert, encounter.now);
  EXPECT_EQ(encounter.server->status(), Status::closed_by_peer);
  EXPECT_EQ(encounter.server->error(), "alert from the peer: handshake failure");
}

// Both kinds of suite that our records know, and one that stays with OpenSSL.
constexpr const char* kSuites[] = {"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384",
                                   "ECDHE-ECDSA-CHACHA20-POLY1305"};

TEST(DtlsEngine, data_goes_both_ways_after_the_handshake_with_every_suite) {
  for (const char* suite : kSuites) {
    auto identity = make_certificate();
    PlainClient client(identity.get());
    Encounter encounter(client, identity.get(), {.ciphers = suite});
    encounter.run();
    ASSERT_EQ(encounter.server->status(), Status::connected) << suite;
    EXPECT_EQ(SSL_write(client.ssl(), "ping", 4), 4);
    EXPECT_EQ(SSL_write(client.ssl(), "ping again", 10), 10);
    encounter.run();
    std::vector<std::string> received;
    for (Bytes data; encounter.server->poll_data(data);) received.emplace_back(as_text(data));
    EXPECT_EQ(received, (std::vector<std::string>{"ping", "ping again"})) << suite;
    EXPECT_TRUE(encounter.server->send(as_bytes("pong")));
    EXPECT_TRUE(encounter.server->send(as_bytes("and again")));
    encounter.run();
    EXPECT_EQ(client.received, (std::vector<std::string>{"pong", "and again"})) << suite;
  }
}

TEST(DtlsEngine, either_side_may_close_after_the_handshake_with_every_suite) {
  for (const char* suite : kSuites) {
    for (bool client_closes : {true, false}) {
      auto identity = make_certificate();
      PlainClient client(identity.get());
      Encounter encounter(client, identity.get(), {.ciphers = suite});
      encounter.run();
      ASSERT_EQ(encounter.server->status(), Status::connected) << suite;
      if (client_closes) SSL_shutdown(client.ssl());
      else encounter.server->close();
      encounter.run();
      EXPECT_EQ(encounter.server->status(), client_closes ? Status::closed_by_peer : Status::closed) << suite;
      if (client_closes) {
        EXPECT_EQ(encounter.server->error(), "close_notify");
        SSL_read(client.ssl(), nullptr, 0);
      }
      EXPECT_NE(SSL_get_shutdown(client.ssl()) & SSL_RECEIVED_SHUTDOWN, 0) << suite;
    }
  }
}

TEST(DtlsEngine, a_client_that_missed_the_last_flight_gets_the_same_again) {
  auto identity = make_certificate();
  PlainClient client(identity.get());
  Encounter encounter(client, identity.get());
  encounter.lose_last_flight = true;
  encounter.run();
  ASSERT_EQ(encounter.server->status(), Status::connected);
  ASSERT_EQ(SSL_is_init_finished(client.ssl()), 0);
  encounter.lose_last_flight = false;
  *client.wire.timer = {0, 1};  // it has waited long enough
  EXPECT_EQ(DTLSv1_handle_timeout(client.ssl()), 1);
  encounter.run();
  EXPECT_EQ(SSL_is_init_finished(client.ssl()), 1);
  EXPECT_EQ(encounter.server->retransmissions(), 1u);
  EXPECT_TRUE(encounter.server->send(as_bytes("pong")));
  encounter.run();
  EXPECT_EQ(client.received, std::vector<std::string>{"pong"});
}

TEST(DtlsEngine, only_the_given_srtp_profiles_are_negotiated) {
  auto identity = make_certificate();
  PlainClient client(identity.get(), "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80");
  DtlsOptions options;
  options.srtp_profiles = "SRTP_AES128_CM_SHA1_80";
  Encounter encounter(client, identity.get(), options);
  encounter.run();
  ASSERT_EQ(encounter.server->status(), Status::connected);
  EXPECT_EQ(encounter.server->keys().profile, SrtpProfile::aes128_cm_sha1_80);
}

TEST(DtlsEngine, associations_share_one_context_per_certificate_and_options) {
  auto certificate = make_certificate();
  auto plain = dtls_context(*certificate, {});
  EXPECT_EQ(*dtls_context(*certificate, {}), *plain);
  DtlsOptions strict;
  strict.accept_self_signed = false;
  EXPECT_NE(*dtls_context(*certificate, strict), *plain);
  EXPECT_EQ(dtls_context(*certificate, {.ciphers = "NONSENSE"}).has_value(), false);
}

}  // namespace
}  // namespace limen::crypto
