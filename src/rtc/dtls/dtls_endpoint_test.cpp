#include "rtc/dtls/dtls_endpoint.hpp"

#include <gtest/gtest.h>

#include "tests/support/dtls_pair.hpp"

namespace limen::rtc {
namespace {

using namespace test;
using crypto::KeyType;
using crypto::SrtpProfile;

DtlsConfig config_with(KeyType type = KeyType::ec_p256) {
  DtlsConfig config;
  config.certificate = new_certificate(type);
  return config;
}

// A ClientHello larger than one datagram of the smallest MTU: every cipher there is.
DtlsConfig talkative_config(uint16_t mtu) {
  DtlsConfig config = config_with();
  config.options.ciphers = "ALL";
  config.options.mtu = mtu;
  return config;
}

void expect_same_keys(DtlsPair& pair) {
  ASSERT_TRUE(pair.client().keys && pair.server().keys);
  const auto& a = *pair.client().keys;
  const auto& b = *pair.server().keys;
  EXPECT_EQ(a.profile, b.profile);
  EXPECT_EQ(a.local.key, b.remote.key);
  EXPECT_EQ(a.local.salt, b.remote.salt);
  EXPECT_EQ(a.remote.key, b.local.key);
  EXPECT_EQ(a.remote.salt, b.local.salt);
  EXPECT_NE(a.local.key, a.remote.key);
}

TEST(DtlsEndpoint, connects_with_ecdsa_and_rsa_certificates_on_either_side) {
  for (KeyType client : {KeyType::ec_p256, KeyType::rsa_2048}) {
    for (KeyType server : {KeyType::ec_p256, KeyType::rsa_2048}) {
      DtlsPair pair(config_with(client), config_with(server));
      pair.connect();
      ASSERT_TRUE(pair.both_connected());
      expect_same_keys(pair);
      for (DtlsSide* side : {&pair.client(), &pair.server()}) {
        EXPECT_EQ(side->states, (std::vector{DtlsState::trying, DtlsState::connected}));
        EXPECT_EQ(side->endpoint.retransmissions(), 0u);
        EXPECT_EQ(side->endpoint.next_deadline(), kNever);
        EXPECT_FALSE(side->closed);
      }
    }
  }
}

TEST(DtlsEndpoint, agrees_on_aes_128_gcm) {
  DtlsPair pair(config_with(), config_with());
  pair.connect();
  EXPECT_EQ(pair.client().endpoint.srtp_profile(), SrtpProfile::aead_aes_128_gcm);
  EXPECT_EQ(pair.server().endpoint.srtp_profile(), SrtpProfile::aead_aes_128_gcm);
}

TEST(DtlsEndpoint, any_single_lost_datagram_is_recovered) {
  for (auto loser : {DtlsPair::kClient, DtlsPair::kServer}) {
    for (size_t lost = 0; lost < 6; ++lost) {
      DtlsPair pair(config_with(), config_with());
      pair.set_fate([=](DtlsPair::Who from, size_t n) {
        return from == loser && n == lost ? std::vector<Duration>{} : std::vector<Duration>{milliseconds(10)};
      });
      pair.connect();
      ASSERT_TRUE(pair.both_connected()) << loser << " " << lost;
      expect_same_keys(pair);
    }
  }
}

TEST(DtlsEndpoint, a_lost_first_flight_is_sent_again_after_one_second) {
  DtlsPair pair(config_with(), config_with());
  pair.set_fate([](DtlsPair::Who from, size_t n) {
    return from == DtlsPair::kClient && n == 0 ? std::vector<Duration>{} : std::vector<Duration>{milliseconds(10)};
  });
  Instant begin = pair.now();
  pair.connect();
  ASSERT_TRUE(pair.both_connected());
  EXPECT_EQ(pair.client().endpoint.retransmissions(), 1u);
  EXPECT_GE(pair.now() - begin, seconds(1));
  EXPECT_LT(pair.now() - begin, milliseconds(1100));
}

TEST(DtlsEndpoint, the_initial_timeout_can_be_shorter) {
  DtlsConfig hasty = config_with();
  hasty.options.initial_timeout = milliseconds(100);
  DtlsPair pair(hasty, config_with());
  pair.set_fate([](DtlsPair::Who from, size_t n) {
    return from == DtlsPair::kClient && n < 2 ? std::vector<Duration>{} : std::vector<Duration>{milliseconds(10)};
  });
  Instant begin = pair.now();
  pair.connect();
  ASSERT_TRUE(pair.both_connected());
  EXPECT_GE(pair.now() - begin, milliseconds(300));
  EXPECT_LT(pair.now() - begin, milliseconds(400));
}

TEST(DtlsEndpoint, connects_through_heavy_loss_reordering_and_duplication) {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    DtlsConfig client = config_with(), server = config_with();
    client.connect_timeout = server.connect_timeout = std::chrono::hours(1);
    client.options.mtu = server.options.mtu = seed % 2 == 0 ? 400 : 1200;
    DtlsPair pair(client, server);
    SeededRandom random(seed);
    pair.set_fate([&random](DtlsPair::Who, size_t) {
      std::vector<Duration> copies;
      while (copies.size() < 3 && !random.chance(copies.empty() ? 0.25 : 0.7)) {
        copies.push_back(milliseconds(5 + random.below(200)));
      }
      return copies;
    });
    pair.connect(std::chrono::minutes(30));
    ASSERT_TRUE(pair.both_connected()) << seed;
    expect_same_keys(pair);
  }
}

TEST(DtlsEndpoint, a_client_hello_in_several_datagrams_is_understood) {
  for (uint16_t mtu : {uint16_t{256}, uint16_t{270}}) {
    DtlsPair pair(talkative_config(mtu), talkative_config(mtu));
    pair.announce();
    pair.start();
    EXPECT_GE(pair.client().sent, 2u);
    pair.run_until([&] { return pair.both_connected(); }, seconds(19));
    ASSERT_TRUE(pair.both_connected());
    EXPECT_LE(pair.client().largest, mtu);
    EXPECT_LE(pair.server().largest, mtu);
  }
}

TEST(DtlsEndpoint, client_hello_fragments_in_the_wrong_order_are_put_together) {
  DtlsPair pair(talkative_config(256), talkative_config(256));
  pair.set_fate([](DtlsPair::Who from, size_t n) {
    return std::vector<Duration>{from == DtlsPair::kClient && n == 0 ? milliseconds(50) : milliseconds(10)};
  });
  pair.connect();
  ASSERT_TRUE(pair.both_connected());
  EXPECT_EQ(pair.client().endpoint.retransmissions(), 0u);
}

TEST(DtlsEndpoint, datagrams_before_start_are_kept) {
  DtlsPair pair(talkative_config(256), talkative_config(256));
  pair.announce();
  pair.client().endpoint.start(DtlsRole::client, pair.now());
  pair.run_for(milliseconds(500));  // the hello arrives at a server that has not been started
  EXPECT_EQ(pair.server().endpoint.state(), DtlsState::created);
  pair.server().endpoint.start(DtlsRole::server, pair.now());
  pair.run_until([&] { return pair.both_connected(); }, seconds(19));
  ASSERT_TRUE(pair.both_connected());
  EXPECT_EQ(pair.client().endpoint.retransmissions(), 0u);
}

TEST(DtlsEndpoint, a_server_waits_for_the_fingerprint) {
  DtlsPair pair(config_with(), config_with());
  pair.client().endpoint.set_remote_fingerprint({"sha-256", pair.server().certificate->fingerprint()}, pair.now());
  pair.start();
  pair.run_for(milliseconds(300));
  EXPECT_EQ(pair.server().sent, 0u);
  pair.announce();
  pair.run_until([&] { return pair.both_connected(); }, seconds(19));
  EXPECT_TRUE(pair.both_connected());
}

TEST(DtlsEndpoint, only_a_few_early_datagrams_are_kept) {
  DtlsEndpoint endpoint(config_with());
  std::vector<uint8_t> datagram(1200, 22);
  for (int i = 0; i < 100; ++i) endpoint.handle(datagram, Instant{});
  EXPECT_EQ(endpoint.dropped_early(), 92u);
}

TEST(DtlsEndpoint, every_fingerprint_hash_in_any_case_is_accepted) {
  for (std::string hash : {"sha-1", "sha-224", "SHA-256", "Sha-384", "sha-512"}) {
    DtlsPair pair(config_with(), config_with());
    std::string lower = pair.server().certificate->fingerprint(hash);
    for (char& c : lower) c = static_cast<char>(std::tolower(c));
    pair.client().endpoint.set_remote_fingerprint({hash, lower}, pair.now());
    pair.announce(hash);
    pair.start();
    pair.run_until([&] { return pair.both_connected(); }, seconds(19));
    EXPECT_TRUE(pair.both_connected()) << hash;
  }
}

TEST(DtlsEndpoint, a_wrong_fingerprint_ends_the_handshake_with_an_alert) {
  for (auto deceived : {DtlsPair::kClient, DtlsPair::kServer}) {
    DtlsPair pair(config_with(), config_with());
    DtlsSide& victim = deceived == DtlsPair::kClient ? pair.client() : pair.server();
    DtlsSide& impostor = deceived == DtlsPair::kClient ? pair.server() : pair.client();
    victim.endpoint.set_remote_fingerprint({"sha-256", new_certificate()->fingerprint()}, pair.now());
    pair.announce();
    pair.start();
    pair.run_until([&] { return victim.closed && impostor.closed; }, seconds(19));
    ASSERT_TRUE(victim.closed);
    EXPECT_EQ(victim.closed->reason, CloseReason::dtls_alert);
    EXPECT_NE(victim.closed->detail.find("fingerprint mismatch"), std::string::npos) << victim.closed->detail;
    EXPECT_EQ(victim.states, (std::vector{DtlsState::trying, DtlsState::failed}));
    EXPECT_FALSE(victim.keys);
    ASSERT_TRUE(impostor.closed);
    EXPECT_EQ(impostor.closed->reason, CloseReason::dtls_alert);
    EXPECT_EQ(victim.endpoint.next_deadline(), kNever);
  }
}

TEST(DtlsEndpoint, an_unknown_hash_or_a_malformed_fingerprint_is_refused) {
  const crypto::Fingerprint bad[] = {{"md5", "00:11"}, {"sha-256", "not hex"}, {"sha-256", "00"}};
  for (const auto& fingerprint : bad) {
    DtlsPair pair(config_with(), config_with());
    pair.client().endpoint.set_remote_fingerprint(fingerprint, pair.now());
    pair.announce();
    pair.start();
    pair.run_until([&] { return pair.client().closed.has_value(); }, seconds(19));
    ASSERT_TRUE(pair.client().closed);
    EXPECT_EQ(pair.client().closed->reason, CloseReason::dtls_alert);
  }
}

TEST(DtlsEndpoint, self_signed_certificates_can_be_refused) {
  DtlsConfig strict = config_with();
  strict.options.accept_self_signed = false;
  DtlsPair pair(config_with(), strict);
  pair.announce();
  pair.start();
  pair.run_until([&] { return pair.server().closed && pair.client().closed; }, seconds(19));
  ASSERT_TRUE(pair.server().closed && pair.client().closed);
  EXPECT_EQ(pair.server().closed->reason, CloseReason::dtls_alert);
  EXPECT_EQ(pair.client().closed->reason, CloseReason::dtls_alert);
}

TEST(DtlsEndpoint, silence_ends_in_a_timeout_after_twenty_seconds) {
  DtlsPair pair(config_with(), config_with());
  pair.set_fate([](DtlsPair::Who, size_t) { return std::vector<Duration>{}; });
  Instant begin = pair.now();
  pair.announce();
  pair.start();
  pair.run_until([&] { return pair.client().closed && pair.server().closed; }, seconds(60));
  ASSERT_TRUE(pair.client().closed && pair.server().closed);
  EXPECT_EQ(pair.now() - begin, seconds(20));
  EXPECT_EQ(pair.client().closed->reason, CloseReason::dtls_timeout);
  EXPECT_EQ(pair.server().closed->reason, CloseReason::dtls_timeout);
  EXPECT_EQ(pair.client().endpoint.retransmissions(), 4u);  // after 1, 3, 7 and 15 seconds
  EXPECT_EQ(pair.client().states, (std::vector{DtlsState::trying, DtlsState::failed}));
}

TEST(DtlsEndpoint, data_keeps_its_boundaries_both_ways) {
  DtlsPair pair(config_with(), config_with());
  pair.connect();
  std::vector<std::string> messages{"a", std::string(1200, 'b'), "c", std::string(3, '\0')};
  for (const std::string& message : messages) {
    EXPECT_TRUE(pair.client().endpoint.send(as_bytes(message), pair.now()));
    EXPECT_TRUE(pair.server().endpoint.send(as_bytes(message), pair.now()));
  }
  pair.run_for(milliseconds(50));
  EXPECT_EQ(pair.client().received, messages);
  EXPECT_EQ(pair.server().received, messages);
}

TEST(DtlsEndpoint, data_needs_a_connection_and_a_size_that_fits) {
  DtlsPair pair(config_with(), config_with());
  EXPECT_FALSE(pair.client().endpoint.send(as_bytes("early"), pair.now()));
  pair.connect();
  EXPECT_FALSE(pair.client().endpoint.send(as_bytes(std::string(5000, 'x')), pair.now()));
  EXPECT_FALSE(pair.client().endpoint.send({}, pair.now()));
  pair.client().endpoint.close(pair.now());
  EXPECT_FALSE(pair.client().endpoint.send(as_bytes("late"), pair.now()));
}

TEST(DtlsEndpoint, lost_and_replayed_data_is_not_made_up) {
  DtlsPair pair(config_with(), config_with());
  pair.connect();
  size_t first = pair.client().sent;
  pair.set_fate([first](DtlsPair::Who, size_t n) {
    if (n == first) return std::vector<Duration>{};
    return std::vector<Duration>{milliseconds(10), milliseconds(20)};
  });
  pair.client().endpoint.send(as_bytes("lost"), pair.now());
  pair.client().endpoint.send(as_bytes("twice"), pair.now());
  pair.run_for(milliseconds(50));
  EXPECT_EQ(pair.server().received, std::vector<std::string>{"twice"});
}

TEST(DtlsEndpoint, closing_tells_the_peer) {
  for (auto who : {DtlsPair::kClient, DtlsPair::kServer}) {
    DtlsPair pair(config_with(), config_with());
    pair.connect();
    DtlsSide& leaver = who == DtlsPair::kClient ? pair.client() : pair.server();
    DtlsSide& stayer = who == DtlsPair::kClient ? pair.server() : pair.client();
    leaver.endpoint.close(pair.now());
    pair.run_for(milliseconds(100));
    EXPECT_FALSE(leaver.closed);
    ASSERT_TRUE(stayer.closed);
    EXPECT_EQ(stayer.closed->reason, CloseReason::dtls_alert);
    EXPECT_EQ(stayer.states.back(), DtlsState::connected);
    EXPECT_EQ(stayer.endpoint.next_deadline(), kNever);
  }
}

TEST(DtlsEndpoint, closing_in_the_middle_of_a_handshake_is_silent) {
  DtlsPair pair(config_with(), config_with());
  pair.announce();
  pair.start();
  pair.client().endpoint.close(pair.now());
  EXPECT_EQ(pair.client().endpoint.next_deadline(), kNever);
  pair.run_for(seconds(30));
  EXPECT_FALSE(pair.client().closed);
  ASSERT_TRUE(pair.server().closed);
  EXPECT_EQ(pair.server().closed->reason, CloseReason::dtls_timeout);
}

TEST(DtlsEndpoint, garbage_does_not_disturb) {
  SeededRandom random(3);
  DtlsPair pair(config_with(), config_with());
  auto garbage = [&] {
    for (int i = 0; i < 50; ++i) {
      std::vector<uint8_t> bytes(random.below(200));
      random.fill(bytes);
      if (!bytes.empty()) bytes[0] = static_cast<uint8_t>(20 + random.below(44));
      pair.deliver(i % 2 == 0 ? DtlsPair::kClient : DtlsPair::kServer, bytes);
    }
  };
  pair.announce();
  pair.start();
  garbage();
  pair.run_for(milliseconds(15));
  garbage();
  pair.run_until([&] { return pair.both_connected(); }, seconds(19));
  ASSERT_TRUE(pair.both_connected());
  garbage();
  pair.client().endpoint.send(as_bytes("still here"), pair.now());
  pair.run_for(milliseconds(50));
  EXPECT_EQ(pair.server().received, std::vector<std::string>{"still here"});
}

TEST(DtlsEndpoint, two_clients_never_connect_but_end) {
  DtlsPair pair(config_with(), config_with());
  pair.announce();
  pair.server().endpoint.start(DtlsRole::client, pair.now());
  pair.client().endpoint.start(DtlsRole::client, pair.now());
  pair.run_until([&] { return pair.client().closed && pair.server().closed; }, seconds(30));
  EXPECT_TRUE(pair.client().closed && pair.server().closed);
}

TEST(DtlsEndpoint, a_cipher_list_that_openssl_refuses_is_an_error_not_a_crash) {
  DtlsConfig config = config_with();
  config.options.ciphers = "NO-SUCH-CIPHER";
  DtlsEndpoint endpoint(config);
  endpoint.set_remote_fingerprint({"sha-256", "00:11"}, Instant{});
  endpoint.start(DtlsRole::server, Instant{});
  DtlsEvent event;
  ASSERT_TRUE(endpoint.poll_event(event));
  ASSERT_TRUE(endpoint.poll_event(event));
  ASSERT_TRUE(std::holds_alternative<DtlsClosed>(event));
  EXPECT_EQ(std::get<DtlsClosed>(event).reason, CloseReason::dtls_error);
  EXPECT_FALSE(crypto::check_dtls_ciphers("NO-SUCH-CIPHER"));
  EXPECT_TRUE(crypto::check_dtls_ciphers("DEFAULT:!NULL:!aNULL:!SHA256:!SHA384:!aECDH:!AESGCM+AES256:!aPSK"));
}

}  // namespace
}  // namespace limen::rtc
