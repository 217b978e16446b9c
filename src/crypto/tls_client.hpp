// TlsClient: the client's side of one TLS connection, sans-IO: bytes of the network in and out, plain bytes in and
// out (TLS 1.2 and 1.3, RFC 8446). No socket, no thread; one thread. The clock is read by OpenSSL, to see whether a
// certificate is still valid.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace limen::crypto {

struct TlsClientOptions {
  std::string host;    // its name or address, which the certificate must carry; sent as SNI if it is a name
  bool verify = true;  // against the system's authorities
};

class TlsClient {
 public:
  static Result<std::unique_ptr<TlsClient>> create(const TlsClientOptions& options);
  ~TlsClient();

  // Begins the handshake: take_outgoing() has the first flight.
  void start();
  // From the network. False: it is over, see failure().
  bool receive(Bytes bytes);
  bool established() const;
  // Plain bytes to the other side; false before established() and after the end.
  bool send(Bytes plain);

  // What is to go to the network, and what came from the other side; each is empty afterwards.
  std::vector<uint8_t> take_outgoing();
  std::vector<uint8_t> take_plain();
  // Why it is over, for people.
  const std::string& failure() const { return failure_; }

 private:
  struct State;
  explicit TlsClient(std::unique_ptr<State> state);
  bool advance();
  bool fail_with(std::string text);

  std::unique_ptr<State> state_;
  std::vector<uint8_t> plain_;
  std::string failure_;
};

}  // namespace limen::crypto
