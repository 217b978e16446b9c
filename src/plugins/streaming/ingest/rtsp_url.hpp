// rtsp:// addresses, and the addresses of the media behind them (contract, section 8). Values.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace limen::streaming {

struct RtspUrl {
  std::string host;  // name or address, without brackets
  uint16_t port = 554;
  std::string user, password;  // decoded
  std::string text;            // for request lines: without user and password
  std::string path;            // with the query: "/live?x=1"; at least "/"
  std::string query;           // "?x=1", "" if none
};

// Fails for other schemes (TLS too), for empty hosts, and for anything that would break a request line.
Result<RtspUrl> parse_rtsp_url(std::string_view text);

// The address for SETUP: `base` is Content-Base, "" if the server gave none; `control` from the description.
std::string control_url(const RtspUrl& url, std::string_view base, std::string_view control);

}  // namespace limen::streaming
