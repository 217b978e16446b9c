// Binding requests as an attacker or a badly behaved peer would write them.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "crypto/hmac.hpp"
#include "tests/support/seeded_random.hpp"
#include "wire/stun/stun_message.hpp"
#include "wire/stun/stun_writer.hpp"

namespace limen::test {

struct Forged {
  std::string username;
  std::string password;
  bool integrity = true;
  bool controlling = true;
  bool use_candidate = false;
  uint16_t extra_attribute = 0;
  uint32_t priority = 1845501695;
};

inline std::vector<uint8_t> make_request(SeededRandom& random, const Forged& what) {
  std::array<uint8_t, 600> room;
  stun::TransactionId id;
  random.fill(id);
  stun::MessageWriter writer(room, stun::MessageClass::request, stun::Method::binding, id);
  if (!what.username.empty()) writer.add_text(stun::AttributeType::username, what.username);
  writer.add_u32(stun::AttributeType::priority, what.priority);
  writer.add_u64(what.controlling ? stun::AttributeType::ice_controlling : stun::AttributeType::ice_controlled, 1);
  if (what.use_candidate) writer.add_flag(stun::AttributeType::use_candidate);
  if (what.extra_attribute != 0) writer.add_u32(static_cast<stun::AttributeType>(what.extra_attribute), 7);
  if (what.integrity) writer.add_integrity(crypto::HmacSha1(as_bytes(what.password)));
  writer.add_fingerprint();
  Bytes message = writer.finish();
  return {message.begin(), message.end()};
}

}  // namespace limen::test
