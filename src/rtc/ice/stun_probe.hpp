// StunProbe: one Binding request to a STUN server, for the test of the configured server at start-up
// and the admin API's test_stun (RFC 8489, sans-IO, any one thread).
//
// Sends at once and repeats until answered or timed out. Drive it like every state machine: handle()
// what arrives, handle_timeout() at next_deadline(), until finished().
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/net_address.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "base/tx_queue.hpp"

namespace limen::rtc {

class StunProbe {
 public:
  static constexpr Duration kDefaultTimeout = std::chrono::seconds(5);

  // `tx` must outlive the probe; datagrams go to {socket, server}. `change`: see send_change_request(); then the answer
  // comes from elsewhere.
  StunProbe(SocketId socket, const SocketAddress& server, TxQueue& tx, Random& random, Instant now,
            Duration timeout = kDefaultTimeout, uint32_t change = 0);

  void handle(Bytes datagram, const Flow& from, Instant now);
  void handle_timeout(Instant now);

  Instant next_deadline() const;  // kNever once finished
  bool finished() const { return finished_at_.has_value(); }
  // The address as the server saw it; empty when it did not answer or answered nonsense.
  const std::optional<SocketAddress>& mapped() const { return mapped_; }
  // Where else the server listens, if it says so (RFC 5780): asked there too, it shows what kind of NAT is between.
  const std::optional<SocketAddress>& other_address() const { return other_; }
  // Why there is no address, for people: "timed out", "error 420 ...". Empty on success.
  std::string_view failure() const { return failure_; }
  // From the first request to the answer or the time-out.
  Duration elapsed() const { return finished_at_ ? *finished_at_ - started_at_ : Duration{}; }

 private:
  void send(Instant now);
  void finish(Instant now, std::string failure);

  TxQueue& tx_;
  Flow flow_;
  uint32_t change_;
  std::array<uint8_t, 12> transaction_{};
  Instant started_at_;
  Instant expires_at_;
  Instant next_send_;
  Duration interval_;
  std::optional<Instant> finished_at_;
  std::optional<SocketAddress> mapped_;
  std::optional<SocketAddress> other_;
  std::string failure_;
};

}  // namespace limen::rtc
