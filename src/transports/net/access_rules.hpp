// Who may talk to a transport: address lists (ACL) and web origins (CORS), spec 6.1.
//
// Pure values; any thread.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace limen::net {

// Comma-separated address prefixes; an empty list allows everybody. Addresses are compared as text:
// "192.168." allows 192.168.0.1, also when it arrives as ::ffff:192.168.0.1.
class AccessList {
 public:
  static AccessList parse(std::string_view comma_list);
  bool empty() const { return prefixes_.empty(); }
  bool allows(std::string_view address) const;

 private:
  std::vector<std::string> prefixes_;
};

struct OriginRules {
  std::string allow_origin;  // "" = not configured: "*" is answered
  bool enforce = false;      // only meaningful with allow_origin

  std::string_view answer() const { return allow_origin.empty() ? std::string_view("*") : allow_origin; }
  bool configured() const { return !allow_origin.empty(); }
  // `origin` is the Origin header or, over HTTP and without one, the Referer. True if not enforced.
  bool allows(std::string_view origin) const;
};

}  // namespace limen::net
