// RtspAuth: the Authorization header of requests, after the server has asked for one.
//
// Basic and Digest (RFC 7616: MD5, SHA-256; RFC 2069 servers without qop too). The strongest that the server offers is
// taken. Secrets are never part of an error text. One thread.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace limen::streaming {

class RtspAuth {
 public:
  // `seed`: what nobody outside can predict, for client nonces.
  RtspAuth(std::string user, std::string password, std::string seed);

  // The server's WWW-Authenticate headers. False: there is no answer to them: no user is configured, no method is
  // known, or what was tried with the same nonce was wrong.
  bool challenge(const std::vector<std::string_view>& headers);
  // The value of the header for this request; "" as long as nobody asked.
  std::string header(std::string_view method, std::string_view uri);

 private:
  enum class Method : uint8_t { none, basic, md5, sha256 };
  struct Offer {
    Method method = Method::none;
    std::string realm, nonce, opaque;
    bool qop = false;
    bool stale = false;
  };
  static Offer read(std::string_view header);
  static void read_algorithm(std::string_view algorithm, Offer& offer);
  std::string digest(std::string_view text) const;

  std::string user_, password_, seed_;
  Offer chosen_;
  bool used_ = false;  // a request went out with chosen_
  uint32_t count_ = 0;
};

}  // namespace limen::streaming
