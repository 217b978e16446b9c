#include "transports/whip/problem.hpp"

namespace limen::whip {
namespace {

std::string_view title_of(int status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 409:
      return "Conflict";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 422:
      return "Unprocessable Content";
    case 428:
      return "Precondition Required";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Internal Server Error";
  }
}

struct Meaning {
  int code, status;
};
// What the core says; and the plugins, each with numbers of its own.
constexpr Meaning kCore[] = {{403, 401}, {405, 403}, {460, 404}, {465, 400}, {466, 400}, {469, 400}, {472, 503}};
constexpr Meaning kVideoRoom[] = {{426, 404}, {428, 404}, {429, 401}, {430, 400}, {432, 503},
                                  {433, 403}, {436, 409}, {437, 406}, {440, 400}};
constexpr Meaning kStreaming[] = {{453, 401}, {454, 400}, {455, 404}, {457, 403}, {460, 409}, {461, 406}};

}  // namespace

net::HttpResponse to_response(const Problem& problem) {
  net::HttpResponse out;
  out.status = problem.status;
  out.headers.emplace_back("Content-Type", "application/problem+json");
  if (problem.challenge) {
    out.headers.emplace_back("WWW-Authenticate", problem.invalid_token
                                                     ? "Bearer realm=\"limen\", error=\"invalid_token\""
                                                     : "Bearer realm=\"limen\"");
  }
  if (problem.retry_after > 0) out.headers.emplace_back("Retry-After", std::to_string(problem.retry_after));
  if (!problem.allow.empty()) out.headers.emplace_back("Allow", problem.allow);
  if (!problem.accept.empty()) out.headers.emplace_back(problem.patch ? "Accept-Patch" : "Accept-Post", problem.accept);
  JsonObject body{{"type", "about:blank"},
                  {"title", title_of(problem.status)},
                  {"status", problem.status},
                  {"detail", problem.detail}};
  out.body = write_json(body, JsonFormat::compact);
  return out;
}

Problem problem_of(const LinkError& error, bool with_bearer, int retry_after) {
  Problem out;
  out.detail = error.text;
  std::span<const Meaning> table = kCore;
  if (error.from == LinkError::From::videoroom) table = kVideoRoom;
  if (error.from == LinkError::From::streaming) table = kStreaming;
  for (const Meaning& one : table) {
    if (one.code == error.code) out.status = one.status;
  }
  if (error.from == LinkError::From::nobody) out.status = 504;
  if (out.status == 401) {
    // A PIN that is missing is asked for; a token that the core does not take is wrong.
    out.challenge = true;
    out.invalid_token = with_bearer && error.from == LinkError::From::core;
  }
  if (out.status == 503 || out.status == 409) out.retry_after = retry_after;
  return out;
}

}  // namespace limen::whip
