// The STUN messages an ICE agent sends, and the keys that protect them (RFC 8445 section 7, RFC 8489).
#pragma once
#include <cstdint>
#include <string_view>

#include "base/bytes.hpp"
#include "base/tx_queue.hpp"
#include "crypto/hmac.hpp"
#include "rtc/ice/ice_types.hpp"
#include "wire/stun/stun_message.hpp"

namespace limen::rtc {

// Both sides of one generation of credentials (an ICE restart makes the next one).
struct IceGeneration {
  IceCredentials local;
  IceCredentials remote;        // empty ufrag: not known yet
  crypto::HmacSha1 local_key;   // protects requests to us and our answers
  crypto::HmacSha1 remote_key;  // protects our requests and the answers to them
  std::string username;         // of our requests: "remote:local"

  void set_local(const IceCredentials& credentials);
  void set_remote(const IceCredentials& credentials);
  bool has_remote() const { return !remote.ufrag.empty(); }
};

struct IceCheck {
  stun::TransactionId id;
  uint32_t priority = 0;
  uint64_t tie_breaker = 0;
  bool controlling = false;
  bool use_candidate = false;
};

void send_check(TxQueue& tx, const Flow& to, const IceGeneration& generation, const IceCheck& check);
// Without credentials: for a STUN server.
void send_plain_request(TxQueue& tx, const Flow& to, const stun::TransactionId& id);
// The same with CHANGE-REQUEST (RFC 5780 section 7.2): 4 asks for an answer from another address, 2 from another port.
void send_change_request(TxQueue& tx, const Flow& to, const stun::TransactionId& id, uint32_t change);
void send_indication(TxQueue& tx, const Flow& to, const stun::TransactionId& id);
void send_success(TxQueue& tx, const Flow& to, const IceGeneration& generation, const stun::TransactionId& id);
void send_role_conflict(TxQueue& tx, const Flow& to, const IceGeneration& generation, const stun::TransactionId& id);
void send_unknown_attributes(TxQueue& tx, const Flow& to, const IceGeneration& generation,
                             const stun::Message& request);

}  // namespace limen::rtc
