// StunTransactions: requests on their way, when to repeat them and when to give up (RFC 8489
// section 6.2.1, RFC 8445 section 14). Bounded.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.hpp"
#include "base/tx_queue.hpp"
#include "wire/stun/stun_message.hpp"

namespace limen::rtc {

struct StunTransaction {
  enum class Purpose : uint8_t {
    check,     // connectivity check of a pair
    liveness,  // consent, keepalive: does the selected pair still answer?
    gather,    // server-reflexive candidate
  };
  stun::TransactionId id{};
  Purpose purpose = Purpose::check;
  Flow flow;
  uint32_t pair = 0;  // check, liveness
  size_t base = 0;    // gather
  bool previous_generation = false;
  bool use_candidate = false;
  bool controlling = false;
  bool cancelled = false;  // superseded: not repeated, but an answer still counts
  uint8_t sends = 0;
  uint8_t max_sends = 7;
  Instant last_sent{};
  Instant next_send{};  // when `sends` has reached `max_sends`: when to give up
  Duration interval{};
};

class StunTransactions {
 public:
  static constexpr size_t kLimit = 256;
  static constexpr Duration kMaxInterval = std::chrono::milliseconds(1600);

  // False if there are too many.
  bool add(const StunTransaction& transaction);
  StunTransaction* find(const stun::TransactionId& id);
  void remove(const stun::TransactionId& id);
  void cancel_checks(uint32_t pair);
  // At an ICE restart: only gathering goes on, and the liveness of the pair that carries data (0: none),
  // which belongs to the previous generation from now on.
  void start_generation(uint32_t carrier);
  bool in_flight(uint32_t pair) const;  // a check that is still being repeated
  bool asking(uint32_t pair) const;     // any request
  bool gathering() const;

  // Counts a transmission and plans the next one.
  static void sent(StunTransaction& transaction, Instant now);

  struct Due {
    StunTransaction transaction;
    bool expired;  // given up and removed; otherwise the caller sends it again
  };
  // One transaction whose time has come; the next repetition is planned already.
  std::optional<Due> take_due(Instant now);
  Instant next_deadline() const;

 private:
  std::vector<StunTransaction> list_;
};

}  // namespace limen::rtc
