// TurnCredentials: the long-term credential mechanism from the client's side (RFC 8489 section 9.2).
//
// A challenge (401, 438) says realm, nonce and which password algorithms the server knows; requests are signed
// with what it said last. SHA-256 where the server offers it, else MD5 and MESSAGE-INTEGRITY. A value without
// time; one thread.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "wire/stun/stun_message.hpp"
#include "wire/stun/stun_writer.hpp"

namespace limen::rtc {

class TurnCredentials {
 public:
  static constexpr size_t kMaxText = 763;  // REALM and NONCE: 128 characters, in bytes (RFC 8489 section 14.9)

  TurnCredentials(std::string user, std::string password) : user_(std::move(user)), password_(std::move(password)) {}

  bool usable() const { return !user_.empty(); }
  // A challenge was understood: requests can be signed.
  bool known() const { return !key_.empty(); }
  // False: it lacks realm or nonce, or somebody on the way took the better algorithms out of it.
  bool learn(const stun::Message& challenge);
  // Everything but FINGERPRINT.
  void sign(stun::MessageWriter& writer) const;
  // Is the answer from somebody who knows the password? With SHA-256 only its tag counts.
  bool verify(const stun::Message& answer) const;

  stun::PasswordAlgorithm algorithm() const { return algorithm_; }

 private:
  void derive_key();

  std::string user_;
  std::string password_;
  std::string realm_;
  std::string nonce_;
  std::vector<uint8_t> offered_;  // PASSWORD-ALGORITHMS as the server said it; it wants to hear it again
  stun::PasswordAlgorithm algorithm_ = stun::PasswordAlgorithm::md5;
  std::vector<uint8_t> key_;
};

}  // namespace limen::rtc
