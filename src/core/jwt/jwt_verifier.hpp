// JwtVerifier: who a JSON Web Token says the bearer is and what it grants, if it can be believed (RFC 7519, RFC 8725).
//
// Control thread. Key files are looked at once a second at most and read again when they change; new ones that cannot
// be used leave the old ones in force. Tokens that were verified are remembered, so that a client's next request costs
// a hash instead of a signature.
#pragma once
#include <array>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"
#include "core/jwt/grants.hpp"
#include "core/jwt/jwt_settings.hpp"
#include "core/jwt/key_set.hpp"

namespace limen::core {

struct JwtClaims {
  std::string subject;     // "" none
  int64_t expires = 0;     // Unix seconds
  int64_t not_before = 0;  // the later of nbf and iat; 0 none
  Grants grants;
};

// The payload's claims, as `settings` wants them; times are not looked at. An error repeats nothing of the token.
Result<JwtClaims> read_claims(std::string_view payload, const JwtSettings& settings);

// What came of a token.
enum class JwtResult : uint8_t {
  accepted,
  malformed,
  unknown_signature,
  bad_claims,
  expired,
  not_yet_valid,
  too_long,
  count
};
std::string_view jwt_result_name(JwtResult result);  // for metrics

class JwtVerifier {
 public:
  using Counters = std::array<uint64_t, static_cast<size_t>(JwtResult::count)>;

  static constexpr size_t kMostRemembered = 4096;

  // An error: keys that cannot be read.
  static Result<std::unique_ptr<JwtVerifier>> open(JwtSettings settings);

  // Refused tokens give a reason for the log, without anything of the token.
  Result<std::shared_ptr<const JwtClaims>> verify(std::string_view token, WallTime now);
  const JwtSettings& settings() const { return settings_; }
  const Counters& counters() const { return counters_; }
  // Has a token that was good run out, leeway included?
  bool expired(int64_t expires, WallTime now) const;

 private:
  struct FileVersion {
    int64_t modified_ns = 0;
    uint64_t size = 0, inode = 0;
    friend bool operator==(const FileVersion&, const FileVersion&) = default;
  };
  using Versions = std::array<FileVersion, 2>;

  explicit JwtVerifier(JwtSettings settings) : settings_(std::move(settings)) {}
  Versions versions_on_disk() const;
  Result<KeySet> read_keys() const;
  void look_for_new_keys(WallTime now);
  Result<> check_times(const JwtClaims& claims, WallTime now);
  std::unexpected<Error> refused(JwtResult why, Error error);

  JwtSettings settings_;
  KeySet keys_;
  Versions versions_{};
  Counters counters_{};
  int64_t looked_at_ = 0;                                               // seconds
  std::map<std::string, std::shared_ptr<const JwtClaims>> remembered_;  // by the token's SHA-256
};

}  // namespace limen::core
