// rooms: core
// JSON Web Tokens and key sets: whatever comes in is refused or understood; a token is never believed without a key.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "core/jwt/jwt_verifier.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace limen::core;
  if (size == 0) return 0;
  std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  switch (data[0] % 4) {
    case 0: {
      auto token = parse_compact_jws(text);
      if (token && token->signature.empty()) std::abort();
      if (token && KeySet().verify(*token)) std::abort();
      break;
    }
    case 1: {
      JwtSettings settings;
      auto claims = read_claims(text, settings);
      if (claims && (claims->expires < 0 || claims->not_before < 0)) std::abort();
      break;
    }
    case 2: {
      auto keys = KeySet::parse_jwks(text);
      if (keys && keys->size() > KeySet::kMostKeys) std::abort();
      break;
    }
    default: {
      static auto verifier = JwtVerifier::open({.secret = "a secret that no input can have signed with"}).value();
      if (verifier->verify(text, {1'795'346'000'000'000})) std::abort();
      break;
    }
  }
  return 0;
}
