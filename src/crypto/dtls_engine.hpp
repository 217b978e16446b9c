// DtlsEngine: one DTLS 1.2 association on OpenSSL, without sockets, threads or clock.
//
// Call one input, then drain poll_transmit() and poll_data() and look at status(). The thread of its
// owner only. RFC 6347 (DTLS 1.2), RFC 5764 (use_srtp and key export), RFC 8842 (with SDP).
// Retransmission follows the `now` that is passed in: 1 s, doubling (RFC 6347 section 4.2.4.1).
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "crypto/certificate.hpp"
#include "crypto/fingerprint.hpp"
#include "crypto/srtp_profile.hpp"

namespace limen::crypto {

struct DtlsOptions {
  std::string ciphers;             // OpenSSL cipher list; empty: OpenSSL's default
  std::string srtp_profiles;       // OpenSSL names joined by ':', best first; empty: all that we know
  bool accept_self_signed = true;  // false: any verification error of the peer's chain is fatal
  uint16_t mtu = 1200;             // largest datagram of a handshake flight
  Duration initial_timeout = std::chrono::seconds(1);
};

// Whether OpenSSL understands the list; the error says what it found. For the configuration check.
Result<> check_dtls_ciphers(const std::string& ciphers);

class DtlsEngine {
 public:
  enum class Role : uint8_t { client, server };
  enum class Status : uint8_t {
    handshaking,
    connected,
    closed_by_peer,  // close_notify or a fatal alert came in
    closed,          // close() was called
    refused,         // we refused the peer: certificate missing, expired, or not the one announced
    failed,          // protocol error
  };

  // `peer` is what the peer's certificate must match. Fails if OpenSSL refuses the options.
  static Result<std::unique_ptr<DtlsEngine>> create(std::shared_ptr<const Certificate> certificate,
                                                    const DtlsOptions& options, Role role, Fingerprint peer);
  ~DtlsEngine();

  // Inputs.
  void start(Instant now);  // the client's first flight
  void handle(Bytes datagram, Instant now);
  void handle_timeout(Instant now);
  // One datagram of application data; false if not connected or too large for a record.
  bool send(Bytes data);
  void close();  // close_notify

  // Outputs.
  Instant next_deadline() const;        // kNever: nothing to retransmit
  bool poll_transmit(Bytes& datagram);  // valid until the next call of any member
  bool poll_data(Bytes& data);          // application data, one record at a time; valid likewise
  Status status() const;
  bool was_connected() const;        // the handshake succeeded, whatever came after
  const std::string& error() const;  // why it is refused or failed; empty otherwise
  uint32_t retransmissions() const;  // flights sent again
  // Once connected: profile and keys by direction; profile none if the peer did not negotiate SRTP.
  const SrtpKeyingMaterial& keys() const;

 private:
  struct State;
  explicit DtlsEngine(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace limen::crypto
