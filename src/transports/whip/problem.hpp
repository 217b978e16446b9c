// Problem: why a request was refused, as a status and problem details (RFC 9457); and what the API's refusals mean
// here.
//
// Plain values, any thread.
#pragma once
#include <string>

#include "transports/net/http_message.hpp"
#include "transports/whip/plugin_link.hpp"

namespace limen::whip {

struct Problem {
  int status = 500;
  std::string detail;
  bool challenge = false;      // 401: asks for a bearer token
  bool invalid_token = false;  // ... another than was given
  int retry_after = 0;         // seconds; 0: not said
  std::string allow = {};      // 405: methods
  std::string accept = {};     // 415: media types, in Accept-Post or Accept-Patch by `patch`
  bool patch = false;
};

net::HttpResponse to_response(const Problem& problem);
// `with_bearer`: the request carried a token.
Problem problem_of(const LinkError& error, bool with_bearer, int retry_after);

}  // namespace limen::whip
